/** `run --in-cluster`: applies the Job of a checkup, follows it, fetches what it found, and removes what was applied. */
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { type ConfigMap, documentKey } from '../helpers/in-cluster/config-map-status.ts'
import { isApiError } from '../helpers/kubernetes/api-error.ts'
import type { ClusterClient } from '../helpers/kubernetes/cluster-client.ts'
import type { Condition, KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import { randomName } from '../helpers/kubernetes/random-name.ts'
import { type RemovalLimits, removeObjects } from '../helpers/kubernetes/removal.ts'
import { describeReference, type ObjectReference, referenceTo } from '../helpers/kubernetes/resources.ts'
import { waitForDeletion } from '../helpers/kubernetes/wait.ts'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { createRunId, runDirectory, writeAtomically } from '../helpers/run/run-directory.ts'
import { durationMilliseconds } from '../helpers/units/duration.ts'
import { onSignals } from '../plugin/signals.ts'
import { junitXml } from '../reports/junit.ts'
import { mergeRuns } from '../reports/merge-runs.ts'
import { singleLine } from '../reports/plain-text.ts'
import { summaryMarkdown } from '../reports/summary.ts'
import { exitCodeOfSignal, exitCodes } from './exit-codes.ts'
import { OperationalError } from './operational-error.ts'
import { type CheckupManifests, checkupManifests, type ManifestOptions } from './manifests.ts'
import { alignedPairs, type Output } from './output.ts'
import { reachCluster } from './reach-cluster.ts'

const pollMilliseconds = 1000
const logLimits = { tailLines: 1_000_000, limitBytes: 16 * 1024 * 1024 }

interface InClusterResult {
  /** `status.*` of the ConfigMap, without the prefix. */
  status: Record<string, string>
  /** Of each shard, as far as they left one. */
  documents: RunDocument[]
  /** What could not be removed: `kind namespace/name: reason`. */
  leftovers: string[]
  cancelledBy: NodeJS.Signals | null
}

/** Runs the Job, shows what became of it, and writes the run as one of this machine. @returns the exit code */
export async function runAsJob(
  profile: LoadedProfile,
  checkup: string | undefined,
  options: ManifestOptions & { output: Output; runsDirectory: string },
): Promise<number> {
  const { output, runsDirectory } = options
  const { status, documents, leftovers, cancelledBy } = await runInCluster(profile, checkup, options)
  for (const leftover of leftovers) output.note(`warning: not removed: ${leftover}`)
  const document = oneOf(documents)
  const directory = document === undefined ? undefined : written(document, runsDirectory)
  const judged = document?.exitCode ?? exitCodes.broken
  // The status is written last, and by a process that outlives the run.
  const agreed = status['succeeded'] === 'true' ? judged : judged === exitCodes.ok ? exitCodes.broken : judged
  const exitCode = cancelledBy === null ? agreed : exitCodeOfSignal(cancelledBy)
  output.print(
    ...alignedPairs(Object.entries(status).map(([name, value]) => [`status.${name}`, singleLine(value)])),
    ...(directory === undefined ? [] : [`results: ${directory} (run.json, junit.xml, summary.md)`]),
  )
  output.document({ status, runId: document?.id ?? null, directory: directory ?? null, leftovers, exitCode })
  return exitCode
}

function oneOf(documents: readonly RunDocument[]): RunDocument | undefined {
  if (documents.length <= 1) return documents[0]
  return mergeRuns(
    documents.map((document) => ({ path: document.id, document })),
    createRunId(new Date()),
  )
}

function written(document: RunDocument, runsDirectory: string): string {
  const directory = runDirectory(runsDirectory, document.id)
  writeAtomically(directory.junit, junitXml(document))
  writeAtomically(directory.summary, summaryMarkdown(document))
  writeAtomically(directory.runJson, `${JSON.stringify(document, null, 2)}\n`)
  return directory.root
}

type Job = KubernetesObject & { status?: { conditions?: Condition[] } }
type Pod = KubernetesObject & {
  spec?: { containers?: { name: string }[] }
  status?: {
    phase?: string
    conditions?: Condition[]
    containerStatuses?: { state?: { waiting?: { reason?: string; message?: string } } }[]
  }
}

/**
 * @throws UsageError as `checkupManifests`; ApiError and OperationalError when the Job cannot be applied or is removed by
 * somebody else. What was applied is removed in any case.
 */
async function runInCluster(
  profile: LoadedProfile,
  checkup: string | undefined,
  options: ManifestOptions & { output: Output },
): Promise<InClusterResult> {
  const { output } = options
  // A name of its own, so that one run does not find what another left.
  const name = options.name ?? randomName(`${checkup ?? 'checkup'}-`)
  const made = checkupManifests(profile, checkup, { ...options, name })
  await using cluster = await reachCluster(profile)
  const { client, clock } = cluster
  const limits = { budgetMilliseconds: durationMilliseconds(profile.timeouts.tearDown) + 60_000, clock }
  const applied: ObjectReference[] = []
  const cancelling = new AbortController()
  let cancelledBy: NodeJS.Signals | null = null
  using _signals = onSignals((signal, count) => {
    if (count > 1) process.exit(exitCodeOfSignal(signal))
    cancelledBy = signal
    output.note(`${signal}: ending the Job and removing what was applied. Once more exits at once.`)
    cancelling.abort()
  })
  let status: Record<string, string> = {}
  let documents: RunDocument[] = []
  let leftovers: string[] = []
  try {
    await applyAll(client, profile, made, applied, output)
    await new JobFollower(client, made.job, output).follow(cancelling.signal)
    if (cancelling.signal.aborted) {
      // Its pods clean up and write how far they got, with the rights that are removed only afterwards.
      const job = await client.get(referenceTo(made.job))
      await client.delete(referenceTo(job), { propagationPolicy: 'Foreground' })
      await waitForDeletion(client, job, { timeoutMilliseconds: limits.budgetMilliseconds, clock })
    }
    const configMap = await client.get<ConfigMap>(referenceTo(made.configMap))
    status = statusOf(configMap)
    documents = documentsOf(configMap)
  } finally {
    leftovers = await remove(client, applied.reverse(), limits)
  }
  return { status, documents, leftovers, cancelledBy }
}

async function applyAll(
  client: ClusterClient,
  { namespace }: LoadedProfile,
  { rights, configMap, job }: CheckupManifests,
  applied: ObjectReference[],
  output: Output,
): Promise<void> {
  const create = async (object: KubernetesObject) => {
    const created = await client.create(object)
    applied.push(referenceTo(created))
    output.note(`applied ${describeReference(referenceTo(created))}`)
  }
  const place = { apiVersion: 'v1', kind: 'Namespace', name: namespace.name }
  if (namespace.create && (await client.getIfExists(place)) === undefined)
    await create({ ...place, metadata: { name: namespace.name } })
  for (const object of [...rights.map(({ manifest }) => ({ ...manifest })), configMap, job]) await create(object)
}

async function remove(
  client: ClusterClient,
  references: readonly ObjectReference[],
  limits: RemovalLimits,
): Promise<string[]> {
  const left: string[] = []
  const targets = references.map((reference) => ({
    reference,
    uid: reference.uid,
    // Every one of them was confirmed, and is known by its uid.
    runId: '',
  }))
  await removeObjects(client, targets, limits, {
    left: ({ reference }, reason) => left.push(`${describeReference(reference)}: ${reason}`),
  })
  return left
}

const statusOf = ({ data = {} }: ConfigMap): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data).flatMap(([key, value]) =>
      key.startsWith('status.') ? [[key.slice('status.'.length), value]] : [],
    ),
  )

