/** Percentiles of latencies that belong together, one line for each, on a logarithmic axis: what is slow stands out. */
import type { TopLevelSpec } from 'vega-lite'
import type { Measurement } from '../../helpers/run/case-record.ts'
import { shortened, singleLine } from '../plain-text.ts'
import { readableScale } from './axis-scale.ts'
import { colours, lineColours, plotConfig } from './plot-style.ts'

type Judged = Measurement & { /** In the unit of the measurement. */ limit: number | null }

export interface PercentilePlot {
  title: string
  /** Of one unit, each with a percentile. */
  measurements: readonly Judged[]
}

const maximum = 100
const percentileText = (percent: number): string => (percent === maximum ? 'max' : `p${percent}`)

/** null: nothing was measured that such an axis can show. */
export function percentilePlot({ title, measurements }: PercentilePlot): TopLevelSpec | null {
  const shown = measurements.flatMap(({ value, percentile, limit }) =>
    percentile !== undefined && value !== null && value > 0 ? [{ ...percentile, value, limit }] : [],
  )
  if (shown.length === 0) return null
  const limits = shown.flatMap(({ percent, limit }) => (limit === null || limit <= 0 ? [] : [{ percent, limit }]))
  const all = [...shown.map(({ value }) => value), ...limits.map(({ limit }) => limit)]
  const scale = readableScale(measurements[0]?.unit ?? 'count', Math.min(...all))
  const percents = [...new Set(shown.map(({ percent }) => percent))].toSorted((one, other) => one - other)
  const series = [...new Set(shown.map((each) => each.series))]
  const named = (name: string) => shortened(singleLine(name), 40)
  // As long as that at most; the ends tell them apart.
  const legend = { labelLimit: 300 }
  const x = {
    field: 'percentile',
    type: 'ordinal' as const,
    sort: percents.map(percentileText),
    title: 'percentile',
    axis: { labelAngle: 0 },
  }
  const y = {
    field: 'value',
    type: 'quantitative' as const,
    title: `latency (${scale.unit}, logarithmic)`,
    scale: { type: 'log' as const, nice: false, domain: decades(all.map((value) => value / scale.divisor)) },
    axis: { format: '~g' },
  }
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    config: plotConfig,
    title: {
      text: shortened(singleLine(title), 110),
      subtitle: limits.length === 0 ? 'no limit set' : 'red: limit',
    },
    width: 620,
    height: 260,
    layer: [
      {
        data: {
          values: shown.map((each) => ({
            percentile: percentileText(each.percent),
            value: each.value / scale.divisor,
            series: named(each.series),
          })),
        },
        mark: { type: 'line' as const, point: { size: 45 }, strokeWidth: 1.5 },
        encoding: {
          x,
          y,
          color: {
            field: 'series',
            type: 'nominal' as const,
            title: null,
            sort: series.map(named),
            scale: { range: lineColours },
            legend,
          },
          // There are more of them than colours that can be told apart.
          shape: { field: 'series', type: 'nominal' as const, title: null, sort: series.map(named), legend },
        },
      },
      {
        data: {
          values: limits.map(({ percent, limit }) => ({
            percentile: percentileText(percent),
            value: limit / scale.divisor,
          })),
        },
        mark: { type: 'tick' as const, orient: 'horizontal' as const, color: colours.limit, size: 60, thickness: 2 },
        encoding: { x, y },
      },
    ],
  }
}

/** Whole powers of ten around all values. */
function decades(values: readonly number[]): [number, number] {
  const low = Math.floor(Math.log10(Math.min(...values)))
  return [10 ** low, 10 ** Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))]
}
