/**
 * Runs once, in the main process, before the first test: reaches (or starts) the cluster, checks that the run can
 * succeed at all, locks the cluster and makes the namespace. Whatever it did it undoes when the run is over.
 */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openCluster, type Cluster } from '../fixtures/cluster.ts'
import { clockVariable } from '../helpers/clock/remote-clock.ts'
import type { ProvidedCluster, ProvidedRun } from '../fixtures/provided.ts'
import { type ClusterRoom, readClusterRoom, unknownRoom } from '../helpers/preflight/cluster-room.ts'
import { type RunDirectory, runDirectory } from '../helpers/run/run-directory.ts'
import { prepareRun } from './prepare-run.ts'
import { checkups } from '../suites/index.ts'
import { casesAtOnceByCheckup } from './cases-at-once.ts'
import { runState } from './run-state.ts'

export default async function setUp(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (runState().listing) return undefined
  try {
    return await makeReady(project)
  } catch (error) {
    // Vitest tells its reporters that the run is over before it tells them why.
    runState().setUpError = error
    throw error
  }
}

async function makeReady(project: TestProject): Promise<() => Promise<void>> {
  const run = project.getProvidedContext().kubevirtAcceptanceRun
  const directory = runDirectory(run.runsDirectory, run.id)
  await mkdir(directory.root, { recursive: true })
  await using undo = new AsyncDisposableStack()
  const provided = await reachCluster(run, directory, undo)
  const selected = project.vitest.projects.map(({ name }) => name)
  const cluster = undo.use(await openCluster(provided, run.profile))
  await prepareRun({
    run,
    directory,
    cluster,
    selected,
    holder: `${userInfo().username}@${hostname()}`,
    state: runState(),
    undo,
  })
  project.provide('kubevirtAcceptanceCluster', { ...provided, room: await roomFor(run, selected, cluster) })
  const later = undo.move()
  return () => later.disposeAsync()
}

/** Nobody asks for it while cases run one after the other. */
async function roomFor(
  { profile }: ProvidedRun,
  selected: readonly string[],
  { client }: Cluster,
): Promise<ClusterRoom> {
  const atOnce = casesAtOnceByCheckup(profile, checkups)
  return selected.some((name) => (atOnce.get(name) ?? 1) > 1) ? readClusterRoom(client) : unknownRoom
}

/** Starts the embedded cluster, or says where the real one is. */
async function reachCluster(
  { profile }: ProvidedRun,
  directory: RunDirectory,
  undo: AsyncDisposableStack,
): Promise<Omit<ProvidedCluster, 'room'>> {
  const userAgent = 'kubevirt-acceptance'
  if (profile.cluster.kind === 'kubeconfig') {
    const { path, context } = profile.cluster
    return {
      ...(path !== undefined && { kubeconfigPath: path }),
      ...(context !== undefined && { context }),
      clockUrl: process.env[clockVariable] ?? null,
      userAgent,
    }
  }
  const { startEmbeddedCluster } = await import('../fixtures/embedded-cluster/embedded-cluster.ts')
  const embedded = await startEmbeddedCluster(profile.cluster.embedded, { namespace: profile.namespace.name })
  undo.defer(() => embedded.close())
  // The key of its administrator is worth nothing once the cluster is gone, and goes with it.
  const kubeconfigPath = join(directory.root, 'kubeconfig')
  await writeFile(kubeconfigPath, embedded.kubeconfig, { mode: 0o600 })
  await chmod(kubeconfigPath, 0o600)
  undo.defer(() => rm(kubeconfigPath, { force: true }))
  const state = runState()
  state.guests = embedded.description
  state.embeddedErrors = () => embedded.errors
  return { kubeconfigPath, clockUrl: embedded.clockUrl, userAgent }
}