function documentsOf({ binaryData = {} }: ConfigMap): RunDocument[] {
  const documents: RunDocument[] = []
  for (let shard = 0; ; shard += 1) {
    const encoded = binaryData[documentKey(shard)]
    if (encoded === undefined) {
      if (shard >= Object.keys(binaryData).length) return documents
      continue
    }
    documents.push(JSON.parse(gunzipSync(Buffer.from(encoded, 'base64')).toString()) as RunDocument)
  }
}

/** Prints what the pods of a Job print, and what keeps them from it, until the Job is over. */
class JobFollower {
  readonly #client: ClusterClient
  readonly #job: ObjectReference
  readonly #output: Output
  /** Characters of each pod's log that were printed, by name. */
  readonly #printed = new Map<string, number>()
  readonly #told = new Map<string, string>()

  constructor(client: ClusterClient, job: KubernetesObject, output: Output) {
    this.#client = client
    this.#job = referenceTo(job)
    this.#output = output
  }

  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const job = await this.#client.getIfExists<Job>(this.#job)
      if (job === undefined) throw new OperationalError(`${describeReference(this.#job)} was removed by somebody else`)
      await this.#tellPods()
      const end = job.status?.conditions?.find(({ type, status }) => isFinal(type) && status === 'True')
      if (end !== undefined) {
        this.#output.note(`Job ${this.#job.name}: ${end.type}: ${end.message ?? ''}`)
        return
      }
      await sleep(pollMilliseconds, undefined, { signal }).catch(() => undefined)
    }
  }

  async #tellPods(): Promise<void> {
    const { namespace = '', name } = this.#job
    const pods = await this.#client.list<Pod>({
      apiVersion: 'v1',
      kind: 'Pod',
      namespace,
      labelSelector: `job-name=${name}`,
    })
    for (const pod of pods.items) {
      const obstacle = obstacleOf(pod)
      const podName = pod.metadata.name ?? ''
      if (this.#told.get(podName) !== obstacle) {
        this.#told.set(podName, obstacle)
        this.#output.note(`Pod ${podName}: ${obstacle}`)
      }
      if (pod.status?.phase !== 'Pending') await this.#tellLog(pod, pods.items.length > 1)
    }
  }

  async #tellLog({ metadata: { name = '', namespace = '' }, spec }: Pod, named: boolean): Promise<void> {
    let log: string
    try {
      log = await this.#client.logs({ namespace, name }, spec?.containers?.[0]?.name ?? '', logLimits)
    } catch (error) {
      // Not yet, or not any more.
      if (isApiError(error, 400) || isApiError(error, 404)) return
      throw error
    }
    const from = this.#printed.get(name) ?? 0
    const end = log.lastIndexOf('\n') + 1
    if (end <= from) return
    this.#printed.set(name, end)
    const lines = log.slice(from, end - 1).split('\n')
    this.#output.note(...lines.map((line) => (named ? `${name}: ${line}` : line)))
  }
}

const isFinal = (type: string): boolean => type === 'Complete' || type === 'Failed'

/** The phase, and what the pod waits for. */
function obstacleOf({ status: { phase = 'Pending', conditions = [], containerStatuses = [] } = {} }: Pod): string {
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled')
  const waiting = containerStatuses.flatMap(({ state }) => state?.waiting ?? [])[0]
  const reason =
    scheduled?.status === 'False'
      ? `${scheduled.reason ?? ''}: ${scheduled.message ?? ''}`
      : [waiting?.reason, waiting?.message].filter((text) => text !== undefined).join(': ')
  return singleLine(reason === '' ? phase : `${phase}: ${reason}`)
}
