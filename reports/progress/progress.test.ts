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
import { failedRecord, ids, record } from '../testdata/child-run/sample-record.ts'
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
  expect(clusterLines({ cluster, kubernetes: 'v1.36.2', kubevirt: null }).join('\n')).toContain(
    'Kubernetes v1.36.2, KubeVirt unknown',
  )
})

test('the end shows every check, what is left over, and the verdict last', () => {
  const cases = [failedRecord(ids[0]!), record(ids[1]!)]
  const lines = closingLines(document({ verdict: 'failed', exitCode: 1, reason: 'because', cases }), description, plain)
  expect(lines).toContain('sample/blue/a-b  sample.max    1.6 ms  <= 1 ms  failed')
  expect(lines).toContain('sample/blue/b-a  sample.max  0.522 ms  <= 1 ms  passed')
  expect(lines).toContain('left over: 0')
  expect(lines.at(-1)).toBe('verdict: failed, exit code 1: because')
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

function started(isTTY: boolean) {
  const output = Object.assign(new PassThrough(), { isTTY, columns: 60 })
  const reporter = new ProgressReporter(new RunReporter(description, { ownsExitCode: false }), {
    output,
    environment: {},
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
  show({ status: 'DONE' })
  expect(text().startsWith('\r\u{1B}[2K')).toBe(true)
  vi.advanceTimersByTime(600)
  expect(text()).toBe('')
})

test('a registered secret is not shown', () => {
  const { show, text } = started(false)
  show({ detail: 'login with registered-secret' })
  expect(text()).toContain('login with [redacted]')
})
