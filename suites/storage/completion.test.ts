import { expect, test } from 'vitest'
import { GuestError } from '../../helpers/guest/guest-error.ts'
import type { Clock } from '../../helpers/clock/clock.ts'
import { awaitCompletion, type Asked, type CompletionLimits } from './completion.ts'
import { exitCommand, resultThereCommand, stateCommand } from './guest-service.ts'

/** A clock that jumps. */
function jumpingClock(): Clock & { seconds: () => number } {
  let now = 0
  return {
    now: () => Promise.resolve(now),
    sleep: (milliseconds) => {
      now += milliseconds
      return Promise.resolve()
    },
    deadline: () => ({ signal: new AbortController().signal, [Symbol.dispose]: () => undefined }),
    seconds: () => now / 1000,
  }
}

interface Answers {
  active: string
  pid?: number
  status?: number
  there?: string
}

const vm = (name: string, answers: () => Answers | Error): Asked & { asked: number } => {
  const asked = {
    name,
    asked: 0,
    run: (command: string) => {
      asked.asked += 1
      const now = answers()
      if (now instanceof Error) return Promise.reject(now)
      const { active, pid = 4711, status = 0, there = 'READY' } = now
      const outputs: Record<string, string> = {
        [stateCommand]: `ActiveState=${active}\n`,
        // In the order of systemd, which is not that of the question.
        [exitCommand]: `ExecMainStatus=${status}\nExecMainPID=${pid}\n`,
        [resultThereCommand]: `${there}\n`,
      }
      return Promise.resolve({ command, stdout: outputs[command] ?? '', exitCode: 0, durationMilliseconds: 1 })
    },
  }
  return asked
}

function limits(clock: Clock, parts: Partial<CompletionLimits> = {}): CompletionLimits {
  return {
    clock,
    signal: new AbortController().signal,
    expectedMilliseconds: 130_000,
    startMilliseconds: 60_000,
    totalMilliseconds: 600_000,
    pollMilliseconds: 10_000,
    progress: () => undefined,
    ...parts,
  }
}

test('a VM that ends with a result is asked little', async () => {
  const clock = jumpingClock()
  const one = vm('one', () => ({ active: clock.seconds() < 125 ? 'activating' : 'active' }))
  expect(await awaitCompletion([one], limits(clock))).toEqual([
    { name: 'one', end: 'finished', exitStatus: 0, lastState: 'active' },
  ])
  expect(clock.seconds()).toBe(130)
  expect(one.asked).toBe(1 + 3)
})

test('who has not ended when the time is up has failed, by name and last state', async () => {
  const clock = jumpingClock()
  const done = vm('done', () => ({ active: 'active' }))
  const hanging = vm('hanging', () => ({ active: 'activating' }))
  const found = await awaitCompletion([done, hanging], limits(clock))
  expect(found.map(({ name, end, lastState }) => [name, end, lastState])).toEqual([
    ['done', 'finished', 'active'],
    ['hanging', 'unfinished', 'activating'],
  ])
  expect(clock.seconds()).toBe(600)
})

test.each<[string, Answers, string, RegExp]>([
  ['a service that failed', { active: 'failed', status: 2 }, 'failed', /failed with exit status 2 \(fio failed\)/],
  ['one that systemd has ended', { active: 'failed', status: 15 }, 'failed', /SIGTERM: TimeoutStartSec/],
  ['one that says it is active with another status', { active: 'active', status: 1 }, 'failed', /exit status 1/],
  ['one that left nothing', { active: 'active', there: 'MISSING' }, 'without-result', /left no result/],
  ['one that never ran', { active: 'failed', pid: 0 }, 'never-started', /never started/],
  [
    'one that is not started',
    { active: 'inactive', pid: 0 },
    'never-started',
    /inactive: the service was never started/,
  ],
  // systemd keeps the process of the last start until the next one.
  ['one that is not started again', { active: 'inactive', pid: 12, status: 0 }, 'never-started', /inactive/],
])('%s', async (_what, answers, end, text) => {
  const [found] = await awaitCompletion([vm('one', () => answers)], limits(jumpingClock()))
  expect(found).toMatchObject({ end, lastState: expect.stringMatching(text) })
})

test('a start that is only queued is waited for', async () => {
  const clock = jumpingClock()
  const one = vm('one', () => ({ active: clock.seconds() < 50 ? 'inactive' : 'active' }))
  const [found] = await awaitCompletion([one], limits(clock, { expectedMilliseconds: 20_000 }))
  expect(found?.end).toBe('finished')
})

test('guests that are away are asked again; who stays away is named with the reason', async () => {
  const clock = jumpingClock()
  const away = new GuestError('dropped', 'ns/one', 'The SSH connection dropped')
  const one = vm('one', () => (clock.seconds() < 200 ? away : { active: 'active' }))
  const other = vm('other', () => away)
  const found = await awaitCompletion([one, other], limits(clock))
  expect(found[0]?.end).toBe('finished')
  expect(found[1]).toMatchObject({ end: 'unfinished', lastState: 'unknown: The SSH connection dropped' })
})

test('an answer that is none is no state', async () => {
  const odd = {
    name: 'odd',
    run: (command: string) =>
      Promise.resolve({ command, stdout: 'Failed to connect to bus\n', exitCode: 1, durationMilliseconds: 1 }),
  }
  const [found] = await awaitCompletion([odd], limits(jumpingClock()))
  expect(found).toMatchObject({
    end: 'unfinished',
    lastState: expect.stringContaining('systemctl show gives no ActiveState'),
  })
})
