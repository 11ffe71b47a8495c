/** Tables as CSV by RFC 4180, which spreadsheets may open without harm. */

export type Cell = string | number | boolean | null

/**
 * @param rows with the same keys as `columns`; null is an empty cell
 * @returns lines that end in CR LF, the first with the names of the columns
 */
export function csv<Column extends string>(
  columns: readonly Column[],
  rows: readonly Readonly<Record<Column, Cell>>[],
): string {
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((cells) => `${cells.map(cell).join(',')}\r\n`)
    .join('')
}

/** A spreadsheet runs text that begins so as a formula, wherever the text is from (OWASP, CSV Injection). */
const formula = /^[=+\-@\t\r\n]/

function cell(value: Cell): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const harmless = formula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
