/** Latencies as tools count them: how many measurements fell into which range. */

export interface LatencyBucket {
  /** The smallest latency that the bucket holds. */
  fromMicroseconds: number
  /** The largest one; the same where the tool counts whole microseconds one by one. */
  toMicroseconds: number
  count: number
}

export interface LatencyDistribution {
  /** Ascending, none of them empty. */
  buckets: readonly LatencyBucket[]
  /** Measurements that were too large for any bucket, of which only the number is known; null when there were none. */
  overflow: { fromMicroseconds: number; count: number } | null
  /** null when the tool does not say it. */
  minimumMicroseconds: number | null
  maximumMicroseconds: number | null
}
