import * as allure from 'allure-js-commons'
import { hand, sampleCase } from './sample-case.ts'
import { failedRecord, ids, record } from './sample-record.ts'

sampleCase(
  ids[0]!,
  async (context) => {
    const attempt = context.task.result?.retryCount ?? 0
    await allure.step(`step of attempt ${attempt}`, () => {})
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (attempt === 0) {
      hand(context, failedRecord(ids[0]!))
      throw new Error(failedRecord(ids[0]!).reason)
    }
    hand(context, record(ids[0]!))
  },
  1,
)
