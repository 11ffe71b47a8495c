import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { fc, test as property } from '@fast-check/vitest'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { TestCase, TestSpecification } from 'vitest/node'
import type { Operation } from '../../helpers/run/operation.ts'
import { runDirectory } from '../../helpers/run/run-directory.ts'
import type { RunDescription } from '../run-description.ts'
import { RunReporter } from '../run-reporter.ts'
import { operationArtifactType } from '../task-meta.ts'
import { check, failedRecord, ids, record } from '../testdata/child-run/sample-record.ts'
import { document } from '../testdata/sample-document.ts'
import { caseColumnWidth, durationText, operationLine } from './operation-line.ts'
import { ProgressReporter } from './progress-reporter.ts'
import { closingLines, clusterLines, headerLines } from './run-text.ts'
import { painter, wantsColours } from './terminal-style.ts'

const plain = painter(false)
const operation: Operation = {
  at: '2026-11-20T10:15:00.000Z',
  caseId: ids[0]!,
  phase: 'provision',
  operation: 'CREATE',
  status: 'DONE',
  object: 'VirtualMachineInstance acceptance/source',
  durationMilliseconds: 350,
}
const description: RunDescription = {
  directory: runDirectory('reports/runs', '20261120T101500Z-x7k2p'),
  startedAt: '2026-11-20T10:15:00.000Z',
  command: [],
  version: '0.1.0',
  profile: { name: 'lab', path: 'profiles/lab.yaml', sha256: '', effective: {} },
  plannedCases: { sample: ids.map((id) => ({ id, checkup: 'sample', title: id })), other: [] },
  configuration: [{ name: 'namespace', value: 'acceptance' }],
  secrets: () => ['registered-secret'],
}

test('operations are aligned', () => {
  const width = caseColumnWidth(ids)
  const lines = [
    operation,
    { ...operation, caseId: ids[2]!, phase: 'measure', operation: 'PING', status: 'RUN' } as const,
  ]
  const columns = lines.map((line) =>
    operationLine(line, width, plain)
      .split('')
      .flatMap((c, i) => (c === '|' ? [i] : [])),
  )
  expect(columns[0]).toEqual(columns[1])
  expect(operationLine(operation, width, plain)).toMatch(
    /^\d\d:15:00 \| sample\/blue\/a-b \| provision \| CREATE {3}\| DONE \| VirtualMachineInstance acceptance\/source \(350 ms\)$/,
  )
})

property.prop([fc.string({ unit: 'binary' })])('text from a cluster cannot steer the terminal', (object) => {
  const line = operationLine({ ...operation, object: `\u{1B}[2J${object}`, detail: '\r\u{9B}31m' }, 20, plain)
  expect(line).not.toMatch(/[\p{Cc}]/u)
})

test.each([
  [350, '350 ms'],
  [12_400, '12.4 s'],
  [185_000, '3 min 05 s'],
  [7_380_000, '2 h 03 min'],
])('%i ms reads %s', (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text)
})

test('the header shows the effective configuration of the selected checkups', () => {
  const text = headerLines(description, ['sample'], plain).join('\n')
  for (const part of [
    'kubevirt-acceptance 0.1.0',
    'lab (profiles/lab.yaml)',
    '- sample/red/a-b',
    'namespace      acceptance',
    description.directory.root,
  ])
    expect(text).toContain(part)
  const { cluster } = document()
  const guests = { cluster: 'embedded', kubernetes: 'v1.36.2', time: 'skipping', guestDriver: 'scripted', boot: '7s' }
  const lines = clusterLines({ cluster: { ...cluster, guests }, kubernetes: 'v1.36.2', kubevirt: null })
  expect(lines).toContain('  versions  Kubernetes v1.36.2, KubeVirt unknown')
  expect(lines).toContain('  guests    time skipping, guestDriver scripted, boot 7s')
})

const closing = (overrides: Parameters<typeof document>[0], width?: number) =>
  closingLines(document(overrides), description, plain, width)

test('the end shows every judged check, why cases did not pass, what is left over, and the verdict last', () => {
  const cases = [failedRecord(ids[0]!), record(ids[1]!)]
  const reason = '1 of 2 cases failed; sample/blue/a-b: sample.max: 1.6 ms > 1 ms'
  const lines = closing({ verdict: 'failed', exitCode: 1, reason, cases })
  expect(lines).toContain('sample/blue/a-b  sample.max    1.6 ms  <= 1 ms  failed')
  expect(lines).toContain('sample/blue/b-a  sample.max  0.522 ms  <= 1 ms  passed')
  expect(lines).toContain('  sample.max: 1.6 ms > 1 ms (profiles/lab.yaml:12:5 maxLatency)')
  expect(lines).toContain('next, for sample.max: look at the switch')
  expect(lines).toContain('left over: 0')
  expect(lines.at(-1)).toBe('verdict: failed, exit code 1: 1 of 2 cases failed')
  // Told once, however many places could tell it.
  expect(lines.join('\n').split('1.6 ms > 1 ms')).toHaveLength(2)
})

