import { describe, expect, test } from 'vitest'
import { summarize } from '../../helpers/statistics/summary.ts'
import { latencyContract, type LatencyParameters } from './contract.ts'
import { judgeLatency, latencyRecording } from './judgement.ts'
import type { PathMeasurement } from './procedure.ts'

const parametersOf = (given: Record<string, unknown> = {}): LatencyParameters =>
  latencyContract.parameters.parse({
    networkAttachmentDefinitionNamespace: 'acceptance',
    networkAttachmentDefinitionName: 'blue',
    ...given,
  })

const path = (times: number[], more: Partial<PathMeasurement> = {}): PathMeasurement => ({
  subject: 'worker1 -> worker2',
  rawOutput: 'ping.txt',
  packets: {
    transmitted: 5,
    received: times.length,
    lost: [],
    lossPercent: ((5 - times.length) * 100) / 5,
    duplicates: 0,
    reordered: 0,
    roundTripNanoseconds: times,
  },
  unreachable: null,
  summary: summarize(times),
  jitterNanoseconds: times.length > 1 ? 10_000 : null,
  durationMilliseconds: 5_400,
  problems: [],
  ...more,
})
const findings = (...paths: PathMeasurement[]) => ({ sourceNode: 'worker1', targetNode: 'worker2', paths })
const verdicts = (checks: ReturnType<typeof judgeLatency>) =>
  Object.fromEntries(checks.map(({ id, verdict }) => [id, verdict]))

describe('judgeLatency', () => {
  const limits = parametersOf({ maxDesiredLatencyMilliseconds: 10 })

  test('compares the largest round trip in nanoseconds: equality passes, one more fails', () => {
    const at = (nanoseconds: number) =>
      judgeLatency(findings(path([1, 2, 3, 4, nanoseconds])), limits, { maxDesiredLatencyMilliseconds: 'lab.yaml:9:5' })
    expect(verdicts(at(10_000_000))['latency.max']).toBe('passed')
    const failed = at(10_000_001).find(({ id }) => id === 'latency.max')
    expect(failed).toMatchObject({ verdict: 'failed', actual: 10_000_001, limit: 10_000_000 })
    expect(failed?.message).toContain('maxLatencyNanoSec 10.000001ms > 10ms (lab.yaml:9:5)')
  })

  test('fails a single lost packet by default, and takes what the profile allows', () => {
    const four = findings(path([1, 2, 3, 4]))
    expect(verdicts(judgeLatency(four, parametersOf(), {}))['latency.packet-loss']).toBe('failed')
    expect(verdicts(judgeLatency(four, parametersOf({ maxPacketLossPercent: 20 }), {}))['latency.packet-loss']).toBe(
      'passed',
    )
  })

  test('judges a peer that never answers as failed connectivity, and latency as not measured', () => {
    const checks = verdicts(judgeLatency(findings(path([])), limits, {}))
    expect(checks).toMatchObject({
      'latency.connectivity': 'failed',
      'latency.packet-loss': 'failed',
      'latency.max': 'invalid',
    })
  })

  test('quotes what ping said when nothing could be sent', () => {
    const unreachable = path([], { packets: null, unreachable: 'ping: sendto: Network is unreachable' })
    const connectivity = judgeLatency(findings(unreachable), limits, {}).find(({ id }) => id === 'latency.connectivity')
    expect(connectivity).toMatchObject({ verdict: 'failed', actual: 0 })
    expect(connectivity?.message).toContain('Network is unreachable')
  })

  test('judges every check of the contract for every path, and skips those without a limit', () => {
    const both = findings(path([1, 2, 3, 4, 5]), path([1, 2, 3, 4, 5], { subject: 'worker2 -> worker1' }))
    const checks = judgeLatency(both, parametersOf(), {})
    expect(new Set(checks.map(({ id }) => id))).toEqual(new Set(latencyContract.checks.map(({ id }) => id)))
    expect(checks).toHaveLength(1 + 2 * (latencyContract.checks.length - 1))
    expect(verdicts(checks)).toMatchObject({
      'latency.max': 'skipped',
      'latency.p99': 'skipped',
      'latency.jitter': 'skipped',
    })
  })

  test.each([
    ['maxAverageLatency', 'latency.average'],
    ['maxP99Latency', 'latency.p99'],
    ['maxJitter', 'latency.jitter'],
  ])('%s sets the limit of %s', (parameter, id) => {
    const slow = findings(path([2e6, 2e6, 2e6, 2e6, 2e6], { jitterNanoseconds: 2e6 }))
    expect(verdicts(judgeLatency(slow, parametersOf({ [parameter]: '1ms' }), {}))[id]).toBe('failed')
    expect(verdicts(judgeLatency(slow, parametersOf({ [parameter]: '2ms' }), {}))[id]).toBe('passed')
  })

  test('sees VMs that do not run where they were asked to', () => {
    const asked = parametersOf({ sourceNode: 'worker1', targetNode: 'worker3' })
    expect(judgeLatency(findings(path([1])), asked, {})[0]).toMatchObject({
      id: 'latency.placement',
      verdict: 'failed',
      actual: 'worker1 and worker2',
      limit: 'worker1 and worker3',
    })
    const together = { ...findings(path([1])), targetNode: 'worker1' }
    expect(judgeLatency(together, parametersOf(), {})[0]).toMatchObject({
      verdict: 'failed',
      actual: 'both on worker1',
    })
  })
})

describe('latencyRecording', () => {
  test('has the documented results of the first path, as text in their documented units', () => {
    const { results } = latencyRecording(findings(path([100, 200, 300, 400, 500]), path([9e9], { subject: 'back' })))
    expect(results).toMatchObject({
      minLatencyNanoSec: '100',
      avgLatencyNanoSec: '300',
      maxLatencyNanoSec: '500',
      measurementDurationSec: '5',
      sourceNode: 'worker1',
      targetNode: 'worker2',
    })
  })

  test('has null, never 0, for what was not measured', () => {
    const { results, measurements } = latencyRecording(findings(path([])))
    expect(results).toMatchObject({ minLatencyNanoSec: null, maxLatencyNanoSec: null, jitterNanoSec: null })
    expect(measurements.find(({ name }) => name === 'avgLatencyNanoSec')?.value).toBeNull()
  })

  test('is invalid with the problems of any path', () => {
    const { validity } = latencyRecording(findings(path([1]), path([1], { problems: ['cut short'] })))
    expect(validity).toEqual({ valid: false, problems: ['cut short'] })
  })
})
