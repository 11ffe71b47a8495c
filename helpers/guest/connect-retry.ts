import type { Duplex } from 'node:stream'
import type { Clock } from '../clock/clock.ts'
import { ApiError, ConnectionError, RequestTimeoutError } from '../kubernetes/api-error.ts'
import { describeLimit, GuestError, type Limit } from './guest-error.ts'

/** Opens one byte stream to a guest: a WebSocket of one of its subresources. */
export type Connect = (signal: AbortSignal) => Promise<Duplex>

const firstPause = 250
const longestPause = 2000

/** Path of the serial console subresource, to be opened with the WebSocket protocol `plain.kubevirt.io`. */
export function consolePath(namespace: string, name: string): string {
  return `${subresources(namespace, name)}/console`
}

/** Path of the port-forward subresource to a TCP port of the guest; needs a VMI with an address in its status. */
export function portForwardPath(namespace: string, name: string, port: number): string {
  return `${subresources(namespace, name)}/portforward/${port}/tcp`
}

function subresources(namespace: string, name: string): string {
  const [inNamespace, vmi] = [namespace, name].map(encodeURIComponent)
  return `/apis/subresources.kubevirt.io/v1/namespaces/${inNamespace}/virtualmachineinstances/${vmi}`
}

/**
 * Connects to a guest that may not be up yet. What can change by itself is tried again with growing pauses: 400 (the VMI
 * is not running yet), 5xx (nobody listens in the guest, virt-handler is away) and lost connections. What cannot (403,
 * 404, 409: the VMI has failed) is an error at once.
 * @throws GuestError of `kind`
 */
export async function connectWithRetries(options: {
  connect: Connect
  kind: 'console-unavailable' | 'ssh-unavailable'
  /** E.g. `console` or `SSH port`. */
  what: string
  vmi: string
  clock: Clock
  limit: Limit
  signal: AbortSignal
}): Promise<Duplex> {
  const { clock, kind, limit, vmi, what } = options
  using deadline = clock.deadline(limit.milliseconds)
  const signal = AbortSignal.any([options.signal, deadline.signal])
  let pause = firstPause
  let last: unknown
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await abandonable(options.connect(signal), signal)
    } catch (error) {
      options.signal.throwIfAborted()
      if (!deadline.signal.aborted) {
        last = error
        if (!canHeal(error))
          throw new GuestError(kind, vmi, `The ${what} of VMI "${vmi}" cannot be opened: ${describe(error)}`, {
            cause: error,
          })
      }
    }
    if (!deadline.signal.aborted) {
      try {
        await clock.sleep(pause, signal)
      } catch {
        options.signal.throwIfAborted()
      }
    }
    if (deadline.signal.aborted)
      throw new GuestError(
        kind,
        vmi,
        `The ${what} of VMI "${vmi}" could not be opened within ${describeLimit(limit)}, ${attempt} attempts; ` +
          `the last answer: ${last === undefined ? 'none' : describe(last)}. Look at the phase and the conditions of the VMI, or raise the limit.`,
        { cause: last },
      )
    pause = Math.min(pause * 2, longestPause)
  }
}

/** A `connect` that ignores its signal must not hold up the limit, and must not leave a connection behind either. */
async function abandonable(connecting: Promise<Duplex>, signal: AbortSignal): Promise<Duplex> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => {
    aborted.reject(signal.reason as Error)
    void connecting.then(
      (duplex) => duplex.destroy(),
      () => undefined,
    )
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([connecting, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function canHeal(error: unknown): boolean {
  if (error instanceof ApiError) return error.code === 400 || error.code === 429 || error.code >= 500
  return error instanceof ConnectionError || error instanceof RequestTimeoutError
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
