/** One permutation in VMs that are there: replace the job, restart the service, wait, collect, read. */
import type { ValueHistogram } from '../../helpers/run/case-record.ts'
import { mergeBins, type LatencyBins } from '../../helpers/statistics/latency-bins.ts'
import { GuestError } from '../../helpers/guest/guest-error.ts'
import { fioJobs, type FioJobFile } from '../../helpers/tools/fio/job-file.ts'
import { durationMilliseconds, parseWholeSeconds } from '../../helpers/units/duration.ts'
import { parseQuantity } from '../../helpers/units/quantity.ts'
import type { FleetMember, PoolFacts, StorageContext } from './bring-up.ts'
import { awaitCompletion, type Completion } from './completion.ts'
import { deriveResults, measuredReadPercent, startSkewMilliseconds, type DerivedResult } from './derived.ts'
import { mixedJobs, readCollected } from './fio-collection.ts'
import { deliveredJobFile } from './guest-files.ts'
import { clockCommand, collectCommand, parseWholeNumber, replaceJobCommand, restartCommand } from './guest-service.ts'
import type { Permutation, VmSize } from './matrix.ts'
import { subjectOf, type JobResult, type PermutationResult, type VmOutcome } from './permutation-result.ts'
import { laidOutFiles, permutationJobFile } from './plan.ts'
import type { StoragePool } from './pools.ts'
import type { RecordContext, StorageRecord } from './records.ts'
import { permutationTime } from './timing.ts'

const commandMilliseconds = 30_000
const collectMilliseconds = 60_000
const collectAgainMilliseconds = 5000
const startMilliseconds = 60_000
const gibibyte = 1024 ** 3

export interface Fleet {
  members: readonly FleetMember[]
  pool: StoragePool
  facts: PoolFacts
  vmSize: VmSize
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
  const records = collected.flatMap((each) => each.records)
  return {
    key: permutation.key,
    profile: permutation.profile,
    blockSize: permutation.blockSize,
    concurrency: permutation.concurrency,
    runId,
    startedAt: new Date(startedAt).toISOString(),
    durationMilliseconds: (await clock.now()) - startedAt,
    vms: collected.map(({ outcome }) => outcome),
    jobs: deriveResults(records).map((derived) => jobResult(derived, records, file)),
    mixes: mixedJobs(file).map(({ job, readPercent }) => ({
      job,
      askedPercent: readPercent,
      measuredPercent: measuredReadPercent(records.filter((record) => record.job === job)),
    })),
    startSkewMilliseconds: barrier > 0 ? largestSkew(records) : null,
    clockOffsetSeconds,
    // Counted and merged; what remains stays small however many there are.
    records: records.map((record) => ({ ...record, bins: null })),
  }
}

async function restart(
  { clock }: StorageContext,
  { members }: Fleet,
  file: FioJobFile,
  { before, barrier }: { before: FioJobFile | null; barrier: number },
): Promise<void> {
  const layoutOf = (of: FioJobFile) => JSON.stringify(laidOutFiles(of))
  const clearData = before === null || layoutOf(before) !== layoutOf(file)
  const startAt = barrier === 0 ? null : Math.ceil((await clock.now()) / 1000) + barrier
  const text = deliveredJobFile(file, startAt)
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

interface Collection {
  outcome: VmOutcome
  records: StorageRecord[]
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
  const outcome: VmOutcome = {
    vm: session.name,
    node: session.node,
    end,
    exitStatus,
    lastState,
    problems: end === 'finished' ? [] : [lastState],
    hasFioError: end === 'failed',
    runtimePercent: null,
    shortIos: 0,
    rawOutput: null,
  }
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
  const read = readCollected(output, file, exitStatus, recordContext(context, fleet, { index, permutation, session }))
  outcome.problems.push(...read.problems)
  outcome.hasFioError ||= read.hasFioError
  outcome.runtimePercent = read.runtimePercent
  outcome.shortIos = read.shortIos
  return { outcome, records: outcome.problems.length === 0 ? read.records : [] }
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

const recordContext = (
  { runId, clusterProfile }: StorageContext,
  { pool, facts, vmSize }: Fleet,
  { index, permutation, session }: { index: number; permutation: Permutation; session: FleetMember['session'] },
): RecordContext => ({
  runId,
  clusterProfile,
  pool: pool.name,
  storageClass: facts.storageClass,
  provisioner: facts.provisioner,
  volumeMode: pool.volumeMode,
  accessMode: pool.accessMode,
  vmSize: vmSize.label,
  vcpu: vmSize.vcpus,
  memoryGi: Number(vmSize.memory) / gibibyte,
  pvcGi: Number(parseQuantity(permutation.pvcSize)) / gibibyte,
  pvcSize: permutation.pvcSize,
  concurrency: permutation.concurrency,
  vmIndex: index + 1,
  vmName: session.name,
  node: session.node,
  profile: permutation.profile,
  blockSize: permutation.blockSize,
})

function jobResult(derived: DerivedResult, records: readonly StorageRecord[], file: FioJobFile): JobResult {
  const own = records.filter(({ job, direction }) => job === derived.job && direction === derived.direction)
  const bins = own.flatMap((record) => (record.bins === null ? [] : [record.bins]))
  return {
    ...derived,
    kind: kindOf(derived, file),
    histogram: bins.length === 0 ? null : coarse(mergeBins(bins)),
    iopsByVm: own.map(({ vmName, iops }) => ({ vm: vmName, iops })),
  }
}

const kibibyte = 1024

function kindOf({ job: name, direction }: DerivedResult, file: FioJobFile): JobResult['kind'] {
  if (direction === 'sync') return 'sync'
  const job = fioJobs(file).find((each) => each.name === name)
  if (job === undefined) return 'other'
  const bytes = job.bs[direction]
  if (job.rw.startsWith('rand')) return bytes === 4 * kibibyte ? 'random-4k' : 'other'
  // fsync makes a stream of writes something else.
  return bytes === kibibyte ** 2 && job.fsync === 0 ? 'sequential-1M' : 'other'
}

/** Buckets of about a twelfth of a factor of ten. */
const bucketsPerDecade = 12

function coarse(bins: LatencyBins): ValueHistogram {
  const buckets = new Map<number, number>()
  for (const [nanoseconds, count] of bins) {
    const step = Math.ceil(Math.log10(Math.max(1, nanoseconds)) * bucketsPerDecade - 1e-9)
    const microseconds = Number((10 ** (step / bucketsPerDecade) / 1000).toPrecision(3))
    buckets.set(microseconds, (buckets.get(microseconds) ?? 0) + count)
  }
  return { buckets: [...buckets].toSorted(([one], [other]) => one - other), overflow: 0 }
}

function largestSkew(records: readonly StorageRecord[]): number | null {
  const [first] = records
  if (first === undefined) return null
  // Later sections wait for those before, of their own VM: only the first one begins at the barrier.
  return startSkewMilliseconds(
    records.filter(({ job, direction }) => job === first.job && direction === first.direction),
  )
}
