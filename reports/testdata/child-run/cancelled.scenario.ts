import { hand, sampleCase } from './sample-case.ts'
import { ids, record } from './sample-record.ts'

sampleCase(ids[0]!, (context) => hand(context, record(ids[0]!)))
sampleCase(ids[1]!, async ({ signal }) => {
  process.stdout.write('READY\n')
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
})
sampleCase(ids[2]!, (context) => hand(context, record(ids[2]!)))
