/** Measurements of one subject over time, one panel for each unit, so that small values keep a scale of their own. */
import type { TopLevelSpec } from 'vega-lite'
import type { Measurement, Unit } from '../../helpers/run/case-record.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { shortened, singleLine } from '../plain-text.ts'
import { readableScale } from './axis-scale.ts'
import { colours, lineColours, plotConfig } from './plot-style.ts'
import { thinned } from './thinned-points.ts'

export interface TimePlot {
  title: string
  /** With samples and their times. */
  measurements: readonly Measurement[]
}

/** Few samples are marked each; many would hide the line. */
const maximumMarked = 100

export function timePlot({ title, measurements }: TimePlot): TopLevelSpec {
  const units = [...new Set(measurements.map(({ unit }) => unit))]
  const end = Math.max(1, ...measurements.map(({ sampleTimesSeconds }) => sampleTimesSeconds?.at(-1) ?? 0))
  const subtitle = measurements.flatMap(({ asked, unit }) =>
    asked === undefined ? [] : [`asked ${withUnit(asked, unit)} (dashed)`],
  )
  const sampled = Math.max(...measurements.map(({ samples = [] }) => samples.length))
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    config: plotConfig,
    title: { text: shortened(singleLine(title), 110), subtitle: [`${sampled} samples`, ...subtitle].join(' · ') },
    spacing: 12,
    resolve: { scale: { color: 'independent' } },
    vconcat: units.map((unit, index) =>
      panel(
        unit,
        measurements.filter((each) => each.unit === unit),
        end,
        { withTimes: index === units.length - 1, height: index === 0 ? 200 : 110 },
      ),
    ),
  }
}

function panel(
  unit: Unit,
  measurements: readonly Measurement[],
  end: number,
  { withTimes, height }: { withTimes: boolean; height: number },
) {
  const largest = Math.max(...measurements.flatMap(({ samples = [], asked = 0 }) => [asked, highest(samples)]))
  const scale = readableScale(unit, largest)
  const values = measurements.flatMap(({ name, samples = [], sampleTimesSeconds = [] }) =>
    thinned(
      samples.map((value, index) => ({ position: sampleTimesSeconds[index] ?? 0, value: value / scale.divisor })),
    ).map((point) => ({ ...point, name })),
  )
  const names = measurements.map(({ name }) => name)
  const encoding = {
    x: {
      field: 'position',
      type: 'quantitative' as const,
      title: withTimes ? 'time since the start of the traffic (s)' : null,
      scale: { domain: [0, end], nice: false },
      axis: { labels: withTimes },
    },
    y: {
      field: 'value',
      type: 'quantitative' as const,
      title: scale.unit,
      // Without any value above 0 the axis would end in odd fractions.
      scale: { domain: [0, largest > 0 ? (1.08 * largest) / scale.divisor : 1], nice: false },
      axis: { minExtent: 44, titlePadding: 8, ...(largest > 0 ? { tickCount: 5 } : { values: [0], format: 'd' }) },
    },
    color: {
      field: 'name',
      type: 'nominal' as const,
      scale: { domain: names, range: coloursOf(names.length) },
      // A single line needs no key, only its name.
      legend:
        names.length === 1
          ? null
          : {
              title: null,
              orient: 'top' as const,
              labelLimit: 320,
              symbolType: 'stroke' as const,
              symbolSize: 300,
              symbolStrokeWidth: 3,
              symbolOpacity: 1,
            },
    },
  }
  const asked = measurements.flatMap((each) =>
    each.asked === undefined ? [] : [{ asked: each.asked / scale.divisor }],
  )
  return {
    ...(names.length === 1 && { title: { text: names, fontSize: 11, fontWeight: 'normal' as const, offset: 6 } }),
    width: 760,
    height,
    layer: [
      // Lines that lie upon each other are told apart by their widths.
      ...names.map((name, index) => ({
        data: { values: values.filter((point) => point.name === name) },
        mark: { type: 'line' as const, opacity: 0.85, strokeWidth: index === 0 && names.length > 1 ? 5 : 1.5 },
        encoding,
      })),
      {
        data: { values: values.length > maximumMarked * names.length ? [] : values },
        mark: { type: 'circle' as const, size: 18, opacity: 1 },
        encoding,
      },
      {
        data: { values: asked },
        mark: { type: 'rule' as const, color: colours.limit, strokeDash: [6, 4], strokeWidth: 1.5 },
        encoding: { y: { field: 'asked', type: 'quantitative' as const } },
      },
    ],
  }
}

/** A line that has nothing behind or before it is drawn dark. */
const coloursOf = (count: number): string[] =>
  count === 1
    ? [colours.sample]
    : Array.from({ length: count }, (_, position) => lineColours[position % lineColours.length] ?? colours.sample)

/** Spreading very many samples into Math.max would exceed the stack. */
const highest = (samples: readonly number[]): number => samples.reduce((most, sample) => Math.max(most, sample), 0)
