import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { closestName } from '../helpers/profile/closest-name.ts'
import { listRuns } from '../helpers/run/run-directory.ts'
import { buildReport } from '../reports/build-report.ts'
import { defineCommand } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { OperationalError } from './operational-error.ts'
import { UsageError } from './usage-error.ts'

export const report = defineCommand({
  name: 'report',
  synopsis: '[RUN] [--reports DIR] [--json]',
  description: [
    'Builds the Allure report of a run as one HTML file that opens from disk, and says where it is. RUN is the id of a run, as printed at its end; default: the newest.',
  ],
  options: {
    reports: { type: 'string', value: 'DIR', description: 'Folder with runs/ and history.jsonl. Default: reports.' },
  },
  maximumPositionals: 1,
  exitCodes: {
    0: 'the report is built',
    2: 'there is no such run, or wrong usage',
    6: 'the report could not be built',
  },
  examples: ['npx kubevirt-acceptance report', 'npx kubevirt-acceptance report 20261120T101500Z-x7k2p'],
  async run({ options, positionals, output }) {
    const reportsDirectory = options.reports ?? 'reports'
    const runId = existingRun(resolve(reportsDirectory, 'runs'), positionals[0])
    const built = await buildReport({ reportsDirectory, runId }).catch((error: unknown) => {
      throw error instanceof Error ? new OperationalError(error.message, { cause: error }) : error
    })
    const url = pathToFileURL(built.path).href
    output.print(`report of run ${built.runId}: ${built.path}`, url)
    output.document({ ...built, url })
    return exitCodes.ok
  },
})

/** @throws UsageError when there is no run, or not this one */
function existingRun(runsDirectory: string, asked: string | undefined): string {
  const runs = listRuns(runsDirectory)
  const [newest] = runs
  if (newest === undefined)
    throw new UsageError(
      `${runsDirectory} has no run to report on; run a checkup first (npx kubevirt-acceptance run), or say with --reports where the runs are`,
    )
  if (asked === undefined) return newest
  if (runs.includes(asked)) return asked
  const closest = closestName(asked, runs)
  const some = `${runs.slice(0, 5).join(', ')}${runs.length > 5 ? ', …' : ''}`
  throw new UsageError(
    `${runsDirectory} has no run "${asked}"; it has ${some}${closest === undefined ? '' : `; did you mean ${closest}?`}`,
  )
}
