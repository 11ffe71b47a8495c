/** The far end of a serial console, for the tests of what drives it. */
import { spawnSync } from 'node:child_process'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../clock/clock.ts'
import { openConsoleGuest, type ConsoleGuestOptions } from '../console-guest.ts'
import { GuestError } from '../guest-error.ts'
import type { Guest } from '../guest.ts'

/** Time that jumps to whatever is due next once nothing has happened for some turns of the event loop. */
class SkippingClock implements Clock {
  #now = 1_795_000_000_000
  #idleTurns = 0
  readonly #timers = new Set<{ due: number; fire: () => void }>()
  #turning = false

  activity(): void {
    this.#idleTurns = 0
  }

  now(): Promise<number> {
    return Promise.resolve(this.#now)
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const stop = this.#start(milliseconds, resolve)
      signal?.addEventListener('abort', () => {
        stop()
        reject(signal.reason as Error)
      })
    })
  }

  deadline(milliseconds: number) {
    const controller = new AbortController()
    const stop = this.#start(milliseconds, () => controller.abort(new DOMException('time is up', 'TimeoutError')))
    return { signal: controller.signal, [Symbol.dispose]: stop }
  }

  #start(milliseconds: number, fire: () => void): () => void {
    const timer = { due: this.#now + milliseconds, fire }
    this.#timers.add(timer)
    this.activity()
    if (!this.#turning) void this.#turn()
    return () => this.#timers.delete(timer)
  }

  async #turn(): Promise<void> {
    this.#turning = true
    while (this.#timers.size > 0) {
      await turn()
      this.#idleTurns += 1
      if (this.#idleTurns < 20) continue
      const [first] = [...this.#timers].sort((a, b) => a.due - b.due)
      if (first === undefined) break
      this.#timers.delete(first)
      this.#now = Math.max(this.#now, first.due)
      this.activity()
      first.fire()
    }
    this.#turning = false
  }
}

export type Program = (line: string, console: FakeConsole) => void

/** The far end of a serial console: whatever `program` has the terminal reads lines and prints. */
export class FakeConsole extends Duplex {
  readonly clock: SkippingClock
  program: Program = () => undefined
  onInterrupt: (console: FakeConsole) => void = () => undefined
  /** Where output is cut into frames; default: as it is printed. */
  cut: (text: string) => string[] | Buffer[] = (text) => [text]
  readonly lines: string[] = []
  interrupts = 0
  #input = ''
  #output: (string | Buffer)[] = []
  #delivering = false

  constructor(clock: SkippingClock) {
    super()
    this.clock = clock
  }

  print(text: string | Buffer): void {
    this.#output.push(...(typeof text === 'string' ? this.cut(text) : [text]))
    if (!this.#delivering) void this.#deliver()
  }

  override _read(): void {
    // Output is pushed as it comes, as on a serial line.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.clock.activity()
    for (const character of chunk.toString()) {
      if (character === '\u0003') {
        this.interrupts += 1
        this.#input = ''
        this.onInterrupt(this)
      } else if (character === '\n') {
        const line = this.#input
        this.#input = ''
        this.lines.push(line)
        this.program(line, this)
      } else this.#input += character
    }
    done()
  }

  async #deliver(): Promise<void> {
    this.#delivering = true
    for (let next = this.#output.shift(); next !== undefined; next = this.#output.shift()) {
      await turn()
      this.clock.activity()
      if (this.destroyed) return
      this.push(next)
    }
    this.#delivering = false
  }
}

export const alpinePrompt = 'vmi1:~# \u001B[6n'

/** A shell whose command lines a real `sh` carries out; what concerns the terminal and the user is left out of them. */
export function shell(prompt = alpinePrompt, user = 'root', exit?: Program): Program {
  return (line, console) => {
    console.print(`${line}\r\n`)
    if (line === 'exit' && exit !== undefined) {
      console.program = exit
      exit('', console)
      return
    }
    if (line !== '') console.print(carriedOut(line.replaceAll('id -un', `echo ${user}`)))
    console.print(prompt)
  }
}

function carriedOut(line: string): Buffer {
  const script = line.replaceAll(/stty[^;]*; \{[^}]*\}[^;]*; [^;]*;/g, '')
  const { stdout } = spawnSync('sh', ['-c', `exec 2>&1; ${script}`])
  return Buffer.from(stdout.toString('latin1').replaceAll('\n', '\r\n'), 'latin1')
}

/** What asks for a user, and for a password unless `password` is null, as agetty and login do. */
export function getty(host: string, password: string | null, then: Program, greeting = alpinePrompt): Program {
  const prompt = `\r\r\nWelcome\r\n\r${host} login: `
  const askUser: Program = (line, console) => {
    if (line === '') return console.print(prompt)
    console.print(`${line}\r\n`)
    if (password === null) {
      console.program = then
      console.print(`\r\nWelcome!\r\n\r\n${greeting}`)
      return
    }
    console.print('Password: ')
    console.program = (given) => {
      const right = given === password
      console.program = right ? then : askUser
      console.print(right ? `\r\n\r\nWelcome!\r\n${greeting}` : `\r\nLogin incorrect\r\n${host} login: `)
    }
  }
  return askUser
}

interface Setting extends Partial<Omit<ConsoleGuestOptions, 'timeouts'>> {
  program: Program
  prepare?: (console: FakeConsole) => void
  timeouts?: ConsoleGuestOptions['timeouts']
}

export function setUp({ program, prepare, ...options }: Setting) {
  const clock = new SkippingClock()
  const console = new FakeConsole(clock)
  console.program = program
  prepare?.(console)
  const progress: string[] = []
  const open = (): Promise<Guest> =>
    openConsoleGuest({
      vmi: 'acceptance/vmi1',
      connect: () => Promise.resolve(console),
      login: { style: 'alpine' },
      hostNames: ['vmi1', 'localhost'],
      clock,
      timeouts: { connect: 10_000, login: 120_000, command: 30_000 },
      signal: new AbortController().signal,
      onProgress: (message) => progress.push(message),
      ...options,
    })
  return { clock, console, open, progress }
}

/** The error that `work` must end with. */
export async function problem(work: Promise<unknown>): Promise<GuestError> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  if (error instanceof GuestError) return error
  throw error
}

export function randomCuts(lengths: number[]): (text: string) => Buffer[] {
  return (text) => {
    const bytes = Buffer.from(text)
    const pieces: Buffer[] = []
    for (let at = 0, index = 0; at < bytes.length; index += 1) {
      const length = lengths[index % lengths.length] ?? 1
      pieces.push(bytes.subarray(at, at + length))
      at += length
    }
    return pieces
  }
}
