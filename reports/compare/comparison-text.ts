/** A comparison for the terminal. */
import type { Comparison } from '../../helpers/compare/comparison.ts'
import { differenceText } from '../../helpers/compare/compare-runs.ts'
import { singleLine } from '../plain-text.ts'
import type { Paint } from '../progress/terminal-style.ts'
import { textTable } from '../progress/text-table.ts'
import {
  caseRows,
  comparisonRows,
  comparisonTitles,
  countsText,
  isTelling,
  runsText,
  type ComparisonRow,
} from './comparison-rows.ts'

export interface TextOptions {
  paint: Paint
  /** Also those metrics that are equal. */
  all: boolean
}

export function comparisonText(comparison: Comparison, { paint, all }: TextOptions): string[] {
  const rows = comparisonRows(comparison)
  const shown = all ? rows : rows.filter(isTelling)
  const colour = {
    worse: 'red',
    'missing after': 'red',
    better: 'green',
    'missing before': 'yellow',
    'not measured': 'gray',
    equal: 'gray',
  } as const
  const line = ({ cells, verdict }: ComparisonRow): string[] =>
    cells.map((cell, index) => (index === cells.length - 1 ? paint(colour[verdict], cell) : singleLine(cell)))
  return [
    `before  ${runsText(comparison.before)}`,
    `after   ${runsText(comparison.after)}`,
    ...comparison.changes.map(({ name, before, after }) => singleLine(`changed ${name}: ${before} -> ${after}`)),
    ...comparison.differences.map((each) => singleLine(`NOT ALIKE, compared all the same: ${differenceText(each)}`)),
    '',
    ...caseRows(comparison).map(([id, before, after, verdict, reason]) =>
      singleLine(`case ${id}: ${before} -> ${after}, ${verdict}: ${reason}`),
    ),
    ...(shown.length === 0
      ? []
      : [
          ...textTable(
            comparisonTitles.map((title, index) => ({ title, align: index >= 2 && index <= 4 ? 'right' : 'left' })),
            shown.map(line),
          ),
          '',
          ...shown.filter(isTelling).map(({ cells: [id, metric], reason }) => singleLine(`${id} ${metric}: ${reason}`)),
          '',
        ]),
    `metrics: ${countsText(comparison)}${all || shown.length === rows.length ? '' : '; --all shows those that are equal'}`,
    `comparison: ${paint(comparison.verdict === 'worse' || comparison.verdict === 'incomplete' ? 'red' : 'green', comparison.verdict)}: ${singleLine(comparison.reason)}`,
  ]
}
