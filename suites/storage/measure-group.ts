/** Procedure fio for one group of VMs: measure, record, judge. */
import type { StorageContext } from './bring-up.ts'
import { ResultStore } from './checkpoint.ts'
import { derivedCsv, recordsCsv, storageJson } from './export-rows.ts'
import type { RecordTable } from '../../helpers/run/case-record.ts'
import { rankPools } from './ranking.ts'
import { runGroup, type GroupFindings } from './group-run.ts'
import { judgeStorage } from './judgement.ts'
import type { PermutationResult } from './permutation-result.ts'
import { plannedGroups } from './plan.ts'
import { storageRecording } from './recording.ts'

export async function measureGroup(context: StorageContext): Promise<void> {
  const { parameters, sources } = context
  const [group] = plannedGroups(parameters).groups
  if (group === undefined) throw new Error('the case has no group of VMs; the plan should have refused it')
  const before = baseline(context)
  const findings = await runGroup(context, group)
  await keepExports(context, findings)
  const recording = storageRecording(findings, parameters, before)
  await context.record({ ...recording, tables: [...rankingTable(context), ...recording.tables] })
  context.judge(judgeStorage(findings, parameters, { sources, before }))
}

/** Those of the run to compare with; none: there is none. @throws Error when it measured nothing */
export function baseline({ parameters, runsDirectory }: StorageContext): PermutationResult[] {
  if (parameters.baselineRun === undefined) return []
  const results = new ResultStore(runsDirectory, parameters.baselineRun).loadAll()
  if (results.length === 0)
    throw new Error(
      `run ${parameters.baselineRun} (baselineRun) in ${runsDirectory} has measured no storage; name one that has, or leave it out`,
    )
  return results
}

/** For spreadsheets and other tools. */
export async function keepExports({ keepRawOutput }: StorageContext, { results }: GroupFindings): Promise<void> {
  const records = results.flatMap((result) => result.records)
  const jobs = results.flatMap((result) => result.jobs)
  await keepRawOutput('records.csv', recordsCsv(records), 'text/csv')
  await keepRawOutput('results.csv', derivedCsv(jobs), 'text/csv')
  await keepRawOutput('storage.json', storageJson(records, jobs), 'application/json')
}

/** Of the pools that this run has measured so far: the last case has all of them. */
function rankingTable({ runsDirectory, runId }: StorageContext): RecordTable[] {
  const results = new ResultStore(runsDirectory, runId).loadAll()
  const ranked = rankPools(results.flatMap(({ jobs }) => jobs))
  if (ranked.length < 2) return []
  const rounded = (value: number | null, digits: number) => (value === null ? null : Number(value.toFixed(digits)))
  return [
    {
      title: 'Ranking of the pools that the run has measured so far',
      picture: true,
      columns: ['rank', 'pool', 'score', 'random IOPS', 'sequential MB/s', 'mixed IOPS', 'p99 (ms)', 'not measured'],
      rows: ranked.map(({ rank, pool, score, values, missing }) => [
        rank,
        pool,
        rounded(score, 1),
        rounded(values.randomIops, 0),
        rounded(values.sequentialBandwidth === null ? null : values.sequentialBandwidth / 1e6, 1),
        rounded(values.mixedIops, 0),
        rounded(values.p99 === null ? null : values.p99 / 1e6, 3),
        missing.join(', '),
      ]),
    },
  ]
}
