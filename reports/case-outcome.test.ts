import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { verdicts } from '../helpers/run/verdict.ts'
import { attemptsOf } from './case-outcome.ts'
import type { TestView } from './case-outcome.ts'
import { check, failedRecord, ids, record } from './testdata/child-run/sample-record.ts'

const id = ids[0]!
const view = (overrides: Partial<TestView>): TestView => ({
  caseId: id,
  checkup: 'sample',
  title: 'a case',
  state: 'passed',
  note: undefined,
  errors: [],
  setUpErrors: [],
  attempts: [{ failed: false, errors: [], startTime: 0, duration: 1 }],
  ...overrides,
})
const context = { cancelled: false, noResult: 'no result: the worker died' }

test('a passed test with a sound record passes', () => {
  expect(attemptsOf(view({}), [record(id)], context)).toEqual([record(id)])
})

test.each([
  [
    'a failed check',
    { checks: [check({ verdict: 'failed', message: 'too slow' })] },
    'check sample.max is failed: too slow',
  ],
  [
    'a check that broke',
    { checks: [check(), check({ verdict: 'broken', message: 'gone' })] },
    'check sample.max is broken: gone',
  ],
  [
    'measurements that are not valid',
    { validity: { valid: false, problems: ['half the packets'] } },
    'half the packets',
  ],
  ['no check at all', { checks: [] }, 'no check was judged'],
  ['only checks without a limit', { checks: [check({ verdict: 'skipped', limit: null })] }, 'no check was judged'],
])('a record that says passed with %s is broken', (_, overrides, reason) => {
  const [outcome] = attemptsOf(view({}), [record(id, overrides)], context)
  expect(outcome!.verdict).toBe('broken')
  expect(outcome!.reason).toContain(reason)
})

test('a failed test keeps the verdict of its record, and adds what the record does not tell', () => {
  const failed = failedRecord(id)
  const errors = [failed.reason, 'namespace acceptance is still there']
  const [outcome] = attemptsOf(view({ state: 'failed', errors }), [failed], context)
  expect(outcome).toEqual({ ...failed, errors: [{ phase: 'test', message: 'namespace acceptance is still there' }] })
})

test('an attempt without a record is told by its errors', () => {
  const attempts = [
    { failed: true, errors: ['no console'], startTime: 1000, duration: 500 },
    { failed: false, errors: [], startTime: 2000, duration: 500 },
  ]
  const outcome = attemptsOf(view({ attempts }), [record(id, { attempt: 1 })], context)
  expect(outcome.map(({ attempt, verdict, reason }) => [attempt, verdict, reason])).toEqual([
    [0, 'broken', 'no console'],
    [1, 'passed', ''],
  ])
  expect(outcome[0]!.completedAt).toBe('1970-01-01T00:00:01.500Z')
})

test('a case under way when the run was interrupted is cancelled, with what was measured', () => {
  const [outcome] = attemptsOf(view({ state: 'pending' }), [record(id)], { ...context, cancelled: true })
  expect(outcome).toMatchObject({ verdict: 'cancelled', measurements: record(id).measurements })
})

property.prop([
  fc.constantFrom('pending', 'passed', 'failed', 'skipped'),
  fc.option(fc.string(), { nil: undefined }),
  fc.option(fc.constantFrom(...verdicts), { nil: undefined }),
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 2 }),
])('nothing passes unless both the runner and the record say so', (state, note, verdict, cancelled, errors) => {
  const records = verdict === undefined ? [] : [record(id, { verdict })]
  const outcome = attemptsOf(view({ state, note, errors }), records, { ...context, cancelled })
  expect(outcome).toHaveLength(1)
  const passed = outcome[0]!.verdict === 'passed'
  expect(passed).toBe(state === 'passed' && verdict === 'passed')
  if (!passed && verdict === undefined) expect(outcome[0]!.reason === '' && state !== 'skipped').toBe(false)
})
