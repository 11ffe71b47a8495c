/** How much worse a metric may become: from the profile's `gate.regressions`, else the defaults here. */
import { matchesPattern } from './name-pattern.ts'

export interface Tolerance {
  /** false: a change of this metric is shown and never counts. */
  percent: number | false
  /** Where it is set: a profile position, or `default`. */
  source: string
}

export interface ToleranceRule {
  /** Of metric names (`p99LatencyNanoSec`), or of `case id + space + metric name`. The last rule that matches counts. */
  pattern: string
  percent: number | false
  source: string
}

/**
 * One value is all there is: nothing tells how much of a change is chance.
 * With samples, chance is known, and the tolerance only keeps changes away that nobody cares about.
 */
export const defaultTolerancePercent = { value: 10, samples: 5 } as const

export function toleranceFor(
  rules: readonly ToleranceRule[],
  metric: { caseId: string; name: string },
  method: keyof typeof defaultTolerancePercent,
): Tolerance {
  const rule = rules.findLast(
    ({ pattern }) => matchesPattern(metric.name, pattern) || matchesPattern(`${metric.caseId} ${metric.name}`, pattern),
  )
  return rule === undefined
    ? { percent: defaultTolerancePercent[method], source: 'default' }
    : { percent: rule.percent, source: rule.source }
}
