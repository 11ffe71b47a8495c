/**
 * The documented ConfigMap as output. Every write reads it anew and changes nothing but our own keys, so that what
 * somebody else writes meanwhile is kept, and a conflict costs another attempt instead of the results. Only `get` and
 * `update` are used: the documented Role has no more.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../clock/clock.ts'
import { wallClock } from '../clock/wall-clock.ts'
import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient } from '../kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { isOutcomeUnknown } from '../kubernetes/retry.ts'
import type { Shard } from './pod-environment.ts'

export type ConfigMap = KubernetesObject & { data?: Record<string, string>; binaryData?: Record<string, string> }

export interface CheckupOutcome {
  /** '' for success. */
  failureReason: string
  /** By documented name. */
  results: Readonly<Record<string, string>>
  /** More about it, for people: becomes annotations. */
  annotations?: Readonly<Record<string, string>>
  /** The run document, compressed; left out where it would not fit. */
  document?: Uint8Array
}

/** Somebody has begun, or finished, a checkup on this ConfigMap. Nothing was written. */
export class ConfigMapInUseError extends Error {
  override readonly name = 'ConfigMapInUseError'
  constructor() {
    super('configMap is already in use')
  }
}

const attempts = 20
const pauseMilliseconds = 50
/** Of the 1 MiB that an object may have. */
const largestDocumentBytes = 700_000
const key = {
  start: 'status.startTimestamp',
  completion: 'status.completionTimestamp',
  succeeded: 'status.succeeded',
  failureReason: 'status.failureReason',
  result: 'status.result.',
}
const annotationPrefix = 'kubevirt-acceptance/'

/** Name of the entry of `binaryData` with the run document of a shard (0 without shards), as gzip. */
export const documentKey = (shard: number): string => `run-${shard}.json.gz`
/** @param shard undefined: there is only one */
export const annotationOf = (note: string, shard: number | undefined): string =>
  `${annotationPrefix}${note}${shard === undefined ? '' : `-${shard}`}`
const shardKey = (shard: number, name: string): string => `status.shard.${shard}.${name}`

export class ConfigMapStatus {
  readonly #client: ClusterClient
  readonly #reference: { apiVersion: string; kind: string; namespace: string; name: string }
  readonly #shard: Shard | undefined
  readonly #clock: Pick<Clock, 'now'>
  /** Writes follow each other. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    client: ClusterClient,
    place: { namespace: string; name: string },
    { shard, clock = wallClock }: { shard?: Shard | undefined; clock?: Pick<Clock, 'now'> } = {},
  ) {
    this.#client = client
    this.#reference = { apiVersion: 'v1', kind: 'ConfigMap', ...place }
    this.#shard = shard
    this.#clock = clock
  }

  /**
   * Takes the ConfigMap for this run by writing the time of its start.
   * @returns the ConfigMap as it was
   * @throws ConfigMapInUseError; ApiError when it cannot be read or written
   */
  async claim(): Promise<ConfigMap> {
    let found: ConfigMap | undefined
    const claim = randomUUID()
    const annotation = annotationOf('claim', this.#shard?.index)
    const now = timestamp(new Date(await this.#clock.now()))
    await this.#change((configMap) => {
      // A first attempt that got no answer was written after all.
      if (configMap.metadata.annotations?.[annotation] === claim) return
      found = structuredClone(configMap)
      const data = (configMap.data ??= {})
      const shard = this.#shard
      // With shards the first one starts, and the others join in until all of them are through.
      const taken = shard === undefined ? key.start : shardKey(shard.index, 'startTimestamp')
      if (taken in data || (shard !== undefined && key.completion in data)) throw new ConfigMapInUseError()
      data[key.start] ??= now
      data[taken] = now
      configMap.metadata.annotations = { ...configMap.metadata.annotations, [annotation]: claim }
    })
    if (found === undefined) throw new Error('the ConfigMap was not read')
    return found
  }

  /** Notes for people who look at a run under way; what cannot be written is no reason to stop it. */
  async annotate(notes: Readonly<Record<string, string>>): Promise<void> {
    await this.#change((configMap) => {
      this.#note(configMap, notes)
    })
  }

  /** Writes how it ended. May be repeated: what is known later takes the place of what was known before. */
  async complete(outcome: CheckupOutcome): Promise<void> {
    const now = timestamp(new Date(await this.#clock.now()))
    await this.#change((configMap) => {
      const data = (configMap.data ??= {})
      const own = {
        completionTimestamp: now,
        succeeded: String(outcome.failureReason === ''),
        failureReason: outcome.failureReason,
      }
      const shard = this.#shard
      if (shard === undefined) {
        for (const [name, value] of Object.entries(own)) data[`status.${name}`] = value
        for (const [name, value] of Object.entries(outcome.results)) data[`${key.result}${name}`] = value
      } else {
        for (const [name, value] of Object.entries(own)) data[shardKey(shard.index, name)] = value
        completeShards(data, shard.count)
      }
      this.#note(configMap, outcome.annotations ?? {})
      const { document } = outcome
      if (document !== undefined && document.length <= largestDocumentBytes / (shard?.count ?? 1))
        (configMap.binaryData ??= {})[documentKey(shard?.index ?? 0)] = Buffer.from(document).toString('base64')
    })
  }

  #note(configMap: ConfigMap, notes: Readonly<Record<string, string>>): void {
    const named = Object.entries(notes).map(([name, text]) => [annotationOf(name, this.#shard?.index), text])
    configMap.metadata.annotations = { ...configMap.metadata.annotations, ...Object.fromEntries(named) }
  }

  #change(change: (configMap: ConfigMap) => void): Promise<void> {
    const mine = this.#last.then(() => this.#attempt(change))
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async #attempt(change: (configMap: ConfigMap) => void): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const configMap = await this.#client.get<ConfigMap>(this.#reference)
      change(configMap)
      try {
        await this.#client.update(configMap)
        return
      } catch (error) {
        // Without an answer it may have been written, and doing it again changes nothing.
        if (!(isApiError(error, 409) || isOutcomeUnknown(error)) || attempt >= attempts) throw error
        // Many shards finish at about the same time; each at a moment of its own gets through.
        await sleep(pauseMilliseconds * attempt * (0.5 + Math.random()))
      }
    }
  }
}

/** The status of the whole, once every shard has written its own. */
function completeShards(data: Record<string, string>, count: number): void {
  const indices = Array.from({ length: count }, (_, index) => index)
  const of = (name: string) => indices.map((index) => data[shardKey(index, name)])
  const succeeded = of('succeeded')
  if (succeeded.includes(undefined)) return
  const reasons = of('failureReason').flatMap((reason, index) => (reason ? [`shard ${index}: ${reason}`] : []))
  data[key.succeeded] = String(succeeded.every((each) => each === 'true'))
  data[key.failureReason] = reasons.join(',')
  data[key.completion] =
    of('completionTimestamp')
      .filter((each) => each !== undefined)
      .toSorted()
      .at(-1) ?? ''
}

/** RFC 3339 in UTC, second resolution. */
const timestamp = (at: Date): string => at.toISOString().replace(/\.\d+Z$/, 'Z')
