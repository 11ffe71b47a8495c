import type { Clock } from '../clock/clock.ts'
import { longestLine } from './command-framing.ts'
import type { ConsoleStream, Matcher } from './console-stream.ts'
import { abbreviate, describeLimit, GuestError, quoteTail, type Limit } from './guest-error.ts'
import type { InteractiveProgram, RunOptions } from './guest.ts'
import { withoutTornInMessages } from './kernel-messages.ts'

/** How a program ended, and where its output did. */
interface ProgramEnd {
  /** Position on the stream, see {@link Matcher}. */
  outputEnd: number
  exitCode: number
}

/** The channel-dependent side of a program that is talked to. */
interface ProgramHost {
  vmi: string
  command: string
  prompt: string
  clock: Clock
  /** For whatever brings no limit of its own. */
  limit: Limit
  /** Ends every wait. */
  signal: AbortSignal
  stream: ConsoleStream
  /** Finds where the output of the program begins. */
  findBegin: Matcher<number>
  /** Finds the end of the program in what it printed. */
  findEnd: Matcher<ProgramEnd>
  /** The exit code when the stream ended because the program did; null when the connection dropped. */
  exitCodeAfterClose(): Promise<number | null>
  /** An error as a user may see it. */
  explained(error: unknown): unknown
  /** Takes the terminal back. `running`: the program may still be there. */
  release(running: boolean): Promise<void>
}

/** Silence behind a prompt at the beginning of a line that makes it one, in milliseconds of the cluster's time. */
const silenceOfPrompt = 100
/** The same for a prompt behind other text, which is more likely part of a text about prompts. */
const silenceOfPromptWithinLine = 1000
/** More output than this is not text that anybody reads: 16 Mi characters. */
const mostOutput = 16 * 1024 * 1024

interface Sight {
  kind: 'prompt' | 'end'
  /** What was printed up to the prompt or the end. */
  output: string
  exitCode: number
}

/** Talks to a program that has a terminal and shows a prompt whenever it waits for a line. */
export class ProgramDialogue implements InteractiveProgram {
  readonly #host: ProgramHost
  #banner = ''
  /** Why no more lines can be sent. */
  #over: { kind: 'ended'; exitCode: number } | { kind: 'lost'; why: string } | null = null
  #released = false
  /** One line after the other: what is printed belongs to the last one. */
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(host: ProgramHost) {
    this.#host = host
  }

  /** To be called right after the program was started, with its output still to come on `host.stream`. */
  static async open(host: ProgramHost, signal?: AbortSignal): Promise<ProgramDialogue> {
    const dialogue = new ProgramDialogue(host)
    try {
      const { kind, output, exitCode } = await dialogue.#waiting('its prompt', host.limit, signal, host.findBegin)
      dialogue.#banner = output
      if (kind === 'end') {
        await dialogue.#ended(exitCode)
        throw dialogue.#endedError(`ended with exit code ${exitCode} before it showed its prompt`, output)
      }
      return dialogue
    } catch (error) {
      await dialogue[Symbol.asyncDispose]()
      throw error
    }
  }

  get banner(): string {
    return this.#banner
  }

