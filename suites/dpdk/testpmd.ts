/** dpdk-testpmd in the VM under test: forwards between its two ports and counts. */
import type { Guest, InteractiveProgram } from '../../helpers/guest/guest.ts'
import { parseForwardConfiguration, parseTestpmdQuit, parseTestpmdStart } from '../../helpers/tools/testpmd-session.ts'
import { type ForwardStatistics, parseForwardStatistics } from '../../helpers/tools/testpmd-stats.ts'

export interface UnderTestCounters {
  forward: ForwardStatistics
  /** What they were read from. */
  rawOutput: string
}

/** Hugepages are cleared before the first prompt; a line is answered at once. */
const startMilliseconds = 120_000
const lineMilliseconds = 30_000
/** Microseconds between attempts, and their number. */
const retryLines = ['set fwd mac retry', 'set burst tx delay 100 retry 256']

/** A running testpmd. Disposing it ends it and gives the guest back. */
export class Testpmd implements AsyncDisposable {
  readonly #program: InteractiveProgram
  readonly #signal: AbortSignal

  private constructor(program: InteractiveProgram, signal: AbortSignal) {
    this.#program = program
    this.#signal = signal
  }

  /**
   * @param command see `testpmdCommand`
   * @param retry try again when a NIC takes no more packets, in place of dropping them
   * @throws ToolOutputError when it does not start or does not forward, with the reason that it gives; GuestError
   */
  static async start(
    guest: Guest,
    command: string,
    { retry, signal }: { retry: boolean; signal: AbortSignal },
  ): Promise<Testpmd> {
    const program = await guest.start(command, {
      prompt: 'testpmd> ',
      timeoutMilliseconds: startMilliseconds,
      signal,
    })
    const testpmd = new Testpmd(program, signal)
    try {
      parseTestpmdStart(`${program.banner}\ntestpmd> `)
      if (retry) for (const line of retryLines) await testpmd.#send(line)
      parseForwardConfiguration(await testpmd.#send('start'))
    } catch (error) {
      await testpmd[Symbol.asyncDispose]()
      throw error
    }
    return testpmd
  }

  /** Forgets what was forwarded; errors of the NICs are counted since their start. */
  async clear(): Promise<void> {
    await this.#send('clear fwd stats all')
  }

  async counters(): Promise<UnderTestCounters> {
    const output = await this.#send('show fwd stats all')
    return { forward: parseForwardStatistics(output), rawOutput: `testpmd> show fwd stats all\n${output}\n` }
  }

  /** Ends it in good order, which frees its hugepages and devices. @throws ToolOutputError */
  async quit(): Promise<void> {
    await this.#send('stop')
    parseTestpmdQuit(await this.#send('quit'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]()
  }

  #send(line: string): Promise<string> {
    return this.#program.send(line, { timeoutMilliseconds: lineMilliseconds, signal: this.#signal })
  }
}
