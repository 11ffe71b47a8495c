/** One metric before and after: how much it changed, and whether that is more than chance and more than tolerated. */
import type { Measurement } from '../run/case-record.ts'
import {
  areDifferentShares,
  canTellPercentile,
  exceedance,
  meanChange,
  neededBeyondPercentile,
  percentileChange,
  seriesMean,
  type Change,
} from '../statistics/change.ts'
import { observationsOf, pooled, type Observations } from '../statistics/observations.ts'
import { percentile } from '../statistics/summary.ts'
import type { MetricComparison } from './comparison.ts'
import { seriesBehind, statisticText, type SampleSource, type Statistic } from './statistic.ts'
import { toleranceFor, type ToleranceRule } from './tolerance.ts'

/** A metric in one run. */
export interface MetricValue {
  measurement: Measurement
  /** The samples it was computed from, where they are known. */
  source: SampleSource | undefined
}

export interface MetricPair {
  caseId: string
  /** One for each run that has a value. */
  before: readonly MetricValue[]
  after: readonly MetricValue[]
  /** Which statistic of the sources the values are; undefined: only the values themselves are known. */
  statistic: Statistic | undefined
}

/** Fewer samples do not tell how much of a change of their mean is chance. */
const neededForMean = 30

export function compareMetric(pair: MetricPair, rules: readonly ToleranceRule[]): MetricComparison {
  const { caseId, statistic } = pair
  const [first] = [...pair.after, ...pair.before]
  if (first === undefined) throw new RangeError(`a metric of ${caseId} has no value on either side`)
  const { name, subject = '', unit, better } = first.measurement
  const [before, after] = [middleOf(pair.before), middleOf(pair.after)]
  const tested = testOf(pair)
  const tolerance = toleranceFor(rules, { caseId, name }, tested === undefined ? 'value' : 'samples')
  const base = {
    caseId,
    name,
    subject,
    statistic: statistic === undefined ? '' : statisticText(statistic),
    unit,
    better,
    before,
    after,
    changePercent:
      before === null || after === null || before === 0 ? null : percents((after - before) / Math.abs(before)),
    interval:
      tested?.change === undefined
        ? null
        : { fromPercent: percents(tested.change.from), toPercent: percents(tested.change.to) },
    observations: tested === undefined ? null : tested.counts,
    noiseBand: noiseBandOf(pair.before),
    tolerance,
  }
  if (before === null && after === null)
    return { ...base, verdict: 'not measured', reason: 'neither side has a value that may be judged' }
  if (before === null)
    return {
      ...base,
      verdict: 'missing before',
      reason: 'the runs before have no value that may be judged; nothing to compare with',
    }
  if (after === null)
    return {
      ...base,
      verdict: 'missing after',
      reason: 'it was measured before, and has no value now that may be judged',
    }
  return { ...base, ...judge(base, { before, after, tested, resolution: first.source?.resolution ?? 0 }) }
}

type Base = Omit<MetricComparison, 'verdict' | 'reason'>

interface Test {
  change?: Change
  /** Whether the difference is more than chance explains. */
  certain: boolean
  counts: { before: number; after: number }
  /** What the certainty rests on, for the reason. */
  evidence: string
}

function judge(
  base: Base,
  {
    before,
    after,
    tested,
    resolution,
  }: { before: number; after: number; tested: Test | undefined; resolution: number },
): Pick<MetricComparison, 'verdict' | 'reason'> {
  const { tolerance, changePercent, noiseBand } = base
  const because = tested === undefined ? '' : `; ${tested.evidence}`
  if (before === after) return { verdict: 'equal', reason: `the same value${because}` }
  const direction = after > before === (base.better === 'higher') ? 'better' : 'worse'
  const size = changePercent === null ? 'from 0' : `${Math.abs(changePercent).toFixed(1)} %`
  if (tolerance.percent === false)
    return { verdict: 'equal', reason: `${direction} by ${size}, which does not count (${tolerance.source})${because}` }
  if (Math.abs(after - before) <= resolution)
    return { verdict: 'equal', reason: `the values differ by no more than the tool tells apart${because}` }
  const limit = `${tolerance.percent} % (${tolerance.source})`
  if (changePercent !== null && Math.abs(changePercent) <= tolerance.percent)
    return { verdict: 'equal', reason: `${direction} by ${size}, within ${limit}${because}` }
  if (tested !== undefined && !tested.certain)
    return { verdict: 'equal', reason: `${direction} by ${size}, which may be chance${because}` }
  if (noiseBand !== null && withinNoise(after, noiseBand))
    return {
      verdict: 'equal',
      reason: `${direction} by ${size}, but the baseline runs differ among themselves as much${because}`,
    }
  return { verdict: direction, reason: `${direction} by ${size}, more than ${limit}${because}` }
}

/**
 * A few runs never show how far values may lie apart, so the band is as wide again on both sides as what they show. A value
 * outside of it and beyond the tolerance counts.
 */
