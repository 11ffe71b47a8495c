/** How much a statistic has changed between two sets of observations, and how sure that is. Changes are fractions: 0.1 is +10 %. */
import { incompleteBeta } from './incomplete-beta.ts'
import type { Observations } from './observations.ts'

export interface Change {
  before: number
  after: number
  /** after / before - 1 */
  change: number
  /** Confidence interval of `change`. */
  from: number
  to: number
}

/** Of the intervals below, two-sided. Why so much: see docs/comparing-runs.md. */
const confidence = 0.9999
/** Of the normal distribution, for `confidence`. */
const normalQuantile = 3.8906
const tail = (1 - confidence) / 2

/** Fewer observations beyond a percentile tell nothing about it, since the interval would end at the largest of them. */
export const neededBeyondPercentile = 10

/** The nearest-rank percentile; null without observations, and among those whose value is not known. */
export function percentileOf({ values, cumulative, total }: Observations, percent: number): number | null {
  const rank = rankOf(percent, total)
  const value = values[cumulative.findIndex((count) => count >= rank)]
  return value === undefined || !Number.isFinite(value) ? null : value
}

/** Whether there are enough observations on both sides of a percentile to say how sure it is. */
export function canTellPercentile({ effective }: Observations, percent: number): boolean {
  return Math.min(percent, 100 - percent) * effective >= (neededBeyondPercentile - 1e-6) * 100
}

/**
 * The change of a percentile with its bootstrap interval. The bootstrap is not simulated: the distribution of an order
 * statistic over all resamples is a beta distribution of its rank (A. D. Hutson and M. D. Ernst, "The exact bootstrap
 * mean and variance of an L-estimator", J. R. Statist. Soc. B 62, 2000), so the same runs always give the same answer.
 * @returns null where a percentile is not known or not positive
 */
export function percentileChange(before: Observations, after: Observations, percent: number): Change | null {
  const [old, now] = [percentileOf(before, percent), percentileOf(after, percent)]
  if (old === null || now === null || old <= 0 || now <= 0) return null
  const [oldRank, nowRank] = [rankDistribution(before, percent), rankDistribution(after, percent)]
  const atMost = (ratio: number): number => probabilityAtMost(oldRank, nowRank, ratio)
  return {
    before: old,
    after: now,
    change: now / old - 1,
    from: ratioWhere((ratio) => atMost(ratio) > tail) - 1,
    to: ratioWhere((ratio) => atMost(ratio) >= 1 - tail) - 1,
  }
}

/** The change of a mean of a series, with an interval from the normal distribution and effective sample sizes. */
export function meanChange(before: SeriesMean, after: SeriesMean): Change | null {
  if (!(before.mean > 0 && after.mean > 0)) return null
  const ratio = after.mean / before.mean
  const error = ratio * Math.hypot(before.standardError / before.mean, after.standardError / after.mean)
  return {
    before: before.mean,
    after: after.mean,
    change: ratio - 1,
    from: ratio - 1 - normalQuantile * error,
    to: ratio - 1 + normalQuantile * error,
  }
}

export interface SeriesMean {
  mean: number
  standardError: number
}

/** @param observations of the very series */
export function seriesMean(series: readonly number[], { effective }: Observations): SeriesMean {
  const mean = series.reduce((sum, value) => sum + value, 0) / series.length
  const squares = series.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, standardError: Math.sqrt(squares / Math.max(1, series.length - 1) / effective) }
}

/**
 * Whether more observations lie beyond everything seen before than chance explains. Were both of one kind, the
 * `beyond` most extreme of all would come from `after` with the probability that is computed here (a precedence test;
 * N. Balakrishnan and H. K. T. Ng, "Precedence-Type Tests and Applications", 2006).
 */
export function exceedance(
  before: Observations,
  after: Observations,
  side: 'above' | 'below',
): { beyond: number; certain: boolean } {
  const extreme = side === 'above' ? before.values.at(-1) : before.values[0]
  if (extreme === undefined) return { beyond: 0, certain: false }
  const upTo = (limit: (value: number) => boolean): number => {
    const index = after.values.findLastIndex(limit)
    return index < 0 ? 0 : (after.cumulative[index] ?? 0)
  }
  const beyond = side === 'above' ? after.total - upTo((value) => value <= extreme) : upTo((value) => value < extreme)
  const shrink = after.effective / Math.max(1, after.total)
  const counted = Math.floor(beyond * shrink)
  let probability = 1
  for (let index = 0; index < counted && probability > tail; index += 1)
    probability *= (after.effective - index) / (before.effective + after.effective - index)
  return { beyond, certain: counted > 0 && probability <= tail }
}

/**
 * Whether the shares of two counts differ by more than chance explains: given how many there are on both sides together,
 * those on one side are binomially distributed (R. A. Fisher's conditional test, for shares that are not large).
 */
export function areDifferentShares(some: number, ofSome: number, others: number, ofOthers: number): boolean {
  if (ofSome === 0 || ofOthers === 0) return false
  /** Probability of at least `count` of `total`, each with `share`. */
  const atLeast = (count: number, total: number, share: number): number =>
    count === 0 ? 1 : incompleteBeta(share, count, total - count + 1)
  const [total, share] = [some + others, ofOthers / (ofSome + ofOthers)]
  return Math.min(atLeast(others, total, share), atLeast(some, total, 1 - share)) <= tail
}

const rankOf = (percent: number, total: number): number =>
  Math.max(1, Math.ceil(Number(((percent * total) / 100).toFixed(9))))

interface RankDistribution {
  values: number[]
  /** Probability that the percentile of a resample does not exceed the value at the same place. */
  cumulative: number[]
}

function rankDistribution({ values, cumulative, total, effective }: Observations, percent: number): RankDistribution {
  const fraction = percent / 100
  const [a, b] = [fraction * effective, (1 - fraction) * effective + 1]
  const deviation = Math.sqrt((fraction * (1 - fraction)) / effective)
  const kept: RankDistribution = { values: [], cumulative: [] }
  for (const [index, value] of values.entries()) {
    const position = (cumulative[index] ?? 0) / total
    // Twelve deviations off, the probability is 0 or 1 to all digits that count.
    if (position < fraction - 12 * deviation - 20 / effective) continue
    const certain = position > fraction + 12 * deviation + 20 / effective || index === values.length - 1
    kept.values.push(value)
    kept.cumulative.push(certain ? 1 : incompleteBeta(position, a, b))
    if (certain) break
  }
  return kept
}

/** Probability that now / old does not exceed `ratio`, both drawn independently. */
function probabilityAtMost(old: RankDistribution, now: RankDistribution, ratio: number): number {
  let [sum, place] = [0, -1]
  for (const [index, value] of old.values.entries()) {
    const weight = (old.cumulative[index] ?? 0) - (old.cumulative[index - 1] ?? 0)
    while (place + 1 < now.values.length && (now.values[place + 1] ?? 0) <= value * ratio) place += 1
    sum += weight * (now.cumulative[place] ?? 0)
  }
  return sum
}

/** The smallest ratio for which a growing condition holds, to six digits. */
function ratioWhere(holds: (ratio: number) => boolean): number {
  let [low, high] = [-20, 20]
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2
    if (holds(Math.exp(middle))) high = middle
    else low = middle
  }
  return Math.exp(high)
}
