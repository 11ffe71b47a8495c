import { setTimeout as wallSleep } from 'node:timers/promises'
import type { Journal } from '../run/journal.ts'
import { isApiError } from './api-error.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { KubernetesObject, OwnerReference } from './kubernetes-object.ts'
import { assertLabelValue, runIdOf, withOwnership } from './labels.ts'
import { randomName } from './random-name.ts'
import { describeReference, type ObjectReference, referenceTo } from './resources.ts'
import { type RemovalLimits, removeObjects } from './removal.ts'
import { isOutcomeUnknown } from './retry.ts'

export interface TrackerOptions {
  client: ClusterClient
  journal: Journal
  runId: string
  /** Written on every object, e.g. `latency`. */
  checkup: string
  /** How long the objects may be needed, in wall time; a sweep removes them afterwards. */
  lifetimeMilliseconds: number
  /** The pod that the run is in: objects in its namespace are removed with it, should the run not get to it. */
  owner?: { reference: OwnerReference; namespace: string } | undefined
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

interface TrackedObject {
  /** Without uid until the cluster has confirmed the create. */
  reference: ObjectReference
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

  /** Removes in the end an object, too, that came to be because of those that were created. It has to have its uid. */
  adopt(object: KubernetesObject): void {
    const reference = this.#options.client.qualify(referenceTo(object))
    this.#tracked.add({ reference, gracePeriodSeconds: undefined })
  }

  /** Removes one of the objects and waits until it is gone. @throws Error with the reason when that fails */
  async release(target: KubernetesObject | ObjectReference, limits: RemovalLimits): Promise<void> {
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
  async releaseAll(limits: RemovalLimits): Promise<string[]> {
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
    const owners = this.#ownersOf(object, reference.namespace)
    const owned = withOwnership(
      { ...object, metadata: { ...metadata, name, ...place, ...owners } },
      { runId, checkup, expiresAt },
    )
    const entry: TrackedObject = { reference, gracePeriodSeconds: options.gracePeriodSeconds }
    this.#report('CREATE', 'RUN', reference)
    journal.append({ event: 'intent', ...reference })
    this.#tracked.add(entry)
    const { signal } = this.#closing
    const limited = options.signal === undefined ? signal : AbortSignal.any([options.signal, signal])
    try {
      const created = await this.#createOrAdopt(owned, reference, limited)
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

  /** An owner in another namespace is one that does not exist, and its objects are removed at once. */
  #ownersOf(
    { metadata: { ownerReferences = [] } }: KubernetesObject,
    namespace: string | undefined,
  ): { ownerReferences?: OwnerReference[] } {
    const { owner } = this.#options
    if (owner === undefined || owner.namespace !== namespace) return {}
    return { ownerReferences: [...ownerReferences, owner.reference] }
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

  async #remove(entries: TrackedObject[], limits: RemovalLimits): Promise<string[]> {
    const { client, journal, runId } = this.#options
    const leftovers: string[] = []
    const targets = entries.map((entry) => ({
      entry,
      reference: entry.reference,
      uid: entry.reference.uid,
      runId,
      gracePeriodSeconds: entry.gracePeriodSeconds,
    }))
    await removeObjects(client, targets, limits, {
      begun: ({ reference }) => this.#report('DELETE', 'RUN', reference),
      removed: ({ entry, reference }) => {
        this.#tracked.delete(entry)
        journal.append({ event: 'removed', ...reference })
        this.#report('DELETE', 'DONE', reference)
      },
      left: ({ reference }, reason) => {
        leftovers.push(`${describeReference(reference)}: ${reason}`)
        journal.append({ event: 'left', ...reference, reason })
        this.#report('DELETE', 'FAIL', reference, reason)
      },
    })
    return leftovers
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

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function isSame(one: ObjectReference, other: ObjectReference): boolean {
  return one.kind === other.kind && one.namespace === other.namespace && one.name === other.name
}
