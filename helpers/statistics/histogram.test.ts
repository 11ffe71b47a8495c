import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import type { LatencyDistribution } from '../units/latency-distribution.ts'
import { LatencyHistogram } from './histogram.ts'
import { percentile } from './summary.ts'

/** Buckets of so many microseconds from 1, and what lies above `last` in one heap. */
function count(latencies: readonly number[], width: number, last: number): LatencyDistribution {
  const counts = new Map<number, number>()
  for (const latency of latencies) {
    if (latency > last) continue
    const to = Math.ceil(latency / width) * width
    counts.set(to, (counts.get(to) ?? 0) + 1)
  }
  const overflows = latencies.filter((latency) => latency > last).length
  return {
    buckets: [...counts]
      .map(([to, each]) => ({ fromMicroseconds: to - width + 1, toMicroseconds: to, count: each }))
      .sort((one, other) => one.toMicroseconds - other.toMicroseconds),
    overflow: overflows === 0 ? null : { fromMicroseconds: last + 1, count: overflows },
    minimumMicroseconds: Math.min(...latencies),
    maximumMicroseconds: Math.max(...latencies),
  }
}

const exactly = (value: number) => ({ atLeast: value, atMost: value })

test('99.9999 % of a million is the last but one, and exactly so', () => {
  const histogram = new LatencyHistogram({
    buckets: [1, 2, 3].map((latency, index) => ({
      fromMicroseconds: latency,
      toMicroseconds: latency,
      count: [999_998, 1, 1][index]!,
    })),
    overflow: null,
    minimumMicroseconds: 1,
    maximumMicroseconds: 3,
  })
  expect(histogram.total).toBe(1_000_000)
  expect(histogram.percentile(99.9998)).toEqual(exactly(1))
  expect(histogram.percentile(99.9999)).toEqual(exactly(2))
  expect(histogram.percentile(99.99991)).toEqual(exactly(3))
  expect(histogram.percentile(100)).toEqual(exactly(3))
  expect(histogram.percentile(1e-7)).toEqual(exactly(1))
})

test('among the overflows there are bounds, and no number', () => {
  const distribution: LatencyDistribution = {
    buckets: [{ fromMicroseconds: 1, toMicroseconds: 1, count: 97 }],
    overflow: { fromMicroseconds: 32, count: 3 },
    minimumMicroseconds: 1,
    maximumMicroseconds: 740,
  }
  const known = new LatencyHistogram(distribution)
  expect(known.percentile(97)).toEqual(exactly(1))
  expect(known.percentile(99)).toEqual({ atLeast: 32, atMost: 740 })
  // The last of all is the maximum itself.
  expect(known.percentile(99.9)).toEqual(exactly(740))
  expect(known.above(31)).toEqual(exactly(3))
  expect(known.above(40)).toEqual({ atLeast: 1, atMost: 3 })
  expect(known.above(740)).toEqual(exactly(0))
  const unknown = new LatencyHistogram({ ...distribution, maximumMicroseconds: null })
  expect(unknown.percentile(99)).toEqual({ atLeast: 32, atMost: null })
  expect(unknown.percentile(100)).toEqual({ atLeast: 32, atMost: null })
  expect(unknown.above(40)).toEqual({ atLeast: 0, atMost: 3 })
})

test('without measurements there is no percentile', () => {
  const empty = new LatencyHistogram({
    buckets: [],
    overflow: null,
    minimumMicroseconds: null,
    maximumMicroseconds: null,
  })
  expect(empty.percentile(50)).toBeNull()
  expect(empty.above(1)).toEqual(exactly(0))
})

test.each([0, -1, 100.1, Number.NaN])('there is no percentile %d', (percent) => {
  const histogram = new LatencyHistogram(count([1], 1, 10))
  expect(() => histogram.percentile(percent)).toThrow(`invalid percentile ${percent}: expected 0 < p <= 100`)
})

test.each([
  [
    [
      [2, 2, 1],
      [1, 1, 1],
    ],
    'the bucket 1 to 1 us does not follow on 2 us',
  ],
  [
    [
      [1, 2, 1],
      [2, 3, 1],
    ],
    'the bucket 2 to 3 us does not follow on 2 us',
  ],
  [[[2, 1, 1]], 'the bucket 2 to 1 us'],
  [[[1, 1, 1.5]], '1.5 measurements in the bucket from 1 us'],
  [[[1, 1, -1]], '-1 measurements'],
])('no histogram: %j', (buckets, message) => {
  const wrong = {
    buckets: buckets.map(([from = 0, to = 0, each = 0]) => ({
      fromMicroseconds: from,
      toMicroseconds: to,
      count: each,
    })),
    overflow: null,
    minimumMicroseconds: null,
    maximumMicroseconds: null,
  }
  expect(() => new LatencyHistogram(wrong)).toThrow(message)
})

const latencies = fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 400 })
const percents = fc.oneof(
  fc.constantFrom(50, 99, 99.9, 99.99, 99.999, 99.9999, 100),
  fc.integer({ min: 1, max: 1000 }).map((perMille) => perMille / 10),
)

property.prop([latencies, percents])('percentiles of buckets of 1 us are those of the samples', (values, percent) => {
  const histogram = new LatencyHistogram(count(values, 1, 100))
  expect(histogram.total).toBe(values.length)
  expect(histogram.percentile(percent)).toEqual(exactly(percentile(values, percent)!))
})

property.prop([latencies, percents, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.boolean()])(
  'bounds enclose the percentile of the samples, whatever the buckets are',
  (values, percent, width, buckets, maximumKnown) => {
    const distribution = count(values, width, width * buckets)
    const histogram = new LatencyHistogram({
      ...distribution,
      maximumMicroseconds: maximumKnown ? distribution.maximumMicroseconds : null,
    })
    const value = percentile(values, percent)!
    const { atLeast, atMost } = histogram.percentile(percent)!
    expect(value).toBeGreaterThanOrEqual(atLeast)
    expect(value).toBeLessThanOrEqual(atMost ?? Infinity)
    if (maximumKnown) expect(atMost).not.toBeNull()
    if (width === 1 && value <= buckets) expect([atLeast, atMost]).toEqual([value, value])
  },
)

property.prop([
  latencies,
  fc.integer({ min: 0, max: 90 }),
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 1, max: 9 }),
  fc.boolean(),
])(
  'bounds enclose the number of samples above a limit, and are one number where the buckets tell',
  (values, limit, width, buckets, maximumKnown) => {
    const distribution = count(values, width, width * buckets)
    const { atLeast, atMost } = new LatencyHistogram({
      ...distribution,
      maximumMicroseconds: maximumKnown ? distribution.maximumMicroseconds : null,
    }).above(limit)
    const above = values.filter((value) => value > limit).length
    expect(above).toBeGreaterThanOrEqual(atLeast)
    expect(above).toBeLessThanOrEqual(atMost)
    if (limit % width === 0 && limit <= width * buckets) expect([atLeast, atMost]).toEqual([above, above])
  },
)
