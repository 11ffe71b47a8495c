/** Everything between reaching the cluster and the first case: preflight, lock, clean slate, namespace. */
import { existsSync } from 'node:fs'
import type { Cluster } from '../fixtures/cluster.ts'
import type { ProvidedRun } from '../fixtures/provided.ts'
import { owningPod, shardOf } from '../helpers/in-cluster/pod-environment.ts'
import { isApiError } from '../helpers/kubernetes/api-error.ts'
import type { ClusterClient } from '../helpers/kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import { acquireLease, type HeldLease, type LeaseUnavailable } from '../helpers/kubernetes/lease.ts'
import { ObjectTracker } from '../helpers/kubernetes/object-tracker.ts'
import { sweep } from '../helpers/kubernetes/sweep.ts'
import { readKubeVirtVersion } from '../helpers/kubevirt/kubevirt-version.ts'
import type { PreflightResult } from '../helpers/preflight/preflight-plan.ts'
import { runPreflight } from '../helpers/preflight/preflight.ts'
import { Journal } from '../helpers/run/journal.ts'
import type { ClusterDescription } from '../helpers/run/run-document.ts'
import { listRuns, runDirectory, type RunDirectory } from '../helpers/run/run-directory.ts'
import { durationMilliseconds } from '../helpers/units/duration.ts'
import { checkups } from '../suites/index.ts'
import { PreflightError } from './preflight-error.ts'
import { grantsRights, preflightPlan } from './preflight-plan.ts'
import type { RunState } from './run-state.ts'

export interface PrepareRunOptions {
  run: ProvidedRun
  directory: RunDirectory
  cluster: Cluster
  /** Names of the checkups that take part. */
  selected: readonly string[]
  /** `user@host` */
  holder: string
  state: RunState
  /** Undoes what was done, in reverse. */
  undo: AsyncDisposableStack
}

/** @throws PreflightError with every problem at once; LockedError naming the holder */
export async function prepareRun(options: PrepareRunOptions): Promise<void> {
  const { run, directory, cluster, selected, state, holder, undo } = options
  const { profile } = run
  const { client } = cluster
  const results = await runPreflight(client, preflightPlan(profile, checkups, selected))
  if (results.some(({ status }) => status === 'failed')) throw new PreflightError(results)
  state.cluster = {
    cluster: await describeCluster(client, state.guests, results),
    kubernetes: (await client.version()).gitVersion,
    kubevirt: await readKubeVirtVersion(client),
  }
  const namespace = profile.namespace.name
  const limits = { budgetMilliseconds: durationMilliseconds(profile.timeouts.tearDown), clock: cluster.clock }
  const rights = grantsRights(profile, checkups, selected) ? 'namespace' : undefined
  let lease: HeldLease | LeaseUnavailable | undefined
  let finished: Promise<string[]> | undefined
  /** Gives up the lock, and removes what dead workers left and the namespace if the run made it. */
  const finish = async () => {
    if (lease?.state === 'held') await lease.release()
    const { left } = await sweep(client, {
      ...limits,
      namespaces: [namespace],
      rights,
      runId: run.id,
      expiredOnly: false,
      journalPaths: existsSync(directory.journal) ? [directory.journal] : [],
    })
    return left.map(({ object, reason }) => `${object}: ${reason}`)
  }
  state.finish = () => (finished ??= finish())
  undo.defer(async () => {
    await state.finish?.()
  })

  const tracker = new ObjectTracker({
    client,
    journal: new Journal(directory.journal, run.id, client.server),
    runId: run.id,
    checkup: 'run',
    lifetimeMilliseconds: durationMilliseconds(profile.timeouts.objectExpiry),
    owner: owningPod(),
  })
  const isNew = await ensureNamespace(client, tracker, profile.namespace)
  // Shards of one run are at work side by side: none of them may lock the others out, or sweep up behind them.
  if (shardOf(process.env) !== undefined) return
  lease = await acquireLease(client, {
    namespace,
    holder,
    runId: run.id,
    durationSeconds: durationMilliseconds(profile.timeouts.lease) / 1000,
    freeCommand: (runId) => `npx kubevirt-acceptance sweep --run ${runId}`,
    onLost: (reason) => {
      // Somebody else may be changing the very thing that is measured.
      state.problems.push({ phase: 'lock', message: `${reason}; the run was ended` })
      state.cancel?.()
    },
  })
  if (isNew) return
  // With the lock, whatever other runs left in this namespace is nobody's any more; without, only what has expired.
  const { unreadable, left } = await sweep(client, {
    ...limits,
    namespaces: [namespace],
    rights,
    expiredOnly: true,
    ...(lease.state === 'held' && { orphansIn: namespace }),
    journalPaths: earlierJournals(run),
  })
  for (const problem of [
    ...unreadable,
    ...left.map(({ object, reason }) => `left by an earlier run: ${object}: ${reason}`),
  ])
    process.stderr.write(`warning: ${problem}\n`)
}

async function ensureNamespace(
  client: ClusterClient,
  tracker: ObjectTracker,
  { name, create }: { name: string; create: boolean },
): Promise<boolean> {
  const reference = { apiVersion: 'v1', kind: 'Namespace', name }
  try {
    if ((await client.getIfExists(reference)) !== undefined || !create) return false
  } catch (error) {
    // Who may not read the namespace cannot create it either; the first create in it tells whether it is there.
    if (isApiError(error, 403)) return false
    throw error
  }
  await tracker.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  return true
}

async function describeCluster(
  client: ClusterClient,
  guests: Record<string, string> | null,
  preflight: readonly PreflightResult[],
): Promise<ClusterDescription> {
  return {
    server: client.server,
    context: client.context,
    embedded: guests !== null,
    guests: guests ?? { guestDriver: 'kubevirt' },
    nodes: await readNodes(client),
    limitations: preflight
      .filter(({ status }) => status !== 'ok')
      .map(({ check, detail, remediation }) => `${check}: ${detail} (${remediation})`),
  }
}

type Node = KubernetesObject & {
  status?: { nodeInfo?: Record<'kubeletVersion' | 'architecture' | 'osImage' | 'kernelVersion', string> }
}

async function readNodes(client: ClusterClient): Promise<ClusterDescription['nodes']> {
  try {
    const { items } = await client.list<Node>({ apiVersion: 'v1', kind: 'Node' })
    return items.map(({ metadata, status }) => ({
      name: metadata.name ?? '',
      kubeletVersion: status?.nodeInfo?.kubeletVersion ?? '',
      architecture: status?.nodeInfo?.architecture ?? '',
      osImage: status?.nodeInfo?.osImage ?? '',
      kernelVersion: status?.nodeInfo?.kernelVersion ?? '',
    }))
  } catch (error) {
    if (isApiError(error, 403)) return null
    throw error
  }
}

/** Journals of runs on this machine: what they left can be found by name where lists are forbidden. */
function earlierJournals({ runsDirectory, id }: ProvidedRun): string[] {
  return listRuns(runsDirectory)
    .filter((other) => other !== id)
    .map((other) => runDirectory(runsDirectory, other).journal)
    .filter((journal) => existsSync(journal))
}
