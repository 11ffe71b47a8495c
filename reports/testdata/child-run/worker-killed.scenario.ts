import { hand, sampleCase } from './sample-case.ts'
import { ids, record } from './sample-record.ts'

sampleCase(ids[0]!, (context) => hand(context, record(ids[0]!)))
sampleCase(ids[1]!, async (context) => {
  hand(context, record(ids[1]!))
  // What is done must have reached the other process before this one dies.
  await new Promise((resolve) => setTimeout(resolve, 300))
  process.kill(process.pid, 'SIGKILL')
  await new Promise(() => {})
})
