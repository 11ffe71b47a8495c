import { test } from 'vitest'
import { sampleCase } from './sample-case.ts'
import { ids } from './sample-record.ts'

sampleCase(ids[0]!, (context) => context.skip('QEMU is not installed: npm run guest:build'))
test.skip(`case ${ids[1]!}`, { meta: { kubevirtAcceptance: { caseId: ids[1]!, checkup: 'sample' } } }, () => {})
