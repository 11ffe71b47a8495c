import type { Clock } from '../clock/clock.ts'
import { question } from './command-framing.ts'
import type { ConsoleStream, Matcher } from './console-stream.ts'
import { withoutTornInMessages } from './kernel-messages.ts'
import { describeLimit, GuestError, quoteTail, type Limit } from './guest-error.ts'

/** How one logs in to a guest. `alpine`: root without a password, as upstream's Alpine images have it. */
export type LoginStyle = { style: 'alpine' } | { style: 'password'; user: string; password: string }

export interface LoginOptions {
  vmi: string
  login: LoginStyle
  /** Names that the guest may show in its prompts. A prompt with another name is believed once nothing follows it. */
  hostNames: string[]
  clock: Clock
  limit: Limit
  signal: AbortSignal
  onProgress?: ((message: string) => void) | undefined
}

/** How long the guest must be silent before it is asked again, in milliseconds; doubles while nothing but the echo comes. */
const firstSilence = 2000
const longestSilence = 10_000
/** Silent questions after which a program is taken to be in the foreground. */
const questionsBeforeInterrupt = 3
/** Periods of continuous output after which the guest is asked again: its prompt may have been torn apart. */
const mostPeriods = 5
const echoLength = 2
/** What one may see at the end of the output of a guest that waits for input. */
type Sight = 'user' | 'maybe user' | 'password' | 'new password' | 'shell' | 'maybe shell' | 'program'

const refusal = 'Login incorrect'
/** Ctrl-C */
export const interrupt = '\u0003'

/**
 * Brings a freshly connected console to a shell of the wanted user, whatever state the guest is in: still booting, at its
 * login prompt, logged in, logged in as somebody else, or busy with a program that an earlier session left behind.
 * @throws GuestError `login-failed`, `login-timeout`, `dropped`
 */
export async function logIn(stream: ConsoleStream, options: LoginOptions): Promise<void> {
  using deadline = options.clock.deadline(options.limit.milliseconds)
  const attempt = new LoginAttempt(stream, options, AbortSignal.any([options.signal, deadline.signal]))
  try {
    await attempt.run()
  } catch (error) {
    if (deadline.signal.aborted && !options.signal.aborted && !(error instanceof GuestError))
      throw attempt.timedOut(error)
    throw error
  }
}

class LoginAttempt {
  readonly #stream: ConsoleStream
  readonly #options: LoginOptions
  readonly #signal: AbortSignal
  readonly #user: string
  readonly #password: string | null
  #refusals = 0
  #passwordQuestions = 0
  #usersSent = 0
  /** Whether our credentials went out and their consequence is awaited. */
  #answered = false
  #lastSight = 'no prompt at all'

  constructor(stream: ConsoleStream, options: LoginOptions, signal: AbortSignal) {
    this.#stream = stream
    this.#options = options
    this.#signal = signal
    this.#user = options.login.style === 'alpine' ? 'root' : options.login.user
    this.#password = options.login.style === 'alpine' ? null : options.login.password
  }

