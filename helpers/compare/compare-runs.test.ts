import { expect, test } from 'vitest'
import { randomNumbers } from '../../fixtures/embedded-cluster/networks/random.ts'
import { record } from '../../reports/testdata/child-run/sample-record.ts'
import { document } from '../../reports/testdata/sample-document.ts'
import type { CaseRecord, Measurement } from '../run/case-record.ts'
import type { EarlierRun } from '../run/earlier-run.ts'
import { jitter } from '../statistics/jitter.ts'
import { summarize } from '../statistics/summary.ts'
import { compareRuns, UnlikeRunsError } from './compare-runs.ts'
import type { MetricComparison } from './comparison.ts'

const caseId = 'sample/blue/a-b'
const path = 'run.json'

const run = (overrides: Partial<CaseRecord>, changes: Partial<EarlierRun['document']> = {}): EarlierRun => ({
  path,
  document: document({ cases: [record(caseId, overrides)], ...changes }),
})
const withValues = (...measurements: Measurement[]): EarlierRun => run({ measurements })
const single = (value: number | null, overrides: Partial<Measurement> = {}): Measurement => ({
  name: 'ndrPacketsPerSecond',
  value,
  unit: 'pps',
  better: 'higher',
  ...overrides,
})
const only = (before: readonly EarlierRun[], after: readonly EarlierRun[], options = {}): MetricComparison =>
  compareRuns(before, after, options).metrics[0]!

/** Round trips as the link model of the embedded cluster makes them, and what the latency checkup records of them. */
function latencyRun(seed: number, count: number, factor: number): EarlierRun {
  const measurements = ['worker1 -> worker2', 'worker2 -> worker1'].flatMap((subject): Measurement[] => {
    const random = randomNumbers(seed, subject)
    const oneWay = () => Math.max(75_000, 150_000 + random.normal() * 20_000)
    const lost: number[] = []
    const samples = Array.from({ length: count }, (_, index) => {
      if (random.uniform() < 0.01) lost.push(index)
      return Math.round((oneWay() + oneWay()) * factor)
    }).filter((_, index) => !lost.includes(index))
    const known = summarize(samples)
    const value = (name: string, computed: number | null): Measurement => ({
      name,
      subject,
      value: computed === null ? null : Math.round(computed),
      unit: 'ns',
      better: 'lower',
    })
    return [
      value('minLatencyNanoSec', known.min),
      value('avgLatencyNanoSec', known.mean),
      { ...value('maxLatencyNanoSec', known.max), samples, lost },
      value('p50LatencyNanoSec', known.p50),
      value('p95LatencyNanoSec', known.p95),
      value('p99LatencyNanoSec', known.p99),
      value('mdevNanoSec', known.standardDeviation),
      value('jitterNanoSec', jitter(samples)),
      { ...value('packetLossPercent', null), value: (100 * lost.length) / count, unit: '%' },
      { name: 'packetsTransmitted', subject, value: count, unit: 'packets', better: 'higher' },
      { name: 'packetsReceived', subject, value: samples.length, unit: 'packets', better: 'higher' },
    ]
  })
  return withValues(...measurements)
}

const seeds = Array.from({ length: 100 }, (_, seed) => seed)

// The sample size that docs/comparing-runs.md asks for, and the smaller one of the packaged profile.
test.each([2000, 100])(
  'two runs of %i packets that differ only by noise are equal, in 100 of 100 seeds',
  { timeout: 300_000 },
  (count) => {
    const verdicts = seeds.map((seed) => {
      const { verdict, metrics } = compareRuns([latencyRun(seed, count, 1)], [latencyRun(1000 + seed, count, 1)])
      return {
        verdict,
        unequal: metrics.filter((each) => each.verdict !== 'equal').map(({ name, reason }) => name + reason),
      }
    })
    expect(verdicts.filter(({ verdict }) => verdict !== 'equal')).toEqual([])
  },
)

test(
  'a true rise of the 99th percentile by 10 % is found in at least 95 of 100 seeds of 2000 packets',
  { timeout: 300_000 },
  () => {
    const found = seeds.filter((seed) => {
      const { verdict, metrics } = compareRuns([latencyRun(seed, 2000, 1)], [latencyRun(1000 + seed, 2000, 1.1)])
      const p99 = metrics.filter(({ name }) => name === 'p99LatencyNanoSec')
      return verdict === 'worse' && p99.length === 2 && p99.every((each) => each.verdict === 'worse')
    })
    expect(found.length).toBeGreaterThanOrEqual(95)
  },
)

