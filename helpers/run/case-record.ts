import type { Verdict } from './verdict.ts'

export type Unit = 'ns' | 'us' | 'ms' | 's' | '%' | 'packets' | 'pps' | 'bit/s' | 'bytes' | 'bytes/s' | 'iops' | 'count'

/** A typed value with what it was computed from. A value that could not be measured is null, never 0. */
export interface Measurement {
  /** Result name as documented, e.g. `maxLatencyNanoSec`; our additions follow the same manner. */
  name: string
  /** Which of several measurements of the case, e.g. `worker1 -> worker2`; absent when there is only one. Unique with `name`. */
  subject?: string
  value: number | null
  unit: Unit
  /** Which direction is an improvement. */
  better: 'lower' | 'higher'
  /** Every single observation in the order it was made, in `unit`. */
  samples?: number[]
  /** Positions, counted from 0 in the order of sending, of observations that never came; `samples` holds the others. */
  lost?: number[]
  /**
   * When each of `samples` was made, in seconds since the measuring began; as many, and ascending. Measurements of one
   * subject that have times are drawn in one plot over time.
   */
  sampleTimesSeconds?: number[]
  /** What the case asked for, in `unit`, where that is not the limit of a check; a plot shows it. */
  asked?: number
  /** How `value` was searched, where it was. */
  search?: ValueSearch
  /** How often each value was observed, where there are too many observations to keep each of them. */
  histogram?: ValueHistogram
  /** Which percentile of what `value` is; those of one group are drawn in one plot, each series as a line. */
  percentile?: Percentile
  /** Name of the raw output it was read from (an entry of `CaseRecord.rawOutputs`). */
  rawOutput?: string
}

interface Percentile {
  group: string
  series: string
  /** Above 0; 100: the maximum. */
  percent: number
}

/** Observations counted by value. */
export interface ValueHistogram {
  /** Values in the unit of the measurement, ascending; those that were never observed may be left out. */
  buckets: [value: number, count: number][]
  /** Observations above all buckets, whose values are not known. */
  overflow: number
}

/** A search for the highest value without too much loss. */
export interface ValueSearch {
  /** In the unit of the measurement; nothing above can be reached. */
  top: number
  /** In the order in which they were made. */
  trials: {
    /** In the unit of the measurement. */
    tried: number
    sentPackets: number
    receivedPackets: number
    /** null: nothing was sent. */
    lossPercent: number | null
    /** `invalid`: the value that was tried was not reached, so nothing is known about it. */
    outcome: 'passed' | 'lost' | 'invalid'
  }[]
}

/** Numbers for people to look at side by side; those that are judged or compared between runs are measurements. */
export interface RecordTable {
  title: string
  /** Whether reports also draw it as a picture, for those who put it elsewhere. */
  picture?: boolean
  /** Columns that reports also draw as bars, one for each row, each with the title of its panel. */
  bars?: { column: string; title: string }[]
  columns: string[]
  /** As many cells as columns; null where nothing was measured. */
  rows: (string | number | null)[][]
}

/** One judged statement. */
export interface CheckResult {
  /** Stable, e.g. `latency.max`. */
  id: string
  /** `skipped`: no limit is set for this check. `invalid`: there is no measurement that may be judged. `broken`: common checks only. */
  verdict: 'passed' | 'failed' | 'invalid' | 'broken' | 'skipped'
  title: string
  /** Which of several measurements of the case, e.g. `worker1 -> worker2`; '' when there is only one. */
  subject: string
  /** Name of the measurement that was judged, where there is one; a plot of its samples shows the limit. */
  measurement?: string
  actual: number | string | null
  operator: '<=' | '>=' | '==' | ''
  limit: number | string | null
  unit: Unit | ''
  /** Where the limit is set: a profile position (`cluster-profiles/lab.yaml:12:5 checkups.latency...`) or `default`. */
  limitSource: string
  /** Parameter that sets the limit; absent when the limit is fixed. */
  limitParameter?: string
  /** One sentence with the value, the limit, where the limit is set and, unless passed, what to do next. */
  message: string
  remediation: string
}

/** Whether the measurements of a case may be judged at all. */
export interface Validity {
  valid: boolean
  /** One sentence each; empty when valid. */
  problems: string[]
}

export interface RawOutput {
  /** File name, unique within the case. */
  name: string
  /** Relative to the run directory. */
  path: string
  mediaType: string
}

/** What one phase of a case took: provision, measure, tear down, ... In the cluster's time. */
interface PhaseTiming {
  name: string
  startedAt: string
  durationMilliseconds: number
}

export interface CaseError {
  phase: string
  message: string
}

/** Everything known about one case when its test has ended. */
export interface CaseRecord {
  checkup: string
  /** Stable over runs, e.g. `latency/blue/worker1-worker2`. */
  id: string
  title: string
  verdict: Verdict
  /** Why, in one line, unless passed. */
  reason: string
  /** 0 for the first attempt. */
  attempt: number
  startedAt: string
  completedAt: string
  parameters: Record<string, string | number | boolean | null>
  /** Documented result names with their text values, e.g. `sourceNode`. */
  results: Record<string, string | null>
  measurements: Measurement[]
  /** Absent where the checkup has none. */
  tables?: RecordTable[]
  validity: Validity
  checks: CheckResult[]
  phases: PhaseTiming[]
  /** Requests to the API server by verb and resource, e.g. `create virtualmachineinstances`. */
  apiRequests: Record<string, number>
  rawOutputs: RawOutput[]
  /** Evidence files, collected on anything but a pass. */
  evidence: RawOutput[]
  errors: CaseError[]
  /** Objects that could not be removed: `kind namespace/name`. */
  leftovers: string[]
}
