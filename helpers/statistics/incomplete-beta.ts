import { gammaln } from 'simple-statistics'

/**
 * The regularised incomplete beta function I_x(a, b): the probability that a Beta(a, b) variable is at most `x`. Computed
 * with the continued fraction 8.17.22 of the NIST Digital Library of Mathematical Functions, by the modified method of
 * Lentz.
 * @param x from 0 to 1
 * @throws RangeError for parameters that are not positive
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0)) throw new RangeError(`invalid beta parameters ${a} and ${b}: both have to be positive`)
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The fraction converges fast on one side of the mean only; the other is its mirror image.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const logarithm = a * Math.log(x) + b * Math.log1p(-x) + gammaln(a + b) - gammaln(a) - gammaln(b)
  return Math.min(1, Math.exp(logarithm) / a / continuedFraction(x, a, b))
}

const smallest = 1e-300
const nonZero = (value: number): number => (Math.abs(value) < smallest ? smallest : value)

function continuedFraction(x: number, a: number, b: number): number {
  let [value, numerator, denominator] = [1, 1, 0]
  // About the square root of the larger parameter is needed; the bound only ends what cannot end.
  for (let index = 1; index < 10_000_000; index += 1) {
    const m = Math.floor(index / 2)
    const factor =
      index % 2 === 0
        ? (m * (b - m) * x) / ((a + index - 1) * (a + index))
        : -((a + m) * (a + b + m) * x) / ((a + index - 1) * (a + index))
    denominator = 1 / nonZero(1 + factor * denominator)
    numerator = nonZero(1 + factor / numerator)
    const step = numerator * denominator
    value *= step
    if (Math.abs(step - 1) < 1e-14) return value
  }
  throw new RangeError(`the incomplete beta function of ${x}, ${a}, ${b} does not converge`)
}
