/** A table as a picture, for those who put it into a document or a message. */
import type { TopLevelSpec } from 'vega-lite'
import type { RecordTable } from '../../helpers/run/case-record.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { shortened, singleLine } from '../plain-text.ts'
import { plotConfig } from './plot-style.ts'

const rowHeight = 20
const characterWidth = 7
const cellMargin = 18
const longestCell = 40
/** A picture that is longer cannot be read; the table itself has all rows. */
const maximumRows = 64

export function tablePlot({ title, columns, rows }: RecordTable): TopLevelSpec {
  const text = (cell: string | number | null) => shortened(singleLine(withUnit(cell, '')), longestCell)
  const shown = rows.slice(0, maximumRows).map((row) => row.map(text))
  const all = [columns.map(text), ...shown]
  const widths = columns.map(
    (_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)) * characterWidth + cellMargin,
  )
  const ends = widths.map((_, column) => widths.slice(0, column + 1).reduce((sum, width) => sum + width, 0))
  const [width, height] = [ends.at(-1) ?? 0, all.length * rowHeight]
  const isNumeric = columns.map((_, column) => rows.some((row) => typeof row[column] === 'number'))
  const cells = all.flatMap((row, line) =>
    row.map((cell, column) => ({
      cell,
      x: (isNumeric[column] ? (ends[column] ?? 0) : (ends[column - 1] ?? 0)) + (isNumeric[column] ? -8 : 8),
      y: line * rowHeight + rowHeight / 2,
      align: isNumeric[column] ? 'right' : 'left',
      head: line === 0,
    })),
  )
  const position = {
    x: { field: 'x', type: 'quantitative' as const, axis: null, scale: { domain: [0, width], nice: false } },
    y: {
      field: 'y',
      type: 'quantitative' as const,
      axis: null,
      scale: { domain: [0, height], nice: false, reverse: true },
    },
  }
  const texts = (align: 'left' | 'right', head: boolean) => ({
    data: { values: cells.filter((cell) => cell.align === align && cell.head === head) },
    mark: { type: 'text' as const, align, fontWeight: head ? ('bold' as const) : ('normal' as const) },
    encoding: { ...position, text: { field: 'cell', type: 'nominal' as const } },
  })
  const hidden = rows.length - shown.length
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    config: plotConfig,
    title: {
      text: shortened(singleLine(title), 110),
      ...(hidden > 0 && { subtitle: `the first ${shown.length} of ${rows.length} rows` }),
    },
    width,
    height,
    layer: [texts('left', true), texts('right', true), texts('left', false), texts('right', false)],
  }
}
