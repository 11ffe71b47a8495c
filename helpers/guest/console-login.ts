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

/**
 * How long the guest must be silent before it is asked again, in milliseconds. One that has said nothing yet is booting
 * and will show its prompt by itself; one that has spoken may have had its prompt torn apart by messages.
 */
const silenceBeforeBoot = 10_000
const silenceAfterOutput = 3000
/** The silences double while nothing but our own echo comes back. */
const longestSilence = 60_000
/** Silence behind what may be a prompt that makes it one. */
const silenceOfPrompt = 250
/** Unanswered questions after which a program is taken to be in the foreground. */
const questionsBeforeInterrupt = 2
/** Pauses after `Login incorrect`, in milliseconds: doubling, so that a guest is not flooded with attempts. */
const firstRefusalPause = 1000
const longestRefusalPause = 8000
const mostForeignSessions = 5
/** Output that goes on for so long, in periods of silence, without anything useful: the guest is asked again. */
const mostPeriods = 4
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
  #foreignSessions = 0
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
    let unanswered = 0
    for (;;) {
      const before = this.#stream.position
      const sight = await this.#see(2 ** unanswered)
      if (sight === null) {
        unanswered = this.#stream.position - before <= echoLength ? unanswered + 1 : 0
        this.#takeText()
        this.#answered = false
        if (unanswered > 0 && unanswered % questionsBeforeInterrupt === 0) this.#interrupt('no answer')
        this.#stream.send('\n')
        continue
      }
      unanswered = 0
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
          `last output: ${quoteTail(this.#stream.recent)}. Check the user and password of the login style against the image and its cloud-init data.`,
        { cause },
      )
    return new GuestError(
      'login-timeout',
      vmi,
      `No shell of user "${this.#user}" on the console of VMI "${vmi}" within ${describeLimit(limit)}: ` +
        `${this.#lastSight}; last output: ${quoteTail(this.#stream.recent)}. Look whether the guest boots to its login prompt on ttyS0, or raise the limit.`,
      { cause },
    )
  }

  /** Waits for something that wants input; null when the guest has been silent, or has said nothing useful for long. */
  async #see(patience: number): Promise<Sight | null> {
    for (let period = 0; period < mostPeriods;) {
      const before = this.#stream.position
      const spoke = before > echoLength && !this.#answered
      const silence = Math.min(patience * (spoke ? silenceAfterOutput : silenceBeforeBoot), longestSilence)
      const sight = await this.#within(silence, this.#sightMatcher)
      if (sight === null) {
        if (this.#stream.position - before <= echoLength) return null
        period += 1
      } else if (isSure(sight)) {
        return sight
      } else {
        // Half a line of a boot message can look like a prompt; a prompt is what nothing follows.
        const { position } = this.#stream
        const more = await this.#within(silenceOfPrompt, (text, offset) => offset + text.length > position || undefined)
        if (more === null) return sight
      }
    }
    return null
  }

  /** What `matcher` finds, or null after `milliseconds`. */
  async #within<T>(milliseconds: number, matcher: Matcher<T>, awaited?: string): Promise<T | null> {
    using limit = this.#options.clock.deadline(milliseconds)
    try {
      return await this.#stream.waitFor(matcher, {
        awaited: awaited ?? `user "${this.#user}" was logged in`,
        signal: AbortSignal.any([this.#signal, limit.signal]),
      })
    } catch (error) {
      if (this.#signal.aborted || !limit.signal.aborted || error instanceof GuestError) throw error
      return null
    }
  }

  readonly #sightMatcher: Matcher<Sight> = (text) => {
    const sight = sightOf(text, this.#options.hostNames)
    if (sight === null || !this.#answered) return sight ?? undefined
    if (sight === 'maybe shell') return 'shell'
    // What was typed ahead makes a getty repeat its prompt; only a prompt behind the echo of our answer is a new one.
    return (sight === 'user' || sight === 'maybe user') && !this.#echoSeen(text) ? undefined : sight
  }

  #echoSeen(text: string): boolean {
    return text.includes(`${this.#user}\r`) || text.includes(`${this.#user}\n`) || text.includes(refusal)
  }

  /** Discards what was received. @returns whether our credentials were refused in it. */
  #takeText(): boolean {
    const refused = this.#answered && this.#stream.take().includes(refusal)
    this.#stream.take()
    if (refused) {
      this.#refusals += 1
      this.#options.onProgress?.(`login refused, attempt ${this.#refusals}`)
    }
    return refused
  }

  async #pauseAfterRefusal(): Promise<void> {
    const pause = Math.min(firstRefusalPause * 2 ** (this.#refusals - 1), longestRefusalPause)
    await this.#options.clock.sleep(pause, this.#signal)
    this.#stream.take()
  }

  /** @returns whether the session is ours now. */
  async #react(sight: Sight): Promise<boolean> {
    const refused = this.#takeText()
    switch (sight) {
      case 'user':
      case 'maybe user':
        // Cloud images show the prompt before cloud-init has made the user.
        if (refused) await this.#pauseAfterRefusal()
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
    if (!this.#answered) {
      // Somebody else's login is under way; ours must not get its password.
      this.#stream.send('\n')
      return
    }
    this.#passwordQuestions += 1
    this.#lastSight = `the password was asked for ${this.#passwordQuestions} times`
    if (this.#password === null && this.#passwordQuestions > 2)
      throw new GuestError(
        'login-failed',
        this.#options.vmi,
        `The guest of VMI "${this.#options.vmi}" asks user "${this.#user}" for a password, and the login style "alpine" has none. ` +
          'Use the login style "password", or an image whose root has no password.',
      )
    this.#stream.send(`${this.#password ?? ''}\n`, { secret: true })
  }

  /** Proves that there is a shell and whose it is, and makes the terminal fit for machines. */
  async #takeOver(): Promise<boolean> {
    const { answer, line } = question('$(id -un 2>/dev/null || echo "$USER")', sanity)
    this.#stream.send(`${line}\n`)
    const user = await this.#within(silenceBeforeBoot, answer, `the shell of user "${this.#user}" answered`)
    this.#stream.take()
    if (user === null) {
      this.#interrupt('the shell did not answer')
      this.#stream.send('\n')
      return false
    }
    if (user === this.#user) return true
    this.#lastSight = `user "${user}" was logged in`
    this.#foreignSessions += 1
    if (this.#foreignSessions > mostForeignSessions)
      throw new GuestError(
        'login-failed',
        this.#options.vmi,
        `The console of VMI "${this.#options.vmi}" was logged in as user "${user}" ${this.#foreignSessions} times although ` +
          `we logged it out; "${this.#user}" is wanted. Turn off the automatic login, or use that user.`,
      )
    this.#options.onProgress?.(`logging out ${user}`)
    this.#stream.send('exit\n')
    return false
  }

  #interrupt(why: string): void {
    this.#options.onProgress?.(`sending Ctrl-C: ${why}`)
    this.#stream.send(interrupt)
  }
}

/** Ctrl-D: programs that take Ctrl-C for a key of their line editor, as testpmd does, end at the end of their input. */
export const endOfInput = '\u0004'

/**
 * Takes the console back from whatever runs in the foreground.
 * @param options.key Ctrl-C or Ctrl-D
 * @returns whether a shell answered within `milliseconds`.
 */
export async function interruptForeground(
  stream: ConsoleStream,
  options: { clock: Clock; milliseconds: number; signal: AbortSignal; key?: string },
): Promise<boolean> {
  const { answer, line } = question('free')
  stream.send(options.key ?? interrupt)
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

function isSure(sight: Sight): boolean {
  return sight === 'user' || sight === 'password' || sight === 'new password' || sight === 'shell'
}

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
