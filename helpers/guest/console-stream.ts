import type { Duplex } from 'node:stream'
import { EscapeSequenceFilter } from './escape-sequences.ts'
import { GuestError, quoteTail } from './guest-error.ts'
import type { Transcript } from './transcript.ts'

/** How much of the newest text a matcher sees, beside what just arrived. Nothing that is waited for is longer. */
const window = 4096

/**
 * Looks at the newest text; returns undefined while what it looks for is not there. `offset` is the position of
 * `text[0]` in everything received on this stream.
 */
export type Matcher<T> = (text: string, offset: number) => T | undefined

export interface WaitOptions {
  /** What is waited for, in words, for the error message. */
  awaited: string
  /** The wait rejects with this signal's reason. */
  signal: AbortSignal
}

interface Waiter {
  /** Whether the wait is over. */
  look(text: string, offset: number): boolean
  fail(error: unknown): void
}

/** The receiving and sending side of one console connection: bytes become text without terminal control sequences. */
export class ConsoleStream implements Disposable {
  readonly #duplex: Duplex
  readonly #vmi: string
  readonly #transcript: Transcript
  readonly #decoder = new TextDecoder('utf-8')
  readonly #filter = new EscapeSequenceFilter()
  /** Text from #takenUpTo on, in the pieces that it arrived in. */
  #pieces: string[] = []
  #takenUpTo = 0
  #receivedUpTo = 0
  #recent = ''
  #newest = ''
  #waiter: Waiter | null = null
  #awaited = ''
  #end: { cause: unknown } | null = null

  constructor(duplex: Duplex, options: { vmi: string; transcript: Transcript }) {
    this.#duplex = duplex
    this.#vmi = options.vmi
    this.#transcript = options.transcript
    duplex.on('data', this.#onData)
    duplex.on('end', this.#onEnd)
    duplex.on('close', this.#onEnd)
    duplex.on('error', this.#onError)
    if (duplex.destroyed || duplex.readableEnded) this.#onEnd()
  }

  get closed(): boolean {
    return this.#end !== null
  }

  /** Number of characters received so far. */
  get position(): number {
    return this.#receivedUpTo
  }

  /** Number of characters that nobody has taken yet. */
  get pending(): number {
    return this.#receivedUpTo - this.#takenUpTo
  }

  /** The newest text, taken or not, at most a few thousand characters. */
  get recent(): string {
    return this.#newest
  }

  /** @throws GuestError `dropped` when the connection has ended. */
  send(text: string, options: { secret?: boolean } = {}): void {
    if (this.#end !== null) throw this.#dropped('something could be sent')
    this.#transcript.sent(text, options)
    this.#duplex.write(text)
  }

  /** Removes and returns the text up to a position (see {@link Matcher}); later waits see nothing before it. */
  take(upTo: number = this.#receivedUpTo): string {
    const all = this.#pieces.join('')
    const length = Math.max(0, Math.min(upTo - this.#takenUpTo, all.length))
    const rest = all.slice(length)
    this.#pieces = rest === '' ? [] : [rest]
    this.#takenUpTo += length
    this.#recent = this.#recent.slice(Math.max(0, this.#recent.length - rest.length))
    return all.slice(0, length)
  }

  /**
   * Resolves with what `matcher` finds in the text not yet taken.
   * @throws GuestError `dropped` as soon as the connection ends; otherwise the reason of `signal`.
   */
  waitFor<T>(matcher: Matcher<T>, { awaited, signal }: WaitOptions): Promise<T> {
    if (this.#waiter !== null) throw new TypeError('Only one wait at a time is possible on a console stream')
    return new Promise<T>((resolve, reject) => {
      const finish = (): void => {
        this.#waiter = null
        signal.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = {
        look: (text, offset) => {
          let found: T | undefined
          try {
            found = matcher(text, offset)
          } catch (error) {
            waiter.fail(error)
            return true
          }
          if (found === undefined) return false
          finish()
          resolve(found)
          return true
        },
        fail: (error) => {
          finish()
          reject(error instanceof Error ? error : new Error(String(error)))
        },
      }
      const onAbort = (): void => waiter.fail(signal.reason)
      this.#waiter = waiter
      // Several chunks may have come since the last wait: look at all that nobody has taken.
      if (waiter.look(this.#pieces.join(''), this.#takenUpTo)) return
      if (signal.aborted) onAbort()
      else if (this.#end !== null) waiter.fail(this.#dropped(awaited))
      else {
        signal.addEventListener('abort', onAbort, { once: true })
        this.#awaited = awaited
      }
    })
  }

  [Symbol.dispose](): void {
    this.#duplex.off('data', this.#onData)
    if (this.#end === null) this.#end = { cause: undefined }
    this.#waiter?.fail(this.#dropped(this.#awaited))
    // An error that arrives after this is about a connection that nobody uses any more.
    this.#duplex.destroy()
  }

  readonly #onData = (chunk: Buffer | string): void => {
    const raw = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true })
    this.#transcript.received(raw)
    const text = this.#filter.filter(raw)
    if (text === '') return
    this.#pieces.push(text)
    this.#receivedUpTo += text.length
    const kept = Math.min(this.#recent.length, window)
    this.#recent = this.#recent.slice(this.#recent.length - kept) + text
    this.#newest = (this.#newest + text).slice(-window)
    this.#waiter?.look(this.#recent, this.#receivedUpTo - this.#recent.length)
  }

  readonly #onEnd = (): void => this.#ended(undefined)

  readonly #onError = (error: Error): void => this.#ended(error)

  #ended(cause: unknown): void {
    if (this.#end !== null) return
    this.#end = { cause }
    this.#transcript.note(`the console connection ended${cause instanceof Error ? `: ${cause.message}` : ''}`)
    this.#waiter?.fail(this.#dropped(this.#awaited))
  }

  #dropped(awaited: string): GuestError {
    const cause = this.#end?.cause
    const why = cause instanceof Error ? ` (${cause.message})` : ''
    return new GuestError(
      'dropped',
      this.#vmi,
      `The console of VMI "${this.#vmi}" dropped${why} before ${awaited}; last output: ${quoteTail(this.recent)}. ` +
        'Look whether the VMI still runs, and whether somebody else opened its console: a second connection ends the first.',
      { cause },
    )
  }
}
