/** What one permutation has come to: all that is recorded, judged, compared and kept for a later run. */
import type { ValueHistogram } from '../../helpers/run/case-record.ts'
import type { EndState } from './completion.ts'
import type { DerivedResult } from './derived.ts'
import type { StorageRecord } from './records.ts'

export interface VmOutcome {
  vm: string
  node: string
  end: EndState
  exitStatus: number | null
  lastState: string
  /** Why there is no valid result; empty: there is one. */
  problems: string[]
  /** Of the problems: fio reports errors, an exit code or a signal. */
  hasFioError: boolean
  /** Shortest time of I/O of one job and direction, in per cent of what was asked; null: not known. */
  runtimePercent: number | null
  shortIos: number
  /** null: there was no output. */
  rawOutput: string | null
}

/** One job in one direction, over all VMs. */
export interface JobResult extends DerivedResult {
  /** Kind of I/O, which decides the limit of its latency. */
  kind: 'random-4k' | 'sequential-1M' | 'sync' | 'other'
  /** In µs, in few buckets: for people. */
  histogram: ValueHistogram | null
  /** IOPS of each VM, by name. */
  iopsByVm: { vm: string; iops: number | null }[]
}

export interface PermutationResult {
  /** `pool:size:pvc:concurrency:profile:bs` */
  key: string
  profile: string
  blockSize: string
  concurrency: number
  /** Absent: in VMs. In pods, `vms` are pods. */
  inPods?: boolean
  /** Run in which it was measured. */
  runId: string
  /** When it was begun, and how long it took. */
  startedAt: string
  durationMilliseconds: number
  vms: VmOutcome[]
  /** Of VMs with a valid result, without bins. */
  records: StorageRecord[]
  jobs: JobResult[]
  /** Of the jobs that mix reads and writes. */
  mixes: { job: string; askedPercent: number; measuredPercent: number | null }[]
  /** How far the VMs began apart, of the job where it is most; null: not with a barrier. */
  startSkewMilliseconds: number | null
  /** Largest difference of a guest's clock from ours; null: not looked at. */
  clockOffsetSeconds: number | null
}

/** `random-rw/4k`, and `random-rw/4k in pods` */
export const subjectOf = (of: Pick<PermutationResult, 'profile' | 'blockSize' | 'inPods'>): string =>
  `${loadOf(of)}${of.inPods === true ? ' in pods' : ''}`

/** The same for VMs and pods: `random-rw/4k` */
export const loadOf = ({ profile, blockSize }: Pick<PermutationResult, 'profile' | 'blockSize'>): string =>
  `${profile}/${blockSize}`

export const validVms = ({ vms }: PermutationResult): number =>
  vms.filter(({ problems }) => problems.length === 0).length

/** Whether nothing of it has to be measured again. */
export const isComplete = (of: PermutationResult): boolean => validVms(of) === of.vms.length && of.vms.length > 0
