import type { Clock } from '../clock/clock.ts'
import { cleanOutput, frame, frameInteractive, longestLine, type Frame, type FrameEnd } from './command-framing.ts'
import { endOfInput, interrupt, interruptForeground, logIn, type LoginStyle } from './console-login.ts'
import { ConsoleStream } from './console-stream.ts'
import { connectWithRetries, type Connect } from './connect-retry.ts'
import {
  abbreviate,
  commandLimit,
  describeLimit,
  GuestError,
  limitOf,
  quoteTail,
  type GuestTimeouts,
  type Limit,
} from './guest-error.ts'
import type { CommandResult, Guest, InteractiveProgram, RunOptions, StartOptions } from './guest.ts'
import { ProgramDialogue } from './program-dialogue.ts'
import { Transcript } from './transcript.ts'

export interface ConsoleGuestOptions {
  /** `namespace/name` of the VirtualMachineInstance. */
  vmi: string
  /** Opens the console subresource, see {@link consolePath}. */
  connect: Connect
  login: LoginStyle
  /** Names that the guest may show in its prompts, e.g. that of the VMI and `localhost`. */
  hostNames: string[]
  clock: Clock
  timeouts: GuestTimeouts
  /** Ends everything, commands that run included. */
  signal: AbortSignal
  /** Applied to the transcript and to error messages, beside our own removal of the password. */
  redact?: (text: string) => string
  onProgress?: (message: string) => void
  /** Called with the transcript when the guest cannot be opened. */
  onTranscript?: (transcript: string) => void
  /** Whether a console that dropped between two commands may be opened again. Never within a command. Default: false. */
  reconnect?: boolean
}

/** More output than this is not text that anybody reads: 16 Mi characters. */
const mostOutput = 16 * 1024 * 1024
/** How long a shell has to answer after Ctrl-C. */
const interruptMilliseconds = 5000

/**
 * Connects to the serial console of a VMI and logs in.
 * @throws GuestError `console-unavailable`, `login-failed`, `login-timeout`, `dropped`
 */
export async function openConsoleGuest(options: ConsoleGuestOptions): Promise<Guest> {
  const guest = new ConsoleGuest(options)
  try {
    await guest.open()
  } catch (error) {
    options.onTranscript?.(guest.transcript())
    await guest[Symbol.asyncDispose]()
    throw error
  }
  return guest
}

class ConsoleGuest implements Guest {
  readonly channel = 'console'
  readonly vmi: string
  readonly #options: ConsoleGuestOptions
  readonly #transcript = new Transcript()
  #stream: ConsoleStream | null = null
  /** The shell may be busy with a command that was given up: it must be won back before the next one. */
  #lost = false
  #disposed = false
  /** Commands run one after the other: there is one terminal. */
  #queue: Promise<unknown> = Promise.resolve()
  /** The program that has the terminal. */
  #foreground: string | null = null

  constructor(options: ConsoleGuestOptions) {
    this.#options = options
    this.vmi = options.vmi
  }

