/** Latency of every measured pair of nodes, one matrix per network; what did not pass is outlined and says what it is. */
import type { TopLevelSpec } from 'vega-lite'
import type { CaseRecord, Measurement, Unit } from '../../helpers/run/case-record.ts'
import type { Verdict } from '../../helpers/run/verdict.ts'
import { colours, plotConfig } from './plot-style.ts'

interface HeatMapCell {
  network: string
  source: string
  target: string
  /** In `HeatMap.unit`; null when there is no value that may be shown. */
  value: number | null
  verdict: Verdict
}

export interface HeatMap {
  title: string
  unit: string
  cells: HeatMapCell[]
}

/** Cells are labelled with their value only while it can be read. */
const maximumLabelledNodes = 16

export function heatMapSpec({ title, unit, cells }: HeatMap): TopLevelSpec {
  const nodes = new Set(cells.flatMap(({ source, target }) => [source, target]))
  const size = nodes.size > maximumLabelledNodes ? 22 : 64
  const values = cells.map((cell) => ({ ...cell, label: labelOf(cell), passed: cell.verdict === 'passed' }))
  const largest = Math.max(0, ...cells.map(({ value }) => value ?? 0))
  const position = {
    x: {
      field: 'target',
      type: 'nominal' as const,
      title: 'target node',
      axis: { labelAngle: nodes.size > 6 ? -40 : 0, labelLimit: 160 },
    },
    y: { field: 'source', type: 'nominal' as const, title: 'source node', axis: { labelLimit: 160 } },
  }
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    config: { ...plotConfig, scale: { bandPaddingInner: 0.06 } },
    title: { text: title, subtitle: `in ${unit} · outlined in red: not passed · grey: no value` },
    data: { values },
    facet: {
      field: 'network',
      type: 'nominal',
      title: null,
      header: { labelFontSize: 12, labelFontWeight: 600, labelAnchor: 'start' },
    },
    columns: 3,
    spec: {
      width: { step: size },
      height: { step: Math.min(size, 44) },
      layer: [
        {
          mark: { type: 'rect', invalid: 'show', strokeWidth: 2.5, cornerRadius: 3 },
          encoding: {
            ...position,
            color: {
              condition: { test: 'datum.value === null', value: colours.missing },
              field: 'value',
              type: 'quantitative',
              title: unit,
              scale: { scheme: 'blues', domainMin: 0 },
            },
            stroke: { condition: { test: '!datum.passed', value: colours.limit }, value: null },
          },
        },
        ...(size < 40
          ? []
          : [
              {
                mark: { type: 'text' as const, fontSize: 11 },
                encoding: {
                  ...position,
                  text: { field: 'label', type: 'nominal' as const },
                  color: {
                    condition: { test: `datum.value !== null && datum.value > ${largest * 0.6}`, value: 'white' },
                    value: '#1f2937',
                  },
                },
              },
            ]),
      ],
    },
  }
}

function labelOf({ value, verdict }: HeatMapCell): string {
  const text = value === null ? '' : value.toPrecision(3)
  if (verdict === 'passed') return text
  return `${text} ${verdict === 'failed' ? '✕' : verdict}`.trim()
}

/** The heat maps of a run, one per checkup that measured latency between nodes. */
export function heatMapsOf(cases: readonly CaseRecord[]): HeatMap[] {
  const checkups = [...new Set(cases.map(({ checkup }) => checkup))]
  return checkups.flatMap((checkup) => {
    const own = cases.filter((record) => record.checkup === checkup)
    const found = own.map((record) => ({ record, latency: latencyOf(record) }))
    const name = found.find(({ latency }) => latency !== undefined)?.latency?.name
    if (name === undefined) return []
    const cells = found.flatMap(({ record, latency }): HeatMapCell[] => {
      const source = record.results['sourceNode'] ?? textOf(record.parameters['sourceNode'])
      const target = record.results['targetNode'] ?? textOf(record.parameters['targetNode'])
      if (source === null || target === null) return []
      const network = textOf(record.parameters['networkAttachmentDefinitionName']) ?? ''
      // What may not be judged must not be compared by its colour either.
      const judged = record.verdict === 'passed' || record.verdict === 'failed'
      const value = latency === undefined || !judged ? null : inMilliseconds(latency.value, latency.unit)
      return [{ network, source, target, value, verdict: record.verdict }]
    })
    return cells.length === 0 ? [] : [{ title: `${checkup}: ${name} by pair of nodes`, unit: 'ms', cells }]
  })
}

/** The median where there is one, as a single slow packet would colour the whole cell; else the documented maximum. */
function latencyOf({ measurements }: CaseRecord): Measurement | undefined {
  const find = (pattern: RegExp) => measurements.find(({ name }) => pattern.test(name))
  return find(/^(?:median|p50)Latency/i) ?? find(/^maxLatency/i)
}

function inMilliseconds(value: number | null, unit: Unit): number | null {
  const factor: Partial<Record<Unit, number>> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000 }
  const known = factor[unit]
  return value === null || known === undefined ? null : value * known
}

function textOf(value: string | number | boolean | null | undefined): string | null {
  return value === null || value === undefined || value === '' ? null : String(value)
}
