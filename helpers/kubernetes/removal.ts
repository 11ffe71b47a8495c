import type { Clock } from '../clock/clock.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { runIdOf } from './labels.ts'
import type { ObjectReference } from './resources.ts'
import { waitForDeletion, WaitTimeoutError } from './wait.ts'

/** An object that is to go. */
export interface RemovalTarget {
  reference: ObjectReference
  /** undefined: the answer to its create never came. It is looked up, and removed only if it carries this run's label. */
  uid: string | undefined
  runId: string
  gracePeriodSeconds?: number | undefined
}

export interface RemovalLimits {
  /** For everything together, in the cluster's time. */
  budgetMilliseconds: number
  clock: Clock
}

export interface RemovalHooks<T extends RemovalTarget> {
  begun?: (target: T) => void
  removed?: (target: T) => void
  left?: (target: T, reason: string) => void
}

/**
 * Asks for the deletion of all targets in the order given, then waits for all of them together until they are gone. Goes
 * on past errors; what did not go is told to `left`. Never touches another object of the same name.
 */
export async function removeObjects<T extends RemovalTarget>(
  client: ClusterClient,
  targets: readonly T[],
  { budgetMilliseconds, clock }: RemovalLimits,
  hooks: RemovalHooks<T>,
): Promise<void> {
  const startedAt = await clock.now()
  using deadline = clock.deadline(budgetMilliseconds)
  const { signal } = deadline
  const attempt = async (target: T, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
      hooks.removed?.(target)
    } catch (error) {
      const timedOut = signal.aborted && !(error instanceof WaitTimeoutError)
      const text = error instanceof Error ? error.message : String(error)
      hooks.left?.(target, timedOut ? `not gone within the ${budgetMilliseconds / 1000} s for cleaning up` : text)
    }
  }
  const untilGone = async (object: KubernetesObject): Promise<void> => {
    const used = (await clock.now()) - startedAt
    await waitForDeletion(client, object, { timeoutMilliseconds: Math.max(budgetMilliseconds - used, 1), clock })
  }
  const unconfirmed: T[] = []
  const lingering: Promise<void>[] = []
  for (const target of targets) {
    hooks.begun?.(target)
    const answer = await begin(client, target, signal).catch((error: unknown) => ({ error }))
    if (typeof answer === 'object' && 'error' in answer) {
      await attempt(target, () => Promise.reject(answer.error))
    } else if (answer === 'absent' && target.uid === undefined) {
      // A create that was cut off may still arrive at the cluster: look again at the end.
      unconfirmed.push(target)
    } else if (typeof answer === 'string') await attempt(target, () => Promise.resolve())
    else lingering.push(attempt(target, () => untilGone(answer)))
  }
  await Promise.all(lingering)
  for (const target of unconfirmed) {
    await attempt(target, async () => {
      const answer = await begin(client, target, signal)
      if (typeof answer !== 'string') await untilGone(answer)
    })
  }
}

async function begin(
  client: ClusterClient,
  target: RemovalTarget,
  signal: AbortSignal,
): Promise<KubernetesObject | 'deleted' | 'absent'> {
  const { reference, gracePeriodSeconds } = target
  const uid = target.uid ?? (await lookUp(client, target, signal))
  if (uid === undefined) return 'absent'
  return client.beginDeletion(reference, {
    signal,
    uid,
    // A Job is gone when its pods are: until then they go on creating things.
    propagationPolicy: reference.kind === 'Job' ? 'Foreground' : 'Background',
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  })
}

async function lookUp(client: ClusterClient, target: RemovalTarget, signal: AbortSignal): Promise<string | undefined> {
  const found = await client.getIfExists(target.reference, { signal })
  if (found !== undefined && runIdOf(found) !== target.runId) {
    throw new Error(`an object of that name exists, but it is not of run ${target.runId}`)
  }
  return found?.metadata.uid
}
