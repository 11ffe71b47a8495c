/** How often each value was observed, one panel for each subject, on a logarithmic axis: single observations stay visible. */
import type { TopLevelSpec } from 'vega-lite'
import type { Measurement } from '../../helpers/run/case-record.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { shortened, singleLine } from '../plain-text.ts'
import { readableScale } from './axis-scale.ts'
import { colours, plotConfig } from './plot-style.ts'

type Counted = Measurement & { /** In the unit of the measurement. */ limit: number | null }

export interface HistogramPlot {
  title: string
  /** Of one name and unit, each with a histogram. */
  measurements: readonly Counted[]
}

/** A bar of its own at the end, for values that are not known. */
const aboveAll = (count: number, at: number): [value: number, count: number][] => (count === 0 ? [] : [[at, count]])

/** The lowest bars, of a single observation, need some height on a logarithmic axis. */
const baseline = 0.5
/** Where the bar of observations above all buckets stands, in widths of the drawn range. */
const overflowDistance = 0.05

export function histogramPlot({ title, measurements }: HistogramPlot): TopLevelSpec {
  const unit = measurements[0]?.unit ?? 'count'
  const values = measurements.flatMap(({ histogram }) => histogram?.buckets.map(([value]) => value) ?? [])
  const limits = measurements.flatMap(({ limit }) => limit ?? [])
  const largest = Math.max(1, ...values)
  const scale = readableScale(unit, largest)
  // A limit far beyond all buckets is told in the subtitle of its panel.
  const shownLimits = limits.filter((limit) => limit <= largest * 2)
  const domain = [0, (Math.max(largest, ...shownLimits) * (1 + 2 * overflowDistance)) / scale.divisor]
  const most = Math.max(
    1,
    ...measurements.flatMap(({ histogram }) =>
      histogram ? [histogram.overflow, ...histogram.buckets.map(([, count]) => count)] : [],
    ),
  )
  const subtitle = [
    'how many observations had each value (logarithmic)',
    ...(limits.length === 0 ? [] : ['dashed: limit', 'red: above it']),
    ...(measurements.some(({ histogram }) => (histogram?.overflow ?? 0) > 0)
      ? ['red bar at the right: above all buckets']
      : []),
  ].join(' · ')
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    config: plotConfig,
    title: { text: shortened(singleLine(title), 110), subtitle },
    columns: 2,
    spacing: 28,
    concat: measurements.map((measurement) => panel(measurement, { ...scale, domain, most })),
  }
}

interface Axes {
  unit: string
  divisor: number
  domain: number[]
  most: number
}

function panel(
  { subject = '', unit, value, limit, histogram }: Counted,
  { unit: axisUnit, divisor, domain, most }: Axes,
) {
  const { buckets = [], overflow = 0 } = histogram ?? {}
  const [first = 0, last = 1] = domain
  const observed = buckets.reduce((sum, [, count]) => sum + count, overflow)
  const x = {
    field: 'value',
    type: 'quantitative' as const,
    title: `value (${axisUnit})`,
    scale: { domain, nice: false },
  }
  const bars = (data: [value: number, count: number][], color: string) => ({
    data: { values: data.map(([at, count]) => ({ value: at / divisor, count, from: baseline })) },
    mark: { type: 'bar' as const, color, size: Math.max(1, Math.min(9, 300 / Math.max(1, buckets.length) - 1)) },
    encoding: {
      x,
      y: {
        field: 'count',
        type: 'quantitative' as const,
        title: 'observations',
        scale: { type: 'log' as const, domain: [baseline, most * 2], nice: false },
        axis: { format: '~s', tickCount: 6 },
      },
      y2: { field: 'from' },
    },
  })
  const told = [
    `${withUnit(observed, 'count')} observed`,
    ...(value === null ? [] : [`largest ${withUnit(value, unit)}`]),
    ...(limit === null ? ['no limit set'] : [`limit ${withUnit(limit, unit)}`]),
    ...(overflow === 0 ? [] : [`${withUnit(overflow, 'count')} above all buckets`]),
  ]
  return {
    title: {
      text: shortened(singleLine(subject === '' ? 'all' : subject), 60),
      subtitle: told.join(' · '),
      fontSize: 12,
    },
    width: 330,
    height: 170,
    layer: [
      bars(
        buckets.filter(([at, count]) => count > 0 && !(limit !== null && at > limit)),
        colours.sample,
      ),
      bars(
        [
          ...buckets.filter(([at, count]) => count > 0 && limit !== null && at > limit),
          ...aboveAll(overflow, (last - ((last - first) * overflowDistance) / 2) * divisor),
        ],
        colours.lost,
      ),
      {
        data: { values: limit === null || limit / divisor > last ? [] : [{ value: limit / divisor }] },
        mark: { type: 'rule' as const, color: colours.limit, strokeDash: [6, 4], strokeWidth: 1.5 },
        encoding: { x },
      },
    ],
  }
}
