import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { parseFioOutput } from '../tools/fio/output.ts'
import { percentile } from './summary.ts'
import { countOfBins, fleetPercentile, mergeBins, percentileOfBins, type LatencyBins } from './latency-bins.ts'

const folder = new URL('../tools/fio/testdata/', import.meta.url)
const timed = readdirSync(folder)
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .filter((output) => output.includes('"bins"'))
  .flatMap((output) => parseFioOutput(output).documents)
  .flatMap(({ jobs }) => jobs)
  .flatMap(({ read, write, sync }) => [read?.clat, write?.clat, sync?.lat])
  .filter((latency) => latency?.bins)

test('all percentiles that fio reports follow from its bins', () => {
  expect(timed.length).toBeGreaterThan(0)
  for (const { percentiles, bins, samples } of timed.map((latency) => latency!)) {
    expect(percentiles).toHaveLength(17)
    expect(countOfBins(bins!)).toBe(samples)
    expect(percentiles!.map(([percent]) => [percent, percentileOfBins(bins!, percent)])).toEqual(percentiles)
  }
})

test.each([
  [99.9, 1000, 1000],
  [99.95, 2000, 2000],
  [99.99, 10_000, 9999],
  [99, 100, 99],
  [99.5, 200, 199],
  [50, 3, 2],
  [100, 7, 7],
])('as fio counts, percentile %d of %i I/Os is the one of rank %i', (percent, total, rank) => {
  const bins = Array.from({ length: total }, (_, index) => [index + 1, 1] as const)
  expect(percentileOfBins(bins, percent)).toBe(rank)
})

const samples = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 300 })
const binsOf = (all: readonly number[]): LatencyBins => mergeBins(all.map((sample) => [[sample, 1]]))

property.prop([samples, fc.constantFrom(1, 5, 50, 75, 95, 99, 99.5, 100)])(
  'with a bin for each value it is the nearest-rank percentile of the values',
  (all, percent) => {
    expect(percentileOfBins(binsOf(all), percent)).toBe(percentile(all, percent))
  },
)

property.prop([fc.array(samples, { maxLength: 5 }), fc.constantFrom(50, 95, 99, 99.9)])(
  'the percentile of a fleet is that of all I/Os together, and no member exceeds the largest',
  (fleet, percent) => {
    const members = fleet.map((all) => ({ bins: binsOf(all), percentile: null }))
    const together = fleetPercentile(members, percent)
    expect(together?.nanoseconds ?? null).toBe(percentileOfBins(binsOf(fleet.flat()), percent))
    const each = members.map(({ bins }) => percentileOfBins(bins, percent)!)
    if (together !== null) expect(together.nanoseconds).toBeLessThanOrEqual(Math.max(...each))
  },
)

test('without bins of some, the largest percentile stands for the fleet, and says so', () => {
  const bins: LatencyBins = [
    [10, 99],
    [20, 1],
  ]
  expect(
    fleetPercentile(
      [
        { bins, percentile: 10 },
        { bins: null, percentile: 15 },
      ],
      99,
    ),
  ).toEqual({
    nanoseconds: 15,
    approximate: true,
  })
  expect(
    fleetPercentile(
      [
        { bins, percentile: 1 },
        { bins: null, percentile: null },
      ],
      99,
    ),
  ).toEqual({
    nanoseconds: 10,
    approximate: false,
  })
  expect(fleetPercentile([{ bins: null, percentile: null }], 99)).toBeNull()
  expect(fleetPercentile([], 99)).toBeNull()
})

test('what no bins are is refused', () => {
  const twice: LatencyBins = [
    [10, 1],
    [10, 2],
  ]
  expect(() => countOfBins(twice)).toThrow('invalid latency bins: 2 I/Os at 10 ns')
  expect(() => percentileOfBins([[10, 0.5]], 99)).toThrow('invalid latency bins: 0.5 I/Os at 10 ns')
  expect(() => percentileOfBins([[10, 1]], 0)).toThrow('invalid percentile 0: expected 0 < p <= 100')
  expect(percentileOfBins([], 99)).toBeNull()
})
