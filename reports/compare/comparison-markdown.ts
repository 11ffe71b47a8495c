/** A comparison as Markdown, for job summaries and change requests. */
import type { Comparison } from '../../helpers/compare/comparison.ts'
import { differenceText } from '../../helpers/compare/compare-runs.ts'
import { markdownCell } from '../plain-text.ts'
import { caseRows, comparisonRows, comparisonTitles, countsText, isTelling, runsText } from './comparison-rows.ts'

/** Rows beyond this many are counted instead of shown; CI systems cut summaries at 1 MiB. */
const maximumRows = 500

export function comparisonMarkdown(comparison: Comparison): string {
  const mark = { better: '✅', equal: '✅', worse: '❌', incomplete: '⚠️' }[comparison.verdict]
  const rows = comparisonRows(comparison)
  const telling = rows.filter(isTelling)
  const cases = caseRows(comparison)
  const lines = [
    `## ${mark} Comparison: ${comparison.verdict}`,
    '',
    markdownCell(comparison.reason),
    '',
    '| | |',
    '|---|---|',
    `| Before | ${markdownCell(runsText(comparison.before))} |`,
    `| After | ${markdownCell(runsText(comparison.after))} |`,
    ...comparison.changes.map(
      ({ name, before, after }) => `| Changed: ${markdownCell(name)} | ${markdownCell(`${before} -> ${after}`)} |`,
    ),
    ...comparison.differences.map((each) => `| Not alike | ${markdownCell(differenceText(each))} |`),
    `| Metrics | ${markdownCell(countsText(comparison))} |`,
    '',
    ...markdownTable(['case', 'before', 'after', 'verdict', 'why'], cases),
    ...markdownTable(
      [...comparisonTitles, 'why'],
      telling.map(({ cells, reason }) => [...cells, reason]),
    ),
    ...(rows.length === telling.length
      ? []
      : [
          `<details><summary>${rows.length - telling.length} metrics are equal, or not measured on either side</summary>`,
          '',
          ...markdownTable(
            [...comparisonTitles],
            rows.filter((row) => !isTelling(row)).map(({ cells }) => cells),
          ),
          '</details>',
        ]),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const hidden = rows.length - maximumRows
  return [
    `| ${titles.join(' | ')} |`,
    `|${titles.map(() => '---').join('|')}|`,
    ...rows.slice(0, maximumRows).map((cells) => `| ${cells.map(markdownCell).join(' | ')} |`),
    ...(hidden > 0 ? ['', `${hidden} more rows are in the JSON form.`] : []),
    '',
  ]
}
