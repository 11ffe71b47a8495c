/** One permutation in VMs that are there: replace the job, restart the service, wait, collect, read. */
import { GuestError } from '../../helpers/guest/guest-error.ts'
import type { FioJobFile } from '../../helpers/tools/fio/job-file.ts'
import { durationMilliseconds, parseWholeSeconds } from '../../helpers/units/duration.ts'
import { assembleResult, fleetContext, outcomeOf, type Collection, type FleetFacts } from './assemble-result.ts'
import { deliveredJobFile, hasOtherFiles } from './benchmark-script.ts'
import type { FleetMember, StorageContext } from './bring-up.ts'
import { awaitCompletion, type Completion } from './completion.ts'
import { readInto } from './fio-collection.ts'
import { clockCommand, collectCommand, parseWholeNumber, replaceJobCommand, restartCommand } from './guest-service.ts'
import type { Permutation } from './matrix.ts'
import { subjectOf, type PermutationResult } from './permutation-result.ts'
import { permutationJobFile } from './plan.ts'
import { permutationTime } from './timing.ts'

const commandMilliseconds = 30_000
const collectMilliseconds = 60_000
const collectAgainMilliseconds = 5000
const startMilliseconds = 60_000

export interface Fleet extends FleetFacts {
  members: readonly FleetMember[]
}

export interface PermutationRun {
  permutation: Permutation
  /** Begun by cloud-init, with this barrier; null: it is to be begun now. */
  first: { startAt: number | null } | null
  /** That of the permutation before, whose files are there; null: there was none. */
  before: FioJobFile | null
}

/** Seconds of the barrier for permutations of more than one VM. */
export const barrierSeconds = (duration: string, vms: number): number =>
  vms > 1 && duration !== '0s' ? parseWholeSeconds(duration) : 0

/** @throws GuestError when no guest can be told what to do any more */
export async function runPermutation(
  context: StorageContext,
  fleet: Fleet,
  run: PermutationRun,
): Promise<PermutationResult> {
  const { parameters, clock, runId } = context
  const { permutation, first, before } = run
  const { members } = fleet
  const file = permutationJobFile(parameters, permutation)
  const subject = subjectOf(permutation)
  const startedAt = await clock.now()
  const clockOffsetSeconds = members.length > 1 ? await clockOffset(context, members) : null
  const barrier = barrierSeconds(first ? parameters.bootBarrier : parameters.startBarrier, members.length)
  if (first === null) await restart(context, fleet, file, { before, barrier })
  const time = permutationTime(parameters, permutation)
  const startAllowance = first ? durationMilliseconds(parameters.fioStartTimeout) : startMilliseconds
  const completions = await awaitCompletion(
    members.map(({ session }) => session),
    {
      clock,
      signal: context.signal,
      expectedMilliseconds: (barrier + time.fioSeconds) * 1000,
      startMilliseconds: startAllowance,
      totalMilliseconds: startAllowance + barrier * 1000 + durationMilliseconds(parameters.fioCompletionTimeout),
      pollMilliseconds: durationMilliseconds(parameters.pollInterval),
      progress: (message) => context.progress('FIO', subject, message),
    },
  )
  const collected = await Promise.all(
    members.map((member, index) => collect(context, fleet, { member, index, permutation, file }, completions[index])),
  )
  return assembleResult({
    permutation,
    file,
    runId,
    startedAt,
    durationMilliseconds: (await clock.now()) - startedAt,
    collected,
    hasBarrier: barrier > 0,
    clockOffsetSeconds,
  })
}

async function restart(
  { clock }: StorageContext,
  { members }: Fleet,
  file: FioJobFile,
  { before, barrier }: { before: FioJobFile | null; barrier: number },
): Promise<void> {
  const clearData = hasOtherFiles(before, file)
  const startAt = barrier === 0 ? null : Math.ceil((await clock.now()) / 1000) + barrier
  const text = deliveredJobFile(file, { startAt })
  const outcomes = await Promise.allSettled(
    members.map(async ({ session }) => {
      const replaced = await session.run(replaceJobCommand(text), commandMilliseconds)
      if (replaced.exitCode !== 0)
        throw new Error(`the job file of ${session.name} could not be replaced: ${replaced.stdout.trim()}`)
      const restarted = await session.run(restartCommand(clearData), commandMilliseconds)
      if (restarted.exitCode !== 0)
        throw new Error(`the service of ${session.name} could not be started: ${restarted.stdout.trim()}`)
    }),
  )
  // A guest that is away is found again, or is missing, when it is asked for its state.
  const wrong = outcomes.find((each) => each.status === 'rejected' && !(each.reason instanceof GuestError))
  if (wrong?.status === 'rejected') throw wrong.reason
  if (outcomes.every(({ status }) => status === 'rejected') && outcomes[0]?.status === 'rejected')
    throw outcomes[0].reason
}

/** A clock in seconds of the guest, and two of ours around it: only what is beyond them is a difference. */
async function clockOffset({ clock }: StorageContext, members: readonly FleetMember[]): Promise<number> {
  const offsets = await Promise.all(
    members.map(async ({ session }) => {
      const before = (await clock.now()) / 1000
      const guest = parseWholeNumber(
        (await session.run(clockCommand, commandMilliseconds)).stdout,
        `the clock of ${session.name}`,
      )
      const after = (await clock.now()) / 1000
      return Math.max(0, before - 1 - guest, guest - after)
    }),
  )
  return Math.max(...offsets)
}

async function collect(
  context: StorageContext,
  fleet: Fleet,
  of: { member: FleetMember; index: number; permutation: Permutation; file: FioJobFile },
  completion: Completion | undefined,
): Promise<Collection> {
  const { member, index, permutation, file } = of
  const { session } = member
  const { end, exitStatus, lastState } = completion ?? { end: 'unfinished' as const, exitStatus: null, lastState: '' }
  const outcome = outcomeOf({ vm: session.name, node: session.node, end, exitStatus, lastState })
  if (end !== 'finished' && end !== 'failed') return { outcome, records: [] }
  const output = await outputOf(context, member).catch((error: unknown) => {
    if (!(error instanceof GuestError)) throw error
    outcome.problems.push(`its result could not be fetched: ${error.message}`)
    return null
  })
  if (output === null) return { outcome, records: [] }
  outcome.rawOutput = await context.keepRawOutput(
    `${permutation.profile}-${permutation.blockSize}/${session.name}-fio.json`,
    output,
    'application/json',
  )
  const records = readInto(outcome, output, file, {
    ...fleetContext(context, fleet, permutation),
    vmIndex: index + 1,
    vmName: session.name,
    node: session.node,
  })
  return { outcome, records }
}

async function outputOf({ clock, signal }: StorageContext, { session }: FleetMember): Promise<string> {
  const once = async () => {
    const { stdout, exitCode } = await session.run(collectCommand, collectMilliseconds)
    return exitCode === 0 ? stdout : ''
  }
  const output = await once()
  if (output.trim() !== '') return output
  await clock.sleep(collectAgainMilliseconds, signal)
  return once()
}
