/** `run --in-cluster`: applies the Job of a checkup, follows it, fetches what it found, and removes what was applied. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigMap } from '../helpers/in-cluster/config-map-status.ts'
import type { ClusterClient } from '../helpers/kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import { randomName } from '../helpers/kubernetes/random-name.ts'
import { inClusterCheckup } from '../helpers/kubernetes/labels.ts'
import { ObjectTracker } from '../helpers/kubernetes/object-tracker.ts'
import { referenceTo } from '../helpers/kubernetes/resources.ts'
import { waitForDeletion } from '../helpers/kubernetes/wait.ts'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import { Journal } from '../helpers/run/journal.ts'
import { createRunId, runDirectory } from '../helpers/run/run-directory.ts'
import { durationMilliseconds } from '../helpers/units/duration.ts'
import { onSignals } from '../plugin/signals.ts'
import { singleLine } from '../reports/plain-text.ts'
import { exitCodeOfSignal, exitCodes } from './exit-codes.ts'
import { type FetchedRun, fetchRun } from './fetched-run.ts'
import { JobFollower } from './job-follower.ts'
import { type CheckupManifests, checkupManifests, type ManifestOptions } from './manifests.ts'
import { alignedPairs, type Output } from './output.ts'
import { reachCluster } from './reach-cluster.ts'

interface InClusterResult {
  /** `status.*` of the ConfigMap, without the prefix. */
  status: Record<string, string>
  fetched: FetchedRun
  /** What could not be removed: `kind namespace/name: reason`. */
  leftovers: string[]
  cancelledBy: NodeJS.Signals | null
}

type InClusterOptions = ManifestOptions & { output: Output; runsDirectory: string }

/** Runs the Job, shows what became of it, and keeps its run as one of this machine. @returns the exit code */
export async function runAsJob(
  profile: LoadedProfile,
  checkup: string | undefined,
  options: InClusterOptions,
): Promise<number> {
  const { output } = options
  const { status, fetched, leftovers, cancelledBy } = await runInCluster(profile, checkup, options)
  const { document, directories, problems } = fetched
  for (const problem of problems) output.note(`error: ${problem}`)
  if (problems.length > 0) output.note('A run with a gap is never passed. For a whole report, run the checkup again.')
  for (const leftover of leftovers) output.note(`warning: not removed: ${leftover}`)
  const judged = document?.exitCode ?? exitCodes.broken
  // The status is written last, and by a process that outlives the run. A report with a gap is no proof of anything.
  const isProven = status['succeeded'] === 'true' && problems.length === 0
  const agreed = !isProven && judged === exitCodes.ok ? exitCodes.broken : judged
  const exitCode = cancelledBy === null ? agreed : exitCodeOfSignal(cancelledBy)
  output.print(
    ...alignedPairs(Object.entries(status).map(([name, value]) => [`status.${name}`, singleLine(value)])),
    ...directories.map((directory) => `results: ${directory} (${filesIn(directory)})`),
    ...(document === undefined || problems.length > 0 ? [] : [`report: npx kubevirt-acceptance report ${document.id}`]),
  )
  output.document({
    status,
    runId: document?.id ?? null,
    directory: directories[0] ?? null,
    directories,
    problems,
    leftovers,
    exitCode,
  })
  return exitCode
}

const filesIn = (directory: string): string =>
  ['run.json', 'summary.md', 'junit.xml', 'raw', 'evidence', 'allure-results']
    .filter((name) => existsSync(join(directory, name)))
    .join(', ')

/**
 * @throws UsageError as `checkupManifests`; ApiError and OperationalError when the Job cannot be applied or is removed by
 * somebody else. What was applied is removed in any case.
 */
async function runInCluster(
  profile: LoadedProfile,
  checkup: string | undefined,
  options: InClusterOptions,
): Promise<InClusterResult> {
  const { output } = options
  // A name of its own, so that one run does not find what another left.
  const name = options.name ?? randomName(`${checkup ?? 'checkup'}-`)
  const prefix = `${name}-report`
  const made = checkupManifests(profile, checkup, { ...options, name, report: prefix })
  await using cluster = await reachCluster(profile)
  const { client, clock } = cluster
  const limits = { budgetMilliseconds: durationMilliseconds(profile.timeouts.tearDown) + 60_000, clock }
  const id = createRunId(new Date())
  const directory = runDirectory(options.runsDirectory, id)
  const tracker = new ObjectTracker({
    client,
    journal: new Journal(directory.journal, id, client.server),
    runId: id,
    checkup: inClusterCheckup,
    lifetimeMilliseconds: Math.max(durationMilliseconds(profile.timeouts.objectExpiry), 2 * deadlineOf(made.job)),
    onOperation: ({ operation, status, object }) => {
      if (operation === 'CREATE' && status === 'DONE') output.note(`applied ${object}`)
    },
  })
  output.note(`run ${id}: should this be killed, "npx kubevirt-acceptance sweep --run ${id}" removes what is applied`)
  const cancelling = new AbortController()
  let cancelledBy: NodeJS.Signals | null = null
  using _signals = onSignals((signal, count) => {
    if (count > 1) process.exit(exitCodeOfSignal(signal))
    cancelledBy = signal
    output.note(`${signal}: ending the Job and removing what was applied. Once more exits at once.`)
    cancelling.abort()
  })
  let status: Record<string, string> = {}
  let fetched: FetchedRun = { document: undefined, directories: [], problems: [] }
  let leftovers: string[] = []
  try {
    await applyAll(client, tracker, profile, made)
    await using follower = new JobFollower(client, made, output)
    await follower.follow(cancelling.signal)
    if (cancelling.signal.aborted) {
      // Its pods clean up and write how far they got, with the rights that are removed only afterwards.
      const job = await client.get(referenceTo(made.job))
      await client.delete(referenceTo(job), { propagationPolicy: 'Foreground' })
      await waitForDeletion(client, job, { timeoutMilliseconds: limits.budgetMilliseconds, clock })
    }
    const configMap = await client.get<ConfigMap>(referenceTo(made.configMap))
    status = statusOf(configMap)
    fetched = await fetchRun(client, {
      configMap,
      prefix,
      shards: Number(options.shards ?? 1),
      runsDirectory: options.runsDirectory,
      mergedId: id,
    })
  } finally {
    leftovers = await tracker.releaseAll(limits)
    // Only what is left needs the journal any more, and the run that was fetched has a folder of its own.
    if (leftovers.length === 0 && !fetched.directories.includes(directory.root))
      rmSync(directory.root, { recursive: true, force: true })
  }
  return { status, fetched, leftovers, cancelledBy }
}

async function applyAll(
  client: ClusterClient,
  tracker: ObjectTracker,
  { namespace }: LoadedProfile,
  { rights, configMap, job }: CheckupManifests,
): Promise<void> {
  const place = { apiVersion: 'v1', kind: 'Namespace', name: namespace.name }
  if (namespace.create && (await client.getIfExists(place)) === undefined)
    await tracker.create({ ...place, metadata: { name: namespace.name } })
  for (const object of [...rights.map(({ manifest }) => ({ ...manifest })), configMap, job])
    await tracker.create(object)
}

/** In milliseconds. */
const deadlineOf = (job: KubernetesObject): number =>
  (job['spec'] as { activeDeadlineSeconds: number }).activeDeadlineSeconds * 1000

const statusOf = ({ data = {} }: ConfigMap): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data).flatMap(([key, value]) =>
      key.startsWith('status.') ? [[key.slice('status.'.length), value]] : [],
    ),
  )
