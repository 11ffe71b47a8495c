/** SSH to one VM that outlives dropped connections: what is asked of guests may all be asked again. */
import type { CheckupContext, TimeLimit } from '../../fixtures/checkup-context.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import { GuestError } from '../../helpers/guest/guest-error.ts'
import type { CommandResult, Guest } from '../../helpers/guest/guest.ts'
import type { KeyPair } from '../../helpers/guest/ssh-keys.ts'

export interface SessionOptions {
  context: Pick<CheckupContext<unknown>, 'guest' | 'clock' | 'signal'>
  username: string
  userKey: KeyPair
  hostKey: KeyPair
  limit: TimeLimit
}

const attempts = 6
const firstPauseMilliseconds = 2000
const longestPauseMilliseconds = 30_000

export class GuestSession {
  readonly #options: SessionOptions
  #machine: VirtualMachine
  #guest: Guest | null = null

  constructor(machine: VirtualMachine, options: SessionOptions) {
    this.#machine = machine
    this.#options = options
  }

  get name(): string {
    return this.#machine.name
  }

  get node(): string {
    return this.#machine.node
  }

  /** After it was started again, or moved. */
  async moveTo(machine: VirtualMachine): Promise<void> {
    this.#machine = machine
    await this.#close()
  }

  /** @throws GuestError when nobody can log in within the limit */
  async open(): Promise<Guest> {
    const { context, username, userKey, hostKey, limit } = this.#options
    this.#guest ??= await context.guest(
      this.#machine,
      { access: 'ssh', username, privateKey: userKey.privateKey, hostKey: hostKey.publicKey },
      limit,
    )
    return this.#guest
  }

  /**
   * Runs a command that may be run twice. A connection that drops is opened again, with growing pauses.
   * @throws GuestError after the last attempt, and for what does not heal
   */
  async run(command: string, timeoutMilliseconds: number): Promise<CommandResult> {
    const { clock, signal } = this.#options.context
    let pause = firstPauseMilliseconds
    for (let attempt = 1; ; attempt += 1) {
      try {
        const guest = await this.open()
        return await guest.run(command, { timeoutMilliseconds, signal })
      } catch (error) {
        if (!(error instanceof GuestError) || error.kind !== 'dropped' || attempt >= attempts) throw error
        await this.#close()
      }
      await clock.sleep(pause, signal)
      pause = Math.min(pause * 2, longestPauseMilliseconds)
    }
  }

  async #close(): Promise<void> {
    const guest = this.#guest
    this.#guest = null
    await guest?.[Symbol.asyncDispose]()
  }
}
