import { sampleCase } from './sample-case.ts'
import { ids } from './sample-record.ts'

sampleCase(ids[0]!, () => new Promise(() => {}))
