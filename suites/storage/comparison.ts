/** One run of storage against another: what changed, and what got worse than it may. */
import type { DerivedResult } from './derived.ts'

const comparedMetrics = ['iops', 'bandwidth', 'latAvg', 'p50', 'p95', 'p99', 'p999', 'cpuPer1kIops'] as const
type ComparedMetric = (typeof comparedMetrics)[number]

const readers: Record<ComparedMetric, (of: DerivedResult) => number | null> = {
  iops: (of) => of.totalIops,
  bandwidth: (of) => of.totalBwBytes,
  latAvg: (of) => of.latAvgNs,
  p50: (of) => of.p50?.nanoseconds ?? null,
  p95: (of) => of.p95?.nanoseconds ?? null,
  p99: (of) => of.p99?.nanoseconds ?? null,
  p999: (of) => of.p999?.nanoseconds ?? null,
  cpuPer1kIops: (of) => of.cpuPer1kIops,
}

interface MetricChange {
  before: number | null
  after: number | null
  /** null: one of them is missing, or before was 0. */
  deltaPercent: number | null
  /** Less than 1 % either way. */
  unchanged: boolean
}

export interface ComparisonRow {
  key: string
  job: string
  direction: string
  changes: Readonly<Record<ComparedMetric, MetricChange>>
  /** The metrics that fell or grew by more than they may: IOPS, bandwidth, p99. */
  regressions: readonly ComparedMetric[]
  /** Metrics with a limit that the earlier run has and this one has not. */
  vanished: readonly ComparedMetric[]
}

export interface Comparison {
  rows: readonly ComparisonRow[]
  /** `key job direction` */
  onlyBefore: readonly string[]
  onlyAfter: readonly string[]
}

export interface RegressionLimits {
  /** Largest fall of IOPS and bandwidth. */
  regressionPercent: number
  /** Largest growth of p99. */
  latencyRegressionPercent: number
}
const defaultRegressionLimits: RegressionLimits = { regressionPercent: 10, latencyRegressionPercent: 20 }

const unchangedBelowPercent = 1
const limitedMetrics = ['iops', 'bandwidth', 'p99'] as const

/**
 * Joins by permutation, job and direction.
 * @param limitsOf a profile
 */
export function compareRuns(
  before: readonly DerivedResult[],
  after: readonly DerivedResult[],
  limitsOf: (profile: string) => RegressionLimits = () => defaultRegressionLimits,
): Comparison {
  const earlier = new Map(before.map((of) => [identity(of), of]))
  const later = new Map(after.map((of) => [identity(of), of]))
  return {
    rows: [...later].flatMap(([id, of]) => {
      const other = earlier.get(id)
      return other === undefined ? [] : [compare(other, of, limitsOf(of.profile))]
    }),
    onlyBefore: [...earlier.keys()].filter((id) => !later.has(id)),
    onlyAfter: [...later.keys()].filter((id) => !earlier.has(id)),
  }
}

const identity = ({ key, job, direction }: DerivedResult) => `${key} ${job} ${direction}`

function compare(before: DerivedResult, after: DerivedResult, limits: RegressionLimits): ComparisonRow {
  const change = (metric: ComparedMetric) => metricChange(readers[metric](before), readers[metric](after))
  const changes: Record<ComparedMetric, MetricChange> = {
    iops: change('iops'),
    bandwidth: change('bandwidth'),
    latAvg: change('latAvg'),
    p50: change('p50'),
    p95: change('p95'),
    p99: change('p99'),
    p999: change('p999'),
    cpuPer1kIops: change('cpuPer1kIops'),
  }
  return {
    key: after.key,
    job: after.job,
    direction: after.direction,
    changes,
    regressions: limitedMetrics.filter((metric) => {
      const delta = changes[metric].deltaPercent
      if (delta === null) return false
      return metric === 'p99' ? delta > limits.latencyRegressionPercent : delta < -limits.regressionPercent
    }),
    vanished: limitedMetrics.filter((metric) => changes[metric].before !== null && changes[metric].after === null),
  }
}

function metricChange(before: number | null, after: number | null): MetricChange {
  const deltaPercent = before === null || after === null || before === 0 ? null : ((after - before) / before) * 100
  return {
    before,
    after,
    deltaPercent,
    unchanged: deltaPercent === null ? before === after : Math.abs(deltaPercent) < unchangedBelowPercent,
  }
}
