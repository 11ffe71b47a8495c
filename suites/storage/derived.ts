/** What the VMs of a permutation did together: one figure per job and direction. Phases of a job file never ran together. */
import { fairness, type Fairness } from '../../helpers/statistics/fairness.ts'
import { fleetPercentile, type FleetPercentile } from '../../helpers/statistics/latency-bins.ts'
import { permutationKey } from './matrix.ts'
import type { RecordDirection, StorageRecord } from './records.ts'

export interface DerivedResult {
  /** Of the permutation, six fields. */
  key: string
  pool: string
  vmSize: string
  pvcSize: string
  concurrency: number
  profile: string
  blockSize: string
  job: string
  direction: RecordDirection
  /** Sum over the VMs. null: not measured, such as for sync. */
  totalIops: number | null
  totalBwBytes: number | null
  /** Mean over all I/Os. */
  latAvgNs: number | null
  latMaxNs: number | null
  p50: FleetPercentile | null
  p95: FleetPercentile | null
  p99: FleetPercentile | null
  p999: FleetPercentile | null
  /** Of the IOPS of the VMs. */
  fairness: Fairness | null
  /** Per cent of one guest CPU for 1000 I/Os per second, all directions of the job together. */
  cpuPer1kIops: number | null
  /** VMs with a record. */
  vms: number
  /** Those by the VMs that were asked for, 0 to 1. */
  completeness: number
}

/**
 * @param records of one run, of valid results only: what is not valid has to be missing here
 * @returns in the order in which permutation, job and direction occur first
 */
export function deriveResults(records: readonly StorageRecord[]): DerivedResult[] {
  const byJob = Map.groupBy(records, (of) => JSON.stringify([permutationKey(of), of.job]))
  return [...byJob.values()].flatMap((ofJob) =>
    [...Map.groupBy(ofJob, ({ direction }) => direction).values()].flatMap((of) => derive(of, ofJob)),
  )
}

function derive(of: readonly StorageRecord[], ofJob: readonly StorageRecord[]): DerivedResult[] {
  const [first] = of
  if (first === undefined) return []
  const { pool, vmSize, pvcSize, concurrency, profile, blockSize, job, direction } = first
  const percentile = (percent: number, own: (record: StorageRecord) => number | null) =>
    fleetPercentile(
      of.map((record) => ({ bins: record.bins, percentile: own(record) })),
      percent,
    )
  const iops = allOf(of.map((record) => record.iops))
  const vms = new Set(of.map(({ vmName }) => vmName)).size
  return [
    {
      key: permutationKey(first),
      pool,
      vmSize,
      pvcSize,
      concurrency,
      profile,
      blockSize,
      job,
      direction,
      totalIops: sumOf(iops),
      totalBwBytes: sumOf(allOf(of.map((record) => record.bwBytes))),
      latAvgNs: meanLatency(of),
      latMaxNs: greatest(allOf(of.map((record) => record.clatMaxNs))),
      p50: percentile(50, (record) => record.clatP50Ns),
      p95: percentile(95, (record) => record.clatP95Ns),
      p99: percentile(99, (record) => record.clatP99Ns),
      p999: percentile(99.9, (record) => record.clatP999Ns),
      fairness: iops === null ? null : fairness(iopsOfVms(of)),
      cpuPer1kIops: cpuPer1kIops(ofJob),
      vms,
      completeness: vms / concurrency,
    },
  ]
}

/** Without group_reporting a VM has several records of one job. */
const iopsOfVms = (of: readonly StorageRecord[]): number[] =>
  [...Map.groupBy(of, ({ vmName }) => vmName).values()].map((ofVm) =>
    ofVm.reduce((total, { iops }) => total + (iops ?? 0), 0),
  )

/** null when one is: a sum without it would be too small, and look like the pool. */
function allOf(values: readonly (number | null)[]): number[] | null {
  const known = values.filter((value) => value !== null)
  return known.length === values.length ? known : null
}

const sumOf = (values: readonly number[] | null): number | null =>
  values === null ? null : values.reduce((total, value) => total + value, 0)

const greatest = (values: readonly number[] | null): number | null => (values === null ? null : Math.max(...values))

function meanLatency(of: readonly StorageRecord[]): number | null {
  let [total, samples] = [0, 0]
  for (const record of of) {
    if (record.latAvgNs === null || record.samples === null) return null
    total += record.latAvgNs * record.samples
    samples += record.samples
  }
  return samples === 0 ? null : total / samples
}

/** fio gives the CPU time of a job for all its directions together. */
function cpuPer1kIops(ofJob: readonly StorageRecord[]): number | null {
  const iops = sumOf(allOf(ofJob.filter(({ direction }) => direction !== 'sync').map((record) => record.iops)))
  const [first] = ofJob
  const once = ofJob.filter(({ direction }) => direction === first?.direction)
  const perRecord = once.map(({ usrCpu, sysCpu, numjobs }) =>
    usrCpu === null || sysCpu === null ? null : (usrCpu + sysCpu) * numjobs,
  )
  const cpu = sumOf(allOf(perRecord))
  return iops === null || iops === 0 || cpu === null ? null : cpu / (iops / 1000)
}

/**
 * How far apart the VMs began, for those with a start barrier: each began when its report was written, less the time that
 * each of its jobs ran.
 * @param records of one job of one permutation
 * @returns milliseconds; null when the report of one does not say
 */
export function startSkewMilliseconds(records: readonly StorageRecord[]): number | null {
  const starts = allOf(
    records.map(({ timestampMs, jobRuntimeMs, numjobs }) =>
      timestampMs === null || jobRuntimeMs === null ? null : timestampMs - jobRuntimeMs / numjobs,
    ),
  )
  return starts === null || starts.length === 0 ? null : Math.max(...starts) - Math.min(...starts)
}

/**
 * Share of reads in a mix as it was measured, in per cent, over all VMs; null when the job does not mix reads and writes.
 * @param records of one job of one permutation
 */
export function measuredReadPercent(records: readonly StorageRecord[]): number | null {
  const iosOf = (wanted: RecordDirection) => {
    const of = records.filter(({ direction }) => direction === wanted)
    return of.length === 0 ? null : of.reduce((total, { totalIos }) => total + totalIos, 0)
  }
  const [reads, writes] = [iosOf('read'), iosOf('write')]
  return reads === null || writes === null ? null : (reads / (reads + writes)) * 100
}
