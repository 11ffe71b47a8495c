import type { Clock } from '../clock/clock.ts'
import { isApiError } from './api-error.ts'
import type { ClusterClient } from './cluster-client.ts'
import { describeState } from './conditions.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { describeReference, type ObjectReference, referenceTo } from './resources.ts'
import { isRetryable } from './retry.ts'
import { terminalReason } from './terminal-state.ts'

interface WaitLimits {
  /** In the cluster's time. */
  timeoutMilliseconds: number
  /** Where the limit is set, for the message, e.g. `lab.yaml:12:5 checkups.latency.timeout`. */
  limitSource?: string
  clock: Clock
  signal?: AbortSignal | undefined
}

export interface WaitOptions<T extends KubernetesObject, R> extends WaitLimits {
  /** The result as soon as the object is as wanted; undefined until then. Asked before anything that fails the wait. */
  until: (object: T) => R | undefined
  /** Why it can no longer become so, beyond what is always noticed: a final phase, deletion, replacement. */
  failIf?: (object: T) => string | undefined
  /** What is awaited, to follow "to": `become Ready`. */
  describe: string
  /** Finds out more about a wait that has failed; what it returns is added to the message. */
  explain?: (last: T | undefined) => Promise<string | undefined>
  /** Whether an object that does not exist yet may still come. Default: that fails the wait. */
  mayNotExistYet?: boolean
}

/** Time is up. */
export class WaitTimeoutError extends Error {
  override readonly name = 'WaitTimeoutError'
  readonly timeoutMilliseconds: number
  readonly lastSeen: KubernetesObject | undefined
  constructor(message: string, timeoutMilliseconds: number, lastSeen: KubernetesObject | undefined, cause: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.timeoutMilliseconds = timeoutMilliseconds
    this.lastSeen = lastSeen
  }
}

/** What was waited for can no longer happen. */
export class WaitFailedError extends Error {
  override readonly name = 'WaitFailedError'
  readonly lastSeen: KubernetesObject | undefined
  constructor(message: string, lastSeen: KubernetesObject | undefined) {
    super(message)
    this.lastSeen = lastSeen
  }
}

/** `absent`: it is not there (any more). */
type Sighting<T> = { present: T } | 'absent'

/** Wait-and-see interval where watching is not allowed, in the cluster's time. */
const pollMilliseconds = 1000

/**
 * Waits until `until` gives a result for the object and returns it. Watches; where the cluster does not allow that, gets
 * the object every second. Given the object itself (as the create returned it) rather than a reference, no change is
 * missed and a request is saved.
 *
 * @throws WaitFailedError as soon as it cannot succeed; WaitTimeoutError; ApiError for refusals; the signal's reason
 */
export async function waitForObject<T extends KubernetesObject, R>(
  client: ClusterClient,
  target: T | ObjectReference,
  options: WaitOptions<T, R>,
): Promise<R> {
  const reference = identify(client, target)
  let uid = reference.uid
  let last: T | undefined
  const fail = async (reason: string): Promise<never> => {
    const more = await options.explain?.(last)
    throw new WaitFailedError(
      `${describeReference(reference)} cannot ${options.describe}: ${reason}${more === undefined ? '' : `; ${more}`}`,
      last,
    )
  }
  return withinLimits(options, async (signal, interruptions) => {
    for await (const sighting of sightings(client, target, reference, { ...options, signal }, interruptions)) {
      if (sighting === 'absent') {
        if (options.mayNotExistYet === true && last === undefined) continue
        return fail(last === undefined ? 'it does not exist' : 'it has been deleted')
      }
      const object = sighting.present
      if (uid !== undefined && object.metadata.uid !== uid)
        return fail('it has been replaced by another of the same name')
      uid = object.metadata.uid
      last = object
      const result = options.until(object)
      if (result !== undefined) return result
      const reason = options.failIf?.(object) ?? terminalReason(object)
      if (reason !== undefined) return fail(`${reason} (${describeState(object)})`)
    }
    return fail('the watch ended')
  }).catch(async (error: unknown) => {
    if (!(error instanceof TimeIsUp)) throw error
    const more = await options.explain?.(last)
    throw timeoutError(`${describeReference(reference)} did not ${options.describe}`, options, last, error, more)
  })
}

/**
 * Waits until the object, or this very one of its name if a uid is known, is gone.
 * @throws WaitTimeoutError; ApiError; the signal's reason
 */
export async function waitForDeletion(
  client: ClusterClient,
  target: KubernetesObject | ObjectReference,
  limits: WaitLimits,
): Promise<void> {
  const reference = identify(client, target)
  let last: KubernetesObject | undefined
  await withinLimits(limits, async (signal, interruptions) => {
    for await (const sighting of sightings(client, target, reference, { ...limits, signal }, interruptions)) {
      if (sighting === 'absent') return
      if (reference.uid !== undefined && sighting.present.metadata.uid !== reference.uid) return
      last = sighting.present
    }
  }).catch((error: unknown) => {
    if (!(error instanceof TimeIsUp)) throw error
    const holders = last?.metadata.finalizers ?? []
    const more = holders.length === 0 ? undefined : `finalizers that still hold it: ${holders.join(', ')}`
    throw timeoutError(`${describeReference(reference)} was not gone`, limits, last, error, more)
  })
}

