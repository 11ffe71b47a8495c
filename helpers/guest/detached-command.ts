import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock/clock.ts'
import { quote } from '../tools/shell-quote.ts'
import { DetachedCommandError } from './detached-command-error.ts'
import { abbreviate, describeLimit, quoteTail } from './guest-error.ts'
import { runPatiently, type RetryOptions } from './guest-retries.ts'
import type { CommandResult, Guest } from './guest.ts'

export interface DetachOptions {
  /** That of the cluster. */
  clock: Clock
  /** For each of the short commands that look after the long one. Default: 60 s. */
  timeoutMilliseconds?: number
  /** For how long the guest may be out of reach before it is given up, in the cluster's time. Default: 5 min. */
  patienceMilliseconds?: number
  /** Ends starting and waiting; the command itself is ended by disposing it. */
  signal?: AbortSignal
  /** Told of consoles that dropped and were picked up again. */
  onProgress?: (message: string) => void
}

interface WaitOptions {
  /** From now, in the cluster's time. */
  timeoutMilliseconds: number
  /** When the command is expected to end, from now: it is asked seldom before, often afterwards. Default: at once. */
  expectedMilliseconds?: number
  signal?: AbortSignal
}

interface DetachedResult {
  command: string
  exitCode: number
  stdout: string
  stderr: string
}

/**
 * A command that runs in a guest whether or not anybody is connected to it. Disposing cancels it if it still runs; when
 * that fails, `onProgress` is told, because an error that is under way must not be replaced.
 */
export interface DetachedCommand extends AsyncDisposable {
  readonly command: string
  /** In the guest, where the command runs; gone after `cancel` and dispose. */
  readonly directory: string
  /** Id of its process group, which is a session of its own. */
  readonly processGroup: number
  /**
   * Waits until the command has ended, in a few short commands, and through consoles that drop meanwhile.
   * @throws DetachedCommandError `timed-out`, `vanished`, `unreadable`
   * @throws GuestError of the last attempt when the guest stays out of reach
   */
  wait(options: WaitOptions): Promise<DetachedResult>
  /**
   * A text file that the command wrote, e.g. its JSON report; relative paths begin at `directory`.
   * @throws DetachedCommandError `unreadable`, GuestError
   */
  readFile(path: string): Promise<string>
  /**
   * Ends the command with all its children, makes sure that they are gone, and removes `directory`.
   * @throws DetachedCommandError `not-ended`, GuestError
   */
  cancel(): Promise<void>
}

const defaultTimeout = 60_000
const defaultPatience = 5 * 60_000
/** Whoever starts needs a moment until it has a number. */
const startAttempts = 50
const startPause = 200
/** What fails fails soon: it is asked once early on. */
const firstLook = 2000
const shortestInterval = 30_000
const longestInterval = 10 * 60_000
const shortestPause = 2000
const longestPause = 30_000
/** A serial line of 115200 baud carries this in 12 s. */
const pieceBytes = 128 * 1024
const readAttempts = 3
const secondsToEnd = 5
const looksPerSecond = 5

/**
 * Starts a command line in the background of a guest, away from its terminal. It needs a POSIX shell, `setsid` and
 * `mkdir`, which BusyBox has too. Starting twice, because the console dropped before the answer, starts once.
 * @throws DetachedCommandError `not-started`, GuestError
 */
export async function startDetached(guest: Guest, command: string, options: DetachOptions): Promise<DetachedCommand> {
  const directory = `/tmp/detached-${randomBytes(6).toString('hex')}`
  const caretaker = new Caretaker(guest, options)
  // The shell that waits for the command leads the session; its own number is that of the group.
  const shell = 'echo $$ >.pid.new; mv .pid.new .pid; sh .command >.out 2>.err; echo $? >.rc.new; mv .rc.new .rc'
  const started = await caretaker.run(
    `if mkdir -m 700 ${directory}; then cd ${directory} && printf '%s\\n' ${quote(command)} >.command && ` +
      `{ setsid sh -c ${quote(shell)} </dev/null >/dev/null 2>&1 & }; else test -e ${directory}/.command; fi`,
  )
  const failed = (output: string) =>
    new DetachedCommandError(
      'not-started',
      guest.vmi,
      `Command ${abbreviate(command)} could not be started in the background of VMI "${guest.vmi}": ${quoteTail(output)}. ` +
        'It needs mkdir, setsid and a /tmp with some space in the guest.',
    )
  if (started.exitCode !== 0) throw failed(started.stdout)
  let output = ''
  for (let attempt = 0; attempt < startAttempts; attempt += 1) {
    const { exitCode, stdout } = await caretaker.run(`cat ${directory}/.pid`)
    if (exitCode === 0 && /^\d+\s*$/.test(stdout))
      return new DetachedCommandInGuest(guest, command, { directory, processGroup: Number(stdout), caretaker, options })
    output = stdout
    await options.clock.sleep(startPause, options.signal)
  }
  throw failed(output)
}

