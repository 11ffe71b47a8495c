import { expect, test } from 'vitest'
import { verdicts } from '../helpers/run/verdict.ts'
import type { Verdict } from '../helpers/run/verdict.ts'
import { judgeRun, verdictExitCode } from './run-verdict.ts'
import { ids, record } from './testdata/child-run/sample-record.ts'

function judge(cases: Verdict[], overrides: Partial<Parameters<typeof judgeRun>[0]> = {}) {
  const records = cases.map((verdict, index) =>
    record(`sample/blue/case-${index}`, { verdict, reason: `why ${index}` }),
  )
  return judgeRun({ cases: records, errors: [], cancelledBy: null, flakyCases: [], notSelected: [], ...overrides })
}

test.each<[Verdict[], Verdict]>([
  [['passed'], 'passed'],
  [['passed', 'skipped'], 'passed'],
  [['passed', 'failed'], 'failed'],
  [['broken', 'failed'], 'failed'],
  [['invalid', 'failed'], 'failed'],
  [['invalid', 'broken'], 'broken'],
  [['passed', 'invalid'], 'invalid'],
  [['skipped', 'skipped'], 'skipped'],
  [['passed', 'cancelled'], 'broken'],
  [[], 'broken'],
])('cases that are %j make the run %s', (cases, verdict) => {
  expect(judge(cases).verdict).toBe(verdict)
})

test('a checkup whose cases were all skipped is not made up for by another one', () => {
  const skipped = record('dpdk/red', { checkup: 'dpdk', verdict: 'skipped', reason: 'no SR-IOV network' })
  const run = { cases: [record(ids[0]!), skipped], errors: [], cancelledBy: null, flakyCases: [], notSelected: [] }
  expect(judgeRun(run)).toEqual({
    verdict: 'skipped',
    reason: 'every selected case of dpdk was skipped: nothing was judged; dpdk/red: no SR-IOV network',
  })
})

test('an error outside of any case makes a run of passed cases broken', () => {
  const errors = [{ phase: 'worker', message: 'Worker exited unexpectedly' }]
  expect(judge(['passed'], { errors })).toEqual({ verdict: 'broken', reason: 'worker: Worker exited unexpectedly' })
})

test('a cancelled run is cancelled, whatever it found before', () => {
  expect(judge(['failed', 'cancelled'], { cancelledBy: 'SIGTERM' })).toEqual({
    verdict: 'cancelled',
    reason: 'cancelled by SIGTERM; 1 failed, 1 cancelled',
  })
})

test('only passed ends with 0', () => {
  expect(verdicts.filter((verdict) => verdictExitCode(verdict) === 0)).toEqual(['passed'])
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['interrupt', 130],
])('cancelled by %s ends with %i', (cancelledBy, code) => {
  expect(verdictExitCode('cancelled', { cancelledBy, errors: [] })).toBe(code)
})

test('a missed limit ends with 1 even where the lock was lost as well', () => {
  expect(verdictExitCode('failed', { cancelledBy: null, errors: [{ phase: 'lock', message: '' }] })).toBe(1)
})
