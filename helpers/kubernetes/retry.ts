import { setTimeout as wallSleep } from 'node:timers/promises'
import { ApiError, ConnectionError, RequestTimeoutError } from './api-error.ts'
import { KubeconfigError } from './kubeconfig.ts'

/** How persistent a client is. Times are wall time: an overloaded API server is real, also in front of a simulation. */
export interface RetryPolicy {
  /** Retries after the first attempt. */
  retries: number
  /** Pause before the first retry; it doubles from there, each with up to half of it in jitter. */
  pauseMilliseconds: number
  maximumPauseMilliseconds: number
  /** No further attempt begins later than this after the first one began. */
  budgetMilliseconds: number
  /** Waits between attempts. Wall time unless the cluster runs by a clock of its own, which would not notice. */
  pause: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>
}

export const defaultRetryPolicy: RetryPolicy = {
  retries: 6,
  pauseMilliseconds: 100,
  maximumPauseMilliseconds: 5000,
  budgetMilliseconds: 25_000,
  pause: (milliseconds, signal) => wallSleep(milliseconds, undefined, signal === undefined ? {} : { signal }),
}

/** Carries the `Retry-After` of an answer, in milliseconds, past the error that it became. */
export const retryAfter = new WeakMap<ApiError, number>()

/**
 * Whether another attempt can help. Refusals never change by asking again. What may have been carried out already is
 * repeated only when doing it twice is the same as doing it once.
 */
export function isRetryable(error: unknown, idempotent: boolean): boolean {
  if (error instanceof ApiError) {
    // Admission comes before storage: what a webhook could not be asked about has not been stored.
    if (error.code === 429 || (error.code === 500 && error.serverMessage.includes('failed calling webhook')))
      return true
    if (!idempotent) return false
    return [502, 503, 504].includes(error.code) || (error.code === 500 && isTransientInternalError(error.serverMessage))
  }
  if (error instanceof RequestTimeoutError) return idempotent
  if (!(error instanceof ConnectionError) || !isTransientConnectionError(error.code)) return false
  return idempotent || !error.outcomeUnknown
}

/** Whether what was asked for may have been carried out although the answer is missing or an error. */
export function isOutcomeUnknown(error: unknown): boolean {
  if (error instanceof ApiError) return error.code >= 500
  if (error instanceof ConnectionError) return error.outcomeUnknown
  return !(error instanceof KubeconfigError)
}

function isTransientInternalError(message: string): boolean {
  return /etcdserver|leader changed|storage is \(re\)initializing|connection refused|context deadline exceeded|i\/o timeout/i.test(
    message,
  )
}

function isTransientConnectionError(code: string): boolean {
  // ENOTFOUND and certificate problems are settings; they do not heal within seconds.
  return [
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
    'ERR_STREAM_PREMATURE_CLOSE',
  ].includes(code)
}

/** Runs `attempt` until it succeeds, fails for good, or the policy is used up; then throws its last error. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  options: { idempotent: boolean; policy: RetryPolicy; signal?: AbortSignal | undefined },
): Promise<T> {
  const { policy, signal } = options
  const giveUpAt = performance.now() + policy.budgetMilliseconds
  for (let retry = 0; ; retry += 1) {
    try {
      return await attempt()
    } catch (error) {
      const pause = pauseBefore(retry, error, policy)
      if (retry >= policy.retries || !isRetryable(error, options.idempotent) || performance.now() + pause > giveUpAt) {
        throw error
      }
      await policy.pause(pause, signal)
    }
  }
}

export function pauseBefore(retry: number, error: unknown, policy: RetryPolicy): number {
  const doubled = Math.min(policy.pauseMilliseconds * 2 ** Math.min(retry, 20), policy.maximumPauseMilliseconds)
  const jittered = doubled * (1 + Math.random() / 2)
  const asked = error instanceof ApiError ? (retryAfter.get(error) ?? 0) : 0
  return Math.max(jittered, Math.min(asked, 10_000))
}