/** Runs the short commands that look after the long one. */
class Caretaker {
  readonly #guest: Guest
  readonly #options: RetryOptions

  constructor(guest: Guest, options: DetachOptions) {
    this.#guest = guest
    this.#options = {
      clock: options.clock,
      timeoutMilliseconds: options.timeoutMilliseconds ?? defaultTimeout,
      patienceMilliseconds: options.patienceMilliseconds ?? defaultPatience,
      ...(options.signal && { signal: options.signal }),
      ...(options.onProgress && { onProgress: options.onProgress }),
    }
  }

  run(command: string, signal = this.#options.signal): Promise<CommandResult> {
    return runPatiently(this.#guest, command, { ...this.#options, ...(signal && { signal }) })
  }

  /** As run, also when what it looks after was aborted. */
  runAnyway(command: string): Promise<CommandResult> {
    return runPatiently(this.#guest, command, { ...this.#options, signal: new AbortController().signal })
  }
}

class DetachedCommandInGuest implements DetachedCommand {
  readonly command: string
  readonly directory: string
  readonly processGroup: number
  readonly #guest: Guest
  readonly #caretaker: Caretaker
  readonly #options: DetachOptions
  #exitCode: number | null = null
  #removed = false

  constructor(
    guest: Guest,
    command: string,
    of: { directory: string; processGroup: number; caretaker: Caretaker; options: DetachOptions },
  ) {
    this.#guest = guest
    this.command = command
    this.directory = of.directory
    this.processGroup = of.processGroup
    this.#caretaker = of.caretaker
    this.#options = of.options
  }

  async wait({ timeoutMilliseconds, expectedMilliseconds = 0, signal }: WaitOptions): Promise<DetachedResult> {
    const { clock, signal: ours } = this.#options
    const both = signal === undefined ? ours : ours === undefined ? signal : AbortSignal.any([signal, ours])
    const startedAt = await clock.now()
    let pause = shortestPause
    let looked = false
    for (;;) {
      both?.throwIfAborted()
      this.#exitCode ??= await this.#status(both)
      if (this.#exitCode !== null) break
      const elapsed = (await clock.now()) - startedAt
      const remaining = timeoutMilliseconds - elapsed
      if (remaining <= 0) throw await this.#timedOut(timeoutMilliseconds)
      const untilExpected = expectedMilliseconds - elapsed
      if (untilExpected <= 0) {
        await clock.sleep(Math.min(pause, remaining), both)
        pause = Math.min(pause * 2, longestPause)
      } else {
        const interval = looked
          ? Math.min(Math.max(expectedMilliseconds / 10, shortestInterval), longestInterval)
          : firstLook
        looked = true
        await clock.sleep(Math.min(interval, untilExpected, remaining), both)
      }
    }
    const stdout = await this.#read('.out', both)
    const stderr = await this.#read('.err', both)
    return { command: this.command, exitCode: this.#exitCode, stdout, stderr }
  }

  readFile(path: string): Promise<string> {
    return this.#read(path, this.#options.signal)
  }

  async cancel(): Promise<void> {
    if (this.#removed) return
    const group = `-${this.processGroup}`
    const alive = `kill -0 -- ${group} 2>/dev/null`
    const end = (name: string) =>
      `kill -${name} -- ${group} 2>/dev/null; i=0; ` +
      `while ${alive} && [ $i -lt ${secondsToEnd * looksPerSecond} ]; do sleep ${1 / looksPerSecond} 2>/dev/null || sleep 1; i=$((i+1)); done`
    const { stdout, exitCode } = await this.#caretaker.runAnyway(
      (this.#exitCode === null ? `if ${alive}; then ${end('TERM')}; ${alive} && { ${end('KILL')}; }; fi; ` : '') +
        `${this.#exitCode === null ? `${alive} && exit 9; ` : ''}rm -rf ${this.directory}`,
    )
    if (exitCode !== 0)
      throw new DetachedCommandError(
        'not-ended',
        this.#guest.vmi,
        exitCode === 9
          ? `Command ${abbreviate(this.command)} on VMI "${this.#guest.vmi}" still runs ${secondsToEnd} s after it was killed ` +
              `(process group ${this.processGroup}). Stop the VMI, before something else is measured in it.`
          : `${this.directory} of VMI "${this.#guest.vmi}" could not be removed: ${quoteTail(stdout)}`,
      )
    this.#removed = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.cancel()
    } catch (error) {
      this.#options.onProgress?.(error instanceof Error ? error.message : String(error))
    }
  }

  /** The exit code; null while it runs. */
  async #status(signal: AbortSignal | undefined): Promise<number | null> {
    const rc = `cat ${this.directory}/.rc 2>/dev/null`
    // Once more at the end: it may have written its exit code after the first look and before the second.
    const { stdout } = await this.#caretaker.run(
      `${rc} || { kill -0 ${this.processGroup} 2>/dev/null && echo running; } || ${rc} || echo gone`,
      signal,
    )
    const answer = stdout.trim()
    if (answer === 'running') return null
    if (/^\d+$/.test(answer)) return Number(answer)
    const vmi = this.#guest.vmi
    throw new DetachedCommandError(
      'vanished',
      vmi,
      `Command ${abbreviate(this.command)} on VMI "${vmi}" is not running any more (process group ${this.processGroup}), and left no exit ` +
        `code in ${this.directory} (${quoteTail(answer)}). Look in the console transcript whether the guest restarted or ran out of memory.`,
    )
  }

  async #timedOut(milliseconds: number): Promise<DetachedCommandError> {
    const { stdout } = await this.#caretaker.run(`cd ${this.directory} && tail -n 3 .out && tail -n 3 .err`)
    const vmi = this.#guest.vmi
    return new DetachedCommandError(
      'timed-out',
      vmi,
      `Command ${abbreviate(this.command)} on VMI "${vmi}" still runs after ${describeLimit({ milliseconds, setBy: 'timeoutMilliseconds of wait' })}; ` +
        `its last output: ${quoteTail(stdout)}. Raise the limit if the command needs longer.`,
    )
  }

  /** Large ones in pieces; each has to have its length. */
  async #read(path: string, signal: AbortSignal | undefined): Promise<string> {
    const file = quote(path.startsWith('/') ? path : `${this.directory}/${path}`)
    const counted = await this.#caretaker.run(`wc -c <${file}`, signal)
    const size = Number(counted.stdout.trim())
    if (counted.exitCode !== 0 || !/^\s*\d+\s*$/.test(counted.stdout))
      throw this.#unreadable(path, quoteTail(counted.stdout))
    if (size <= pieceBytes) return await this.#readPiece(path, `cat ${file}`, size, signal)
    let text = ''
    for (let offset = 0; offset < size; offset += pieceBytes) {
      const command = `dd if=${file} bs=${pieceBytes} skip=${offset / pieceBytes} count=1 2>/dev/null`
      text += await this.#readPiece(path, command, Math.min(pieceBytes, size - offset), signal)
    }
    return text
  }

  async #readPiece(path: string, command: string, length: number, signal: AbortSignal | undefined): Promise<string> {
    let got = 0
    for (let attempt = 0; attempt < readAttempts; attempt += 1) {
      const { stdout } = await this.#caretaker.run(command, signal)
      got = Buffer.byteLength(stdout)
      if (got === length) return stdout
    }
    throw this.#unreadable(path, `${got} of ${length} bytes arrive at every attempt; it may not be text`)
  }

  #unreadable(path: string, why: string): DetachedCommandError {
    const { command, directory } = this
    const vmi = this.#guest.vmi
    return new DetachedCommandError(
      'unreadable',
      vmi,
      `${path} of command ${abbreviate(command)} on VMI "${vmi}" (in ${directory}) cannot be read: ${why}`,
    )
  }
}
