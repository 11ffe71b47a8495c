import { setTimeout as wallSleep } from 'node:timers/promises'
import type { Clock } from '../clock/clock.ts'
import type { Journal } from '../run/journal.ts'
import { isApiError } from './api-error.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { assertLabelValue, runIdOf, withOwnership } from './labels.ts'
import { randomName } from './random-name.ts'
import { describeReference, type ObjectReference, referenceTo } from './resources.ts'
import { isOutcomeUnknown } from './retry.ts'
import { waitForDeletion, WaitTimeoutError } from './wait.ts'

export interface TrackerOptions {
  client: ClusterClient
  journal: Journal
  runId: string
  /** Written on every object, e.g. `latency`. */
  checkup: string
  /** How long the objects may be needed, in wall time; a sweep removes them afterwards. */
  lifetimeMilliseconds: number
  /** Told of every create and delete, for the progress output. */
  onOperation?: (operation: TrackedOperation) => void
}

export interface TrackedOperation {
  operation: 'CREATE' | 'DELETE'
  status: 'RUN' | 'DONE' | 'FAIL'
  /** `VirtualMachineInstance acceptance/source` */
  object: string
  detail?: string
}

export interface CreateTrackedOptions {
  signal?: AbortSignal | undefined
  /** Passed with the delete. */
  gracePeriodSeconds?: number
}

export interface ReleaseLimits {
  /** For everything together, in the cluster's time. */
  budgetMilliseconds: number
  clock: Clock
}

interface TrackedObject {
  reference: ObjectReference
  /** As last seen; undefined until the cluster has confirmed the create. */
  object: KubernetesObject | undefined
  gracePeriodSeconds: number | undefined
}

const createAttempts = 3
/** How long `releaseAll` leaves creates that are under way to finish by themselves, in wall time. */
const createsUnderWayMilliseconds = 2000

/** Creates objects so that they can always be found again, and removes what it created. */
export class ObjectTracker {
  readonly #options: TrackerOptions
  /** In order of creation. */
  readonly #tracked = new Set<TrackedObject>()
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #closing = new AbortController()

  constructor(options: TrackerOptions) {
    assertLabelValue(options.runId, 'the run id')
    assertLabelValue(options.checkup, 'the checkup')
    this.#options = options
  }

