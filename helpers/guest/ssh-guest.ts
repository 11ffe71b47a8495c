import type { Duplex } from 'node:stream'
import ssh2, { type Client, type ClientChannel } from 'ssh2'
import type { Clock } from '../clock/clock.ts'
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
import { ConsoleStream } from './console-stream.ts'
import { overSftp } from './ssh-files.ts'
import type { CommandResult, Guest, GuestFiles, InteractiveProgram, RunOptions, StartOptions } from './guest.ts'
import { ProgramDialogue } from './program-dialogue.ts'
import { abandon, codeOfSignal, SshTerminal } from './ssh-terminal.ts'
import { quote } from '../tools/shell-quote.ts'
import { fingerprint, publicKeyBytes } from './ssh-keys.ts'
import { Transcript } from './transcript.ts'

export interface SshGuestOptions {
  /** `namespace/name` of the VirtualMachineInstance. */
  vmi: string
  /** Opens the port-forward subresource to the guest's SSH port, see {@link portForwardPath}. */
  connect: Connect
  username: string
  /** OpenSSH format. */
  privateKey: string
  /** The public key that the guest must prove to have; without it any guest is believed. */
  hostKey?: string
  clock: Clock
  /** `connect` and `login` together are the time until the guest lets us in, its boot included. */
  timeouts: GuestTimeouts
  /** Ends everything, commands that run included. */
  signal: AbortSignal
  redact?: (text: string) => string
  onProgress?: (message: string) => void
  /** Opens a new connection for the next command when the last one dropped. The command that it dropped is not run again. */
  reconnect?: boolean
  /** Called with the transcript when the guest cannot be opened. */
  onTranscript?: (transcript: string) => void
}

/** In wall time: a dead peer is real, also in front of a simulation. */
const keepalive = { keepaliveInterval: 10_000, keepaliveCountMax: 3 }
/** A connection that was accepted before the guest's server was there stays silent for ever: how long to wait for a byte. */
const greetingMilliseconds = 3000
const silence = 'it said nothing'
const firstPause = 500
const longestPause = 4000
/** More output than this is not text that anybody reads: 16 MiB. */
const mostOutput = 16 * 1024 * 1024

/**
 * Connects to the SSH server of a guest through its VMI's port-forward subresource.
 * @throws GuestError `ssh-unavailable`, `login-failed`
 */
export async function openSshGuest(options: SshGuestOptions): Promise<Guest> {
  const guest = new SshGuest(options)
  try {
    await guest.open()
  } catch (error) {
    options.onTranscript?.(guest.transcript())
    await guest[Symbol.asyncDispose]()
    throw error
  }
  return guest
}

/** ssh2 says in `level` which part of the connection failed. */
type SshError = Error & { level?: string }