test('checks without a limit are counted, with the parameters that would set one', () => {
  const open = { verdict: 'skipped', limit: null, operator: '', measurement: 'p99', limitParameter: 'maxP99' } as const
  const checks = [
    check(),
    check({ ...open, id: 'sample.p99' }),
    check({ ...open, id: 'sample.jitter', limitParameter: 'maxJitter' }),
  ]
  const text = closing({ cases: [record(ids[0]!, { checks }), record(ids[1]!, { checks })] }).join('\n')
  expect(text).not.toMatch(/sample\.p99|skipped/)
  expect(text).toContain('4 more checks have no limit and were not judged; set maxP99, maxJitter to judge them')
})

test('an error of the run is told once, not again for each case that it left without a result', () => {
  const errors = [{ phase: 'usage', message: 'no cluster: KUBECONFIG is not set' }]
  const reason = 'no result: usage: no cluster: KUBECONFIG is not set'
  const cases = [ids[0]!, ids[1]!].map((id) => record(id, { verdict: 'broken', reason, checks: [] }))
  const lines = closing({ verdict: 'broken', exitCode: 2, reason: reason.slice('no result: '.length), cases, errors })
  expect(lines.filter((line) => line.includes('KUBECONFIG'))).toEqual([
    'error: usage: no cluster: KUBECONFIG is not set',
  ])
  expect(lines).toContain('no result: 2 cases, for the error below')
  expect(lines.at(-1)).toBe('verdict: broken, exit code 2: usage, see the error above')
})

test('checks of several subjects are told apart', () => {
  const checks = ['a -> b', 'b -> a'].map((subject) => check({ subject }))
  const lines = closing({ cases: [record(ids[0]!, { checks })] })
  expect(lines).toContain('sample/blue/a-b  sample.max (a -> b)  0.522 ms  <= 1 ms  passed')
  expect(lines).toContain('sample/blue/a-b  sample.max (b -> a)  0.522 ms  <= 1 ms  passed')
})

test('long texts neither widen the table nor leave the terminal', () => {
  const message = `sample.max: ${'very '.repeat(80)}long`
  const failed = check({
    verdict: 'failed',
    subject: `${'n'.repeat(60)} -> ${'m'.repeat(60)}`,
    actual: 'x'.repeat(300),
    message,
  })
  const cases = [failedRecord(ids[0]!, { reason: message, checks: [failed] })]
  const lines = closing({ verdict: 'failed', cases, reason: `1 of 1 case failed; ${message}` }, 100)
  const [title, row] = lines.slice(1)
  expect(Math.max(title!.length, row!.length)).toBeLessThan(150)
  expect(row).toContain('sample.max (nnnnn')
  const told = lines.filter((line) => line.includes('very'))
  expect(told.length).toBeGreaterThan(3)
  expect(Math.max(...told.map((line) => line.length))).toBeLessThanOrEqual(100)
  // In a file the text stays in one line, where it can be searched.
  expect(closing({ verdict: 'failed', cases }).filter((line) => line.includes('very'))).toHaveLength(1)
})

test('a large run shows what did not pass, and counts what did', () => {
  const checks = Array.from({ length: 9 }, (_, index) => check({ id: `sample.c${index}` }))
  const failing = [...checks, check({ id: 'sample.bad', verdict: 'failed' })]
  const cases = Array.from({ length: 6 }, (_, index) =>
    index === 3
      ? failedRecord(`sample/blue/x${index}`, { checks: failing })
      : record(`sample/blue/x${index}`, { checks }),
  )
  const lines = closing({ verdict: 'failed', cases })
  const rows = lines.slice(2, lines.indexOf('', 2))
  expect(rows).toHaveLength(7)
  expect(rows[2]).toMatch(/^sample\/blue\/x2 {2}9 checks +passed$/)
  expect(rows[3]).toMatch(/^sample\/blue\/x3 {2}sample\.bad .* failed$/)
})

test('a cancelled run says so', () => {
  const cancelled = document({ verdict: 'cancelled', cancelledBy: 'SIGINT', exitCode: 130 })
  expect(closingLines(cancelled, description, plain).join('\n')).toContain('CANCELLED by SIGINT')
})

