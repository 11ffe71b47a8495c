import { hand, sampleCase } from './sample-case.ts'
import { failedRecord, ids, record } from './sample-record.ts'

sampleCase(ids[0]!, (context) => {
  hand(context, failedRecord(ids[0]!))
  throw new Error(failedRecord(ids[0]!).reason)
})
sampleCase(ids[1]!, (context) => hand(context, record(ids[1]!)))
