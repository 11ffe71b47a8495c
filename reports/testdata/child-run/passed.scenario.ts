import * as allure from 'allure-js-commons'
import { hand, operate, sampleCase } from './sample-case.ts'
import { ids, record } from './sample-record.ts'

for (const id of ids.slice(0, Number(process.env['PLANNED'] ?? 1)))
  sampleCase(id, async (context) => {
    await operate(context, { caseId: id })
    await allure.step('measure', async () => {
      await allure.attachment('transcript', 'login: root\ntoken: registered-secret\n', 'text/plain')
    })
    hand(context, record(id))
  })