class SshGuest implements Guest {
  readonly channel = 'ssh'
  readonly vmi: string
  readonly #options: SshGuestOptions
  readonly #hostKey: Buffer | null
  readonly #transcript = new Transcript()
  /** Aborted with the reason once the connection has ended. */
  #ended = new AbortController()
  readonly files: GuestFiles = {
    readFile: (path, options = {}) =>
      this.#fileOperation(`read ${path}`, options, (sftp, done) => sftp.readFile(path, done)),
    writeFile: (path, content, { mode, ...options } = {}) =>
      this.#fileOperation(`write ${path}`, options, (sftp, done) =>
        sftp.writeFile(path, Buffer.from(content), mode === undefined ? {} : { mode }, (error) =>
          done(error, undefined),
        ),
      ),
  }
  #client: Client | null = null

  constructor(options: SshGuestOptions) {
    this.#options = options
    this.vmi = options.vmi
    this.#hostKey = options.hostKey === undefined ? null : publicKeyBytes(options.hostKey)
  }

  async open(): Promise<void> {
    const { clock, onProgress, signal: cancelled, timeouts, username, vmi } = this.#options
    const [connect, login] = [limitOf(timeouts, 'connect'), limitOf(timeouts, 'login')]
    const limit: Limit = {
      milliseconds: connect.milliseconds + login.milliseconds,
      setBy: connect.setBy === login.setBy ? connect.setBy : `${connect.setBy} + ${login.setBy}`,
    }
    using deadline = clock.deadline(limit.milliseconds)
    const signal = AbortSignal.any([cancelled, deadline.signal])
    let refusals = 0
    let pause = firstPause
    let last: Error | undefined
    for (let attempt = 1; !deadline.signal.aborted; attempt += 1) {
      // The first time its own limit ends the connecting, which tells the last answer.
      const failure = await this.#attempt(limit, attempt === 1 ? cancelled : signal, signal)
      if (failure === null) return
      cancelled.throwIfAborted()
      if (failure instanceof GuestError) throw failure
      if (deadline.signal.aborted) break
      last = failure
      // Cloud-init makes the user and restarts the server after the port has been open for a while.
      if ((failure as SshError).level === 'client-authentication') refusals += 1
      onProgress?.(`SSH: ${failure.message}`)
      await clock.sleep(pause, signal).catch(() => cancelled.throwIfAborted())
      pause = Math.min(pause * 2, longestPause)
    }
    if (refusals > 0)
      throw new GuestError(
        'login-failed',
        vmi,
        `The SSH server in the guest of VMI "${vmi}" refused our key for user "${username}" ${refusals} times within ${describeLimit(limit)}. ` +
          "Check that the guest's cloud-init data has the user with our public key, and that cloud-init ran without errors.",
        { cause: last },
      )
    throw new GuestError(
      'ssh-unavailable',
      vmi,
      `The SSH server in the guest of VMI "${vmi}" did not complete a handshake within ${describeLimit(limit)}: ` +
        `${last === undefined ? silence : last.message}. Look whether sshd runs in the guest, or raise the limit.`,
      { cause: last },
    )
  }

  /** null: connected. */
  async #attempt(limit: Limit, whileConnecting: AbortSignal, signal: AbortSignal): Promise<Error | null> {
    const { clock, connect, vmi } = this.#options
    let duplex: Duplex | null = null
    try {
      duplex = await connectWithRetries({
        connect,
        kind: 'ssh-unavailable',
        what: 'SSH port',
        vmi,
        clock,
        limit,
        signal: whileConnecting,
      })
      await this.#handshake(duplex, signal)
      return null
    } catch (error) {
      duplex?.destroy()
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  async run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    const { clock, signal: cancelled, timeouts } = this.#options
    const client = await this.#connected(command)
    const limit = commandLimit(timeouts, options.timeoutMilliseconds)
    using deadline = clock.deadline(limit.milliseconds)
    const stop = AbortSignal.any([
      ...(options.signal === undefined ? [cancelled] : [options.signal, cancelled]),
      this.#ended.signal,
      deadline.signal,
    ])
    const startedAt = await clock.now()
    this.#transcript.sent(`${command}\n`)
    const execution = new Execution(client, command, stop, options.input)
    try {
      const exitCode = await execution.exitCode
      const stdout = execution.output()
      this.#transcript.received(stdout)
      this.#transcript.note(`exit code ${exitCode}`)
      return { command, stdout, exitCode, durationMilliseconds: (await clock.now()) - startedAt }
    } catch (error) {
      const output = execution.output()
      this.#transcript.received(output)
      if (options.signal?.aborted === true || cancelled.aborted) throw error
      if (deadline.signal.aborted && !this.#ended.signal.aborted) throw this.#timedOut(command, limit, output, error)
      if (error instanceof TooMuchOutput)
        throw this.#error(
          'framing',
          `Command ${abbreviate(command)} on VMI "${this.vmi}" printed more than ${mostOutput} bytes. ` +
            'Write its output to a file in the guest and read the part that is needed.',
          error,
        )
      throw this.#dropped(command, output, error)
    }
  }

  async start(command: string, options: StartOptions): Promise<InteractiveProgram> {
    const { clock, signal: cancelled, timeouts, vmi } = this.#options
    const client = await this.#connected(command)
    AbortSignal.any([cancelled, ...(options.signal === undefined ? [] : [options.signal])]).throwIfAborted()
    this.#transcript.sent(`${command}\n`)
    const terminal = await SshTerminal.open(client, `exec sh -c ${quote(command)}`, this.#ended.signal).catch(
      (error: unknown) => {
        throw this.#dropped(command, '', error)
      },
    )
    const stream = new ConsoleStream(terminal.channel, { vmi, transcript: this.#transcript })
    const explained = (error: unknown): unknown => {
      if (!(error instanceof GuestError)) return error
      if (error.kind === 'dropped') return this.#dropped(command, stream.recent, error)
      return this.#error(error.kind, error.message, error.cause)
    }
    try {
      return await ProgramDialogue.open(
        {
          vmi,
          command,
          prompt: options.prompt,
          clock,
          limit: commandLimit(timeouts, options.timeoutMilliseconds),
          signal: cancelled,
          stream,
          // Nothing is echoed before the program has the terminal.
          findBegin: (_text, offset) => offset,
          findEnd: () => undefined,
          exitCodeAfterClose: () => terminal.exitCode,
          explained,
          release: async (running) => {
            if (running) await terminal.end(clock)
            stream[Symbol.dispose]()
          },
        },
        options.signal,
      )
    } catch (error) {
      throw explained(error)
    }
  }

  /** The connection, a new one when the last has dropped and the options say so. */
  async #connected(command: string): Promise<Client> {
    if (this.#client !== null && this.#ended.signal.aborted && this.#options.reconnect === true) {
      this.#ended = new AbortController()
      this.#client = null
      await this.open().catch((error: unknown) => {
        this.#ended.abort(error)
        throw error
      })
    }
    if (this.#client === null || this.#ended.signal.aborted) throw this.#dropped(command, '')
    return this.#client
  }

  async #fileOperation<T>(what: string, options: RunOptions, action: Parameters<typeof overSftp<T>>[2]): Promise<T> {
    const { clock, signal: cancelled, timeouts, vmi } = this.#options
    const client = await this.#connected(what)
    const limit = commandLimit(timeouts, options.timeoutMilliseconds)
    using deadline = clock.deadline(limit.milliseconds)
    const asked = AbortSignal.any([cancelled, ...(options.signal === undefined ? [] : [options.signal])])
    this.#transcript.note(`sftp: ${what}`)
    try {
      return await overSftp(client, AbortSignal.any([asked, this.#ended.signal, deadline.signal]), action)
    } catch (error) {
      asked.throwIfAborted()
      if (this.#ended.signal.aborted) throw this.#dropped(what, '', error)
      if (deadline.signal.aborted) throw this.#timedOut(what, limit, '', error)
      const why = error instanceof Error ? error.message : String(error)
      throw this.#error(
        'file',
        `The guest of VMI "${vmi}" refused to ${what} over sftp: ${why}. Look at the path and at the rights of user "${this.#options.username}".`,
        error,
      )
    }
  }

  transcript(): string {
    return this.#redact(this.#transcript.text())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = this.#client
    if (client === null || this.#ended.signal.aborted) return
    const closed = new Promise<void>((resolve) => this.#ended.signal.addEventListener('abort', () => resolve()))
    client.end()
    await closed
  }

  async #handshake(duplex: Duplex, signal: AbortSignal): Promise<void> {
    using patience = this.#options.clock.deadline(greetingMilliseconds)
    const onSilence = (): void => void duplex.destroy(new Error(silence))
    patience.signal.addEventListener('abort', onSilence, { once: true })
    const done = this.#authenticate(duplex, signal)
    duplex.once('data', () => patience.signal.removeEventListener('abort', onSilence))
    await done
  }

  #authenticate(duplex: Duplex, signal: AbortSignal): Promise<void> {
    const { privateKey, username, vmi } = this.#options
    const client = new ssh2.Client()
    let wrongKey: Buffer | null = null
    return new Promise<void>((resolve, reject) => {
      let ready = false
      const fail = (error: Error): void => {
        signal.removeEventListener('abort', onAbort)
        // What is left of an earlier connection ends no later one.
        if (ready && this.#client === client) this.#end(error)
        else if (ready) return
        else {
          client.destroy()
          reject(wrongKey === null ? error : this.#wrongHost(wrongKey, error))
        }
      }
      const onAbort = (): void => fail(signal.reason as Error)
      signal.addEventListener('abort', onAbort, { once: true })
      client.on('ready', () => {
        ready = true
        signal.removeEventListener('abort', onAbort)
        this.#client = client
        this.#transcript.note(`connected to ${username} on ${vmi}`)
        resolve()
      })
      client.on('error', fail)
      client.on('close', () => fail(new Error('the connection was closed')))
      // ssh2 says nothing when the stream under it dies.
      duplex.on('error', fail)
      duplex.on('close', () => fail(new Error('the connection was closed')))
      client.connect({
        sock: duplex,
        username,
        privateKey,
        // Our own limit, in the cluster's time.
        readyTimeout: 0,
        ...keepalive,
        hostVerifier: (key: Buffer) => {
          const right = this.#hostKey === null || this.#hostKey.equals(key)
          if (!right) wrongKey = key
          return right
        },
      })
      if (signal.aborted) onAbort()
    })
  }

  #end(error: Error): void {
    if (this.#ended.signal.aborted) return
    this.#transcript.note(`the SSH connection ended: ${error.message}`)
    this.#ended.abort(error)
    this.#client?.destroy()
  }

  #wrongHost(key: Buffer, cause: Error): GuestError {
    return this.#error(
      'login-failed',
      `The SSH server of VMI "${this.vmi}" has the host key ${fingerprint(key)}, expected was ` +
        `${this.#hostKey === null ? 'any' : fingerprint(this.#hostKey)}: this is another guest, or its cloud-init did not install the key that we made. ` +
        'Look at the cloud-init log of the guest; nothing was sent to it.',
      cause,
    )
  }

  #timedOut(command: string, limit: Limit, output: string, cause: unknown): GuestError {
    return this.#error(
      'command-timeout',
      `Command ${abbreviate(command)} on VMI "${this.vmi}" did not end within ${describeLimit(limit)}; ` +
        `its last output: ${quoteTail(output)}. It was sent SIGTERM and its channel closed. Raise the limit if the command needs longer.`,
      cause,
    )
  }

  #dropped(command: string, output: string, cause?: unknown): GuestError {
    const reason: unknown = this.#ended.signal.aborted ? this.#ended.signal.reason : cause
    const why = reason instanceof Error ? ` (${reason.message})` : ''
    return this.#error(
      'dropped',
      `The SSH connection to VMI "${this.vmi}" dropped${why} before command ${abbreviate(command)} had ended; ` +
        `last output: ${quoteTail(output)}. Look whether the VMI still runs, and whether it was migrated or rebooted.`,
      reason,
    )
  }

  #error(kind: ConstructorParameters<typeof GuestError>[0], message: string, cause: unknown): GuestError {
    return new GuestError(kind, this.vmi, this.#redact(message), { cause })
  }

  #redact(text: string): string {
    return this.#options.redact === undefined ? text : this.#options.redact(text)
  }
}

