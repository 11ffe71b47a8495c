/** The measurements of a case as a table, in Markdown and in HTML: ways side by side where there are few. */
import type { Measurement } from '../../helpers/run/case-record.ts'
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

export function measurementTable(measurements: readonly Measurement[]): string {
  if (measurements.length === 0) return 'No measurement was made.\n'
  const { titles, rows, values } = tableOf(measurements)
  const line = (cells: readonly string[]) => `| ${cells.map(markdownCell).join(' | ')} |`
  const rule = titles.map((_, index) => (values.includes(index) ? '--:' : '---'))
  return `${[line(titles), `|${rule.join('|')}|`, ...rows.map(line)].join('\n')}\n`
}

export function measurementHtml(measurements: readonly Measurement[]): string {
  const { titles, rows, values } = tableOf(measurements)
  const row = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells
      .map((cell, index) => `<${tag}${values.includes(index) ? ' align="right"' : ''}>${html(cell)}</${tag}>`)
      .join('')}</tr>`
  return `<table>${row(titles, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table>`
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
