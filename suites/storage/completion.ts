/** Waits until the service has ended in all VMs of a group. Who has not at the end of the time has failed, by name. */
import type { Clock } from '../../helpers/clock/clock.ts'
import { GuestError } from '../../helpers/guest/guest-error.ts'
import type { CommandResult } from '../../helpers/guest/guest.ts'
import {
  exitCommand,
  GuestAnswerError,
  parseProperties,
  parseWholeNumber,
  resultThereCommand,
  stateCommand,
} from './guest-service.ts'

/** A VM that is asked. */
export interface Asked {
  readonly name: string
  run: (command: string, timeoutMilliseconds: number) => Promise<CommandResult>
}

export interface CompletionLimits {
  clock: Clock
  signal: AbortSignal
  /** Nobody has ended before, unless something is wrong. */
  expectedMilliseconds: number
  /** For the service to begin at all. */
  startMilliseconds: number
  /** For everything. */
  totalMilliseconds: number
  pollMilliseconds: number
  progress: (message: string) => void
}

/** `unfinished`: the time was up. `never-started`: the service did not begin. */
export type EndState = 'finished' | 'failed' | 'without-result' | 'never-started' | 'unfinished'

export interface Completion {
  name: string
  end: EndState
  /** Of fio; null: it has not ended. */
  exitStatus: number | null
  /** What was last seen, for people. */
  lastState: string
}

type Look = { end: Exclude<EndState, 'unfinished'>; exitStatus: number | null; state: string } | { waiting: string }

const commandMilliseconds = 30_000

export async function awaitCompletion(fleet: readonly Asked[], limits: CompletionLimits): Promise<Completion[]> {
  const { clock, signal, expectedMilliseconds, totalMilliseconds, pollMilliseconds, progress } = limits
  const begin = await clock.now()
  const done = new Map<string, Completion>()
  const last = new Map<string, string>()
  const passed = async () => (await clock.now()) - begin
  let looks = 0
  while (done.size < fleet.length) {
    const elapsed = await passed()
    if (elapsed >= totalMilliseconds) break
    // Once soon, since what is wrong often is so at once; then not before there can be a result.
    const next = looks === 1 ? Math.max(pollMilliseconds, expectedMilliseconds - elapsed) : pollMilliseconds
    await clock.sleep(Math.min(next, totalMilliseconds - elapsed), signal)
    looks += 1
    const waited = await passed()
    const pending = fleet.filter(({ name }) => !done.has(name))
    const seen = await Promise.all(pending.map((vm) => look(vm, waited >= limits.startMilliseconds, signal)))
    for (const [index, found] of seen.entries()) {
      const name = pending[index]?.name ?? ''
      if ('waiting' in found) last.set(name, found.waiting)
      else done.set(name, { name, end: found.end, exitStatus: found.exitStatus, lastState: found.state })
    }
    if (looks === 1 || done.size > 0)
      progress(`${done.size} of ${fleet.length} VMs have ended after ${Math.round((await passed()) / 1000)} s`)
  }
  return fleet.map(
    ({ name }) =>
      done.get(name) ?? { name, end: 'unfinished', exitStatus: null, lastState: last.get(name) ?? 'never asked' },
  )
}

async function look(vm: Asked, shouldHaveStarted: boolean, signal: AbortSignal): Promise<Look> {
  try {
    return await ask(vm, shouldHaveStarted)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof GuestError || error instanceof GuestAnswerError)
      return { waiting: `unknown: ${error.message}` }
    throw error
  }
}

async function ask(vm: Asked, shouldHaveStarted: boolean): Promise<Look> {
  const { ActiveState: active } = parseProperties((await vm.run(stateCommand, commandMilliseconds)).stdout, [
    'ActiveState',
  ])
  // What `start --no-block` has only queued is inactive still; and so is what cloud-init has not come to.
  if (active === 'inactive')
    return shouldHaveStarted
      ? { end: 'never-started', exitStatus: null, state: 'inactive: the service was never started' }
      : { waiting: 'inactive, not started yet' }
  if (active !== 'active' && active !== 'failed') return { waiting: active }
  const exit = parseProperties((await vm.run(exitCommand, commandMilliseconds)).stdout, [
    'ExecMainPID',
    'ExecMainStatus',
  ])
  const pid = parseWholeNumber(exit.ExecMainPID, 'ExecMainPID')
  const exitStatus = parseWholeNumber(exit.ExecMainStatus, 'ExecMainStatus')
  if (pid === 0) return { end: 'never-started', exitStatus: null, state: `${active}: the service was never started` }
  if (active === 'failed' || exitStatus !== 0)
    return { end: 'failed', exitStatus, state: `${active} with exit status ${exitStatus}${exitMeaning(exitStatus)}` }
  const there = (await vm.run(resultThereCommand, commandMilliseconds)).stdout.trim()
  return there === 'READY'
    ? { end: 'finished', exitStatus, state: active }
    : { end: 'without-result', exitStatus, state: 'ended with 0, but left no result' }
}

/** Of systemd, of fio and of the shell that runs it. */
export const exitMeaning = (status: number): string =>
  ({
    1: ' (fio was refused, or the data disk is not mounted)',
    2: ' (fio failed)',
    15: ' (SIGTERM: TimeoutStartSec)',
    127: ' (a program is missing)',
    128: ' (fio was ended by a signal)',
    137: ' (SIGKILL: memory, or removed)',
  })[status] ?? ''