  /** References to everything created and not yet released. */
  get objects(): ObjectReference[] {
    return [...this.#tracked].map(({ reference }) => reference)
  }

  /**
   * Labels the object, journals it, creates it, and returns it as the cluster stored it. `generateName` is filled in
   * here, so that an object whose create got no answer can be looked up: if it is there it is taken, if not the create
   * is repeated.
   * @throws ApiError when the cluster refuses; Error once `releaseAll` has begun
   */
  create<T extends KubernetesObject>(object: T, options: CreateTrackedOptions = {}): Promise<T> {
    const creation = this.#create(object, options)
    const settled = creation.then(
      () => undefined,
      () => undefined,
    )
    this.#underWay.add(settled)
    void settled.then(() => this.#underWay.delete(settled))
    return creation
  }

  /** Removes one of the objects and waits until it is gone. @throws Error with the reason when that fails */
  async release(target: KubernetesObject | ObjectReference, limits: ReleaseLimits): Promise<void> {
    const wanted = this.#options.client.qualify('metadata' in target ? referenceTo(target) : target)
    const entry = [...this.#tracked].find(({ reference }) => isSame(reference, wanted))
    if (entry === undefined)
      throw new Error(`${describeReference(wanted)} was not created by this run, or is released already`)
    const [leftover] = await this.#remove([entry], limits)
    if (leftover !== undefined) throw new Error(leftover)
  }

  /**
   * Removes everything, the last created first, and waits until it is gone. Goes on past errors. Creates that are still
   * under way get a moment to finish; further ones are refused.
   * @returns what is left: `kind namespace/name: reason`
   */
  async releaseAll(limits: ReleaseLimits): Promise<string[]> {
    if (!this.#closing.signal.aborted && this.#underWay.size > 0) {
      const patience = new AbortController()
      const wait = wallSleep(createsUnderWayMilliseconds, undefined, { signal: patience.signal }).catch(() => undefined)
      await Promise.race([Promise.all(this.#underWay), wait])
      patience.abort()
    }
    this.#closing.abort(new Error('the run is removing its objects; nothing is created any more'))
    await Promise.all(this.#underWay)
    return this.#remove([...this.#tracked].reverse(), limits)
  }

  async #create<T extends KubernetesObject>(object: T, options: CreateTrackedOptions): Promise<T> {
    this.#closing.signal.throwIfAborted()
    options.signal?.throwIfAborted()
    const { client, journal, runId, checkup, lifetimeMilliseconds } = this.#options
    const { generateName, ...metadata } = object.metadata
    const name = metadata.name ?? randomName(generateName ?? `${checkup}-`)
    const expiresAt = new Date(Date.now() + lifetimeMilliseconds)
    const reference = client.qualify({ ...referenceTo({ ...object, metadata: { ...metadata, name } }) })
    const place = reference.namespace === undefined ? {} : { namespace: reference.namespace }
    const owned = withOwnership({ ...object, metadata: { ...metadata, name, ...place } }, { runId, checkup, expiresAt })
    const entry: TrackedObject = { reference, object: undefined, gracePeriodSeconds: options.gracePeriodSeconds }
    this.#report('CREATE', 'RUN', reference)
    journal.append({ event: 'intent', ...reference })
    this.#tracked.add(entry)
    const { signal } = this.#closing
    const limited = options.signal === undefined ? signal : AbortSignal.any([options.signal, signal])
    try {
      const created = await this.#createOrAdopt(owned, reference, limited)
      entry.object = created
      entry.reference = { ...reference, ...referenceTo(created) }
      journal.append({ event: 'created', ...entry.reference })
      this.#report('CREATE', 'DONE', reference)
      return created
    } catch (error) {
      if (!isOutcomeUnknown(error) && !limited.aborted) {
        this.#tracked.delete(entry)
        journal.append({ event: 'refused', ...reference, reason: text(error) })
      }
      this.#report('CREATE', 'FAIL', reference, text(error))
      throw error
    }
  }

  async #createOrAdopt<T extends KubernetesObject>(
    object: T,
    reference: ObjectReference,
    signal: AbortSignal,
  ): Promise<T> {
    const { client, runId } = this.#options
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await client.create(object, { signal })
      } catch (error) {
        const taken = attempt > 1 && isApiError(error, 409)
        if (signal.aborted || !(isOutcomeUnknown(error) || taken)) throw error
        const found = await client.getIfExists<T>(reference, { signal })
        if (found !== undefined && runIdOf(found) === runId && found.metadata.deletionTimestamp === undefined)
          return found
        if (found !== undefined || attempt >= createAttempts) throw error
        await wallSleep(attempt * 250, undefined, { signal })
      }
    }
  }

  async #remove(entries: TrackedObject[], limits: ReleaseLimits): Promise<string[]> {
    const startedAt = await limits.clock.now()
    using deadline = limits.clock.deadline(limits.budgetMilliseconds)
    const removal = new Removal(this.#options, limits, startedAt, deadline.signal)
    const leftovers = await removal.run(entries, (entry) => {
      this.#tracked.delete(entry)
      this.#report('DELETE', 'DONE', entry.reference)
    })
    for (const { entry, reason } of leftovers) {
      this.#options.journal.append({ event: 'left', ...entry.reference, reason })
      this.#report('DELETE', 'FAIL', entry.reference, reason)
    }
    return leftovers.map(({ entry, reason }) => `${describeReference(entry.reference)}: ${reason}`)
  }

  #report(
    operation: TrackedOperation['operation'],
    status: TrackedOperation['status'],
    reference: ObjectReference,
    detail?: string,
  ): void {
    const object = describeReference(reference)
    this.#options.onOperation?.({ operation, status, object, ...(detail === undefined ? {} : { detail }) })
  }
}

interface Leftover {
  entry: TrackedObject
  reason: string
}

/** One pass over objects that are to go: ask for all deletions in order, then wait for all of them together. */
class Removal {
  readonly #options: TrackerOptions
  readonly #limits: ReleaseLimits
  readonly #startedAt: number
  readonly #signal: AbortSignal

  constructor(options: TrackerOptions, limits: ReleaseLimits, startedAt: number, signal: AbortSignal) {
    this.#options = options
    this.#limits = limits
    this.#startedAt = startedAt
    this.#signal = signal
  }

  async run(entries: TrackedObject[], gone: (entry: TrackedObject) => void): Promise<Leftover[]> {
    const leftovers: Leftover[] = []
    const unconfirmed: TrackedObject[] = []
    const lingering: Promise<void>[] = []
    const settle = async (entry: TrackedObject, work: Promise<unknown>): Promise<void> => {
      try {
        await work
        this.#options.journal.append({ event: 'removed', ...entry.reference })
        gone(entry)
      } catch (error) {
        leftovers.push({ entry, reason: this.#explain(error) })
      }
    }
    for (const entry of entries) {
      const object = describeReference(entry.reference)
      this.#options.onOperation?.({ operation: 'DELETE', status: 'RUN', object })
      try {
        const answer = await this.#begin(entry)
        // A create that was cut off may still arrive at the cluster: look again at the end.
        if (answer === 'absent' && entry.object === undefined) unconfirmed.push(entry)
        else if (typeof answer === 'string') await settle(entry, Promise.resolve())
        else lingering.push(settle(entry, this.#gone(answer)))
      } catch (error) {
        leftovers.push({ entry, reason: this.#explain(error) })
      }
    }
    await Promise.all(lingering)
    for (const entry of unconfirmed) await settle(entry, this.#removeNow(entry))
    return leftovers
  }

  async #begin(entry: TrackedObject): Promise<KubernetesObject | 'deleted' | 'absent'> {
    const { client, runId } = this.#options
    const options = { signal: this.#signal }
    const known = entry.object?.metadata.uid
    const found = known === undefined ? await this.#lookUp(entry.reference) : { uid: known }
    if (found === 'absent') return 'absent'
    if (found === 'foreign') throw new Error(`an object of that name exists, but it is not of run ${runId}`)
    return client.beginDeletion(entry.reference, {
      ...options,
      uid: found.uid,
      propagationPolicy: 'Background',
      ...(entry.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: entry.gracePeriodSeconds }),
    })
  }

  async #lookUp(reference: ObjectReference): Promise<{ uid: string } | 'absent' | 'foreign'> {
    const found = await this.#options.client.getIfExists(reference, { signal: this.#signal })
    if (found === undefined) return 'absent'
    const { uid } = found.metadata
    return uid !== undefined && runIdOf(found) === this.#options.runId ? { uid } : 'foreign'
  }

  async #removeNow(entry: TrackedObject): Promise<void> {
    const answer = await this.#begin(entry)
    if (typeof answer !== 'string') await this.#gone(answer)
  }

  async #gone(object: KubernetesObject): Promise<void> {
    const { clock, budgetMilliseconds } = this.#limits
    const used = (await clock.now()) - this.#startedAt
    return waitForDeletion(this.#options.client, object, {
      timeoutMilliseconds: Math.max(budgetMilliseconds - used, 1),
      clock,
    })
  }

  #explain(error: unknown): string {
    if (this.#signal.aborted && !(error instanceof WaitTimeoutError)) {
      return `not gone within the ${this.#limits.budgetMilliseconds / 1000} s for cleaning up`
    }
    return text(error)
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function isSame(one: ObjectReference, other: ObjectReference): boolean {
  return one.kind === other.kind && one.namespace === other.namespace && one.name === other.name
}
