import type { Clock } from '../clock/clock.ts'
import { GuestError, type GuestErrorKind } from './guest-error.ts'
import type { CommandResult, Guest } from './guest.ts'

/** What passes: the connection, and a guest that is too busy to answer. */
const passing: ReadonlySet<GuestErrorKind> = new Set([
  'console-unavailable',
  'ssh-unavailable',
  'login-timeout',
  'dropped',
  'command-timeout',
  'framing',
])
const firstPause = 500
const longestPause = 30_000

export interface RetryOptions {
  clock: Clock
  /** For each attempt. */
  timeoutMilliseconds: number
  /** For how long a guest may be out of reach, in the cluster's time. */
  patienceMilliseconds: number
  signal?: AbortSignal
  onProgress?: (message: string) => void
}

/**
 * Runs a command that does no harm when it runs twice, until the guest answers. A console that dropped is opened again
 * by guests that were opened with `reconnect`.
 * @throws GuestError of the last attempt when the patience is at its end, or when waiting cannot help
 */
export async function runPatiently(guest: Guest, command: string, options: RetryOptions): Promise<CommandResult> {
  const { clock, onProgress, patienceMilliseconds, signal, timeoutMilliseconds } = options
  const giveUpAt = (await clock.now()) + patienceMilliseconds
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await guest.run(command, { timeoutMilliseconds, ...(signal && { signal }) })
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof GuestError) || !passing.has(error.kind) || (await clock.now()) + pause > giveUpAt)
        throw error
      onProgress?.(`${guest.vmi} does not answer (${error.kind}), trying again`)
    }
    await clock.sleep(pause, signal)
  }
}
