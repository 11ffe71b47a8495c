import type { Clock } from '../clock/clock.ts'
import { type ApiError, isApiError } from './api-error.ts'
import type { ClusterClient, Selection, ServerVersion } from './cluster-client.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { Permission } from './permission.ts'
import type { ObjectReference } from './resources.ts'
import { WaitFailedError, waitForObject, WaitTimeoutError } from './wait.ts'

/** What was read, or the permission that would have been needed. */
export type Reading<T> = { readonly known: T } | { readonly missing: Permission }

/** What a dry run of a create came to. */
export type DryRun =
  | { readonly outcome: 'admitted' }
  /** Somebody looked at it and refused it, in these words. */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** Nobody could look at it, as when a webhook cannot be called. */
  | { readonly outcome: 'unanswered'; readonly reason: string }

/** The value inside, where there is one. */
export function mapReading<T, R>(reading: Reading<T>, change: (value: T) => R): Reading<R> {
  return 'known' in reading ? { known: change(reading.known) } : reading
}

/** A cluster that is looked at and not changed. What may not be read is told, not thrown; everything else that fails is thrown. */
export class ClusterReader {
  readonly #client: ClusterClient
  readonly #clock: Clock
  readonly #signal: AbortSignal

  constructor(client: ClusterClient, { clock, signal }: { clock: Clock; signal: AbortSignal }) {
    this.#client = client
    this.#clock = clock
    this.#signal = signal
  }

  /** All objects of a kind; none when the cluster does not serve the kind. */
  async list<T extends KubernetesObject>(selection: Selection): Promise<Reading<T[]>> {
    return this.#read(async () => {
      try {
        return (await this.#client.list<T>(selection, { signal: this.#signal })).items
      } catch (error) {
        if (isApiError(error, 404)) return []
        throw error
      }
    })
  }

  /** null: there is none, or the cluster does not serve the kind. */
  async get<T extends KubernetesObject>(reference: ObjectReference): Promise<Reading<T | null>> {
    return this.#read(async () => {
      try {
        return await this.#client.get<T>(reference, { signal: this.#signal })
      } catch (error) {
        if (isApiError(error, 404)) return null
        throw error
      }
    })
  }

  /** The JSON at a path that is not of an object, such as `/apis/kubevirt.io`; null when there is nothing (404). */
  async json<T>(path: string): Promise<Reading<T | null>> {
    return this.#read(async () => {
      try {
        const { body } = await this.#client.request('GET', path, { signal: this.#signal })
        return JSON.parse(body) as T
      } catch (error) {
        if (isApiError(error, 404)) return null
        throw error
      }
    })
  }

  /** URL of the API server. */
  get server(): string {
    return this.#client.server
  }

  version(): Promise<ServerVersion> {
    return this.#client.version({ signal: this.#signal })
  }

  /** Has an object checked as if it were created, webhooks included; nothing is stored. */
  async dryRunCreate(object: KubernetesObject): Promise<Reading<DryRun>> {
    return this.#read<DryRun>(async () => {
      try {
        await this.#client.create(object, { dryRun: true, signal: this.#signal })
        return { outcome: 'admitted' }
      } catch (error) {
        if (!isApiError(error) || error.missingPermission !== undefined) throw error
        const reason = `${error.code} ${error.reason}: ${error.serverMessage}`
        return { outcome: isRefusal(error) ? 'refused' : 'unanswered', reason }
      }
    })
  }

  /**
   * Watches the object until it is as wanted, can no longer become so, or the time is up, and returns it as it was last
   * seen; where it may not be read by name, as it was given.
   */
  async waitWhile<T extends KubernetesObject>(
    object: T,
    { done, hopeless, limitMilliseconds }: WaitWhile<T>,
  ): Promise<T> {
    if (done(object) || hopeless(object) || limitMilliseconds === 0) return object
    let last = object
    try {
      return await waitForObject<T, T>(this.#client, object, {
        clock: this.#clock,
        signal: this.#signal,
        timeoutMilliseconds: limitMilliseconds,
        describe: 'become ready',
        until: (seen) => {
          last = seen
          return done(seen) || hopeless(seen) ? seen : undefined
        },
      })
    } catch (error) {
      if (error instanceof WaitTimeoutError || error instanceof WaitFailedError || isApiError(error, 403)) return last
      throw error
    }
  }

  async #read<T>(work: () => Promise<T>): Promise<Reading<T>> {
    try {
      return { known: await work() }
    } catch (error) {
      const missing = isApiError(error) ? error.missingPermission : undefined
      if (missing === undefined) throw error
      return { missing }
    }
  }
}

/** Webhooks may refuse with any code of 4xx, and are then quoted; the API server itself says 422. */
const isRefusal = ({ code, serverMessage }: ApiError): boolean =>
  code === 422 || (code >= 400 && code < 500 && serverMessage.includes('denied the request'))

interface WaitWhile<T> {
  done: (object: T) => boolean
  hopeless: (object: T) => boolean
  /** In the cluster's time; 0: as it is now. */
  limitMilliseconds: number
}
