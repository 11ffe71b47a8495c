import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import type { Clock } from '../clock/clock.ts'
import { DetachedCommandError } from './detached-command-error.ts'
import { startDetached, type DetachOptions } from './detached-command.ts'
import { GuestError, type GuestErrorKind } from './guest-error.ts'
import type { Guest, RunOptions } from './guest.ts'

/** Time that passes a hundred times as fast as that of the processes. */
class FastClock implements Clock {
  #now = 0
  readonly sleeps: number[] = []

  now(): Promise<number> {
    return Promise.resolve(this.#now)
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.sleeps.push(milliseconds)
    this.#now += milliseconds
    await delay(Math.min(milliseconds / 100, 20))
    signal?.throwIfAborted()
  }

  deadline(): never {
    throw new Error('not needed')
  }
}

/** What happens to a command: it is lost on its way, its answer is lost, or nothing. */
type Fate = GuestErrorKind | 'answer-lost' | 'well'

/** A guest whose shell is that of this machine. */
class ShellGuest implements Guest {
  readonly vmi = 'acceptance/vmi1'
  readonly channel = 'console'
  readonly commands: string[] = []
  fates: Fate[] = []
  /** Changes what arrives. */
  garble: (stdout: string) => string = (stdout) => stdout

  async run(command: string, { signal }: RunOptions = {}) {
    await Promise.resolve()
    signal?.throwIfAborted()
    this.commands.push(command)
    const fate = this.fates.shift() ?? 'well'
    if (fate !== 'well' && fate !== 'answer-lost') throw new GuestError(fate, this.vmi, `it is ${fate}`)
    const { status, stdout } = spawnSync('sh', ['-c', `exec 2>&1 </dev/null; ${command}`], { encoding: 'utf8' })
    if (fate === 'answer-lost') throw new GuestError('dropped', this.vmi, 'the console dropped')
    return { command, stdout: this.garble(stdout), exitCode: status ?? -1, durationMilliseconds: 0 }
  }

  start(): never {
    throw new Error('not needed')
  }

  transcript(): string {
    return ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is open.
  }
}

const directories: string[] = []

function setUp(options: Partial<DetachOptions> = {}) {
  const guest = new ShellGuest()
  const clock = new FastClock()
  const progress: string[] = []
  const start = async (command: string) => {
    const running = await startDetached(guest, command, {
      clock,
      onProgress: (message) => progress.push(message),
      ...options,
    })
    directories.push(running.directory)
    return running
  }
  return { guest, clock, progress, start }
}

const day = { timeoutMilliseconds: 86_400_000 }
const groupLives = (group: number): boolean => spawnSync('sh', ['-c', `kill -0 -- -${group}`]).status === 0

async function problem(work: Promise<unknown>): Promise<DetachedCommandError> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  if (error instanceof DetachedCommandError) return error
  throw error
}

test('brings exit code, output and files of a command, and leaves nothing behind', async () => {
  const { start } = setUp()
  let directory: string
  {
    await using running = await start(
      `printf 'a\\tb "$HOME" '"'x'"'\\n'; echo wrong >&2; echo '{"a": 1}' >r.json; exit 3`,
    )
    directory = running.directory
    const result = await running.wait(day)
    expect(result).toMatchObject({ exitCode: 3, stdout: `a\tb "$HOME" 'x'\n`, stderr: 'wrong\n' })
    expect(await running.readFile('r.json')).toBe('{"a": 1}\n')
    expect(await running.readFile(`${directory}/r.json`)).toBe('{"a": 1}\n')
    expect(await problem(running.readFile('none.json'))).toMatchObject({
      problem: 'unreadable',
      message: expect.stringMatching(
        /^none\.json of command ".*" on VMI "acceptance\/vmi1" \(in \/tmp\/detached-\w+\) cannot be read: ".*[Nn]o such file/,
      ),
    })
  }
  expect(existsSync(directory)).toBe(false)
})

test('the command runs away from the shell that started it, in a session of its own', async () => {
  const { start } = setUp()
  await using running = await start('ps -o sid= -p $$; tty; cat; true')
  const { stdout } = await running.wait(day)
  expect(stdout.trim().split('\n')).toEqual([String(running.processGroup), 'not a tty'])
})

test('a large output arrives intact, in pieces', async () => {
  const { guest, start } = setUp()
  await using running = await start('seq 1 60000')
  const { stdout } = await running.wait(day)
  expect(stdout).toBe(Array.from({ length: 60_000 }, (_, index) => `${index + 1}\n`).join(''))
  expect(guest.commands.filter((command) => command.startsWith('dd '))).toHaveLength(3)
})

test('output that is garbled on its way is read again, and refused in the end', async () => {
  const { guest, start } = setUp()
  await using running = await start('echo a whole line')
  let times = 1
  guest.garble = (stdout) => (stdout.startsWith('a whole') && times-- > 0 ? 'a whole' : stdout)
  expect((await running.wait(day)).stdout).toBe('a whole line\n')
  times = 99
  const error = await problem(running.readFile('.out'))
  expect(error.message).toContain('cannot be read: 7 of 13 bytes arrive at every attempt; it may not be text')
})

property.prop(
  [
    fc.array(
      fc.constantFrom<Fate>('well', 'dropped', 'answer-lost', 'console-unavailable', 'login-timeout', 'framing'),
      { maxLength: 12 },
    ),
  ],
  { numRuns: 10 },
)('whenever the console drops, the command runs once and its result arrives', async (fates) => {
  const { guest, start } = setUp()
  guest.fates = [...fates]
  await using running = await start('echo once >>runs; cat runs')
  expect(await running.wait(day)).toMatchObject({ exitCode: 0, stdout: 'once\n' })
  guest.fates = []
})

