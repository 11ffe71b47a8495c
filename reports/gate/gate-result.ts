import type { Comparison, RunReference } from '../../helpers/compare/comparison.ts'

/**
 * passed, failed, invalid, broken: as the check. regression: worse than the baseline. waived: missed, and accepted by a
 * waiver. ignored: not asked for by the policy.
 */
export type RuleOutcome = 'passed' | 'failed' | 'invalid' | 'broken' | 'regression' | 'waived' | 'ignored'

/** One thing that the gate asked for, and what it found. */
export interface GateRule {
  /** What is asked: the id of a check, `case`, `checkup`, `no regression`, `run`. */
  rule: string
  caseId: string
  actual: string
  expected: string
  outcome: RuleOutcome
  /** One sentence; with what to do next where there is something to do. */
  message: string
  /** Where it is asked for: a profile position, or `default`. */
  source: string
}

export interface GateResult {
  run: RunReference
  profile: string
  verdict: 'passed' | 'failed' | 'invalid' | 'broken' | 'regression' | 'preflight' | 'locked' | 'usage'
  reason: string
  exitCode: number
  rules: GateRule[]
  /** Odd, but no reason to fail: waivers that nothing needs. */
  warnings: string[]
  comparison: Comparison | null
}
