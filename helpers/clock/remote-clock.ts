import { performance } from 'node:perf_hooks'
import { WebSocket } from 'ws'
import type { Clock, Deadline } from './clock.ts'
import type { ClockReply, ClockRequest } from './clock-messages.ts'
import { timeLimitIsOver } from './wall-clock.ts'

/** Address of the clock of an embedded cluster, for runs that reach it as they reach any other. */
export const clockVariable = 'KUBEVIRT_ACCEPTANCE_CLOCK'

/** The event loop counts as free when a timer of this many milliseconds is not late by more than the second number. */
const idleTimer = { milliseconds: 2, late: 15 }

interface Waiting {
  due(now?: number): void
  lost(error: Error): void
}

/**
 * The clock of an embedded cluster in another process.
 * @param url as the cluster gives it out: loopback, with a secret token.
 * @throws Error when the cluster cannot be reached or does not know the token.
 */
export async function connectRemoteClock(url: string): Promise<Clock & AsyncDisposable> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const place = new URL(url).host
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', (cause) =>
      reject(
        new Error(
          `no clock of an embedded cluster at ${place}: ${cause.message}. Is the cluster still running, and is this its newest clock address?`,
          { cause },
        ),
      ),
    )
  })
  return new RemoteClock(socket, place)
}

class RemoteClock implements Clock, AsyncDisposable {
  readonly #socket: WebSocket
  readonly #place: string
  readonly #waiting = new Map<number, Waiting>()
  #lost: Error | undefined
  #id = 0

  constructor(socket: WebSocket, place: string) {
    this.#socket = socket
    this.#place = place
    // ws hands over text as a Buffer.
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as ClockReply))
    socket.on('error', (cause) => this.#lose(cause.message))
    socket.on('close', () => this.#lose('the connection was closed'))
  }

  now(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#await('now', { due: (now) => resolve(now ?? Number.NaN), lost: reject })
    })
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error)
        return
      }
      const onAbort = () => {
        this.#cancel(id)
        reject(signal?.reason as Error)
      }
      const settle = () => signal?.removeEventListener('abort', onAbort)
      signal?.addEventListener('abort', onAbort, { once: true })
      const id = this.#await(
        'sleep',
        {
          due: () => {
            settle()
            resolve()
          },
          lost: (error) => {
            settle()
            reject(error)
          },
        },
        milliseconds,
      )
    })
  }

  deadline(milliseconds: number): Deadline {
    const controller = new AbortController()
    const id = this.#await(
      'deadline',
      {
        due: () => controller.abort(timeLimitIsOver(milliseconds)),
        // Without its clock a limit would never end; the guarded work could then hang for ever.
        lost: (error) => controller.abort(error),
      },
      milliseconds,
    )
    return { signal: controller.signal, [Symbol.dispose]: () => this.#cancel(id) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return
    const closed = new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve())
    })
    this.#lose('it was disposed')
    this.#socket.close()
    await closed
  }

  #await(ask: 'now' | 'sleep' | 'deadline', waiting: Waiting, milliseconds = 0): number {
    const id = this.#id++
    if (this.#lost) {
      waiting.lost(this.#lost)
      return id
    }
    this.#waiting.set(id, waiting)
    this.#send(ask === 'now' ? { ask, id } : { ask, id, milliseconds })
    return id
  }

  #cancel(id: number): void {
    if (this.#waiting.delete(id)) this.#send({ ask: 'cancel', id })
  }

  #send(request: ClockRequest): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request))
  }

  #receive(reply: ClockReply): void {
    if (reply.tell === 'probe') {
      const start = performance.now()
      setTimeout(() => {
        const late = performance.now() - start - idleTimer.milliseconds
        this.#send({ ask: 'idle', id: reply.id, idle: late <= idleTimer.late })
      }, idleTimer.milliseconds)
      return
    }
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    waiting?.due(reply.tell === 'now' ? reply.now : undefined)
  }

  #lose(reason: string): void {
    this.#lost ??= new Error(
      `the clock of the embedded cluster at ${this.#place} is gone: ${reason}. The cluster has ended or crashed; its log says why`,
    )
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const each of waiting) each.lost(this.#lost)
  }
}
