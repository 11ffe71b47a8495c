import type { EarlierRun } from '../helpers/run/earlier-run.ts'
import { runsDirectoryOf } from '../helpers/run/find-runs.ts'
import { createRunId, runDirectory } from '../helpers/run/run-directory.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { mergeRuns, UnmergeableRunsError } from '../reports/merge-runs.ts'
import { writeMergedRun } from '../reports/write-merged-run.ts'
import { defineCommand } from './command.ts'
import { namedRuns, reportsOption } from './named-runs.ts'
import { UsageError } from './usage-error.ts'

export const merge = defineCommand({
  name: 'merge',
  synopsis: 'RUN... [--reports DIR] [--json]',
  description: [
    'Makes one run of several that did a part each, e.g. with "run -- --shard=1/2" and "--shard=2/2", with one run.json, junit.xml, summary.md and Allure results. The shards have to be complete, and each planned case has to have one result; else the merged run is broken.',
  ],
  options: reportsOption,
  maximumPositionals: 100,
  exitCodes: {
    0: 'merged, and passed',
    1: 'merged; a limit was missed',
    2: 'wrong usage, or the runs are no parts of one',
    4: 'merged; a measurement may not be judged',
    6: 'merged; a part or a case is missing, or broke',
  },
  examples: ['npx kubevirt-acceptance merge 20261120T101500Z-x7k2p 20261120T101501Z-b2c3d'],
  run({ options, positionals, output }) {
    if (positionals.length < 2)
      throw new UsageError('merge needs at least two runs', 'npx kubevirt-acceptance merge --help')
    const places = { reportsDirectory: options.reports ?? 'reports' }
    const parts = positionals.flatMap((given) => namedRuns(given, places))
    const directory = runDirectory(runsDirectoryOf(places), createRunId(new Date()))
    const document = merged(parts, directory.id)
    writeMergedRun(document, parts, directory)
    output.print(
      `merged ${parts.map((part) => part.document.id).join(', ')} into ${directory.root}`,
      `verdict: ${document.verdict}, exit code ${document.exitCode}: ${document.reason}`,
    )
    output.document({
      runId: document.id,
      directory: directory.root,
      verdict: document.verdict,
      reason: document.reason,
      exitCode: document.exitCode,
      mergedFrom: document.mergedFrom,
    })
    return Promise.resolve(document.exitCode)
  },
})

function merged(parts: readonly EarlierRun[], id: string): RunDocument {
  try {
    return mergeRuns(parts, id)
  } catch (error) {
    throw error instanceof UnmergeableRunsError ? new UsageError(error.message) : error
  }
}
