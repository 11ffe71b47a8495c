import { hand, sampleCase } from './sample-case.ts'
import { ids, record } from './sample-record.ts'

sampleCase(ids[0]!, (context) => context.skip('QEMU is not installed: npm run guest:build'))
sampleCase(ids[1]!, (context) => hand(context, record(ids[1]!)))
