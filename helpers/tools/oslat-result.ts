import type { LatencyDistribution } from '../units/latency-distribution.ts'

/** What oslat measured on one CPU. */
export interface OslatCpu extends LatencyDistribution {
  cpu: number
  /** Of the CPU's time stamp counter. */
  frequencyMhz: number
  minimumMicroseconds: number
  /** As oslat computes it, from its buckets; from 2.50 on that is one bucket too much. */
  averageMicroseconds: number
  maximumMicroseconds: number
  /** How long the CPU was really measured, by its own counter. */
  durationSeconds: number
}

/** The same from the text and from the JSON file of a run. */
export interface OslatResult {
  /** E.g. `2.40`. */
  version: string
  /** In the order of the columns: ascending. */
  cpus: OslatCpu[]
  /** What the tool says that it was asked to do; null in quiet text and in JSON, which do not say it. */
  header: OslatHeader | null
  /** null without `--bias`, and in JSON, which does not say it. */
  biasMicroseconds: number | null
  /** Of the machine; null in text. */
  system: RtTestSystem | null
}

export interface OslatHeader {
  totalRuntimeSeconds: number
  /** null: of the default scheduler. */
  fifoPriority: number | null
  /** As it was given, e.g. `2-3`. */
  cpuList: string
  mainThreadCpu: number
  /** `no` or `memmove`. */
  workload: string
  workloadMemoryKiB: number
  preheatCpus: number
}

/** `sysinfo` of the JSON files of rt-tests. */
export interface RtTestSystem {
  /** `uname -r` */
  kernelRelease: string
  /** `uname -v` */
  kernelVersion: string
  hostName: string
  machine: string
  /** /sys/kernel/realtime says 1. */
  realtime: boolean
}
