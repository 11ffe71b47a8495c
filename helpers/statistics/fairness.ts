/** How evenly a resource is shared. */

export interface Fairness {
  /**
   * R. Jain, D. Chiu, W. Hawe, "A Quantitative Measure of Fairness and Discrimination", DEC-TR-301 (1984):
   * (sum x)^2 / (n * sum x^2), from 1 / n (one has all) to 1 (all have the same).
   */
  jainIndex: number
  /** Smallest share divided by the largest, 0 to 1. */
  minMaxRatio: number
  /** Standard deviation (of the whole population) divided by the mean; 0: all the same. */
  coefficientOfVariation: number
}

/**
 * @param shares what each got, in any one unit
 * @returns null when there are none, and when nobody got anything: then nothing was shared
 * @throws RangeError for shares that are negative or not finite
 */
export function fairness(shares: readonly number[]): Fairness | null {
  for (const share of shares)
    if (!Number.isFinite(share) || share < 0)
      throw new RangeError(`invalid share ${share}: expected a finite number from 0`)
  const largest = Math.max(0, ...shares)
  if (largest === 0) return null
  // None of the three depends on the unit; in this one no square runs over.
  const scaled = shares.map((share) => share / largest)
  const mean = average(scaled)
  const meanSquare = average(scaled.map((share) => share ** 2))
  return {
    // Rounding may lead a hair beyond what the formulas can be.
    jainIndex: Math.min(1, mean ** 2 / meanSquare),
    minMaxRatio: Math.min(...scaled),
    coefficientOfVariation: Math.sqrt(average(scaled.map((share) => (share - mean) ** 2))) / mean,
  }
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
