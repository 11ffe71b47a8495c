import { sampleCase } from './sample-case.ts'
import { ids } from './sample-record.ts'

sampleCase(ids[0]!, () => {
  throw new Error('creating VirtualMachineInstance acceptance/source failed: exceeded quota', {
    cause: new Error('password registered-secret'),
  })
})