function withinNoise(value: number, { from, to }: { from: number; to: number }): boolean {
  const width = to - from
  return value >= from - width && value <= to + width
}

function noiseBandOf(values: readonly MetricValue[]): MetricComparison['noiseBand'] {
  const known = values.flatMap(({ measurement }) => measurement.value ?? [])
  return known.length < 2 ? null : { from: Math.min(...known), to: Math.max(...known) }
}

const middleOf = (values: readonly MetricValue[]): number | null =>
  percentile(
    values.flatMap(({ measurement }) => measurement.value ?? []),
    50,
  )

const percents = (fraction: number): number => fraction * 100

function testOf({ before, after, statistic }: MetricPair): Test | undefined {
  if (statistic === undefined) return undefined
  const sources = (values: readonly MetricValue[]) => values.flatMap(({ source }) => source ?? [])
  const [old, now] = [sources(before), sources(after)]
  if (old.length === 0 || now.length === 0) return undefined
  const pools = { before: poolOf(old), after: poolOf(now) }
  const counts = { before: pools.before.total, after: pools.after.total }
  if (statistic.kind === 'percentile') {
    if ([pools.before, pools.after].every((pool) => canTellPercentile(pool, statistic.percent))) {
      const change = percentileChange(pools.before, pools.after, statistic.percent)
      // Of values around 0 there is no relative change.
      if (change !== null) return byInterval(change, counts)
    }
    return byExceedance(pools, statistic.percent >= 50 ? 'above' : 'below', counts, statistic)
  }
  if (statistic.kind === 'minimum' || statistic.kind === 'maximum')
    return byExceedance(pools, statistic.kind === 'maximum' ? 'above' : 'below', counts, statistic)
  if (statistic.kind === 'loss') return byLoss(old, now)
  const change = meanChangeOf(old, now, statistic)
  return change === null ? undefined : byInterval(change, counts)
}

function byInterval(change: Change, counts: Test['counts']): Test {
  const side = (value: number): string => `${value < 0 ? '' : '+'}${percents(value).toFixed(1)} %`
  return {
    change,
    certain: change.from > 0 || change.to < 0,
    counts,
    evidence: `99.99 % interval of the change ${side(change.from)} to ${side(change.to)}, from ${counts.before} and ${counts.after} observations`,
  }
}

function byExceedance(
  pools: { before: Observations; after: Observations },
  side: 'above' | 'below',
  counts: Test['counts'],
  statistic: Statistic,
): Test {
  const later = exceedance(pools.before, pools.after, side)
  const earlier = exceedance(pools.after, pools.before, side)
  const found = later.beyond >= earlier.beyond ? later : earlier
  const [of, than] = found === later ? ['after', 'before'] : ['before', 'after']
  const why =
    statistic.kind === 'percentile'
      ? `fewer than ${neededBeyondPercentile} observations beyond the percentile, so those ${side} all of the other side count`
      : `an extreme value alone proves nothing, so those ${side} all of the other side count`
  return {
    certain: later.certain || earlier.certain,
    counts,
    evidence: `${why}: ${found.beyond} of ${found === later ? counts.after : counts.before} ${of} lie ${side} all ${than}`,
  }
}

function byLoss(before: readonly SampleSource[], after: readonly SampleSource[]): Test {
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
  const tally = (sources: readonly SampleSource[]) => {
    const lost = sum(sources.map((source) => source.lost ?? 0))
    return { lost, sent: lost + sum(sources.map(({ observations }) => observations.total)) }
  }
  const [old, now] = [tally(before), tally(after)]
  return {
    certain: areDifferentShares(old.lost, old.sent, now.lost, now.sent),
    counts: { before: old.sent, after: now.sent },
    evidence: `${old.lost} of ${old.sent} lost before, ${now.lost} of ${now.sent} after`,
  }
}

function meanChangeOf(
  before: readonly SampleSource[],
  after: readonly SampleSource[],
  statistic: Statistic,
): Change | null {
  const seriesOf = (sources: readonly SampleSource[]): number[] | undefined => {
    const all = sources.map(({ series }) => (series === undefined ? undefined : seriesBehind(series, statistic)))
    return all.some((series) => series === undefined) ? undefined : all.flatMap((series) => series ?? [])
  }
  const [old, now] = [seriesOf(before), seriesOf(after)]
  if (old === undefined || now === undefined || Math.min(old.length, now.length) < neededForMean) return null
  const change = meanChange(seriesMean(old, observationsOf(old)), seriesMean(now, observationsOf(now)))
  if (change === null || statistic.kind !== 'deviation') return change
  // The series are squares; people read their root.
  const root = (value: number): number => Math.sqrt(Math.max(0, 1 + value)) - 1
  return {
    before: Math.sqrt(change.before),
    after: Math.sqrt(change.after),
    change: root(change.change),
    from: root(change.from),
    to: root(change.to),
  }
}

const poolOf = (sources: readonly SampleSource[]): Observations =>
  pooled(sources.map(({ observations }) => observations))
