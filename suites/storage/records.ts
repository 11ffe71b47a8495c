/** The raw record of storage: what one job of one VM did in one direction. */
import {
  fioPercentile,
  type FioDirectionResult,
  type FioJobResult,
  type FioLatency,
} from '../../helpers/tools/fio/output.ts'
import { fioDirections, type FioDirection } from '../../helpers/tools/fio/job-file.ts'
import type { FioResult } from '../../helpers/tools/fio/validity.ts'
import type { LatencyBins } from '../../helpers/statistics/latency-bins.ts'

/** Where it was measured. What is not known is null. */
export interface RecordContext {
  runId: string
  clusterProfile: string
  pool: string
  storageClass: string
  provisioner: string | null
  volumeMode: string | null
  accessMode: string | null
  vmSize: string
  vcpu: number
  memoryGi: number
  pvcGi: number
  /** As in the key of the permutation: `150Gi`. */
  pvcSize: string
  concurrency: number
  /** From 1. */
  vmIndex: number
  vmName: string
  node: string | null
  profile: string
  blockSize: string
}

export type RecordDirection = FioDirection | 'sync'

export interface StorageRecord extends RecordContext {
  job: string
  direction: RecordDirection
  /** null for sync, whose rate is that of the writes. */
  iops: number | null
  bwBytes: number | null
  /** From submission to completion and before; of sync the time of one fsync. */
  latAvgNs: number | null
  /** Completion only; of sync the time of one fsync. */
  clatP50Ns: number | null
  clatP95Ns: number | null
  clatP99Ns: number | null
  clatP999Ns: number | null
  clatMaxNs: number | null
  /** I/Os with a time. */
  samples: number | null
  totalIos: number
  shortIos: number | null
  dropIos: number | null
  /** Per cent of one CPU, average over the jobs of the section. */
  usrCpu: number | null
  sysCpu: number | null
  /** How many jobs the record stands for: with group_reporting those of the section, else 1. */
  numjobs: number
  runtimeMs: number | null
  /** When the report was written, and how long the jobs ran, all together. */
  timestampMs: number | null
  jobRuntimeMs: number | null
  fioVersion: string
  bins: LatencyBins | null
}

/**
 * A record for each direction of each job in which there was I/O, in the order of the report.
 * @param numjobs how many jobs an entry of this name stands for: with group_reporting `numjobs` of the job file, else 1
 */
export function storageRecords(
  context: RecordContext,
  { jobs, version, timestampMilliseconds }: FioResult,
  numjobs: (job: string) => number,
): StorageRecord[] {
  return jobs.flatMap((of) => {
    const common = {
      ...context,
      job: of.job,
      usrCpu: of.userCpuPercent,
      sysCpu: of.systemCpuPercent,
      numjobs: numjobs(of.job),
      timestampMs: timestampMilliseconds,
      jobRuntimeMs: of.jobRuntimeMilliseconds,
      fioVersion: version,
    }
    const directions = fioDirections.flatMap((direction): StorageRecord[] => {
      const result = of[direction]
      return result === null ? [] : [{ ...common, direction, ...directionFields(result) }]
    })
    const sync = syncFields(of)
    return sync === null ? directions : [...directions, { ...common, direction: 'sync', ...sync }]
  })
}

const directionFields = (of: FioDirectionResult) => ({
  iops: of.iops,
  bwBytes: of.bytesPerSecond,
  latAvgNs: of.lat?.mean ?? null,
  ...latencyFields(of.clat),
  totalIos: of.totalIos,
  shortIos: of.shortIos,
  dropIos: of.dropIos,
  runtimeMs: of.runtimeMilliseconds,
})

const syncFields = ({ sync, write }: FioJobResult) =>
  sync === null
    ? null
    : {
        iops: null,
        bwBytes: null,
        latAvgNs: sync.lat?.mean ?? null,
        ...latencyFields(sync.lat),
        totalIos: sync.totalIos,
        shortIos: null,
        dropIos: null,
        runtimeMs: write?.runtimeMilliseconds ?? null,
      }

const latencyFields = (of: FioLatency | null) => ({
  clatP50Ns: fioPercentile(of, 50),
  clatP95Ns: fioPercentile(of, 95),
  clatP99Ns: fioPercentile(of, 99),
  clatP999Ns: fioPercentile(of, 99.9),
  clatMaxNs: of?.max ?? null,
  samples: of?.samples ?? null,
  bins: of?.bins ?? null,
})
