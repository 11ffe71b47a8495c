/** Every observation of a measurement: in the order of sending with lost ones marked, and how they are spread (ECDF). */
import type { TopLevelSpec } from 'vega-lite'
import type { Measurement } from '../../helpers/run/case-record.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { observations } from '../allure/case-result.ts'
import { shortened, singleLine } from '../plain-text.ts'
import { readableScale } from './axis-scale.ts'
import { colours, plotConfig } from './plot-style.ts'
import { type Point, thinned } from './thinned-points.ts'

/** A limit further away than this would leave no room to see how the observations are spread. */
const farLimit = 3

export interface SamplesPlot {
  title: string
  measurement: Pick<Measurement, 'unit' | 'samples' | 'lost'>
  /** In the measurement's unit; null when no limit is set. */
  limit: number | null
}

export function samplesPlot({ title, measurement, limit }: SamplesPlot): TopLevelSpec {
  const { unit, samples = [], lost = [] } = measurement
  const sorted = samples.toSorted((a, b) => a - b)
  const largest = sorted.at(-1) ?? 0
  const scale = readableScale(unit, Math.max(largest, limit ?? 0))
  const all = observations(samples, lost).map((value, position) => ({
    position,
    value: value === null ? null : value / scale.divisor,
  }))
  const received = thinned(all.filter((point): point is Point => point.value !== null))
  const missing = all.filter(({ value }) => value === null).map(({ position }) => ({ position }))
  const spread = thinned(
    sorted.map((value, index) => ({ position: ((index + 1) / sorted.length) * 100, value: value / scale.divisor })),
  )
  const axis = `each observation (${scale.unit})`
  const subtitle = [
    `${samples.length} observed`,
    `${missing.length} lost${missing.length > 0 ? ' (red crosses)' : ''}`,
    limit === null ? 'no limit set' : `limit ${withUnit(limit, unit)} (dashed)`,
  ].join(' · ')
  const limits = limit === null ? [] : [{ limit: limit / scale.divisor }]
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    config: plotConfig,
    title: { text: shortened(singleLine(title), 110), subtitle },
    spacing: 36,
    hconcat: [
      {
        width: 520,
        height: 220,
        layer: [
          {
            data: { values: missing },
            mark: { type: 'rule', color: colours.lost, opacity: 0.35, strokeWidth: 2 },
            encoding: { x: { field: 'position', type: 'quantitative' } },
          },
          {
            data: { values: received },
            mark: { type: 'line', color: colours.sample, opacity: 0.35, strokeWidth: 1 },
            encoding: positionAndValue(axis),
          },
          {
            data: { values: received },
            mark: { type: 'circle', color: colours.sample, opacity: 0.9, size: received.length > 300 ? 8 : 24 },
            encoding: positionAndValue(axis),
          },
          {
            data: { values: missing },
            mark: {
              type: 'point',
              shape: 'cross',
              angle: 45,
              filled: true,
              color: colours.lost,
              size: 60,
              yOffset: -8,
            },
            encoding: { x: { field: 'position', type: 'quantitative' }, y: { value: 'height' } },
          },
          {
            data: { values: limits },
            mark: { type: 'rule', color: colours.limit, strokeDash: [6, 4], strokeWidth: 1.5 },
            encoding: { y: { field: 'limit', type: 'quantitative' } },
          },
        ],
      },
      {
        width: 240,
        height: 220,
        layer: [
          {
            data: { values: spread },
            mark: { type: 'line', interpolate: 'step-after', color: colours.sample, strokeWidth: 1.5 },
            encoding: {
              x: { field: 'value', type: 'quantitative', title: axis, scale: { zero: false } },
              y: {
                field: 'position',
                type: 'quantitative',
                title: 'share at or below (%)',
                scale: { domain: [0, 100] },
              },
            },
          },
          {
            // The plot beside it shows a limit that is far away.
            data: { values: limit !== null && limit > largest * farLimit ? [] : limits },
            mark: { type: 'rule', color: colours.limit, strokeDash: [6, 4], strokeWidth: 1.5 },
            encoding: { x: { field: 'limit', type: 'quantitative' } },
          },
        ],
      },
    ],
  }
}

function positionAndValue(axis: string) {
  return {
    x: {
      field: 'position',
      type: 'quantitative' as const,
      title: 'position in the order of sending',
      axis: { tickMinStep: 1 },
      scale: { nice: false, zero: false },
    },
    y: { field: 'value', type: 'quantitative' as const, title: axis, scale: { zero: true } },
  }
}