  send(line: string, options: RunOptions = {}): Promise<string> {
    const result = this.#queue
      .then(() => this.#send(line, options))
      .catch((error: unknown) => {
        throw this.#host.explained(error)
      })
    this.#queue = result.catch(() => undefined)
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue
    if (this.#released) return
    this.#released = true
    const running = this.#over?.kind !== 'ended'
    this.#over ??= { kind: 'lost', why: 'it was closed by us' }
    await this.#host.release(running)
  }

  async #send(line: string, { signal, timeoutMilliseconds }: RunOptions): Promise<string> {
    const { command, limit, stream, vmi } = this.#host
    const program = abbreviate(command)
    if (/[\r\n]/.test(line))
      throw new TypeError(`A line for program ${program} must not hold a line end: ${JSON.stringify(line)}`)
    if (line.length > longestLine)
      throw new GuestError(
        'framing',
        vmi,
        `A line of ${line.length} characters for program ${program} on VMI "${vmi}" is too long; a terminal takes ${longestLine}.`,
      )
    if (this.#over?.kind === 'ended')
      throw this.#endedError(`had ended with exit code ${this.#over.exitCode} before ${abbreviate(line)} was sent`, '')
    if (this.#over?.kind === 'lost')
      throw new GuestError(
        'program-ended',
        vmi,
        `Program ${program} on VMI "${vmi}" takes no more lines, so ${abbreviate(line)} was not sent: ${this.#over.why}. Start it again.`,
      )
    stream.take()
    stream.send(`${line}\n`)
    const own: Limit =
      timeoutMilliseconds === undefined
        ? limit
        : { milliseconds: timeoutMilliseconds, setBy: 'timeoutMilliseconds of this line' }
    const sight = await this.#waiting(`its prompt after ${abbreviate(line)}`, own, signal)
    const output = withoutEcho(sight.output, line)
    if (sight.kind === 'prompt') return output
    await this.#ended(sight.exitCode)
    if (sight.exitCode === 0) return output
    throw this.#endedError(`ended with exit code ${sight.exitCode} after ${abbreviate(line)}`, output)
  }

  /**
   * Waits for the prompt or the end. On anything else the program is given up: a late answer must not be taken for that
   * of another line.
   */
  async #waiting(what: string, limit: Limit, cancelled?: AbortSignal, findBegin?: Matcher<number>): Promise<Sight> {
    const { clock, command, stream, vmi } = this.#host
    using deadline = clock.deadline(limit.milliseconds)
    const signals = [this.#host.signal, deadline.signal, ...(cancelled === undefined ? [] : [cancelled])]
    const awaited = `program ${abbreviate(command)} had shown ${what}`
    const signal = AbortSignal.any(signals)
    try {
      if (findBegin !== undefined) stream.take(await stream.waitFor(findBegin, { awaited, signal }))
      return await this.#see(awaited, signal)
    } catch (error) {
      if (stream.closed) {
        const exitCode = await this.#host.exitCodeAfterClose()
        if (exitCode !== null) return { kind: 'end', output: textOf(stream.take()), exitCode }
        this.#over = { kind: 'lost', why: 'its connection dropped' }
        throw error
      }
      const output = stream.take()
      const timedOut = deadline.signal.aborted && !(error instanceof GuestError)
      this.#over = {
        kind: 'lost',
        why: timedOut ? 'it had not answered in time before' : 'waiting for it was given up',
      }
      if (!timedOut || this.#host.signal.aborted || cancelled?.aborted === true) throw error
      throw new GuestError(
        'command-timeout',
        vmi,
        `Program ${abbreviate(command)} on VMI "${vmi}" did not show ${what} within ${describeLimit(limit)}; ` +
          `its last output: ${quoteTail(textOf(output))}. Raise the limit if it needs longer; otherwise look whether ${JSON.stringify(this.#host.prompt)} is its prompt.`,
        { cause: error },
      )
    }
  }

  async #see(awaited: string, signal: AbortSignal): Promise<Sight> {
    const { prompt, stream } = this.#host
    for (;;) {
      const seen = await stream.waitFor(this.#matcher, { awaited, signal })
      if (seen.kind === 'end') {
        const output = textOf(stream.take(seen.outputEnd))
        return { kind: 'end', output, exitCode: seen.exitCode }
      }
      const silence = seen.atLineStart ? silenceOfPrompt : silenceOfPromptWithinLine
      if (await this.#isFollowed(seen.position, silence, awaited, signal)) continue
      const text = textOf(stream.take())
      return { kind: 'prompt', output: text.slice(0, text.length - prompt.length), exitCode: 0 }
    }
  }

  /**
   * Whether more comes within `milliseconds`: a prompt is what nothing follows. This is slept through and no time limit,
   * so that an embedded cluster may skip it.
   */
  async #isFollowed(position: number, milliseconds: number, awaited: string, signal: AbortSignal): Promise<boolean> {
    const { clock, stream } = this.#host
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    const followed = stream
      .waitFor((text, offset) => (offset + text.length > position ? true : undefined), { awaited, signal: either })
      .catch((error: unknown) => {
        if (over.signal.aborted && !signal.aborted && !stream.closed) return false
        throw error
      })
    const silent = clock.sleep(milliseconds, either).then(
      () => over.abort(new Error('silence')),
      (error: unknown) => {
        if (!either.aborted) throw error
      },
    )
    try {
      return await Promise.race([followed, silent.then(() => followed)])
    } finally {
      over.abort(new Error('done'))
      await silent
    }
  }

  readonly #matcher: Matcher<
    ({ kind: 'end' } & ProgramEnd) | { kind: 'prompt'; position: number; atLineStart: boolean }
  > = (text, offset) => {
    const { command, findEnd, prompt, stream, vmi } = this.#host
    if (stream.pending > mostOutput)
      throw new GuestError(
        'framing',
        vmi,
        `Program ${abbreviate(command)} on VMI "${vmi}" printed more than ${mostOutput} characters and no prompt ${JSON.stringify(prompt)}.`,
      )
    const end = findEnd(text, offset)
    if (end !== undefined) return { kind: 'end', ...end }
    const whole = withoutTornInMessages(text)
    if (!whole.endsWith(prompt)) return undefined
    const before = whole.at(-prompt.length - 1)
    return {
      kind: 'prompt',
      position: offset + text.length,
      atLineStart: before === undefined || before === '\n' || before === '\r',
    }
  }

  async #ended(exitCode: number): Promise<void> {
    this.#over = { kind: 'ended', exitCode }
    if (this.#released) return
    this.#released = true
    await this.#host.release(false)
  }

  #endedError(what: string, output: string): GuestError {
    const { command, prompt, vmi } = this.#host
    return new GuestError(
      'program-ended',
      vmi,
      `Program ${abbreviate(command)} on VMI "${vmi}" ${what}${what.endsWith('its prompt') ? ` ${JSON.stringify(prompt)}` : ''}; ` +
        `its output: ${quoteTail(output, 2000)}. Look there for the reason; the transcript has all of it.`,
    )
  }
}

/** Line ends normalised, and without the kernel messages that landed in it. */
function textOf(raw: string): string {
  return withoutTornInMessages(raw.replaceAll(/\r+\n/g, '\n'))
}

/**
 * Output without the echo of the line that was typed. Line editors wrap and redraw what is typed, so that carriage
 * returns, line feeds and spaces may stand in between; an echo that cannot be recognised stays.
 */
function withoutEcho(output: string, line: string): string {
  let at = 0
  for (const character of line.replaceAll(/\s/g, '')) {
    while (/\s/.test(output.charAt(at))) at += 1
    if (output.charAt(at) !== character) return output
    at += 1
  }
  const end = /^[ \r]*\n/.exec(output.slice(at))
  return end === null ? output : output.slice(at + end[0].length)
}
