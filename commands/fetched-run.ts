/** What the pods of a Job have handed over, as a run of this machine. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type CollectOptions, collectReport } from '../helpers/in-cluster/collect-report.ts'
import { annotationOf, type ConfigMap, documentKey } from '../helpers/in-cluster/config-map-status.ts'
import { reportNote } from '../helpers/in-cluster/report-parts.ts'
import type { ClusterClient } from '../helpers/kubernetes/cluster-client.ts'
import { isRetryable } from '../helpers/kubernetes/retry.ts'
import { type EarlierRun, readEarlierRun } from '../helpers/run/earlier-run.ts'
import { isRunId, runDirectory, writeAtomically } from '../helpers/run/run-directory.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { junitXml } from '../reports/junit.ts'
import { mergeRuns, UnmergeableRunsError } from '../reports/merge-runs.ts'
import { summaryMarkdown } from '../reports/summary.ts'
import { writeMergedRun } from '../reports/write-merged-run.ts'

export interface FetchedRun {
  /** undefined: nothing can be judged. */
  document: RunDocument | undefined
  /** Folders of runs, of which there are several only where they could not be merged. */
  directories: string[]
  /** What is missing, one sentence each; empty when every file of every pod is there. */
  problems: string[]
}

export interface FetchOptions {
  configMap: ConfigMap
  /** What the names of the parts begin with. */
  prefix: string
  shards: number
  runsDirectory: string
  /** Of a merged run. */
  mergedId: string
}

interface FetchedShard {
  /** Folder with its files, below that of the fetch. */
  folder: string
  /** Id of its run; undefined: nothing is known of it. */
  id: string | undefined
  run: EarlierRun | undefined
}

export async function fetchRun(client: ClusterClient, options: FetchOptions): Promise<FetchedRun> {
  const { shards, runsDirectory, mergedId } = options
  const problems: string[] = []
  // Beside its final place, so that a run is there as a whole or not at all.
  const folder = join(runsDirectory, `.fetching-${mergedId}`)
  mkdirSync(folder, { recursive: true })
  try {
    const fetched: FetchedShard[] = []
    for (let shard = 0; shard < shards; shard += 1)
      fetched.push(await fetchShard(client, join(folder, String(shard)), shard, options, problems))
    const runs = fetched.flatMap(({ run }) => run ?? [])
    if (shards > 1) {
      try {
        const document = mergeRuns(runs, mergedId)
        const directory = runDirectory(runsDirectory, mergedId)
        writeMergedRun(document, runs, directory)
        return { document, directories: [directory.root], problems }
      } catch (error) {
        if (!(error instanceof UnmergeableRunsError)) throw error
        problems.push(`the shards cannot be merged: ${error.message}`)
      }
    }
    const directories = fetched.flatMap((each) => kept(each, runsDirectory))
    return { document: shards === 1 ? runs[0]?.document : undefined, directories, problems }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function fetchShard(
  client: ClusterClient,
  folder: string,
  shard: number,
  { configMap, prefix, shards }: FetchOptions,
  problems: string[],
): Promise<FetchedShard> {
  const { namespace = '', annotations } = configMap.metadata
  const note = annotations?.[annotationOf(reportNote, shards > 1 ? shard : undefined)]
  const subject = shards > 1 ? `the report of shard ${shard}` : 'the report'
  let id: string
  try {
    id = await collected(client, { namespace, prefix, shard, note, into: folder })
  } catch (error) {
    // Whatever went wrong with one shard, the others are fetched, and this one as far as the ConfigMap itself has it.
    problems.push(`${subject} could not be fetched: ${error instanceof Error ? error.message : String(error)}`)
    const run = documentOnly(configMap, shard, folder)
    return { folder, id: run?.document.id, run }
  }
  const runJson = join(folder, 'run.json')
  try {
    return { folder, id, run: readEarlierRun(runJson, folder) }
  } catch (error) {
    const reason = existsSync(runJson)
      ? (error as Error).message
      : 'there is no run.json: the run was killed; status.failureReason says more'
    problems.push(`${subject} was fetched, but has no result: ${reason}`)
    return { folder, id, run: undefined }
  }
}

const attempts = 5

/** Again where the connection was lost, besides the retries of each request: it is there until we remove it. */
async function collected(client: ClusterClient, options: CollectOptions): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await collectReport(client, options)
    } catch (error) {
      rmSync(options.into, { recursive: true, force: true })
      if (!isRetryable(error, true) || attempt >= attempts) throw error
    }
  }
}

/** The document alone, which fits beside the status more often than not. */
function documentOnly({ binaryData = {} }: ConfigMap, shard: number, folder: string): EarlierRun | undefined {
  const encoded = binaryData[documentKey(shard)]
  if (encoded === undefined) return undefined
  const document = JSON.parse(gunzipSync(Buffer.from(encoded, 'base64')).toString()) as RunDocument
  writeAtomically(join(folder, 'junit.xml'), junitXml(document))
  writeAtomically(join(folder, 'summary.md'), summaryMarkdown(document))
  const path = join(folder, 'run.json')
  writeAtomically(path, `${JSON.stringify(document, null, 2)}\n`)
  return { path, document }
}

/** Moves the files of a run to where runs are. */
function kept({ folder, id }: FetchedShard, runsDirectory: string): string[] {
  if (id === undefined || !isRunId(id) || !existsSync(folder)) return []
  const { root } = runDirectory(runsDirectory, id)
  renameSync(folder, root)
  return [root]
}
