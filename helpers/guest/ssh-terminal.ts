import { constants } from 'node:os'
import type { Client, ClientChannel } from 'ssh2'
import type { Clock } from '../clock/clock.ts'
import { endOfInput, interrupt } from './console-login.ts'

/** As wide as the console is made: programs neither wrap nor scroll what is typed. */
const terminal = { term: 'vt220', cols: 500, rows: 500, width: 0, height: 0 }
/** How long a program has to end after each kind of interruption, in milliseconds of the cluster's time. */
const interruptMilliseconds = 5000

/** A command in an SSH channel with a terminal. */
export class SshTerminal {
  readonly channel: ClientChannel
  /** Resolves when the channel has closed: with the exit code, or with null when the connection ended before one came. */
  readonly exitCode: Promise<number | null>

  private constructor(channel: ClientChannel, connectionEnded: AbortSignal) {
    this.channel = channel
    const { promise, resolve } = Promise.withResolvers<number | null>()
    this.exitCode = promise
    let exitCode: number | null = null
    channel.on('exit', (code: number | null, signalName?: string) => {
      exitCode = code ?? codeOfSignal(signalName)
    })
    channel.on('close', () => resolve(exitCode))
    connectionEnded.addEventListener('abort', () => resolve(exitCode), { once: true })
    // With a terminal there is one stream; what is not read would block the channel.
    channel.stderr.resume()
  }

  static open(client: Client, command: string, connectionEnded: AbortSignal): Promise<SshTerminal> {
    return new Promise((resolve, reject) => {
      client.exec(command, { pty: terminal }, (error, channel) => {
        if (error === undefined) resolve(new SshTerminal(channel, connectionEnded))
        else reject(error)
      })
    })
  }

  /** Interrupts the program; one that does not end is left to the server, which hangs up its terminal. */
  async end(clock: Clock): Promise<void> {
    for (const key of [interrupt, endOfInput]) {
      if (this.channel.destroyed || !this.channel.writable) return
      this.channel.write(key)
      using limit = clock.deadline(interruptMilliseconds)
      const ended = await Promise.race([
        this.exitCode.then(() => true),
        new Promise<boolean>((resolve) => limit.signal.addEventListener('abort', () => resolve(false), { once: true })),
      ])
      if (ended) return
    }
    abandon(this.channel)
  }
}

export function abandon(channel: ClientChannel): void {
  channel.signal('TERM')
  channel.close()
}

/** As a shell reports a process that a signal ended. */
export function codeOfSignal(name: string | undefined): number {
  const full = name === undefined || name.startsWith('SIG') ? name : `SIG${name}`
  const number = Object.entries(constants.signals).find(([key]) => key === full)?.[1]
  return 128 + (number ?? 0)
}
