import { expect, test } from 'vitest'
import { adviceOf, caseProblems, tellingCheckNames } from './case-problems.ts'
import { check, failedRecord, ids, invalidRecord, record } from './testdata/child-run/sample-record.ts'

const failing = (subject: string) =>
  check({
    subject,
    verdict: 'failed',
    message: `sample.max (${subject}): 2 ms > 1 ms (lab.yaml:1:1). look at the switch`,
  })

test('every failed check is a finding of its own; what they share to do next is said once', () => {
  const checks = [failing('a -> b'), check({ subject: 'c' }), failing('b -> a')]
  const failed = failedRecord(ids[0]!, { checks, reason: checks.map(({ message }) => message).join('\n') })
  expect(caseProblems(failed)).toEqual({
    findings: ['sample.max (a -> b): 2 ms > 1 ms (lab.yaml:1:1)', 'sample.max (b -> a): 2 ms > 1 ms (lab.yaml:1:1)'],
    advice: [{ checks: ['sample.max'], text: 'look at the switch' }],
  })
  expect(tellingCheckNames(failed)).toBe('sample.max (a -> b), sample.max (b -> a)')
})

test('an invalid measurement is one finding, not one for each check that it keeps from being judged', () => {
  expect(caseProblems(invalidRecord(ids[0]!))).toEqual({ findings: ['only 3 of 5 packets were sent'], advice: [] })
})

test('a broken phase is told by its check, and not again by the reason', () => {
  const message = 'sample.provisioned: no console. Read the transcript.'
  const broken = check({ id: 'sample.provisioned', verdict: 'broken', message, remediation: 'Read the transcript.' })
  const told = record(ids[0]!, { verdict: 'broken', reason: 'provision: no console', checks: [broken] })
  expect(caseProblems(told).findings).toEqual(['sample.provisioned: no console'])
})

test('a reason that no check tells comes first', () => {
  const overruled = record(ids[0]!, { verdict: 'broken', reason: 'the case record says passed, but the worker died' })
  expect(caseProblems(overruled).findings).toEqual(['the case record says passed, but the worker died'])
})

test('advice for several cases is said once, for the checks that share it', () => {
  const other = check({ id: 'sample.loss', verdict: 'failed', message: 'sample.loss: 1% > 0%. look at the switch' })
  const cases = [failedRecord(ids[0]!), failedRecord(ids[1]!, { checks: [other], reason: other.message })]
  expect(adviceOf(cases)).toEqual([{ checks: ['sample.max', 'sample.loss'], text: 'look at the switch' }])
})