test('a fall of the latency by 10 % is an improvement', () => {
  const { verdict, metrics } = compareRuns([latencyRun(1, 2000, 1)], [latencyRun(2, 2000, 0.9)])
  expect(verdict).toBe('better')
  expect(metrics.find(({ name }) => name === 'p99LatencyNanoSec')).toMatchObject({
    statistic: 'p99',
    verdict: 'better',
    interval: { toPercent: expect.toSatisfy((value: number) => value < 0) },
  })
})

test('a loss of a tenth of the packets is found, one packet is chance', () => {
  const withLoss = (lost: number): EarlierRun => {
    const samples = Array.from({ length: 1000 - lost }, (_, index) => 100 + (index % 7))
    const packets = { value: 106, unit: 'ns', better: 'lower', samples } as const
    return withValues(
      { name: 'maxLatencyNanoSec', ...packets, lost: Array.from({ length: lost }, (_, index) => index) },
      { name: 'packetLossPercent', value: lost / 10, unit: '%', better: 'lower' },
    )
  }
  const loss = (count: number) =>
    compareRuns([withLoss(0)], [withLoss(count)]).metrics.find(({ name }) => name === 'packetLossPercent')
  expect(loss(1)).toMatchObject({ verdict: 'equal', before: 0, after: 0.1, changePercent: null })
  expect(loss(100)).toMatchObject({ verdict: 'worse', reason: expect.stringContaining('100 of 1000 after') })
})

test('histograms are compared by their percentiles, and to the width of a bucket', () => {
  const histogram = (shift: number): Measurement => ({
    name: 'oslatMaxLatencyMicroSeconds',
    subject: 'CPU 2',
    value: 12 + shift,
    unit: 'us',
    better: 'lower',
    histogram: {
      buckets: Array.from({ length: 12 }, (_, index) => [index + 1 + shift, 100_000 >> index] as [number, number]),
      overflow: 0,
    },
  })
  const compared = (shift: number) => compareRuns([withValues(histogram(0))], [withValues(histogram(shift))])
  expect(compared(0).verdict).toBe('equal')
  expect(compared(1).verdict).toBe('equal')
  const { verdict, metrics } = compared(5)
  expect(verdict).toBe('worse')
  expect(metrics.map(({ name, statistic, verdict: found }) => [name, statistic, found])).toEqual([
    ['oslatMaxLatencyMicroSeconds', 'maximum', 'worse'],
    ['oslatMaxLatencyMicroSeconds median', 'median', 'worse'],
    ['oslatMaxLatencyMicroSeconds p99', 'p99', 'worse'],
  ])
})

test('single values have a tolerance band, and a direction', () => {
  const compared = (before: number, after: number, overrides = {}) =>
    only([withValues(single(before, overrides))], [withValues(single(after, overrides))])
  expect(compared(1000, 905)).toMatchObject({ verdict: 'equal', statistic: '', interval: null, observations: null })
  expect(compared(1000, 890)).toMatchObject({ verdict: 'worse', changePercent: -11 })
  expect(compared(1000, 1200)).toMatchObject({ verdict: 'better' })
  expect(compared(1000, 1200, { better: 'lower' })).toMatchObject({
    verdict: 'worse',
    reason: 'worse by 20.0 %, more than 10 % (default)',
  })
  expect(compared(0, 3, { better: 'lower' })).toMatchObject({ verdict: 'worse', changePercent: null })
})

test('the profile sets tolerances by metric; the last rule that matches counts', () => {
  const rules = [
    { pattern: 'ndr*', percent: 30, source: 'lab.yaml:9:5' },
    { pattern: 'sample/** ndrPacketsPerSecond', percent: 15, source: 'lab.yaml:10:5' },
  ]
  const sides = [[withValues(single(1000))], [withValues(single(800))]] as const
  expect(only(...sides, { rules })).toMatchObject({
    verdict: 'worse',
    reason: 'worse by 20.0 %, more than 15 % (lab.yaml:10:5)',
  })
  expect(only(...sides, { rules: [rules[0]!] }).verdict).toBe('equal')
  expect(only(...sides, { rules: [{ pattern: '**', percent: false, source: 'lab.yaml:11:5' }] })).toMatchObject({
    verdict: 'equal',
    reason: 'worse by 20.0 %, which does not count (lab.yaml:11:5)',
  })
})

