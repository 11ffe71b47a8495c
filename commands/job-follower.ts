import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, isApiError } from '../helpers/kubernetes/api-error.ts'
import type { ClusterClient } from '../helpers/kubernetes/cluster-client.ts'
import type { Condition, KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import { describeReference, type ObjectReference, referenceTo } from '../helpers/kubernetes/resources.ts'
import { isRetryable } from '../helpers/kubernetes/retry.ts'
import { singleLine } from '../reports/plain-text.ts'
import { OperationalError } from './operational-error.ts'
import type { Output } from './output.ts'

const pollMilliseconds = 1000
/** After the end of a pod, for the rest of its log. */
const logEndMilliseconds = 10_000
/** Beyond the deadline of the Job, for a cluster that cannot be reached. */
const patienceMilliseconds = 300_000

type Job = KubernetesObject & {
  spec?: { activeDeadlineSeconds?: number; completions?: number }
  status?: { conditions?: Condition[] }
}
type Pod = KubernetesObject & {
  spec?: { containers?: { name: string }[] }
  status?: {
    phase?: string
    conditions?: Condition[]
    containerStatuses?: { state?: { waiting?: { reason?: string; message?: string } } }[]
  }
}

/**
 * Prints what the pods of a Job print, and what keeps them from it, until the Job is over; where their logs may not be read,
 * the progress that they note in the ConfigMap. Outlasts lost connections.
 */
export class JobFollower implements AsyncDisposable {
  readonly #client: ClusterClient
  readonly #job: ObjectReference
  readonly #configMap: ObjectReference
  readonly #output: Output
  readonly #giveUpAt: number
  /** By name of the pod. */
  readonly #logs = new Map<string, Promise<void>>()
  readonly #told = new Map<string, string>()
  readonly #ended = new Set<string>()
  readonly #isDivided: boolean
  readonly #over = new AbortController()
  #isOutage = false
  #isEnding = false
  #readsNotes = false

  constructor(client: ClusterClient, { job, configMap }: { job: Job; configMap: KubernetesObject }, output: Output) {
    this.#client = client
    this.#job = referenceTo(job)
    this.#configMap = referenceTo(configMap)
    this.#output = output
    this.#isDivided = (job.spec?.completions ?? 1) > 1
    const deadline = (job.spec?.activeDeadlineSeconds ?? 0) * 1000
    this.#giveUpAt = performance.now() + deadline + patienceMilliseconds
  }

  /** @throws OperationalError when the Job is gone; what the cluster refuses, and ConnectionError after a long time */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const end = await this.#outlast(() => this.#look())
      if (end !== undefined) {
        await this[Symbol.asyncDispose]()
        this.#output.note(`Job ${this.#job.name}: ${end.type}: ${end.message ?? ''}`)
        return
      }
      await sleep(pollMilliseconds, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Waits for the rest of the logs, for a while. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true
    const patience = new AbortController()
    const wait = sleep(logEndMilliseconds, undefined, { signal: patience.signal }).catch(() => undefined)
    await Promise.race([Promise.all(this.#logs.values()), wait])
    patience.abort()
    this.#over.abort()
    await Promise.all(this.#logs.values())
  }

  /** @returns undefined as long as the cluster cannot be asked: the Job goes on without us */
  async #outlast<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await ask()
      if (this.#isOutage) this.#output.note('the cluster answers again')
      this.#isOutage = false
      return answer
    } catch (error) {
      if (!isRetryable(error, true) || performance.now() > this.#giveUpAt) throw error
      if (!this.#isOutage)
        this.#output.note(`${(error as Error).message}; the Job goes on meanwhile, and is asked for again and again`)
      this.#isOutage = true
      return undefined
    }
  }

  async #look(): Promise<Condition | undefined> {
    const job = await this.#client.getIfExists<Job>(this.#job)
    if (job === undefined) throw new OperationalError(`${describeReference(this.#job)} was removed by somebody else`)
    await this.#tellPods()
    if (this.#readsNotes) await this.#tellNotes()
    return job.status?.conditions?.find(({ type, status }) => isFinal(type) && status === 'True')
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
      const { phase = 'Pending' } = pod.status ?? {}
      if (phase === 'Succeeded' || phase === 'Failed') this.#ended.add(podName)
      if (phase !== 'Pending' && !this.#logs.has(podName)) this.#logs.set(podName, this.#tellLog(pod))
    }
  }

  async #tellNotes(): Promise<void> {
    const { metadata } = await this.#client.get(this.#configMap)
    for (const [name, note] of Object.entries(metadata.annotations ?? {})) {
      if (!/^kubevirt-acceptance\/(progress|cases)(-\d+)?$/.test(name) || this.#told.get(name) === note) continue
      this.#told.set(name, note)
      this.#output.note(`${name.replace('kubevirt-acceptance/', '')}: ${singleLine(note)}`)
    }
  }

  /** Follows the log, again from its beginning where the connection is lost, of which what was printed is left out. */
  async #tellLog({ metadata: { name = '', namespace = '' }, spec }: Pod): Promise<void> {
    const { signal } = this.#over
    const container = spec?.containers?.[0]?.name ?? ''
    let printed = 0
    let line = ''
    while (!signal.aborted) {
      let position = 0
      try {
        for await (const text of this.#client.followLog({ namespace, name }, container, signal)) {
          const lines = (line + text.slice(Math.max(0, printed - position))).split('\n')
          position += text.length
          printed = Math.max(printed, position)
          line = lines.pop() ?? ''
          if (lines.length > 0) this.#output.note(...lines.map((each) => (this.#isDivided ? `${name}: ${each}` : each)))
        }
        // Otherwise somebody in between has had enough of it.
        if (this.#isEnding || this.#ended.has(name)) return
      } catch (error) {
        if (signal.aborted || isApiError(error, 404)) return
        // 400: not begun yet.
        if (error instanceof ApiError && error.code !== 400 && !isRetryable(error, true)) {
          this.#output.note(`the log of Pod ${name} cannot be followed: ${(error as Error).message}`)
          this.#readsNotes = true
          return
        }
      }
      await sleep(pollMilliseconds, undefined, { signal }).catch(() => undefined)
    }
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