  async open(): Promise<void> {
    await this.#explained(async () => {
      await this.#connect()
    })
  }

  run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    if (options.input !== undefined)
      return Promise.reject(new TypeError(`run ${command}: the input of a command can be given over SSH only`))
    const result = this.#queue.then(() => this.#explained(() => this.#run(command, options)))
    this.#queue = result.catch(() => undefined)
    return result
  }

  start(command: string, options: StartOptions): Promise<InteractiveProgram> {
    const program = this.#queue.then(() => this.#explained(() => this.#start(command, options)))
    this.#queue = program.catch(() => undefined)
    return program
  }

  transcript(): string {
    return this.#redact(this.#transcript.text())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    this.#stream?.[Symbol.dispose]()
    await this.#queue
  }

  async #connect(): Promise<ConsoleStream> {
    const { clock, signal, timeouts } = this.#options
    const duplex = await connectWithRetries({
      connect: this.#options.connect,
      kind: 'console-unavailable',
      what: 'console',
      vmi: this.vmi,
      clock,
      limit: limitOf(timeouts, 'connect'),
      signal,
    })
    this.#transcript.note('console connected')
    const stream = new ConsoleStream(duplex, { vmi: this.vmi, transcript: this.#transcript })
    this.#stream = stream
    await this.#logIn(stream)
    return stream
  }

  async #logIn(stream: ConsoleStream): Promise<void> {
    const { clock, hostNames, login, onProgress, signal, timeouts } = this.#options
    const limit = limitOf(timeouts, 'login')
    this.#lost = true
    await logIn(stream, { vmi: this.vmi, login, hostNames, clock, limit, signal, onProgress })
    this.#lost = false
  }

  async #run(command: string, options: RunOptions): Promise<CommandResult> {
    const { clock, timeouts } = this.#options
    const signal =
      options.signal === undefined ? this.#options.signal : AbortSignal.any([options.signal, this.#options.signal])
    signal.throwIfAborted()
    const { begin, end, line } = this.#fitting(command, frame(command))
    const stream = await this.#ready(command)
    const limit = commandLimit(timeouts, options.timeoutMilliseconds)
    using deadline = clock.deadline(limit.milliseconds)
    const waiting = {
      awaited: `command ${abbreviate(command)} had ended`,
      signal: AbortSignal.any([signal, deadline.signal]),
    }
    const startedAt = await clock.now()
    stream.take()
    stream.send(`${line}\n`)
    try {
      stream.take(await stream.waitFor(begin, waiting))
      const found = await stream.waitFor<FrameEnd>((text, offset) => {
        if (stream.pending > mostOutput) throw this.#tooMuch(command)
        return end(text, offset)
      }, waiting)
      const durationMilliseconds = (await clock.now()) - startedAt
      const output = stream.take(found.outputEnd)
      stream.take(found.markEnd)
      return { command, stdout: cleanOutput(output, command), exitCode: found.exitCode, durationMilliseconds }
    } catch (error) {
      if (stream.closed) throw error
      const soFar = stream.take()
      // The command must not go on beside the next one.
      this.#lost = true
      if (signal.aborted) {
        stream.send(interrupt)
        throw error
      }
      this.#lost = !(await this.#interrupt(stream, signal))
      if (!deadline.signal.aborted || error instanceof GuestError) throw error
      throw this.#timedOut(command, limit, soFar, error)
    }
  }

  async #start(command: string, { prompt, signal, timeoutMilliseconds }: StartOptions): Promise<InteractiveProgram> {
    const { clock, signal: ours, timeouts } = this.#options
    AbortSignal.any(signal === undefined ? [ours] : [signal, ours]).throwIfAborted()
    const { begin, end, line } = this.#fitting(command, frameInteractive(command))
    const stream = await this.#ready(command)
    this.#foreground = command
    stream.take()
    stream.send(`${line}\n`)
    return await ProgramDialogue.open(
      {
        vmi: this.vmi,
        command,
        prompt,
        clock,
        limit: commandLimit(timeouts, timeoutMilliseconds),
        signal: ours,
        stream,
        findBegin: begin,
        findEnd: end,
        exitCodeAfterClose: () => Promise.resolve(null),
        explained: (error) => this.#explain(error),
        release: (running) => this.#release(stream, running),
      },
      signal,
    )
  }

  /** Gives the terminal back to the shell, for the next command. */
  async #release(stream: ConsoleStream, running: boolean): Promise<void> {
    const { signal } = this.#options
    this.#lost = running
    for (const key of [interrupt, endOfInput]) {
      if (!this.#lost || stream.closed || signal.aborted) break
      this.#lost = !(await this.#interrupt(stream, signal, key))
    }
    this.#foreground = null
  }

  /** @throws GuestError `framing` when a terminal would not take it. */
  #fitting(command: string, framed: Frame): Frame {
    if (framed.line.length <= longestLine) return framed
    throw new GuestError(
      'framing',
      this.vmi,
      `Command ${abbreviate(command)} for VMI "${this.vmi}" makes a line of ${framed.line.length} characters; a terminal takes ` +
        `${longestLine}. Write it to a file in the guest in several commands and run that.`,
    )
  }

  async #interrupt(stream: ConsoleStream, signal: AbortSignal, key = interrupt): Promise<boolean> {
    try {
      return await interruptForeground(stream, {
        clock: this.#options.clock,
        milliseconds: interruptMilliseconds,
        signal,
        key,
      })
    } catch (error) {
      // Why the command failed is what the caller must learn, rather than that Ctrl-C did not help either.
      this.#transcript.note(`Ctrl-C: ${error instanceof Error ? error.message : String(error)}`)
      return false
    }
  }

  /** The stream of a console with a shell that waits for us. */
  async #ready(command: string): Promise<ConsoleStream> {
    const { onProgress, reconnect } = this.#options
    if (this.#disposed) throw new TypeError(`The console of VMI "${this.vmi}" has been closed by us`)
    if (this.#foreground !== null)
      throw new GuestError(
        'busy',
        this.vmi,
        `Command ${abbreviate(command)} cannot run on VMI "${this.vmi}" now: program ${abbreviate(this.#foreground)} has its console. ` +
          'Run it before the program is started or after it was disposed, or use SSH, where both can run.',
      )
    const stream = this.#stream
    if (stream === null || stream.closed) {
      if (reconnect !== true)
        throw new GuestError(
          'dropped',
          this.vmi,
          `The console of VMI "${this.vmi}" had dropped before command ${abbreviate(command)} could be sent; ` +
            `last output: ${quoteTail(stream?.recent ?? '')}. Look whether the VMI still runs, and whether somebody else opened its console.`,
        )
      onProgress?.('console dropped between commands, connecting again')
      return await this.#connect()
    }
    if (this.#lost) {
      stream.send(interrupt)
      await this.#logIn(stream)
    }
    return stream
  }

  #timedOut(command: string, limit: Limit, output: string, cause: unknown): GuestError {
    const restarted = /(?:login: ?|Kernel panic[^\n]*[^]*)$/.test(output.trimEnd())
      ? ' The guest seems to have crashed or rebooted meanwhile.'
      : ''
    return new GuestError(
      'command-timeout',
      this.vmi,
      `Command ${abbreviate(command)} on VMI "${this.vmi}" did not end within ${describeLimit(limit)}; ` +
        `its last output: ${quoteTail(output)}.${restarted} ` +
        `It was sent Ctrl-C${this.#lost ? ', and the shell did not come back' : ' and ended'}. Raise the limit if the command needs longer.`,
      { cause },
    )
  }

  #tooMuch(command: string): GuestError {
    return new GuestError(
      'framing',
      this.vmi,
      `Command ${abbreviate(command)} on VMI "${this.vmi}" printed more than ${mostOutput} characters. ` +
        'Write its output to a file in the guest and read the part that is needed.',
    )
  }

  /** Runs `work`; what a user gets to read of its errors is without secrets. */
  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw this.#explain(error)
    }
  }

  #explain(error: unknown): unknown {
    // A new error, because the stack of the old one quotes its message.
    return error instanceof GuestError
      ? new GuestError(error.kind, error.vmi, this.#redact(error.message), { cause: error.cause })
      : error
  }

  #redact(text: string): string {
    const { login, redact } = this.#options
    let redacted = text
    if (login.style === 'password' && login.password !== '')
      // As it is, and as it looks in a quoted excerpt.
      for (const secret of [login.password, JSON.stringify(login.password).slice(1, -1)])
        redacted = redacted.replaceAll(secret, '***')
    return redact === undefined ? redacted : redact(redacted)
  }
}
