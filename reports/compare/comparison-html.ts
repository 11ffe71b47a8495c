/** A comparison as one HTML page that opens from disk. */
import type { Comparison } from '../../helpers/compare/comparison.ts'
import { differenceText } from '../../helpers/compare/compare-runs.ts'
import { escapeHtml, htmlPage, htmlTable } from '../html-page.ts'
import { caseRows, comparisonRows, comparisonTitles, countsText, isTelling, runsText } from './comparison-rows.ts'

export function comparisonHtml(comparison: Comparison): string {
  const style = comparison.verdict === 'worse' || comparison.verdict === 'incomplete' ? 'bad' : 'good'
  const rows = comparisonRows(comparison)
  const table = (shown: typeof rows): string =>
    htmlTable(
      [...comparisonTitles],
      shown.map(({ cells, verdict, reason }) => ({ cells, style: verdict, title: reason })),
    )
  const telling = rows.filter(isTelling)
  const facts = [
    ['Before', runsText(comparison.before)],
    ['After', runsText(comparison.after)],
    ...comparison.changes.map(({ name, before, after }) => [`Changed: ${name}`, `${before} -> ${after}`]),
    ...comparison.differences.map((each) => ['Not alike', differenceText(each)]),
    ['Metrics', countsText(comparison)],
  ]
  const cases = caseRows(comparison)
  return htmlPage(
    `Comparison: ${comparison.verdict}`,
    [
      `<h1>Comparison: <span class="${style}">${comparison.verdict}</span></h1>`,
      `<p>${escapeHtml(comparison.reason)}</p>`,
      htmlTable(
        ['', ''],
        facts.map((cells) => ({ cells })),
      ),
      cases.length === 0
        ? ''
        : `<h2>Cases</h2>${htmlTable(
            ['case', 'before', 'after', 'verdict', 'why'],
            cases.map((cells) => ({ cells })),
          )}`,
      telling.length === 0 ? '' : `<h2>What changed</h2>${table(telling)}`,
      ...telling.map(
        ({ cells: [id = '', metric = ''], reason }) =>
          `<p><b>${escapeHtml(`${id} ${metric}`)}</b>: ${escapeHtml(reason)}</p>`,
      ),
      `<h2>All metrics</h2>${table(rows)}`,
    ].join('\n'),
  )
}
