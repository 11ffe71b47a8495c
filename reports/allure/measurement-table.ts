/** The measurements of a case as a table, in Markdown and in HTML: ways side by side where there are few. */
import type { Measurement, RecordTable } from '../../helpers/run/case-record.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { markdownCell, singleLine } from '../plain-text.ts'

/** Most subjects that are shown side by side; more would make the table too wide to read. */
const maximumColumns = 4

interface Table {
  titles: string[]
  rows: string[][]
  /** Positions of the columns that hold values. */
  values: number[]
}

/** Longer tables are folded up until someone wants to read them. */
const maximumShownRows = 40

export function measurementTable(measurements: readonly Measurement[]): string {
  return measurements.length === 0 ? 'No measurement was made.\n' : markdown(tableOf(measurements))
}

export function recordTable(table: RecordTable): string {
  return table.rows.length === 0 ? 'Nothing was measured.\n' : markdown(cellsOf(table))
}

/** All that is shown of a case besides its plots; each table can be folded up. */
export function measurementHtml(measurements: readonly Measurement[], tables: readonly RecordTable[] = []): string {
  const own = tableOf(measurements)
  return [
    ...tables.map((table) => folded(table.title, cellsOf(table))),
    tables.length === 0 ? htmlTable(own) : folded('All measurements', own),
  ].join('')
}

function markdown({ titles, rows, values }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(markdownCell).join(' | ')} |`
  const rule = titles.map((_, index) => (values.includes(index) ? '--:' : '---'))
  return `${[line(titles), `|${rule.join('|')}|`, ...rows.map(line)].join('\n')}\n`
}

/** Names with hyphens in them would be broken there. */
const nowrap = ' style="white-space:nowrap"'

function htmlTable({ titles, rows, values }: Table): string {
  const row = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells
      .map((cell, index) => `<${tag}${values.includes(index) ? ' align="right"' : nowrap}>${html(cell)}</${tag}>`)
      .join('')}</tr>`
  return `<table>${row(titles, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table>`
}

function folded(title: string, table: Table): string {
  const { length } = table.rows
  const count = length <= maximumShownRows ? '' : ` (${length} rows)`
  return `<details${length <= maximumShownRows ? ' open' : ''}><summary>${html(title)}${count}</summary>${htmlTable(table)}</details>`
}

function cellsOf({ columns, rows }: RecordTable): Table {
  const values = columns
    .map((_, index) => index)
    .filter((index) => rows.some((cells) => typeof cells[index] === 'number'))
  return { titles: columns, rows: rows.map((cells) => cells.map((cell) => withUnit(cell, ''))), values }
}

function tableOf(measurements: readonly Measurement[]): Table {
  const subjects = [...new Set(measurements.map(({ subject = '' }) => subject))]
  return subjects.length <= maximumColumns ? sideBySide(measurements, subjects) : oneByOne(measurements)
}

function sideBySide(measurements: readonly Measurement[], subjects: readonly string[]): Table {
  const names = [...new Set(measurements.map(({ name }) => name))]
  const rows = names.map((name) => {
    const own = subjects.map((subject) =>
      measurements.find((item) => item.name === name && (item.subject ?? '') === subject),
    )
    const better = own.find((item) => item !== undefined)?.better ?? ''
    return [name, ...own.map((item) => (item === undefined ? '' : valueWithSamples(item))), better]
  })
  const titles = subjects.map((subject) => (subject === '' ? 'value' : subject))
  return { titles: ['measurement', ...titles, 'better'], rows, values: subjects.map((_, index) => index + 1) }
}

function oneByOne(measurements: readonly Measurement[]): Table {
  const rows = measurements.map((item) => [item.name, item.subject ?? '', valueWithSamples(item), item.better])
  return { titles: ['measurement', 'of', 'value', 'better'], rows, values: [2] }
}

function valueWithSamples(item: Measurement): string {
  const { samples, lost = [] } = item
  if (samples === undefined) return withUnit(item.value, item.unit)
  const missing = lost.length === 0 ? '' : `, ${lost.length} lost`
  return `${withUnit(item.value, item.unit)} (${samples.length} samples${missing})`
}

export function html(text: string): string {
  return singleLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
