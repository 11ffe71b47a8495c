import { expect, test } from 'vitest'
import { declared } from './result-declarations.ts'
import { numberOf, textOf, UpstreamCheckupError, type UpstreamEnd, upstreamOutcome } from './upstream-outcome.ts'

const expected = {
  results: [
    ...declared('documented', [
      ['oslatMaxLatencyMicroSeconds', 'us', ''],
      ['vmUnderTestActualNodeName', '', ''],
    ]),
    ...declared('addition', [['oslatSpikes', 'count', '']]),
  ],
  aboveZero: ['oslatMaxLatencyMicroSeconds'],
  specTimeoutMilliseconds: 600_000,
  measuringMilliseconds: 300_000,
}
const success = {
  'status.startTimestamp': '2026-11-20T09:00:00Z',
  'status.completionTimestamp': '2026-11-20T09:06:00Z',
  'status.succeeded': 'true',
  'status.failureReason': '',
  'status.result.oslatMaxLatencyMicroSeconds': '17',
  'status.result.vmUnderTestActualNodeName': 'worker1',
}
const end = (data: Record<string, string | undefined>, parts: Partial<UpstreamEnd> = {}): UpstreamEnd => ({
  job: data['status.succeeded'] === 'false' ? 'Failed' : 'Complete',
  exitCode: data['status.succeeded'] === 'false' ? 1 : 0,
  data: Object.fromEntries(
    Object.entries({ ...success, ...data }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ),
  log: '',
  ...parts,
})

test('success has every documented result', () => {
  const outcome = upstreamOutcome(end({}), expected)
  expect(outcome).toMatchObject({ failureReason: '', problems: [] })
  expect(numberOf(outcome, 'oslatMaxLatencyMicroSeconds')).toBe(17)
  expect(textOf(outcome, 'vmUnderTestActualNodeName')).toBe('worker1')
})

test.each<[string, UpstreamEnd, string]>([
  ['a Job that failed', end({}, { job: 'Failed', exitCode: 2 }), 'it crashed, and tells nothing (exit code 2)'],
  ['an exit code', end({}, { exitCode: 1 }), 'it crashed'],
  ['no results', end({ 'status.result.oslatMaxLatencyMicroSeconds': undefined }), 'no status.result.oslatMaxLatency'],
  ['no node', end({ 'status.result.vmUnderTestActualNodeName': '' }), 'no status.result.vmUnderTestActualNodeName'],
  ['a maximum of 0 µs', end({ 'status.result.oslatMaxLatencyMicroSeconds': '0' }), 'is 0, which nobody measures'],
  [
    'a result that is none',
    end({ 'status.result.oslatMaxLatencyMicroSeconds': '17us' }),
    'is "17us", which is no whole',
  ],
  ['a reason of failure', end({ 'status.failureReason': 'x' }), 'but also status.failureReason "x"'],
  ['no start', end({ 'status.startTimestamp': undefined }), 'but no status.startTimestamp'],
  ['no completion', end({ 'status.completionTimestamp': undefined }), 'but no status.completionTimestamp'],
  ['no time', end({ 'status.completionTimestamp': 'today' }), '"today" is no time'],
  ['an end before the start', end({ 'status.completionTimestamp': '2026-11-20T08:00:00Z' }), 'before it started'],
  ['another word', end({ 'status.succeeded': 'True' }), 'neither "true" nor "false"'],
  ['a failure without reason', end({ 'status.succeeded': 'false' }), 'without status.failureReason'],
  [
    'a failure whose Job completed',
    end({ 'status.succeeded': 'false', 'status.failureReason': 'x' }, { job: 'Complete' }),
    'but its Job is Complete',
  ],
])('%s is not believed', (_, given, message) => {
  expect(() => upstreamOutcome(given, expected)).toThrow(UpstreamCheckupError)
  expect(() => upstreamOutcome(given, expected)).toThrow(message)
})

test.each([
  ['2026-11-20T09:01:00Z', 'ended after 1m0s, but was asked to measure for 5m0s'],
  ['2026-11-20T09:10:00Z', 'when its spec.timeout of 10m0s was over: it may have been cut short'],
])('what ended at %s may not be judged', (completion, problem) => {
  const { problems } = upstreamOutcome(end({ 'status.completionTimestamp': completion }), expected)
  expect(problems.join()).toContain(problem)
})

test('a failure keeps what it measured, and nothing that it did not', () => {
  const failure = { 'status.succeeded': 'false', 'status.failureReason': 'too slow' }
  expect(upstreamOutcome(end(failure), expected)).toMatchObject({
    failureReason: 'too slow',
    values: { oslatMaxLatencyMicroSeconds: 17 },
  })
  const zero = { ...failure, 'status.result.oslatMaxLatencyMicroSeconds': '0' }
  expect(upstreamOutcome(end(zero), expected).values).toMatchObject({ oslatMaxLatencyMicroSeconds: null })
})
