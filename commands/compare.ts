import { compareRuns, UnlikeRunsError } from '../helpers/compare/compare-runs.ts'
import type { Comparison } from '../helpers/compare/comparison.ts'
import type { EarlierRun } from '../helpers/run/earlier-run.ts'
import { comparisonHtml } from '../reports/compare/comparison-html.ts'
import { comparisonMarkdown } from '../reports/compare/comparison-markdown.ts'
import { comparisonText } from '../reports/compare/comparison-text.ts'
import { defineCommand } from './command.ts'
import { checkedFormat, formatOptions, showResult } from './document-format.ts'
import { exitCodes } from './exit-codes.ts'
import { namedRuns, reportsOption } from './named-runs.ts'
import { UsageError } from './usage-error.ts'

export const compare = defineCommand({
  name: 'compare',
  synopsis: 'BEFORE... AFTER [--force] [--all] [--format FORMAT] [--output FILE] [--reports DIR] [--json]',
  description: [
    'Compares a run with one or more runs before it: every case and every metric, in the direction in which it is better. Samples and histograms are told from chance; single values have a tolerance. Several runs before show how far values lie apart by themselves.',
    'A run is named by its id, "latest", the path of a run.json or of its folder, or the name of a baseline. The last one is the run after.',
  ],
  options: {
    ...formatOptions,
    ...reportsOption,
    force: {
      type: 'boolean',
      description: 'Compare runs of other clusters, profiles, parameters or versions of this program, too.',
    },
    all: { type: 'boolean', description: 'Show metrics that are equal, too.' },
  },
  maximumPositionals: 100,
  exitCodes: {
    0: 'nothing is worse',
    2: 'wrong usage, no such run, or the runs are not alike',
    4: 'something that was measured before is missing',
    5: 'something is worse',
    6: 'a run cannot be read',
  },
  examples: [
    'npx kubevirt-acceptance compare 20261120T101500Z-x7k2p latest',
    'npx kubevirt-acceptance compare before-upgrade latest --format markdown',
  ],
  run({ options, positionals, output }) {
    const format = checkedFormat(options.format, output)
    if (positionals.length < 2)
      throw new UsageError(
        'compare needs at least two runs: one before, and last the one after',
        'npx kubevirt-acceptance compare --help',
      )
    const places = { reportsDirectory: options.reports ?? 'reports' }
    const before = positionals.slice(0, -1).flatMap((given) => namedRuns(given, places))
    const after = namedRuns(positionals.at(-1) ?? '', places)
    const comparison = checkedComparison(before, after, options.force)
    showResult(
      {
        document: comparison,
        conclusion: `comparison: ${comparison.verdict}: ${comparison.reason}`,
        forms: {
          text: () => comparisonText(comparison, { paint: output.paint, all: options.all }).join('\n'),
          markdown: () => comparisonMarkdown(comparison),
          html: () => comparisonHtml(comparison),
        },
      },
      { format, file: options.output, output },
    )
    return Promise.resolve(exitCodeOfComparison[comparison.verdict])
  },
})

const exitCodeOfComparison: Record<Comparison['verdict'], number> = {
  equal: exitCodes.ok,
  better: exitCodes.ok,
  incomplete: exitCodes.invalid,
  worse: exitCodes.regression,
}

function checkedComparison(before: readonly EarlierRun[], after: readonly EarlierRun[], force: boolean): Comparison {
  try {
    return compareRuns(before, after, { force })
  } catch (error) {
    if (!(error instanceof UnlikeRunsError)) throw error
    throw new UsageError(`${error.message}\n--force compares them all the same`)
  }
}
