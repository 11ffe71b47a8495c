/** Which statistic of its samples a value is: what it is decides how a change of it is told from chance. */
import { jitter } from '../statistics/jitter.ts'
import { percentileOf } from '../statistics/change.ts'
import type { Observations } from '../statistics/observations.ts'
import type { Measurement } from '../run/case-record.ts'

export type Statistic =
  | { kind: 'minimum' | 'mean' | 'maximum' | 'deviation' | 'jitter' | 'loss' }
  | { kind: 'percentile'; percent: number }

const percents = [1, 5, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 99.9999]

export const statisticText = (statistic: Statistic): string =>
  statistic.kind === 'percentile'
    ? statistic.percent === 50
      ? 'median'
      : `p${String(statistic.percent).replace('.', '')}`
    : statistic.kind

/** What is known of the samples that a value belongs to, in one run. */
export interface SampleSource {
  observations: Observations
  /** In the order in which they were made; undefined when there is only a histogram. */
  series: readonly number[] | undefined
  /** How many observations never came; undefined: not known. */
  lost?: number | undefined
  /** Values closer than this may be the same one: the width of a bucket, or half a unit. */
  resolution: number
}

/** null: the source has no such statistic. */
export function statisticOf({ observations, series, lost }: SampleSource, statistic: Statistic): number | null {
  const { values } = observations
  const computed: Record<Statistic['kind'], () => number | null | undefined> = {
    percentile: () => (statistic.kind === 'percentile' ? percentileOf(observations, statistic.percent) : null),
    minimum: () => values[0],
    maximum: () => values.at(-1),
    jitter: () => series && jitter(series),
    mean: () => series && average(series),
    deviation: () => series && Math.sqrt(average(squaresOf(series))),
    loss: () => (lost === undefined ? null : (100 * lost) / (lost + observations.total)),
  }
  const value = computed[statistic.kind]() ?? null
  return value === null || !Number.isFinite(value) ? null : value
}

/** The series whose mean a statistic is, or is the root of; undefined for those that are none. */
export function seriesBehind(series: readonly number[], { kind }: Statistic): number[] | undefined {
  if (kind === 'mean') return [...series]
  if (kind === 'deviation') return squaresOf(series)
  if (kind === 'jitter') return series.slice(1).map((sample, index) => Math.abs(sample - (series[index] ?? sample)))
  return undefined
}

/**
 * Finds the statistic that a value is in every run.
 * @param pairs value and source of each run
 */
export function recogniseStatistic(pairs: readonly { value: number; source: SampleSource }[]): Statistic | undefined {
  const candidates: Statistic[] = [
    { kind: 'maximum' },
    { kind: 'minimum' },
    ...percents.map((percent) => ({ kind: 'percentile', percent }) as const),
    { kind: 'mean' },
    { kind: 'deviation' },
    { kind: 'jitter' },
    { kind: 'loss' },
  ]
  return candidates.find((candidate) =>
    pairs.every(({ value, source }) => {
      const computed = statisticOf(source, candidate)
      return computed !== null && Math.abs(computed - value) <= source.resolution + Math.abs(value) * 1e-9
    }),
  )
}

/** Whether a measurement has observations of its own. */
export const isSampled = ({ samples, histogram }: Measurement): boolean =>
  (samples !== undefined && samples.length > 1) || (histogram !== undefined && histogram.buckets.length > 0)

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

function squaresOf(series: readonly number[]): number[] {
  const middle = average(series)
  return series.map((value) => (value - middle) ** 2)
}
