/** One attempt of a case as an Allure result: status, checks as steps, and what is shown of its measurements. Pure. */
import { createHash } from 'node:crypto'
import { Stage, Status } from 'allure-js-commons'
import type { Label, Parameter, StatusDetails, StepResult, TestResult } from 'allure-js-commons'
import { createStepResult } from 'allure-js-commons/sdk/reporter'
import type { CaseRecord, CheckResult, Measurement } from '../../helpers/run/case-record.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import type { Verdict } from '../../helpers/run/verdict.ts'
import { caseProblems } from '../case-problems.ts'
import { limitText } from '../measurement-text.ts'
import { measurementTable } from './measurement-table.ts'

/** Allure knows no invalid and no cancelled; its categories tell them apart by how the message begins. */
const statusOf: Record<Verdict, Status> = {
  passed: Status.PASSED,
  failed: Status.FAILED,
  invalid: Status.BROKEN,
  broken: Status.BROKEN,
  skipped: Status.SKIPPED,
  cancelled: Status.BROKEN,
}

const maximumLine = 300

export interface CaseContext {
  runId: string
  profile: string
  cluster: string
  host: string
  owner: string | undefined
  links: { name: string; url: string }[]
  /** The case passed only when it was repeated. */
  flaky: boolean
}

const idFrom = (...parts: string[]) => createHash('md5').update(parts.join('\u{0}')).digest('hex')

/** The same attempt of the same run has the same name whenever it is written, so that later knowledge replaces it. */
export function resultId(runId: string, caseId: string, attempt: number): string {
  return idFrom(runId, caseId, String(attempt)).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Everything of the result but its attachments and the steps that the test itself reported. */
export function caseResult(record: CaseRecord, context: CaseContext): Omit<TestResult, 'attachments'> {
  const fullName = `kubevirt-acceptance:${record.id}`
  const [checkup = record.checkup, ...rest] = record.id.split('/')
  return {
    uuid: resultId(context.runId, record.id, record.attempt),
    name: record.title,
    fullName,
    testCaseId: idFrom(fullName),
    historyId: `${idFrom(fullName)}.${idFrom(context.profile)}`,
    titlePath: [checkup, ...rest.slice(0, -1)],
    status: statusOf[record.verdict],
    stage: Stage.FINISHED,
    statusDetails: statusDetailsOf(record, context.flaky),
    start: Date.parse(record.startedAt),
    stop: Date.parse(record.completedAt),
    description: measurementTable(record.measurements),
    labels: labelsOf(record, context),
    links: context.links.map(({ name, url }) => ({ name, url, type: 'link' })),
    parameters: parametersOf(record, context),
    // What was judged comes before how long things took.
    steps: [...validitySteps(record), ...record.checks.map((check) => checkStep(check, record)), ...phaseSteps(record)],
  }
}

function statusDetailsOf(record: CaseRecord, flaky: boolean): StatusDetails {
  const details: StatusDetails & { flaky?: boolean } = {}
  if (record.verdict !== 'passed') details.message = `${messagePrefix(record.verdict)}${messageOf(record)}`
  const problem = record.checks.find(({ verdict }) => verdict === 'failed')
  if (problem !== undefined) {
    details.actual = withUnit(problem.actual, problem.unit)
    details.expected = limitText(problem)
  }
  const trace = [
    ...record.errors
      .filter(({ message }) => !record.reason.includes(message))
      .map(({ phase, message }) => `${phase}: ${message}`),
    ...record.leftovers.map((object) => `left over: ${object}`),
  ]
  if (trace.length > 0) details.trace = trace.join('\n')
  if (flaky) details.flaky = true
  return details
}

/** What a reader of a red case sees first: every finding with value, limit and where the limit is set, then what to do. */
function messageOf(record: CaseRecord): string {
  const { findings, advice } = caseProblems(record)
  return [...findings.map(inParts), ...advice.map(({ text }) => `Next: ${text}`)].join('\n')
}

/** Long findings string together what several conditions and events say; each part gets a line. */
function inParts(finding: string): string {
  return finding.length <= maximumLine ? finding : finding.replaceAll('; ', ';\n    ')
}

function messagePrefix(verdict: Verdict): string {
  if (verdict === 'invalid') return 'invalid measurement: '
  return verdict === 'cancelled' ? 'cancelled: ' : ''
}

/** How Allure groups what did not pass; the expressions fit `messagePrefix`. */
export const categories = [
  { name: 'Limit missed', matchedStatuses: [Status.FAILED] },
  {
    name: 'Measurement may not be judged',
    matchedStatuses: [Status.BROKEN],
    messageRegex: '^invalid measurement: [\\s\\S]*',
  },
  { name: 'Cancelled', matchedStatuses: [Status.BROKEN], messageRegex: '^cancelled: [\\s\\S]*' },
  { name: 'No result', matchedStatuses: [Status.BROKEN], messageRegex: '^no result: [\\s\\S]*' },
  { name: 'Set-up or infrastructure', matchedStatuses: [Status.BROKEN] },
  { name: 'Skipped', matchedStatuses: [Status.SKIPPED] },
]

function labelsOf(record: CaseRecord, { host, owner, flaky }: CaseContext): Label[] {
  const [checkup = record.checkup, ...rest] = record.id.split('/')
  const feature = rest.length > 1 ? rest.slice(0, -1).join('/') : checkup
  const story = rest.at(-1) ?? record.title
  const labels: [string, string | undefined][] = [
    ['epic', checkup],
    ['feature', feature],
    ['story', story],
    ['parentSuite', 'kubevirt-acceptance'],
    ['suite', checkup],
    ['subSuite', feature],
    ['severity', 'critical'],
    ['owner', owner],
    ['host', host],
    ['framework', 'kubevirt-acceptance'],
    ['language', 'typescript'],
    ['tag', record.verdict],
    ['tag', flaky ? 'flaky' : undefined],
  ]
  return labels.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))
}