test.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: false }, {}, false],
  [{ isTTY: true }, { NO_COLOR: '1' }, false],
  [{ isTTY: false }, { FORCE_COLOR: '1' }, true],
  [{ isTTY: true }, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  [{ isTTY: true }, { TERM: 'dumb' }, false],
])('colours for %j with %j: %s', (stream, environment, expected) => {
  expect(wantsColours(stream, environment)).toBe(expected)
})

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function started(isTTY: boolean, environment: NodeJS.ProcessEnv = {}, about = description) {
  const output = Object.assign(new PassThrough(), { isTTY, columns: 60 })
  const reporter = new ProgressReporter(new RunReporter(about, { ownsExitCode: false }), {
    output,
    environment,
  })
  reporter.onTestRunStart([{ project: { name: 'sample' } } as TestSpecification])
  const show = (overrides: Partial<Operation>) =>
    reporter.onTestCaseArtifactRecord({} as TestCase, {
      type: operationArtifactType,
      operation: { ...operation, ...overrides },
    })
  const text = () => String((output.read() as Buffer | null) ?? '')
  text()
  return { show, text }
}

test('each operation is one line, when it is over; the start is shown too on request', () => {
  const quiet = started(false)
  quiet.show({ status: 'RUN' })
  quiet.show({ phase: 'judge', operation: 'JUDGE', object: 'sample.max', status: 'DONE' })
  expect(quiet.text()).toBe('')
  quiet.show({ status: 'DONE' })
  quiet.show({ phase: 'judge', operation: 'JUDGE', object: 'sample.max', status: 'FAIL' })
  expect(quiet.text()).toMatch(/^.* CREATE .* DONE .*\n.* JUDGE .* FAIL .*\n$/)
  const verbose = started(false, { KUBEVIRT_ACCEPTANCE_VERBOSE: '1' })
  verbose.show({ status: 'RUN' })
  expect(verbose.text()).toContain('| RUN  |')
})

const cluster = (time: string) => () => ({
  cluster: { ...document().cluster, guests: { time } },
  kubernetes: null,
  kubevirt: null,
})

test.each([
  ['wall', '(2.5 s)'],
  ['skipping', 'source'],
])('an operation without a duration of its own, with time %s, ends with %s', (time, end) => {
  const { show, text } = started(false, {}, { ...description, cluster: cluster(time) })
  show({ status: 'RUN', durationMilliseconds: undefined })
  show({ status: 'DONE', durationMilliseconds: undefined, at: '2026-11-20T10:15:02.500Z' })
  expect(text().trimEnd().endsWith(end)).toBe(true)
})

test('the end of one of two operations of a case leaves the other under way', () => {
  const { show, text } = started(false)
  show({ status: 'RUN', operation: 'START', object: 'VirtualMachineInstance one' })
  show({ status: 'RUN', operation: 'START', object: 'VirtualMachineInstance two' })
  show({ status: 'DONE', operation: 'START', object: 'VirtualMachineInstance two' })
  text()
  vi.advanceTimersByTime(31_000)
  expect(text()).toContain('START VirtualMachineInstance one for')
})

test('a long error is cut in its line, and does not repeat its object', () => {
  const line = operationLine(
    { ...operation, status: 'FAIL', detail: `${operation.object} ${'x'.repeat(500)}` },
    20,
    plain,
  )
  expect(line.length).toBeLessThan(330)
  expect(line.split(operation.object)).toHaveLength(2)
})

test('without a terminal a heartbeat tells every 30 s what is under way', () => {
  const { show, text } = started(false)
  show({ status: 'RUN', operation: 'WAIT' })
  text()
  vi.advanceTimersByTime(29_000)
  expect(text()).toBe('')
  vi.advanceTimersByTime(2_000)
  expect(text()).toMatch(
    /^still running: sample\/blue\/a-b provision WAIT VirtualMachineInstance acceptance\/source for 3\d\.\d s\n$/,
  )
  vi.advanceTimersByTime(10_000)
  expect(text()).toBe('')
})

test('on a terminal a live line is redrawn, and removed before the next line', () => {
  const { show, text } = started(true)
  show({ status: 'RUN', operation: 'WAIT' })
  text()
  vi.advanceTimersByTime(600)
  const live = text()
  expect(live.startsWith('\r\u{1B}[2K')).toBe(true)
  expect(stripVTControlCharacters(live).trim().length).toBeLessThan(60)
  show({ status: 'DONE', operation: 'WAIT' })
  expect(text().startsWith('\r\u{1B}[2K')).toBe(true)
  vi.advanceTimersByTime(600)
  expect(text()).toBe('')
})

test('a registered secret is not shown', () => {
  const { show, text } = started(false)
  show({ detail: 'login with registered-secret' })
  expect(text()).toContain('login with [redacted]')
})
