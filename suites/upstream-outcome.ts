/**
 * What an upstream checkup left in its ConfigMap, and whether it may be believed. It writes `status.succeeded: "true"`
 * also when it crashes, so success needs everything at once: the exit code, both times, and every documented result.
 */
import type { ResultDeclaration } from '../helpers/run/checkup-contract.ts'
import { formatDuration } from '../helpers/units/duration.ts'

export interface UpstreamEnd {
  /** Condition of the Job. */
  job: 'Complete' | 'Failed'
  /** Of its container; null where the cluster does not say it. */
  exitCode: number | null
  /** Of the ConfigMap. */
  data: Readonly<Record<string, string>>
  log: string
}

export interface UpstreamExpectation {
  /** Of the contract: those that are documented are expected. */
  results: readonly ResultDeclaration[]
  /** Results that are above 0 whenever they were measured. */
  aboveZero: readonly string[]
  specTimeoutMilliseconds: number
  measuringMilliseconds: number
}

export interface UpstreamOutcome {
  /** '' for success. */
  failureReason: string
  /** Documented results; null: not measured. A failure may have none at all. */
  values: Readonly<Record<string, number | string | null>>
  /** Why what it measured may not be judged. */
  problems: string[]
}

/** It ended in a way that says nothing about the cluster. */
export class UpstreamCheckupError extends Error {
  override readonly name = 'UpstreamCheckupError'
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/
/** Times are written in whole seconds. */
const resolutionMilliseconds = 1000

/** @throws UpstreamCheckupError where neither success nor failure can be believed */
export function upstreamOutcome(end: UpstreamEnd, expected: UpstreamExpectation): UpstreamOutcome {
  const { data } = end
  const succeeded = data['status.succeeded']
  const failureReason = data['status.failureReason'] ?? ''
  if (succeeded !== 'true' && succeeded !== 'false')
    throw untrusted(
      end,
      succeeded === undefined
        ? `left no status.succeeded${data['status.startTimestamp'] === undefined ? ', nor a start: it refuses its configuration in this way, or did not reach its ConfigMap' : ''}`
        : `wrote status.succeeded ${JSON.stringify(succeeded)}, which is neither "true" nor "false"`,
    )
  const said = `wrote status.succeeded ${JSON.stringify(succeeded)}`
  const elapsed = elapsedMilliseconds(end, said)
  if (succeeded === 'true') {
    if (end.job === 'Failed' || (end.exitCode ?? 0) !== 0)
      throw untrusted(end, `${said}, but did not end well: it crashed, and tells nothing`)
    if (failureReason !== '')
      throw untrusted(end, `${said}, but also status.failureReason ${JSON.stringify(failureReason)}`)
    const { values, missing } = valuesOf(end, expected)
    if (missing.length > 0) throw untrusted(end, `${said}, but ${missing.join(', ')}: it measured nothing`)
    return { failureReason, values, problems: timeProblems(elapsed, expected) }
  }
  if (end.job === 'Complete') throw untrusted(end, `${said}, but its Job is Complete`)
  if (failureReason === '') throw untrusted(end, `${said} without status.failureReason`)
  return { failureReason, values: valuesOf(end, expected).values, problems: [] }
}

function elapsedMilliseconds(end: UpstreamEnd, said: string): number {
  const [start, completion] = ['status.startTimestamp', 'status.completionTimestamp'].map((key) => {
    const text = end.data[key]
    if (text === undefined) throw untrusted(end, `${said}, but no ${key}`)
    const time = rfc3339.test(text) ? Date.parse(text) : Number.NaN
    if (Number.isNaN(time)) throw untrusted(end, `${said}, but ${key} ${JSON.stringify(text)} is no time`)
    return time
  })
  const elapsed = (completion ?? 0) - (start ?? 0)
  if (elapsed < 0) throw untrusted(end, `${said}, but was completed before it started`)
  return elapsed
}

function valuesOf(
  { data }: UpstreamEnd,
  { results, aboveZero }: UpstreamExpectation,
): { values: Record<string, number | string | null>; missing: string[] } {
  const values: Record<string, number | string | null> = {}
  const missing: string[] = []
  for (const { name, unit } of results.filter(({ origin }) => origin === 'documented')) {
    const key = `status.result.${name}`
    const text = data[key]
    const number = text !== undefined && /^\d+$/.test(text) ? Number(text) : Number.NaN
    const problem =
      text === undefined || text === ''
        ? `no ${key}`
        : unit !== '' && !Number.isSafeInteger(number)
          ? `${key} is ${JSON.stringify(text)}, which is no whole number`
          : aboveZero.includes(name) && number === 0
            ? `${key} is 0, which nobody measures`
            : undefined
    values[name] = problem === undefined && text !== undefined ? (unit === '' ? text : number) : null
    if (problem !== undefined) missing.push(problem)
  }
  return { values, missing }
}

/** It judges what it has when its time is up as if that were the whole measurement. */
function timeProblems(elapsed: number, { specTimeoutMilliseconds, measuringMilliseconds }: UpstreamExpectation) {
  const text = (milliseconds: number) => formatDuration(BigInt(Math.round(milliseconds)) * 1_000_000n)
  const problems: string[] = []
  if (elapsed + resolutionMilliseconds < measuringMilliseconds)
    problems.push(
      `the upstream checkup ended after ${text(elapsed)}, but was asked to measure for ${text(measuringMilliseconds)}`,
    )
  if (elapsed >= specTimeoutMilliseconds)
    problems.push(
      `the upstream checkup ended after ${text(elapsed)}, when its spec.timeout of ${text(specTimeoutMilliseconds)} was over: it may have been cut short. Raise timeout`,
    )
  return problems
}

function untrusted({ exitCode, log }: UpstreamEnd, what: string): UpstreamCheckupError {
  const lastLine = log.trimEnd().split('\n').at(-1) ?? ''
  const said = lastLine === '' ? 'It printed nothing' : `It printed last: ${JSON.stringify(lastLine)}`
  return new UpstreamCheckupError(
    `the upstream checkup ${what} (exit code ${exitCode ?? 'unknown'}). ${said}; upstream.log has the rest`,
  )
}

/** null: not measured. */
export function numberOf({ values }: UpstreamOutcome, name: string): number | null {
  const value = values[name]
  return typeof value === 'number' ? value : null
}

/** null: not told. */
export function textOf({ values }: UpstreamOutcome, name: string): string | null {
  const value = values[name]
  return typeof value === 'string' ? value : null
}
