/** From what fio reported in the VMs or pods of a permutation to its result. */
import type { ValueHistogram } from '../../helpers/run/case-record.ts'
import { mergeBins, type LatencyBins } from '../../helpers/statistics/latency-bins.ts'
import { fioJobs, type FioJobFile } from '../../helpers/tools/fio/job-file.ts'
import { parseQuantity } from '../../helpers/units/quantity.ts'
import type { PoolFacts, StorageContext } from './bring-up.ts'
import { deriveResults, measuredReadPercent, startSkewMilliseconds, type DerivedResult } from './derived.ts'
import { mixedJobs } from './fio-collection.ts'
import type { Permutation, VmSize } from './matrix.ts'
import type { JobResult, PermutationResult, VmOutcome } from './permutation-result.ts'
import type { StoragePool } from './pools.ts'
import type { RecordContext, StorageRecord } from './records.ts'

const gibibyte = 1024 ** 3

/** What all VMs of a group, or all pods, have in common. */
export interface FleetFacts {
  pool: StoragePool
  facts: PoolFacts
  vmSize: VmSize
}

/** What is so for all records of a permutation. */
export const fleetContext = (
  { runId, clusterProfile }: Pick<StorageContext, 'runId' | 'clusterProfile'>,
  { pool, facts, vmSize }: FleetFacts,
  permutation: Permutation,
): Omit<RecordContext, 'vmIndex' | 'vmName' | 'node'> => ({
  runId,
  clusterProfile,
  pool: pool.name,
  storageClass: facts.storageClass,
  provisioner: facts.provisioner,
  volumeMode: pool.volumeMode,
  accessMode: pool.accessMode,
  vmSize: permutation.vmSize,
  vcpu: vmSize.vcpus,
  memoryGi: Number(vmSize.memory) / gibibyte,
  pvcGi: Number(parseQuantity(permutation.pvcSize)) / gibibyte,
  pvcSize: permutation.pvcSize,
  concurrency: permutation.concurrency,
  profile: permutation.profile,
  blockSize: permutation.blockSize,
})

/** Of one VM or pod. */
export interface Collection {
  outcome: VmOutcome
  records: StorageRecord[]
}

/** Before its result is read. */
export const outcomeOf = (ended: Pick<VmOutcome, 'vm' | 'node' | 'end' | 'exitStatus' | 'lastState'>): VmOutcome => ({
  ...ended,
  problems: ended.end === 'finished' ? [] : [ended.lastState],
  hasFioError: ended.end === 'failed',
  runtimePercent: null,
  shortIos: 0,
  rawOutput: null,
})

interface Parts {
  permutation: Permutation
  file: FioJobFile
  runId: string
  /** Milliseconds since 1970. */
  startedAt: number
  durationMilliseconds: number
  collected: readonly Collection[]
  hasBarrier: boolean
  clockOffsetSeconds: number | null
}

export function assembleResult(parts: Parts): PermutationResult {
  const { permutation, file, runId, collected } = parts
  const records = collected.flatMap((each) => each.records)
  return {
    key: permutation.key,
    profile: permutation.profile,
    blockSize: permutation.blockSize,
    concurrency: permutation.concurrency,
    ...(permutation.inPods === true && { inPods: true }),
    runId,
    startedAt: new Date(parts.startedAt).toISOString(),
    durationMilliseconds: parts.durationMilliseconds,
    vms: collected.map(({ outcome }) => outcome),
    jobs: deriveResults(records).map((derived) => jobResult(derived, records, file)),
    mixes: mixedJobs(file).map(({ job, readPercent }) => ({
      job,
      askedPercent: readPercent,
      measuredPercent: measuredReadPercent(records.filter((record) => record.job === job)),
    })),
    startSkewMilliseconds: parts.hasBarrier ? largestSkew(records) : null,
    clockOffsetSeconds: parts.clockOffsetSeconds,
    // Counted and merged; what remains stays small however many there are.
    records: records.map((record) => ({ ...record, bins: null })),
  }
}

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
