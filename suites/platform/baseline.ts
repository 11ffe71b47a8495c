/** The run that the VMs of users are compared with. */
import { type EarlierRun, earlierRuns, readEarlierRun, readRawOutput } from '../../helpers/run/earlier-run.ts'
import { type WorkloadSnapshot, workloadSnapshot } from './workload-snapshot.ts'

/** Name of the raw output that each run keeps its snapshot in. */
export const snapshotName = 'workloads.json'

export interface Baseline {
  runId: string
  snapshot: WorkloadSnapshot
}

export interface BaselineSearch {
  runsDirectory: string
  runId: string
  /** Of the cluster under test, as in its snapshot. */
  cluster: string
  /** Run to be used, whatever came of it. */
  given: string | undefined
}

/**
 * The given run, else the newest one of the same cluster in which this case passed; undefined: there is none.
 * @throws Error when the given run cannot serve
 */
export function findBaseline({ runsDirectory, runId, cluster, given }: BaselineSearch): Baseline | undefined {
  if (given !== undefined) {
    const run = readEarlierRun(given, runsDirectory)
    const snapshot = snapshotIn(run, () => true)
    if (snapshot === undefined)
      throw new Error(
        `baselineRun ${run.path}: no case of the platform checkup kept ${snapshotName} in it; name a run with area workloads`,
      )
    if (snapshot.cluster !== cluster)
      throw new Error(
        `baselineRun ${run.path} is of another cluster: ${snapshot.cluster}, and this is ${cluster}; name a run of this cluster`,
      )
    return { runId: run.document.id, snapshot }
  }
  for (const run of earlierRuns(runsDirectory, runId)) {
    const snapshot = snapshotIfPossible(run)
    if (snapshot?.cluster === cluster) return { runId: run.document.id, snapshot }
  }
  return undefined
}

/** Of runs that nobody asked for by name, those are passed over of which just a part was kept. */
function snapshotIfPossible(run: EarlierRun): WorkloadSnapshot | undefined {
  try {
    return snapshotIn(run, (verdict) => verdict === 'passed')
  } catch {
    return undefined
  }
}

function snapshotIn(run: EarlierRun, serves: (verdict: string) => boolean): WorkloadSnapshot | undefined {
  const record = run.document.cases.find(
    ({ checkup, verdict, rawOutputs }) =>
      checkup === 'platform' && serves(verdict) && rawOutputs.some(({ name }) => name === snapshotName),
  )
  if (record === undefined) return undefined
  const text = readRawOutput(run, record, snapshotName)
  const parsed = workloadSnapshot.safeParse(JSON.parse(text ?? 'null'))
  if (!parsed.success)
    throw new Error(`${run.path}: ${snapshotName} of ${record.id} is no snapshot of VMs: ${parsed.error.message}`)
  return parsed.data
}
