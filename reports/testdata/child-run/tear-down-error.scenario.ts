import { onTestFinished } from 'vitest'
import { hand, sampleCase } from './sample-case.ts'
import { ids, record } from './sample-record.ts'

sampleCase(ids[0]!, (context) => {
  onTestFinished(() => {
    throw new Error('namespace acceptance is still there after 60 s')
  })
  hand(context, record(ids[0]!))
})
