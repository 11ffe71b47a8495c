/**
 * One definition of each statistic for the whole project. What cannot be computed is null, never 0.
 */
import { max, mean, min, standardDeviation } from 'simple-statistics'

export interface Summary {
  count: number
  min: number | null
  mean: number | null
  p50: number | null
  p95: number | null
  p99: number | null
  max: number | null
  /** Of the samples as a whole population (divided by n), which is the `mdev` of iputils ping; 0 for a single sample. */
  standardDeviation: number | null
}

/**
 * Summarises samples in any order; the unit is that of the samples.
 * @throws RangeError for samples that are not finite numbers
 */
export function summarize(samples: ArrayLike<number>): Summary {
  const sorted = Float64Array.from(samples).sort()
  for (const sample of sorted)
    if (!Number.isFinite(sample)) throw new RangeError(`cannot summarise ${sample}: every sample has to be finite`)
  const values = Array.from(sorted)
  const [count, any] = [values.length, values.length > 0]
  return {
    count,
    min: any ? min(values) : null,
    mean: any ? mean(values) : null,
    p50: nearestRank(values, 50),
    p95: nearestRank(values, 95),
    p99: nearestRank(values, 99),
    max: any ? max(values) : null,
    standardDeviation: any ? standardDeviation(values) : null,
  }
}

/**
 * The smallest sample that at least `percent` % of the samples do not exceed: the nearest-rank percentile, definition 1
 * of R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996). Every
 * percentile is then a value that was measured, and below 100 samples the 99th is the largest.
 * @param samples in any order
 * @param percent more than 0, at most 100
 * @returns null without samples
 * @throws RangeError
 */
export function percentile(samples: ArrayLike<number>, percent: number): number | null {
  return nearestRank(Float64Array.from(samples).sort(), percent)
}

function nearestRank(sorted: ArrayLike<number>, percent: number): number | null {
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`invalid percentile ${percent}: expected 0 < p <= 100`)
  // The product is rounded first: 0.07 * 100 is a hair above 7, and must not reach the eighth sample.
  const rank = Math.ceil(Number(((percent * sorted.length) / 100).toFixed(9)))
  return sorted[Math.max(rank, 1) - 1] ?? null
}
