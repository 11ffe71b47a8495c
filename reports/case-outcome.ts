/**
 * What became of one test, told as case records, one per attempt. The runner and the record must agree: where they do
 * not, the worse one counts, and a test without a record never passes.
 */
import type { CaseRecord } from '../helpers/run/case-record.ts'
import type { Verdict } from '../helpers/run/verdict.ts'
import type { PlannedCase } from './run-description.ts'

/** One test as the runner saw it. */
export interface TestView {
  caseId: string
  checkup: string
  title: string
  state: 'pending' | 'passed' | 'failed' | 'skipped'
  /** Reason given with `skip(reason)`, or the runner's own when it aborted the test. */
  note: string | undefined
  /** Messages of the errors of the last attempt. */
  errors: string[]
  /** Failures of set-up around the test, which the runner reports as a skipped test. */
  setUpErrors: string[]
  /** Every attempt, oldest first; empty when the test did not start. */
  attempts: { failed: boolean; errors: string[]; startTime: number; duration: number }[]
}

export interface OutcomeContext {
  /** The run was interrupted. */
  cancelled: boolean
  /** Why a test without a result has none. */
  noResult: string
}

/** Records of all attempts of a test that is over, or that never will be. `records`: what the test left, in any order. */
export function attemptsOf(test: TestView, records: readonly CaseRecord[], context: OutcomeContext): CaseRecord[] {
  const byAttempt = new Map(records.map((record) => [record.attempt, record]))
  const last = Math.max(0, test.attempts.length - 1, ...byAttempt.keys())
  return Array.from({ length: last + 1 }, (_, attempt) => {
    const record = byAttempt.get(attempt)
    if (attempt === last) return lastAttempt(test, record, attempt, context)
    const errors = test.attempts[attempt]?.errors ?? []
    if (record === undefined)
      return withVerdict(emptyRecord(test, attempt), 'broken', errors.join('\n') || context.noResult)
    return record.verdict === 'passed' ? contradicted(record, errors) : record
  })
}

function lastAttempt(
  test: TestView,
  record: CaseRecord | undefined,
  attempt: number,
  context: OutcomeContext,
): CaseRecord {
  const known = record ?? emptyRecord(test, attempt)
  switch (test.state) {
    case 'passed':
      return record === undefined
        ? withVerdict(known, 'broken', 'the test passed without a case record: nothing was measured or judged')
        : checkedPass(record)
    case 'failed':
      if (record === undefined) {
        if (context.cancelled && test.errors.some((message) => abortedMessage.test(message)))
          return withVerdict(known, 'cancelled', 'the run was interrupted while the case was running')
        return withVerdict(known, 'broken', test.errors.join('\n') || 'the test failed without an error')
      }
      return record.verdict === 'passed' ? contradicted(record, test.errors) : withErrors(record, test.errors)
    case 'skipped':
      return skippedAttempt(test, record, known, context)
    case 'pending':
      // A record that is there says what was measured; that the test did not end is the verdict all the same.
      if (context.cancelled) return withVerdict(known, 'cancelled', 'the run was interrupted before the case ended')
      return withVerdict(known, 'broken', context.noResult)
    default:
      return test.state satisfies never
  }
}

const abortedMessage = /test run was aborted|AbortError|This operation was aborted/

function skippedAttempt(
  test: TestView,
  record: CaseRecord | undefined,
  known: CaseRecord,
  context: OutcomeContext,
): CaseRecord {
  if (test.setUpErrors.length > 0) return withVerdict(known, 'broken', `set-up failed: ${test.setUpErrors.join('\n')}`)
  if (record !== undefined && record.verdict !== 'passed') return record
  const aborted = test.note !== undefined && abortedMessage.test(test.note)
  if (aborted || (context.cancelled && test.note === undefined))
    return withVerdict(known, 'cancelled', 'the run was interrupted before the case ended')
  if (record !== undefined) return contradicted(record, [`the test was skipped: ${test.note ?? 'no reason given'}`])
  return withVerdict(known, 'skipped', test.note ?? 'skipped in the source, without a reason')
}

/** A record that says passed, if what it contains says so too. */
function checkedPass(record: CaseRecord): CaseRecord {
  if (record.verdict !== 'passed') return record
  const failing = record.checks.filter(({ verdict }) => verdict !== 'passed' && verdict !== 'skipped')
  if (failing.length > 0)
    return contradicted(
      record,
      failing.map(({ id, verdict, message }) => `check ${id} is ${verdict}: ${message}`),
    )
  if (!record.validity.valid)
    return contradicted(record, [`its measurements are not valid: ${record.validity.problems.join('; ')}`])
  if (!record.checks.some(({ verdict }) => verdict === 'passed')) return contradicted(record, ['no check was judged'])
  return record
}

function contradicted(record: CaseRecord, errors: readonly string[]): CaseRecord {
  const why = errors.join('\n') || 'the test failed without an error'
  return withVerdict(record, 'broken', `the case record says passed, but ${why}`)
}

function withVerdict(record: CaseRecord, verdict: Verdict, reason: string): CaseRecord {
  const errors = verdict === 'broken' ? [...record.errors, { phase: 'test', message: reason }] : record.errors
  return { ...record, verdict, reason, errors }
}

/** Errors of the test that the record does not tell already, such as one from tearing down. */
function withErrors(record: CaseRecord, messages: readonly string[]): CaseRecord {
  const told = [
    record.reason,
    ...record.errors.map(({ message }) => message),
    ...record.checks.map(({ message }) => message),
    ...record.validity.problems,
  ].filter((text) => text !== '')
  const untold = messages.filter((message) => !told.some((text) => message.includes(text) || text.includes(message)))
  if (untold.length === 0) return record
  return { ...record, errors: [...record.errors, ...untold.map((message) => ({ phase: 'test', message }))] }
}

/** A record of a case of which nothing is known but its name. */
function emptyRecord(
  test: Pick<TestView, 'caseId' | 'checkup' | 'title'> & Partial<Pick<TestView, 'attempts'>>,
  attempt: number,
): CaseRecord {
  const timing = test.attempts?.[attempt]
  const startedAt = timing === undefined ? new Date() : new Date(timing.startTime)
  return {
    checkup: test.checkup,
    id: test.caseId,
    title: test.title,
    verdict: 'broken',
    reason: '',
    attempt,
    startedAt: startedAt.toISOString(),
    completedAt: new Date(startedAt.getTime() + (timing?.duration ?? 0)).toISOString(),
    parameters: {},
    results: {},
    measurements: [],
    validity: { valid: false, problems: ['nothing was measured'] },
    checks: [],
    phases: [],
    apiRequests: {},
    rawOutputs: [],
    evidence: [],
    errors: [],
    leftovers: [],
  }
}

/** A planned case that no test stands for. */
export function missingCase(planned: PlannedCase, verdict: 'broken' | 'cancelled', reason: string): CaseRecord {
  const { id, checkup, title } = planned
  const empty = emptyRecord({ caseId: id, checkup, title }, 0)
  return withVerdict(withPlannedParameters(empty, planned), verdict, reason)
}

/** A case that left no record of its own is still known by what it was planned to do. */
export function withPlannedParameters(record: CaseRecord, planned: PlannedCase | undefined): CaseRecord {
  if (planned?.parameters === undefined || Object.keys(record.parameters).length > 0) return record
  const parameters = Object.entries(planned.parameters).map(([name, value]) => [name, plainValue(value)])
  return { ...record, parameters: Object.fromEntries(parameters) }
}

function plainValue(value: unknown): string | number | boolean | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return Array.isArray(value) ? value.join(',') : JSON.stringify(value)
}
