import type { LatencyDistribution } from '../units/latency-distribution.ts'

/** What is known about a number: exact when both are the same. */
export interface Bounds {
  atLeast: number
  /** null: nothing bounds it. */
  atMost: number | null
}

interface Range {
  from: number
  /** null: open. */
  to: number | null
  count: number
  /** Of this range and of all below. */
  cumulative: number
}

/**
 * Counts and percentiles of latencies that a tool has put into buckets. What the buckets do not tell, such as a
 * percentile among the overflows, is answered with bounds instead of a number that nobody measured.
 */
export class LatencyHistogram {
  /** All measurements, overflows included. */
  readonly total: number
  readonly #ranges: readonly Range[]
  readonly #minimum: number | null
  readonly #maximum: number | null

  /** @throws RangeError for buckets that overlap or are not in order, and for counts that are not whole numbers */
  constructor({ buckets, overflow, minimumMicroseconds, maximumMicroseconds }: LatencyDistribution) {
    this.#minimum = minimumMicroseconds
    this.#maximum = maximumMicroseconds
    const ranges: Range[] = []
    let total = 0
    let end = Number.NEGATIVE_INFINITY
    const add = (from: number, to: number | null, count: number) => {
      if (!(from > end) || (to !== null && !(to >= from)))
        throw new RangeError(
          `invalid histogram: the bucket ${from} to ${to ?? 'infinity'} us does not follow on ${end} us`,
        )
      total += count
      if (!Number.isSafeInteger(count) || count < 0 || !Number.isSafeInteger(total))
        throw new RangeError(`invalid histogram: ${count} measurements in the bucket from ${from} us`)
      end = to ?? Number.POSITIVE_INFINITY
      if (count > 0) ranges.push({ from, to, count, cumulative: total })
    }
    for (const { fromMicroseconds, toMicroseconds, count } of buckets) add(fromMicroseconds, toMicroseconds, count)
    if (overflow !== null) add(overflow.fromMicroseconds, null, overflow.count)
    this.#ranges = ranges
    this.total = total
  }

  /**
   * The nearest-rank percentile (see `percentile` in summary.ts) in microseconds: the smallest latency that at least
   * `percent` % of the measurements do not exceed. `atMost` is the end of its bucket and never more than the maximum.
   * Among the overflows `atLeast` is where they begin, `atMost` the maximum if that is known; the last of all
   * measurements is the maximum itself.
   * @param percent more than 0, at most 100
   * @returns null without measurements
   * @throws RangeError
   */
  percentile(percent: number): Bounds | null {
    const rank = nearestRank(percent, this.total)
    const range = this.#ranges.find(({ cumulative }) => cumulative >= rank)
    if (range === undefined) return null
    const [minimum, maximum] = [this.#minimum, this.#maximum]
    if (rank === this.total && maximum !== null) return { atLeast: maximum, atMost: maximum }
    const atMost = maximum === null ? range.to : Math.min(range.to ?? maximum, maximum)
    const atLeast = minimum === null ? range.from : Math.max(range.from, minimum)
    return { atLeast: atMost === null ? atLeast : Math.min(atLeast, atMost), atMost }
  }

  /**
   * How many measurements exceed a limit; one that equals it does not. Exact unless the limit lies within a bucket or
   * among the overflows. A maximum that is known narrows the bounds: it is one of the measurements.
   */
  above(limitMicroseconds: number): { atLeast: number; atMost: number } {
    if (!Number.isFinite(limitMicroseconds)) throw new RangeError(`invalid latency limit ${limitMicroseconds} us`)
    const maximum = this.#maximum
    if (maximum !== null && maximum <= limitMicroseconds) return { atLeast: 0, atMost: 0 }
    const reaching = this.#ranges.filter(({ to }) => to === null || to > limitMicroseconds)
    const atMost = sum(reaching)
    const certain = sum(reaching.filter(({ from }) => from > limitMicroseconds))
    return { atLeast: maximum === null ? certain : Math.max(certain, Math.min(1, atMost)), atMost }
  }
}

const sum = (ranges: readonly Range[]): number => ranges.reduce((total, { count }) => total + count, 0)

/**
 * ceil(total * percent / 100), exactly: 99.9999 % of 10^6 is the 999999th, where floating point would go one too far
 * for some totals.
 */
function nearestRank(percent: number, total: number): number {
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`invalid percentile ${percent}: expected 0 < p <= 100`)
  const decimal = String(percent)
  const [whole = '', fraction = ''] = (decimal.includes('e') ? percent.toFixed(20) : decimal).split('.')
  const divisor = 100n * 10n ** BigInt(fraction.length)
  return Number((BigInt(total) * BigInt(whole + fraction) + divisor - 1n) / divisor)
}
