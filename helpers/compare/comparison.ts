/** What comparing runs finds. A value that is not there is null, never 0. */
import type { Unit } from '../run/case-record.ts'
import type { Verdict } from '../run/verdict.ts'
import type { Tolerance } from './tolerance.ts'

type MetricVerdict = 'better' | 'equal' | 'worse' | 'missing before' | 'missing after' | 'not measured'

export interface MetricComparison {
  caseId: string
  name: string
  subject: string
  /** Which statistic of its samples the values are; '' where they have none. */
  statistic: string
  unit: Unit
  better: 'lower' | 'higher'
  /** Of several baseline runs, the median of theirs. */
  before: number | null
  /** Of several runs after, the median of theirs. */
  after: number | null
  /** null where a value is missing, or was 0 before. */
  changePercent: number | null
  /** Confidence interval of the change; null where there is one value only. */
  interval: { fromPercent: number; toPercent: number } | null
  /** Observations behind the values; null where they have none. */
  observations: { before: number; after: number } | null
  /** Where the values of several baseline runs lie, in `unit`; null with one. */
  noiseBand: { from: number; to: number } | null
  tolerance: Tolerance
  verdict: MetricVerdict
  /** One sentence: why this verdict. */
  reason: string
}

export interface CaseComparison {
  caseId: string
  /** null: the run does not have the case. Of several runs the worst. */
  before: Verdict | null
  after: Verdict | null
  verdict: 'better' | 'equal' | 'worse' | 'missing before' | 'missing after' | 'not comparable'
  reason: string
}

/** Something that should be the same on both sides, and is not. */
export interface Difference {
  what: 'cluster' | 'profile' | 'parameters' | 'version'
  caseId?: string
  name: string
  before: string
  after: string
}

export interface RunReference {
  id: string
  path: string
  verdict: Verdict
  startedAt: string
}

export interface Comparison {
  before: RunReference[]
  after: RunReference[]
  /** worse: a metric or a verdict is. incomplete: something is missing that was there before. */
  verdict: 'better' | 'equal' | 'worse' | 'incomplete'
  reason: string
  /** What was compared nevertheless. */
  differences: Difference[]
  /** What may change, as an upgrade does: versions of Kubernetes and KubeVirt, nodes. */
  changes: { name: string; before: string; after: string }[]
  cases: CaseComparison[]
  metrics: MetricComparison[]
}
