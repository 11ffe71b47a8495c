/** Procedure fio for one group of VMs, and for the pods beside them: measure, record, judge. */
import type { StorageContext } from './bring-up.ts'
import { ResultStore } from './checkpoint.ts'
import { derivedCsv, recordsCsv, storageJson } from './export-rows.ts'
import type { RecordTable } from '../../helpers/run/case-record.ts'
import { rankPools } from './ranking.ts'
import { runGroup } from './group-run.ts'
import { judgeStorage } from './judgement.ts'
import { isComplete, type PermutationResult } from './permutation-result.ts'
import { plannedGroups } from './plan.ts'
import { judgePods, podTables, podValues } from './pod-comparison.ts'
import { runPods } from './pod-run.ts'
import { storageRecording } from './recording.ts'

export async function measureGroup(context: StorageContext): Promise<void> {
  const { parameters, sources } = context
  const [group] = plannedGroups(parameters).groups
  if (group === undefined) throw new Error('the case has no group of VMs; the plan should have refused it')
  const before = baseline(context)
  const findings = await runGroup(context, group)
  const recording = storageRecording(findings, parameters, before)
  const ofVms = { ...recording, tables: [...rankingTable(context), ...recording.tables] }
  const checks = judgeStorage(findings, parameters, { sources, before })
  if (!parameters.podBaseline) {
    await keepExports(context, findings.results)
    await context.record(ofVms)
    context.judge(checks)
    return
  }
  // Pods that cannot even be made must not cost the numbers of the VMs.
  await context.record(ofVms)
  const compared = { results: findings.results, pods: await runPods(context, group, findings.results) }
  const { pods } = compared
  await keepExports(context, [...findings.results, ...pods.results])
  await context.record({
    ...ofVms,
    measurements: [...ofVms.measurements, ...podValues(compared).map(({ job: _job, ...value }) => value)],
    tables: [...podTables(compared), ...ofVms.tables],
    results: { ...ofVms.results, podPermutationsMeasured: String(pods.results.filter(isComplete).length) },
  })
  context.judge([...checks, ...judgePods(compared, parameters, sources)])
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
export async function keepExports(
  { keepRawOutput }: StorageContext,
  results: readonly PermutationResult[],
): Promise<void> {
  const records = results.flatMap((result) => result.records)
  const jobs = results.flatMap((result) => result.jobs)
  await keepRawOutput('records.csv', recordsCsv(records), 'text/csv')
  await keepRawOutput('results.csv', derivedCsv(jobs), 'text/csv')
  await keepRawOutput('storage.json', storageJson(records, jobs), 'application/json')
}

/** Of the pools that this run has measured so far: the last case has all of them. */
function rankingTable({ runsDirectory, runId }: StorageContext): RecordTable[] {
  const results = new ResultStore(runsDirectory, runId).loadAll()
  const ranked = rankPools(results.flatMap(({ jobs, inPods }) => (inPods === true ? [] : jobs)))
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