class TooMuchOutput extends Error {}

/** One command in a channel of its own. */
class Execution {
  readonly exitCode: Promise<number>
  readonly #output: Buffer[] = []
  #length = 0

  /** `stop` ends the command and rejects `exitCode`. */
  constructor(client: Client, command: string, stop: AbortSignal, input?: string | Uint8Array) {
    const outcome = Promise.withResolvers<number>()
    let channel: ClientChannel | null = null
    const onStop = (): void => fail(stop.reason as Error)
    const fail = (error: Error): void => {
      stop.removeEventListener('abort', onStop)
      if (channel !== null) abandon(channel)
      outcome.reject(error)
    }
    stop.addEventListener('abort', onStop, { once: true })
    const receive = (data: Buffer): void => {
      this.#output.push(data)
      this.#length += data.length
      if (this.#length > mostOutput) fail(new TooMuchOutput('too much output'))
    }
    // As on the console: a POSIX shell whatever the user's is, and nothing to read. Ending our side of the channel
    // instead would end the input too, but ssh2 sends no signal any more after that. So `head` ends it.
    const bytes = input === undefined ? undefined : Buffer.from(input)
    const line =
      bytes === undefined
        ? `exec sh -c ${quote(command)} </dev/null`
        : `head -c ${bytes.length} | sh -c ${quote(command)}`
    client.exec(line, (error, opened) => {
      if (error !== undefined) {
        fail(error)
        return
      }
      channel = opened
      if (stop.aborted) {
        abandon(opened)
        return
      }
      if (bytes !== undefined) opened.write(bytes)
      let exitCode: number | null = null
      opened.on('data', receive)
      opened.stderr.on('data', receive)
      opened.on('error', fail)
      opened.on('exit', (code: number | null, signalName?: string) => {
        exitCode = code ?? codeOfSignal(signalName)
      })
      opened.on('close', () => {
        stop.removeEventListener('abort', onStop)
        if (exitCode === null) outcome.reject(new Error('its channel was closed without an exit code'))
        else outcome.resolve(exitCode)
      })
    })
    if (stop.aborted) onStop()
    this.exitCode = outcome.promise
  }

  output(): string {
    return Buffer.concat(this.#output).toString().replaceAll(/\r+\n/g, '\n')
  }
}
