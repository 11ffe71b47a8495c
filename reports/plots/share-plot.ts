/** What each of several takers got of the same thing, as bars beside their mean: who is starved stands out. */
import type { TopLevelSpec } from 'vega-lite'
import type { RecordTable } from '../../helpers/run/case-record.ts'
import { shortened, singleLine } from '../plain-text.ts'
import { colours, plotConfig } from './plot-style.ts'

const barHeight = 15
/** More bars cannot be read; the table has all of them. */
const maximumBars = 64

interface Share {
  name: string
  value: number | null
}

/** @returns null when the table has no bars */
export function sharePlot({ title, rows, columns, bars = [] }: RecordTable): TopLevelSpec | null {
  const panels = bars.flatMap(({ column, title: text }) => {
    const index = columns.indexOf(column)
    if (index < 0) return []
    const shares = rows.map((row): Share => {
      const value = row[index]
      return { name: shortened(singleLine(String(row[0] ?? '')), 48), value: typeof value === 'number' ? value : null }
    })
    return [panel(column, text, shares)]
  })
  if (panels.length === 0 || rows.length === 0) return null
  const hidden = rows.length - maximumBars
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    config: plotConfig,
    title: {
      text: shortened(singleLine(title), 110),
      subtitle: ['dashed: mean', ...(hidden > 0 ? [`the ${maximumBars} lowest of ${rows.length}`] : [])].join(' · '),
    },
    columns: 2,
    spacing: 28,
    concat: panels,
  }
}

function panel(column: string, title: string, shares: readonly Share[]) {
  const known = shares.flatMap(({ value }) => value ?? [])
  const mean = known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length)
  const shown =
    shares.length <= maximumBars
      ? shares
      : shares.toSorted((one, other) => (one.value ?? -1) - (other.value ?? -1)).slice(0, maximumBars)
  const domain = [0, Math.max(1, ...known) * 1.05]
  const x = {
    field: 'value',
    type: 'quantitative' as const,
    title: shortened(singleLine(column), 60),
    scale: { domain, nice: false },
    axis: { format: '~s' },
  }
  const y = {
    field: 'name',
    type: 'ordinal' as const,
    sort: null,
    title: null,
    axis: { labelLimit: 320 },
  }
  return {
    title: { text: shortened(singleLine(title), 80), fontSize: 12 },
    width: 300,
    height: shown.length * barHeight,
    layer: [
      {
        data: { values: shown.map(({ name, value }) => ({ name, value: value ?? 0 })) },
        mark: { type: 'bar' as const, color: colours.sample },
        encoding: { x, y },
      },
      {
        data: { values: shown.filter(({ value }) => value === null).map(({ name }) => ({ name, value: 0 })) },
        mark: {
          type: 'text' as const,
          text: 'not measured',
          align: 'left' as const,
          dx: 4,
          color: colours.muted,
          fontSize: 10,
        },
        encoding: { x, y },
      },
      {
        data: { values: known.length === 0 ? [] : [{ value: mean }] },
        mark: { type: 'rule' as const, color: colours.muted, strokeDash: [4, 3] },
        encoding: { x },
      },
    ],
  }
}