test('a guest that stays out of reach is given up, with the last error', async () => {
  const { clock, guest, progress, start } = setUp({ patienceMilliseconds: 120_000 })
  await using running = await start('true')
  guest.fates = Array.from({ length: 99 }, () => 'console-unavailable' as const)
  await expect(running.wait(day)).rejects.toThrow('it is console-unavailable')
  expect(await clock.now()).toBeLessThanOrEqual(122_000)
  expect(progress).toContain('acceptance/vmi1 does not answer (console-unavailable), trying again')
  guest.fates = []
})

test('what waiting cannot help is an error at once', async () => {
  const { guest, start } = setUp()
  guest.fates = ['login-failed']
  await expect(start('true')).rejects.toThrow('it is login-failed')
  expect(guest.commands).toHaveLength(1)
})

test('asks seldom until the expected end, and early on once', async () => {
  const { clock, guest, start } = setUp()
  await using running = await start('until test -e go; do sleep 0.01; done')
  const before = guest.commands.length
  clock.sleeps.length = 0
  const ended = running.wait({ ...day, expectedMilliseconds: 600_000 })
  while ((await clock.now()) < 604_000) await delay(5)
  spawnSync('touch', [`${running.directory}/go`])
  await ended
  expect(clock.sleeps.slice(0, 11)).toEqual([2000, ...Array.from({ length: 9 }, () => 60_000), 58_000])
  expect(clock.sleeps.slice(11, 13)).toEqual([2000, 4000])
  expect(guest.commands.length - before).toBeLessThan(40)
})

test('a command that fails at once is noticed long before its expected end', async () => {
  const { clock, start } = setUp()
  await using running = await start('nosuchtool --version')
  const { exitCode, stderr } = await running.wait({ ...day, expectedMilliseconds: 43_200_000 })
  expect(exitCode).toBe(127)
  expect(stderr).toMatch(/nosuchtool.*not found/)
  expect(await clock.now()).toBeLessThan(43_200_000)
})

test('a command that takes too long is not ended by waiting, but by disposing', async () => {
  const { start } = setUp()
  let group: number
  {
    await using running = await start('echo measuring; sleep 1000')
    group = running.processGroup
    const error = await problem(running.wait({ timeoutMilliseconds: 10_000 }))
    expect(error.problem).toBe('timed-out')
    expect(error.message).toBe(
      'Command "echo measuring; sleep 1000" on VMI "acceptance/vmi1" still runs after 10 s (timeoutMilliseconds of wait); ' +
        'its last output: "measuring". Raise the limit if the command needs longer.',
    )
    expect(groupLives(group)).toBe(true)
  }
  expect(groupLives(group)).toBe(false)
})

test('cancelling ends children, too, and those that do not mind SIGTERM', async () => {
  const { start } = setUp()
  const running = await start(`sh -c 'trap "" TERM; touch ready; sleep 1000; sleep 1000' & sleep 1000`)
  while (!existsSync(`${running.directory}/ready`)) await delay(5)
  expect(groupLives(running.processGroup)).toBe(true)
  await running.cancel()
  expect(groupLives(running.processGroup)).toBe(false)
  expect(existsSync(running.directory)).toBe(false)
  await running.cancel()
}, 30_000)

test('an aborted wait ends at once, and the command with its disposal', async () => {
  const abort = new AbortController()
  const { start } = setUp({ signal: abort.signal })
  let group = 0
  const work = async () => {
    await using running = await start('sleep 1000')
    group = running.processGroup
    setTimeout(() => abort.abort(new Error('enough')), 20)
    await running.wait(day)
  }
  await expect(work()).rejects.toThrow('enough')
  expect(groupLives(group)).toBe(false)
})

test('a command that was killed by somebody else has vanished', async () => {
  const { start } = setUp()
  await using running = await start('sleep 1000')
  spawnSync('sh', ['-c', `kill -9 -- -${running.processGroup}`])
  const error = await problem(running.wait(day))
  expect(error.problem).toBe('vanished')
  expect(error.message).toMatch(
    /^Command "sleep 1000" on VMI "acceptance\/vmi1" is not running any more \(process group \d+\), and left no exit code in \/tmp\/detached-\w+ \("gone"\)\. Look/,
  )
})

test('what cannot be ended is told while disposing, and an error of cancel', async () => {
  const { guest, progress, start } = setUp()
  const running = await start('true')
  await running.wait(day)
  guest.fates = ['login-failed', 'login-failed']
  await expect(running.cancel()).rejects.toThrow('it is login-failed')
  await running[Symbol.asyncDispose]()
  expect(progress.at(-1)).toBe('it is login-failed')
  guest.garble = () => 'rm: Read-only file system\n'
  await running.cancel()
})

test('a guest that cannot start it says so', async () => {
  const { guest, start } = setUp()
  const original = guest.run.bind(guest)
  guest.run = async (command, options) => ({
    ...(await original('true', options)),
    command,
    exitCode: 1,
    stdout: "mkdir: can't create directory '/tmp/detached-x': No space left on device\n",
  })
  const error = await problem(start('oslat --version'))
  expect(error.problem).toBe('not-started')
  expect(error.message).toBe(
    'Command "oslat --version" could not be started in the background of VMI "acceptance/vmi1": ' +
      `"mkdir: can't create directory '/tmp/detached-x': No space left on device". It needs mkdir, setsid and a /tmp with some space in the guest.`,
  )
})

test('the tests themselves leave nothing behind', () => {
  expect(directories.length).toBeGreaterThan(15)
  expect(directories.filter((directory) => existsSync(directory))).toEqual([])
})