function parametersOf(record: CaseRecord, { profile, cluster }: CaseContext): Parameter[] {
  // Results that are measurements stand in the table of measurements, with their units.
  const measured = new Set(record.measurements.map(({ name }) => name))
  const results = Object.entries(record.results)
    .filter(([name, value]) => !measured.has(name) && record.parameters[name] !== value)
    .map(([name, value]) => [name, value ?? 'not known'] as const)
  const inputs = Object.entries(record.parameters).map(([name, value]) => [name, String(value)] as const)
  return [
    { name: 'profile', value: profile },
    // What differs between two runs of one case must not make it another case.
    ...[...inputs, ...results].map(([name, value]) => ({ name, value, excluded: true })),
    { name: 'cluster', value: cluster, excluded: true },
  ]
}

/** One observation per line with its position in the order of sending; lost ones have no value. Times in seconds. */
export function samplesCsv({ unit, samples = [], lost = [], sampleTimesSeconds: times }: Measurement): string {
  const head = times === undefined ? 'position' : 'position,time_s'
  const lines = observations(samples, lost).map((value, position) => {
    const at = times === undefined ? '' : `,${times[position] ?? ''}`
    return `${position}${at},${value ?? ''}`
  })
  return `${head},value_${unit}\n${lines.join('\n')}\n`
}

/** Every observation in the order of sending, null where it never came. */
export function observations(samples: readonly number[], lost: readonly number[]): (number | null)[] {
  const missing = new Set(lost)
  const length = samples.length + missing.size
  const remaining = samples.values()
  return Array.from({ length }, (_, position) => (missing.has(position) ? null : (remaining.next().value ?? null)))
}

function phaseSteps({ phases, errors, verdict }: CaseRecord): StepResult[] {
  return phases.map(({ name, startedAt, durationMilliseconds }) => {
    const start = Date.parse(startedAt)
    const broke = verdict === 'broken' && errors.some(({ phase }) => phase === name)
    return step(name, broke ? Status.BROKEN : Status.PASSED, '', start, start + durationMilliseconds)
  })
}

function validitySteps({ validity, measurements }: CaseRecord): StepResult[] {
  // That a case which broke before it measured has no measurement is told by the step that broke.
  if (measurements.length === 0) return []
  return validity.problems.map((problem) => step(`validity: ${problem}`, Status.BROKEN, problem))
}

const statusOfCheck: Record<CheckResult['verdict'], Status> = {
  passed: Status.PASSED,
  failed: Status.FAILED,
  invalid: Status.BROKEN,
  broken: Status.BROKEN,
  skipped: Status.SKIPPED,
}

function checkStep(check: CheckResult, record: CaseRecord): StepResult {
  const subject = check.subject === '' ? '' : ` [${check.subject}]`
  const time = Date.parse(record.completedAt)
  const judged = step(
    `check ${check.id}: ${check.title}${subject}`,
    statusOfCheck[check.verdict],
    check.message,
    time,
    time,
  )
  judged.parameters = [
    { name: 'actual', value: withUnit(check.actual, check.unit) },
    { name: 'limit', value: limitText(check) || 'none' },
    { name: 'limit set in', value: check.limitSource },
    ...(check.limitParameter === undefined ? [] : [{ name: 'limit set by', value: check.limitParameter }]),
  ]
  return judged
}

function step(name: string, status: Status, message: string, start?: number, stop?: number): StepResult {
  return {
    ...createStepResult(),
    name,
    status,
    stage: Stage.FINISHED,
    statusDetails: message === '' ? {} : { message },
    ...(start === undefined ? {} : { start, stop: stop ?? start }),
  }
}
