import { hand, sampleCase } from './sample-case.ts'
import { ids, invalidRecord } from './sample-record.ts'

sampleCase(ids[0]!, (context) => {
  hand(context, invalidRecord(ids[0]!))
  throw new Error(invalidRecord(ids[0]!).reason)
})
