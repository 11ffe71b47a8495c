import { hand, sampleCase } from './sample-case.ts'
import { ids, record } from './sample-record.ts'

sampleCase(ids[0]!, async (context) => {
  void Promise.reject(new Error('watch closed while nobody was listening'))
  await new Promise((resolve) => setTimeout(resolve, 20))
  hand(context, record(ids[0]!))
})
