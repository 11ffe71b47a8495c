/** Latency of every measured way between two nodes, one matrix per network; what did not pass is outlined and says what it is. */
import type { TopLevelSpec } from 'vega-lite'
import type { HeatMap, HeatMapCell } from './heat-map-cells.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { colours, plotConfig } from './plot-style.ts'

/** Cells are labelled with their value only while it can be read. */
const maximumLabelledNodes = 16

export function heatMapSpec({ title, cells, withoutCell }: HeatMap): TopLevelSpec {
  const nodes = new Set(cells.flatMap(({ source, target }) => [source, target]))
  const small = nodes.size > maximumLabelledNodes
  const size = small ? { width: 22, height: 22 } : { width: 92, height: 48 }
  const values = cells.map((cell) => ({
    ...cell,
    milliseconds: cell.nanoseconds === null ? null : cell.nanoseconds / 1e6,
    value: valueText(cell),
    passed: cell.outcome === 'passed',
  }))
  const largest = Math.max(0, ...values.map(({ milliseconds }) => milliseconds ?? 0))
  const position = {
    x: {
      field: 'target',
      type: 'nominal' as const,
      title: 'target node',
      axis: { labelAngle: nodes.size > 6 ? -40 : 0, labelLimit: 160 },
    },
    y: { field: 'source', type: 'nominal' as const, title: 'source node', axis: { labelLimit: 160 } },
  }
  const text = (field: 'value' | 'note', filter: string, dy: number) => ({
    transform: [{ filter }],
    mark: { type: 'text' as const, fontSize: 11, dy },
    encoding: {
      ...position,
      text: { field, type: 'nominal' as const },
      color: {
        condition: { test: `datum.milliseconds !== null && datum.milliseconds > ${largest * 0.6}`, value: 'white' },
        value: '#1f2937',
      },
    },
  })
  const subtitle = ['outlined in red: not passed', 'grey: no value']
  if (withoutCell > 0) subtitle.push(`${withoutCell} without known nodes not shown`)
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    config: { ...plotConfig, scale: { bandPaddingInner: 0.06 } },
    title: { text: title, subtitle: subtitle.join(' · ') },
    data: { values },
    facet: {
      field: 'network',
      type: 'nominal',
      title: null,
      header: { labelFontSize: 12, labelFontWeight: 600, labelAnchor: 'start' },
    },
    columns: 3,
    spec: {
      width: { step: size.width },
      height: { step: size.height },
      layer: [
        {
          mark: { type: 'rect', invalid: 'show', strokeWidth: 2.5, cornerRadius: 3 },
          encoding: {
            ...position,
            color: {
              condition: { test: 'datum.milliseconds === null', value: colours.missing },
              field: 'milliseconds',
              type: 'quantitative',
              title: 'ms',
              scale: { scheme: 'blues', domainMin: 0 },
            },
            stroke: { condition: { test: '!datum.passed', value: colours.limit }, value: null },
          },
        },
        ...(small ? [] : [text('value', "datum.note === ''", 0), text('value', "datum.note !== ''", -7)]),
        ...(small ? [] : [text('note', "datum.note !== ''", 8)]),
      ],
    },
  }
}

function valueText({ nanoseconds }: HeatMapCell): string {
  return nanoseconds === null ? '' : withUnit(Number(nanoseconds.toPrecision(3)), 'ns')
}