class TimeIsUp extends Error {
  constructor(cause: unknown) {
    super('time is up', { cause })
  }
}

async function withinLimits<R>(
  limits: WaitLimits,
  work: (signal: AbortSignal, interruptions: { last: unknown }) => Promise<R>,
): Promise<R> {
  limits.signal?.throwIfAborted()
  using deadline = limits.clock.deadline(limits.timeoutMilliseconds)
  const signal = limits.signal === undefined ? deadline.signal : AbortSignal.any([limits.signal, deadline.signal])
  const interruptions: { last: unknown } = { last: undefined }
  try {
    return await work(signal, interruptions)
  } catch (error) {
    limits.signal?.throwIfAborted()
    if (deadline.signal.aborted) throw new TimeIsUp(interruptions.last)
    throw error
  }
}

function timeoutError(
  what: string,
  limits: WaitLimits,
  last: KubernetesObject | undefined,
  timeIsUp: TimeIsUp,
  more: string | undefined,
): WaitTimeoutError {
  const source = limits.limitSource === undefined ? '' : ` (limit set in ${limits.limitSource})`
  const seen = last === undefined ? 'it was never seen' : `last seen: ${describeState(last)}`
  const trouble = timeIsUp.cause instanceof Error ? `; last trouble with the API server: ${timeIsUp.cause.message}` : ''
  return new WaitTimeoutError(
    `${what} within ${Number((limits.timeoutMilliseconds / 1000).toFixed(3))} s${source}; ${seen}${more === undefined ? '' : `; ${more}`}${trouble}`,
    limits.timeoutMilliseconds,
    last,
    timeIsUp.cause,
  )
}

interface SightingOptions {
  clock: Clock
  signal: AbortSignal
}

/** What the object looks like now, then after every change; by watch where that is allowed, else by asking again. */
async function* sightings<T extends KubernetesObject>(
  client: ClusterClient,
  target: T | ObjectReference,
  reference: ObjectReference,
  options: SightingOptions,
  interruptions: { last: unknown },
): AsyncGenerator<Sighting<T>, void, undefined> {
  let current: T | undefined
  if (isObject(target)) current = target
  else {
    current = await client.getIfExists<T>(reference, options)
    if (current === undefined) yield 'absent'
  }
  if (current !== undefined) yield { present: current }
  if (!refusedWatches(client).has(watchScope(reference))) {
    try {
      yield* watched(client, reference, current, options, interruptions)
      return
    } catch (error) {
      if (!isApiError(error, 403)) throw error
      refusedWatches(client).add(watchScope(reference))
    }
  }
  yield* polled<T>(client, reference, options, interruptions)
}

async function* watched<T extends KubernetesObject>(
  client: ClusterClient,
  reference: ObjectReference,
  current: T | undefined,
  options: SightingOptions,
  interruptions: { last: unknown },
): AsyncGenerator<Sighting<T>, void, undefined> {
  const events = client.watch<T>(reference, {
    signal: options.signal,
    onInterruption: (error) => (interruptions.last = error),
    ...(current === undefined ? {} : { known: [current], resourceVersion: current.metadata.resourceVersion }),
  })
  for await (const event of events) {
    interruptions.last = undefined
    yield event.type === 'DELETED' ? 'absent' : { present: event.object }
  }
}

async function* polled<T extends KubernetesObject>(
  client: ClusterClient,
  reference: ObjectReference,
  options: SightingOptions,
  interruptions: { last: unknown },
): AsyncGenerator<Sighting<T>, void, undefined> {
  for (;;) {
    await options.clock.sleep(pollMilliseconds, options.signal)
    try {
      const object = await client.getIfExists<T>(reference, { signal: options.signal })
      interruptions.last = undefined
      yield object === undefined ? 'absent' : { present: object }
    } catch (error) {
      if (options.signal.aborted || !isRetryable(error, true)) throw error
      interruptions.last = error
    }
  }
}

/** Which watches this connection has been refused, so that each wait does not have to find out again. */
const refusals = new WeakMap<object, Set<string>>()

function refusedWatches(client: ClusterClient): Set<string> {
  const known = refusals.get(client.connection)
  if (known !== undefined) return known
  const fresh = new Set<string>()
  refusals.set(client.connection, fresh)
  return fresh
}

function watchScope({ apiVersion, kind, namespace }: ObjectReference): string {
  return `${apiVersion}/${kind} ${namespace ?? ''}`
}

function identify(client: ClusterClient, target: KubernetesObject | ObjectReference): ObjectReference {
  const reference = isObject(target) ? referenceTo(target) : target
  return client.qualify(reference)
}

function isObject<T extends KubernetesObject>(target: T | ObjectReference): target is T {
  return 'metadata' in target
}
