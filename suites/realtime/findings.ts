/** What the procedure of a realtime case finds out. */
import type { CyclictestResult } from '../../helpers/tools/cyclictest.ts'
import type { HwlatdetectResult } from '../../helpers/tools/hwlatdetect.ts'
import type { OslatResult } from '../../helpers/tools/oslat-result.ts'

export interface RealtimeFindings {
  machine: MachineFacts
  guest: GuestFacts
  /** null: not asked for. */
  oslat: ToolRun<OslatResult> | null
  cyclictest: ToolRun<CyclictestResult> | null
  hwlatdetect: ToolRun<HwlatdetectResult> | null
}

/** What the cluster says of the running VMI. */
export interface MachineFacts {
  node: string
  dedicatedCpus: boolean
  /** null where the cluster does not say it. */
  qosClass: string | null
  hugepageSize: string | null
}

/** What the guest says of itself. */
export interface GuestFacts {
  /** Release and version, as `uname -rv` prints them. */
  kernel: string
  /** `uname -v` names PREEMPT_RT, and /sys/kernel/realtime, where it exists, says 1. */
  isRealtimeKernel: boolean
  /** CPUs that are in the kernel command line and, where the kernel lists them, in its list. */
  isolatedCpus: number[]
  nohzFullCpus: number[]
  rcuNocbsCpus: number[]
  /** null: there is none, or no tuned. */
  tunedProfile: string | null
  swapAreas: number
  /** Name of the raw output with the kernel command line and the rest. */
  rawOutput: string
}

export interface ToolRun<Result> {
  askedSeconds: number
  /** From its start until it was seen to have ended, in the cluster's time. */
  elapsedSeconds: number
  result: Result
  /** Name of the raw output that the result was read from. */
  rawOutput: string
}
