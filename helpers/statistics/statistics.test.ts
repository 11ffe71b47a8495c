import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { jitter } from './jitter.ts'
import { percentile, summarize } from './summary.ts'

const samples = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { minLength: 1, maxLength: 300 })

test('without samples everything is null, and never 0', () => {
  expect(summarize([])).toEqual({
    count: 0,
    min: null,
    mean: null,
    p50: null,
    p95: null,
    p99: null,
    max: null,
    standardDeviation: null,
  })
  expect(percentile([], 99)).toBeNull()
  expect(jitter([])).toBeNull()
  expect(jitter([7])).toBeNull()
})

test('summarises a textbook population', () => {
  expect(summarize([9, 2, 4, 4, 5, 4, 7, 5])).toEqual({
    count: 8,
    min: 2,
    mean: 5,
    p50: 4,
    p95: 9,
    p99: 9,
    max: 9,
    standardDeviation: 2,
  })
})

test.each([
  [5, 15],
  [30, 20],
  [40, 20],
  [50, 35],
  [60, 35],
  [61, 40],
  [100, 50],
])('the %d th percentile by nearest rank', (percent, expected) => {
  expect(percentile([15, 20, 35, 40, 50].toReversed(), percent)).toBe(expected)
})

test('binary fractions do not push a percentile to the next rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
  for (let percent = 1; percent <= 100; percent += 1) expect(percentile(hundred, percent)).toBe(percent)
  const thousand = Array.from({ length: 1000 }, (_, index) => index + 1)
  for (let rank = 1; rank <= 1000; rank += 1) expect(percentile(thousand, rank / 10)).toBe(rank)
})

test.each([0, -1, 100.1, Number.NaN])('there is no percentile %d', (percent) => {
  expect(() => percentile([1], percent)).toThrow(`invalid percentile ${percent}: expected 0 < p <= 100`)
})

test.each([Number.NaN, Infinity])('%d is no sample', (sample) => {
  expect(() => summarize([1, sample])).toThrow('every sample has to be finite')
})

test('jitter is the mean absolute difference of consecutive samples', () => {
  expect(jitter([10, 12, 9, 9])).toBeCloseTo(5 / 3, 12)
})

property.prop([samples])('a summary is ordered, made of samples, and does not mind their order', (values) => {
  const summary = summarize(values)
  const order = [summary.min!, summary.p50!, summary.p95!, summary.p99!, summary.max!]
  expect(order.toSorted((one, other) => one - other)).toEqual(order)
  for (const value of order) expect(values).toContain(value)
  expect(summary.mean).toBeGreaterThanOrEqual(summary.min!)
  expect(summary.mean).toBeLessThanOrEqual(summary.max!)
  expect(summary.standardDeviation).toBeLessThanOrEqual((summary.max! - summary.min!) / 2 + 1e-3)
  expect(summarize(values.toReversed())).toEqual(summary)
})

property.prop([samples, fc.integer({ min: 1, max: 1000 })])(
  'at least p percent of the samples do not exceed the percentile, and fewer than that are below it',
  (values, perMille) => {
    const value = percentile(values, perMille / 10)!
    const atMost = values.filter((sample) => sample <= value).length
    const below = values.filter((sample) => sample < value).length
    expect(atMost * 1000).toBeGreaterThanOrEqual(perMille * values.length)
    expect(below * 1000).toBeLessThan(perMille * values.length)
  },
)

property.prop([samples, fc.integer({ min: 0, max: 2 ** 30 })])(
  'jitter is 0 for a steady path, at most the range, and the same when everything is later',
  (values, later) => {
    fc.pre(values.length > 1)
    expect(jitter(values.map(() => 5))).toBe(0)
    expect(jitter(values)).toBeLessThanOrEqual(Math.max(...values) - Math.min(...values))
    expect(jitter(values.map((value) => value + later))).toBeCloseTo(jitter(values)!, 3)
  },
)
