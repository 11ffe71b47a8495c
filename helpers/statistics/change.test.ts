import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { areDifferentShares, canTellPercentile, exceedance, percentileChange, percentileOf } from './change.ts'
import { incompleteBeta } from './incomplete-beta.ts'
import { observationsOf, observationsOfBuckets, pooled } from './observations.ts'
import { percentile } from './summary.ts'

const ramp = (count: number, from = 100): number[] => Array.from({ length: count }, (_, index) => from + index)

test('the incomplete beta function agrees with closed forms', () => {
  expect(incompleteBeta(0.3, 1, 1)).toBeCloseTo(0.3, 12)
  expect(incompleteBeta(0.3, 2, 1)).toBeCloseTo(0.09, 12)
  // A binomial sum: at least 3 of 5 with 0.4 each.
  expect(incompleteBeta(0.4, 3, 3)).toBeCloseTo(0.31744, 5)
  expect(incompleteBeta(0.5, 5e6, 5e6)).toBeCloseTo(0.5, 6)
  expect(() => incompleteBeta(0.5, 0, 1)).toThrow('invalid beta parameters 0 and 1: both have to be positive')
})

property.prop([
  fc.double({ min: 0.001, max: 0.999, noNaN: true }),
  fc.double({ min: 0.1, max: 500, noNaN: true }),
  fc.double({ min: 0.1, max: 500, noNaN: true }),
])('it is the complement of its mirror image', (x, a, b) => {
  expect(incompleteBeta(x, a, b) + incompleteBeta(1 - x, b, a)).toBeCloseTo(1, 9)
})

property.prop([
  fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 300 }),
  fc.constantFrom(1, 50, 90, 99, 99.9),
])('percentiles of counted observations are those of the samples', (samples, percent) => {
  expect(percentileOf(observationsOf(samples), percent)).toBe(percentile(samples, percent))
})

test('a histogram and its observations say the same; those without a value are not made up', () => {
  const buckets: [number, number][] = [
    [1, 3],
    [2, 0],
    [4, 2],
  ]
  expect(observationsOfBuckets(buckets, 0)).toEqual({ values: [1, 4], cumulative: [3, 5], total: 5, effective: 5 })
  expect(percentileOf(observationsOfBuckets(buckets, 5), 99)).toBeNull()
  expect(percentileOf(observationsOfBuckets([], 0), 50)).toBeNull()
})

test('runs are pooled by value', () => {
  const one = observationsOfBuckets([[1, 2]], 0)
  expect(pooled([one, observationsOfBuckets([[1, 1], [3, 4]], 0)])).toMatchObject({ values: [1, 3], cumulative: [3, 7] }) // prettier-ignore
})

property.prop([
  fc.array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: 60, maxLength: 400 }),
  fc.double({ min: 0.5, max: 3, noNaN: true }),
])('the interval of a change holds the change, and is that of the ratio', (samples, factor) => {
  const before = observationsOf(samples)
  const after = observationsOf(samples.map((sample) => sample * factor))
  const found = percentileChange(before, after, 50)!
  expect(found.change).toBeCloseTo(factor - 1, 9)
  expect(found.from).toBeLessThanOrEqual(found.change + 1e-9)
  expect(found.to).toBeGreaterThanOrEqual(found.change - 1e-9)
})

test('more observations make the interval narrower', () => {
  const width = (count: number): number => {
    const known = observationsOf(ramp(count).toSorted((a, b) => ((a * 7919) % count) - ((b * 7919) % count)))
    const { from, to } = percentileChange(known, known, 50)!
    return (to - from) / count
  }
  expect(width(4000)).toBeLessThan(width(250))
})

test('samples that follow each other count for less', () => {
  const alternating = Array.from({ length: 900 }, (_, index) => 100 + (index % 2))
  const stepped = Array.from({ length: 900 }, (_, index) => 100 + (index < 450 ? 0 : 1))
  expect(observationsOf(alternating).effective).toBe(900)
  expect(observationsOf(stepped).effective).toBeLessThan(50)
})

test('ten observations beyond a percentile are needed to tell how sure it is', () => {
  expect(canTellPercentile(observationsOfBuckets([[1, 1000]], 0), 99)).toBe(true)
  expect(canTellPercentile(observationsOfBuckets([[1, 999]], 0), 99)).toBe(false)
  expect(canTellPercentile(observationsOfBuckets([[1, 20]], 0), 50)).toBe(true)
})

test('one spike is chance, many are not', () => {
  const before = observationsOf(ramp(100))
  expect(exceedance(before, observationsOf([...ramp(99), 10_000]), 'above')).toEqual({ beyond: 1, certain: false })
  // Independent ones, so that the number alone decides: each of the most extreme comes from either side by chance.
  const [steady, spikes] = [
    observationsOfBuckets([[5, 100]], 0),
    (count: number) =>
      observationsOfBuckets(
        [
          [5, 100 - count],
          [9, count],
        ],
        0,
      ),
  ] as const
  expect([1, 13, 20].map((count) => exceedance(steady, spikes(count), 'above').certain)).toEqual([false, false, true])
  expect(exceedance(before, observationsOf(ramp(100, 120)), 'above')).toMatchObject({ beyond: 20 })
  expect(exceedance(before, observationsOfBuckets([[500, 100]], 0), 'above')).toEqual({ beyond: 100, certain: true })
  expect(exceedance(before, observationsOfBuckets([[5, 100]], 0), 'below')).toEqual({ beyond: 100, certain: true })
})

test('one lost packet is chance, a tenth of them is not', () => {
  expect(areDifferentShares(0, 100, 1, 100)).toBe(false)
  expect(areDifferentShares(0, 1000, 100, 1000)).toBe(true)
  expect(areDifferentShares(100, 1000, 0, 1000)).toBe(true)
  expect(areDifferentShares(0, 0, 5, 10)).toBe(false)
})