  async run(): Promise<void> {
    // Nothing is replayed on a fresh connection: whoever waits there shows itself only when a key is pressed.
    this.#stream.send('\n')
    let silence = firstSilence
    let silentQuestions = 0
    for (;;) {
      const before = this.#stream.position
      const sight = await this.#see(this.#answered ? longestSilence : silence)
      if (sight === null) {
        const onlyEcho = this.#stream.position - before <= echoLength
        silentQuestions = onlyEcho ? silentQuestions + 1 : 0
        silence = onlyEcho ? Math.min(silence * 2, longestSilence) : firstSilence
        this.#answered = false
        this.#stream.take()
        if (silentQuestions > 0 && silentQuestions % questionsBeforeInterrupt === 0) this.#interrupt('no answer')
        else this.#stream.send('\n')
        continue
      }
      silence = firstSilence
      silentQuestions = 0
      if (await this.#react(sight)) return
    }
  }

  timedOut(cause: unknown): GuestError {
    const { vmi, limit } = this.#options
    if (this.#refusals > 0)
      return new GuestError(
        'login-failed',
        vmi,
        `The guest of VMI "${vmi}" refused user "${this.#user}" ${this.#refusals} times within ${describeLimit(limit)}; ` +
          `last output: ${this.#tail()}. Check the user and password of the login style against the image and its cloud-init data.`,
        { cause },
      )
    return new GuestError(
      'login-timeout',
      vmi,
      `No shell of user "${this.#user}" on the console of VMI "${vmi}" within ${describeLimit(limit)}: ` +
        `${this.#lastSight}; last output: ${this.#tail()}. Look whether the guest boots to its login prompt on ttyS0, or raise the limit.`,
      { cause },
    )
  }

  /** Waits for something that wants input; null when the guest has been silent, or has said nothing useful for long. */
  async #see(silence: number): Promise<Sight | null> {
    for (let period = 0; period < mostPeriods; period += 1) {
      using quiet = this.#options.clock.deadline(silence)
      const before = this.#stream.position
      try {
        return await this.#stream.waitFor(this.#sightMatcher, {
          awaited: `user "${this.#user}" was logged in`,
          signal: AbortSignal.any([this.#signal, quiet.signal]),
        })
      } catch (error) {
        if (this.#signal.aborted || !quiet.signal.aborted || error instanceof GuestError) throw error
      }
      // An unsure sight counts once nothing but the echo of our newline has followed it.
      if (this.#stream.position - before <= echoLength) return sightOf(this.#stream.recent, this.#options.hostNames)
    }
    return null
  }

  readonly #sightMatcher: Matcher<Sight> = (text) => {
    const sight = sightOf(text, this.#options.hostNames)
    switch (sight) {
      case 'maybe shell':
        return this.#answered ? 'shell' : undefined
      case 'user':
        // What was typed ahead makes a getty repeat its prompt; only a prompt behind the echo of our answer is a new one.
        return this.#answered && !this.#echoSeen(text) ? undefined : 'user'
      case 'maybe user':
      case 'program':
      case null:
        return undefined
      case 'password':
      case 'new password':
      case 'shell':
        return sight
      default:
        throw new TypeError(`Unknown sight ${String(sight satisfies never)}`)
    }
  }

  #echoSeen(text: string): boolean {
    return text.includes(`${this.#user}\r`) || text.includes(`${this.#user}\n`) || text.includes(refusal)
  }

  /** @returns whether the session is ours now. */
  async #react(sight: Sight): Promise<boolean> {
    const text = this.#stream.take()
    if (text.includes(refusal)) {
      this.#refusals += 1
      this.#options.onProgress?.(`login refused, attempt ${this.#refusals}`)
    }
    switch (sight) {
      case 'user':
      case 'maybe user':
        this.#lastSight = `the login prompt came ${this.#usersSent + 1} times`
        this.#usersSent += 1
        this.#answered = true
        this.#stream.send(`${this.#user}\n`)
        return false
      case 'password':
        this.#sendPassword()
        return false
      case 'new password':
        throw new GuestError(
          'login-failed',
          this.#options.vmi,
          `The guest of VMI "${this.#options.vmi}" wants user "${this.#user}" to choose a new password. ` +
            'Give the account one that has not expired (cloud-init: chpasswd.expire: false).',
        )
      case 'shell':
      case 'maybe shell':
        this.#lastSight = 'a shell prompt came, but the shell did not answer'
        this.#answered = false
        return await this.#takeOver()
      case 'program':
        this.#lastSight = 'a program other than a shell had the console'
        this.#interrupt('a program in the foreground')
        this.#stream.send('\n')
        return false
      default:
        throw new TypeError(`Unknown sight ${String(sight satisfies never)}`)
    }
  }

  #sendPassword(): void {
    this.#passwordQuestions += 1
    this.#lastSight = `the password was asked for ${this.#passwordQuestions} times`
    if (this.#password === null && this.#passwordQuestions > 2)
      throw new GuestError(
        'login-failed',
        this.#options.vmi,
        `The guest of VMI "${this.#options.vmi}" asks user "${this.#user}" for a password, and the login style "alpine" has none. ` +
          'Use the login style "password", or an image whose root has no password.',
      )
    this.#answered = true
    this.#stream.send(`${this.#password ?? ''}\n`, { secret: true })
  }

  /** Proves that there is a shell and whose it is, and makes the terminal fit for machines. */
  async #takeOver(): Promise<boolean> {
    const { answer, line } = question('$(id -un 2>/dev/null || echo "$USER")', sanity)
    this.#stream.send(`${line}\n`)
    using quiet = this.#options.clock.deadline(longestSilence)
    let user: string
    try {
      user = await this.#stream.waitFor(answer, {
        awaited: 'the shell said whose it is',
        signal: AbortSignal.any([this.#signal, quiet.signal]),
      })
    } catch (error) {
      if (this.#signal.aborted || error instanceof GuestError) throw error
      this.#stream.take()
      this.#interrupt('the shell did not answer')
      this.#stream.send('\n')
      return false
    }
    this.#stream.take()
    if (user === this.#user) return true
    this.#lastSight = `user "${user}" was logged in`
    this.#options.onProgress?.(`logging out ${user}`)
    this.#stream.send('exit\n')
    return false
  }

  #interrupt(why: string): void {
    this.#options.onProgress?.(`sending Ctrl-C: ${why}`)
    this.#stream.send(interrupt)
  }

  #tail(): string {
    const tail = quoteTail(this.#stream.recent)
    return this.#password === null ? tail : tail.replaceAll(this.#password, '***')
  }
}

/**
 * Takes the console back from whatever runs in the foreground.
 * @returns whether a shell answered within `milliseconds`.
 */
export async function interruptForeground(
  stream: ConsoleStream,
  options: { clock: Clock; milliseconds: number; signal: AbortSignal },
): Promise<boolean> {
  const { answer, line } = question('free')
  stream.send(interrupt)
  stream.send(`${line}\n`)
  using limit = options.clock.deadline(options.milliseconds)
  try {
    await stream.waitFor(answer, {
      awaited: 'the shell answered after Ctrl-C',
      signal: AbortSignal.any([limit.signal, options.signal]),
    })
  } catch (error) {
    if (!limit.signal.aborted) throw error
    return false
  }
  stream.take()
  return true
}

/**
 * 500 columns, so that line editors neither wrap nor scroll what is typed; only emergencies of the kernel on the console;
 * no bracketed paste, which bash puts around every command. None of it is vital: what a guest lacks is left out.
 */
const sanity =
  'stty cols 500 rows 500 2>/dev/null; { dmesg -n 1 || sudo -n dmesg -n 1; } 2>/dev/null >/dev/null; ' +
  `[ -z "$BASH_VERSION" ] || bind 'set enable-bracketed-paste off' 2>/dev/null`

function sightOf(received: string, hostNames: string[]): Sight | null {
  const text = withoutTornInMessages(received)
  const line = text.slice(Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1)
  const user = /(?:^|\s)(?:([\w.-]+) )?login: ?$/.exec(line)
  if (user !== null) return hostNames.includes(user[1] ?? '') ? 'user' : 'maybe user'
  if (/new (?:unix )?password: ?$/i.test(line)) return 'new password'
  if (/password[^:]{0,40}: ?$/i.test(line)) return 'password'
  // user@host:~$, [root@host ~]#, host:~#, /root #, bash-5.2#
  if (/^(?:\[?(?:[\w.-]+@)?[\w.-]*[: ]?[~/]\S*?\]? ?|(?:ba)?sh-[\d.]+)[#$] $/.test(line)) return 'shell'
  if (/[#$] $/.test(line)) return 'maybe shell'
  if (/(?:^|\S)> ?$/.test(line)) return 'program'
  return null
}
