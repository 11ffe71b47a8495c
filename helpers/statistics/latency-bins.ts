/** Percentiles of latencies that fio has counted in bins, and of several such counts together. */

/** Ascending pairs of the latency that stands for a bin, in nanoseconds, and how many I/Os are in it. */
export type LatencyBins = readonly (readonly [nanoseconds: number, count: number])[]

/** How many I/Os. @throws RangeError for counts that are not whole numbers, and bins that are not ascending */
export function countOfBins(bins: LatencyBins): number {
  let [total, before] = [0, Number.NEGATIVE_INFINITY]
  for (const [nanoseconds, count] of bins) {
    total += count
    if (!(nanoseconds > before) || !Number.isSafeInteger(count) || count < 0 || !Number.isSafeInteger(total))
      throw new RangeError(`invalid latency bins: ${count} I/Os at ${nanoseconds} ns`)
    before = nanoseconds
  }
  return total
}

/**
 * The latency of the first bin with which at least `percent` % of all I/Os are counted: the very number that fio computes.
 * @param percent more than 0, at most 100
 * @returns nanoseconds; null without I/Os
 * @throws RangeError as `countOfBins`, and for other percentages
 */
export function percentileOfBins(bins: LatencyBins, percent: number): number | null {
  const rank = rankInFio(percent, countOfBins(bins))
  let cumulative = 0
  for (const [nanoseconds, count] of bins) {
    cumulative += count
    if (count > 0 && cumulative >= rank) return nanoseconds
  }
  return null
}

/**
 * ceil(total * percent / 100) for the binary fraction that `percent` is stored as, since fio computes with that one in
 * more digits than it has: 99.9 is stored as a hair more, so that of 1000 I/Os it is the 1000th. The exact decimal, which
 * `histogram.ts` takes, would be the 999th.
 */
function rankInFio(percent: number, total: number): bigint {
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`invalid percentile ${percent}: expected 0 < p <= 100`)
  let [whole, divisor] = [percent, 100n]
  while (!Number.isInteger(whole)) {
    whole *= 2
    divisor *= 2n
  }
  return (BigInt(total) * BigInt(whole) + divisor - 1n) / divisor
}

/** The bins of all together. @throws RangeError as `countOfBins` */
export function mergeBins(all: readonly LatencyBins[]): [nanoseconds: number, count: number][] {
  const counts = new Map<number, number>()
  for (const bins of all) {
    countOfBins(bins)
    for (const [nanoseconds, count] of bins) counts.set(nanoseconds, (counts.get(nanoseconds) ?? 0) + count)
  }
  const merged = [...counts].toSorted(([one], [other]) => one - other)
  countOfBins(merged)
  return merged
}

export interface FleetPercentile {
  nanoseconds: number
  /** Some had no bins: the largest percentile of one of them, which the true one cannot exceed. */
  approximate: boolean
}

/**
 * A percentile over the I/Os of many together. Averages of percentiles would say nothing.
 * @param members each with its bins, or else its own percentile; both null: it had no I/O, and does not count
 * @returns null when none had I/O
 * @throws RangeError as `percentileOfBins`
 */
export function fleetPercentile(
  members: readonly { bins: LatencyBins | null; percentile: number | null }[],
  percent: number,
): FleetPercentile | null {
  const counting = members.filter(({ bins, percentile }) => bins !== null || percentile !== null)
  const known = counting.flatMap(({ bins }) => (bins === null ? [] : [bins]))
  if (known.length === counting.length) {
    const nanoseconds = percentileOfBins(mergeBins(known), percent)
    return nanoseconds === null ? null : { nanoseconds, approximate: false }
  }
  const each = counting.flatMap(
    ({ bins, percentile }) => (bins === null ? percentile : percentileOfBins(bins, percent)) ?? [],
  )
  return { nanoseconds: Math.max(...each), approximate: true }
}
