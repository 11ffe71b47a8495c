import { beforeAll } from 'vitest'
import { hand, sampleCase } from './sample-case.ts'
import { ids, record } from './sample-record.ts'

beforeAll(() => {
  throw new Error('the namespace is terminating')
})
sampleCase(ids[0]!, (context) => hand(context, record(ids[0]!)))
