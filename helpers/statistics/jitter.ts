import { mean } from 'simple-statistics'

/**
 * The mean absolute difference of consecutive samples: (1 / (n - 1)) * sum of |x(i) - x(i-1)|. The differences are those
 * of RFC 3550 section 6.4.1 and RFC 3393, of round-trip instead of one-way times; they are averaged, not smoothed, so
 * that the result does not depend on which of them came last.
 * @param samples in the order of sending, in any unit; packets that were lost are left out
 * @returns in the unit of the samples; null for fewer than two
 */
export function jitter(samples: ArrayLike<number>): number | null {
  const differences = Array.from(samples)
    .slice(1)
    .map((sample, index) => Math.abs(sample - (samples[index] ?? Number.NaN)))
  return differences.length === 0 ? null : mean(differences)
}