test('several baseline runs show how far values lie apart by themselves', () => {
  const baseline = [900, 1000, 1150].map((value) => withValues(single(value)))
  const found = only(baseline, [withValues(single(800))])
  expect(found).toMatchObject({ before: 1000, noiseBand: { from: 900, to: 1150 }, verdict: 'equal' })
  expect(found.reason).toContain('the baseline runs differ among themselves as much')
  expect(only(baseline, [withValues(single(600))]).verdict).toBe('worse')
  expect(only([1000, 1000, 1000].map((value) => withValues(single(value))), [withValues(single(800))]).verdict).toBe('worse') // prettier-ignore
})

test('what is missing is said, and never 0', () => {
  const sides = [[withValues(single(1000))], [withValues(single(null))]] as const
  expect(only(...sides)).toMatchObject({ verdict: 'missing after', before: 1000, after: null, changePercent: null })
  expect(compareRuns(...sides)).toMatchObject({ verdict: 'incomplete' })
  expect(only(sides[1], sides[0])).toMatchObject({ verdict: 'missing before', before: null })
  const gone = compareRuns(
    [withValues(single(1))],
    [{ path, document: document({ cases: [record('sample/red/a-b')] }) }],
  )
  expect(gone.verdict).toBe('incomplete')
  expect(gone.cases.map((each) => [each.caseId, each.verdict])).toEqual([
    [caseId, 'missing after'],
    ['sample/red/a-b', 'missing before'],
  ])
})

test('a measurement that may not be judged is not compared', () => {
  const invalid = run({
    measurements: [single(1000)],
    verdict: 'invalid',
    validity: { valid: false, problems: ['cut short'] },
  })
  const found = compareRuns([withValues(single(1000))], [invalid])
  expect(found.metrics[0]).toMatchObject({ verdict: 'missing after', after: null })
  expect(found.cases[0]).toMatchObject({ verdict: 'worse', before: 'passed', after: 'invalid' })
})

test('a case that passed and now fails is worse; one that was skipped is no answer', () => {
  const of = (verdict: 'passed' | 'failed' | 'skipped') => run({ verdict, measurements: [single(1)] })
  expect(compareRuns([of('passed')], [of('failed')]).verdict).toBe('worse')
  expect(compareRuns([of('failed')], [of('passed')]).verdict).toBe('better')
  expect(compareRuns([of('passed')], [of('skipped')]).verdict).toBe('incomplete')
})

test('runs that are not alike are refused, with every difference, unless told', () => {
  const before = run({ parameters: { sampleCount: 100, maxLatency: 5 } })
  const after = run(
    { parameters: { sampleCount: 50, maxLatency: 9 }, checks: [] },
    {
      profile: { ...before.document.profile, name: 'other' },
      cluster: { ...before.document.cluster, embedded: false, server: 'https://lab:6443', guests: {} },
      versions: { ...before.document.versions, kubevirtAcceptance: '0.2.0' },
    },
  )
  before.document.cases[0]!.checks[0]!.limitParameter = 'maxLatency'
  expect(() => compareRuns([before], [after])).toThrow(UnlikeRunsError)
  expect(() => compareRuns([before], [after])).toThrow(
    [
      'the runs are not alike, so their numbers say nothing about each other:',
      '  cluster, server: before embedded, after https://lab:6443',
      '  cluster, guests: before scripted, after kubevirt',
      '  profile, name: before lab, after other',
      '  version, kubevirt-acceptance: before 0.1, after 0.2',
      `  parameter sampleCount of ${caseId}: before 100, after 50`,
    ].join('\n'),
  )
  expect(compareRuns([before], [after], { force: true }).differences).toHaveLength(5)
})

test('what an upgrade changes is told, and no reason to refuse', () => {
  const after = run({}, { versions: { ...document().versions, kubevirt: 'v1.10.0' } })
  expect(compareRuns([run({})], [after])).toMatchObject({
    verdict: 'equal',
    changes: [{ name: 'KubeVirt', before: 'v1.9.0', after: 'v1.10.0' }],
  })
})
