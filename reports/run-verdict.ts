/** The verdict of a whole run, why, and the exit code that tells it to a script. */
import type { CaseRecord } from '../helpers/run/case-record.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { verdicts } from '../helpers/run/verdict.ts'
import type { Verdict } from '../helpers/run/verdict.ts'
import { caseProblems } from './case-problems.ts'

/** Errors of these phases stop a run before its first case and have an exit code of their own. */
const exitCodeOfPhase: Record<string, number> = { usage: 2, profile: 2, preflight: 3, lock: 7 }

const exitCodeOfSignal: Record<string, number> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

const exitCodeOfVerdict: Record<Verdict, number> = {
  passed: 0,
  failed: 1,
  invalid: 4,
  broken: 6,
  // Nothing was judged, so nothing is known of the cluster.
  skipped: 6,
  cancelled: 130,
}

/**
 * 0 passed; 1 a limit was missed; 2 wrong usage or profile; 3 preflight failed; 4 a measurement may not be judged;
 * 6 set-up or infrastructure broke, or nothing was judged; 7 another run holds the cluster; 130, 143, 129 cancelled by
 * SIGINT, SIGTERM, SIGHUP. (5 is kept for a regression found by comparing two runs.)
 */
export function verdictExitCode(
  verdict: Verdict,
  { cancelledBy, errors }: Pick<RunDocument, 'cancelledBy' | 'errors'> = { cancelledBy: null, errors: [] },
): number {
  if (verdict === 'cancelled') return exitCodeOfSignal[cancelledBy ?? ''] ?? exitCodeOfVerdict.cancelled
  if (verdict === 'broken') {
    const telling = errors.find(({ phase }) => exitCodeOfPhase[phase] !== undefined)
    return exitCodeOfPhase[telling?.phase ?? ''] ?? exitCodeOfVerdict.broken
  }
  return exitCodeOfVerdict[verdict]
}

type Judged = Pick<RunDocument, 'cases' | 'errors' | 'cancelledBy' | 'flakyCases' | 'notSelected'>

/**
 * Cancelled comes first, since the run is incomplete whatever it found. Then failed: a missed limit is a fact about the
 * cluster, whatever else broke. Then broken, invalid, and skipped when all cases of some checkup were. Only then passed.
 */
export function judgeRun(run: Judged): { verdict: Verdict; reason: string } {
  const { cases, errors, cancelledBy } = run
  const counts = countVerdicts(cases)
  const first = (verdict: Verdict) => {
    const found = cases.find((record) => record.verdict === verdict)
    return found === undefined ? '' : `${found.id}: ${caseProblems(found).findings[0] ?? found.reason}`
  }
  const of = (verdict: Verdict) => `${counts[verdict]} of ${plural(cases.length, 'case')} ${verdict}`
  if (cancelledBy !== null) return { verdict: 'cancelled', reason: `cancelled by ${cancelledBy}; ${tally(counts)}` }
  if (counts.failed > 0) return { verdict: 'failed', reason: `${of('failed')}; ${first('failed')}` }
  const [error] = errors
  if (error !== undefined) return { verdict: 'broken', reason: `${error.phase}: ${error.message}` }
  if (counts.broken > 0) return { verdict: 'broken', reason: `${of('broken')}; ${first('broken')}` }
  if (counts.cancelled > 0) return { verdict: 'broken', reason: `${of('cancelled')}; ${first('cancelled')}` }
  if (counts.invalid > 0) return { verdict: 'invalid', reason: `${of('invalid')}; ${first('invalid')}` }
  if (cases.length === 0) return { verdict: 'broken', reason: 'no case ran: nothing is known of the cluster' }
  const skipped = checkupsWithoutJudgement(cases)
  if (skipped.length > 0)
    return {
      verdict: 'skipped',
      reason: `every selected case of ${skipped.join(', ')} was skipped: nothing was judged; ${first('skipped')}`,
    }
  return { verdict: 'passed', reason: passedReason(run, counts) }
}

function passedReason({ flakyCases, notSelected }: Judged, counts: Record<Verdict, number>): string {
  const remarks = [tally(counts)]
  if (flakyCases.length > 0) remarks.push(`flaky, passed only when repeated: ${flakyCases.join(', ')}`)
  if (notSelected.length > 0)
    remarks.push(`a part of the profile only: ${plural(notSelected.length, 'case')} not selected`)
  return remarks.join('; ')
}

function checkupsWithoutJudgement(cases: readonly CaseRecord[]): string[] {
  const checkups = [...new Set(cases.map(({ checkup }) => checkup))]
  return checkups.filter((checkup) =>
    cases.every((record) => record.checkup !== checkup || record.verdict === 'skipped'),
  )
}

export function countVerdicts(cases: readonly CaseRecord[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { passed: 0, failed: 0, invalid: 0, broken: 0, skipped: 0, cancelled: 0 }
  for (const { verdict } of cases) counts[verdict] += 1
  return counts
}

/** `2 passed, 1 failed`; verdicts that did not occur are left out. */
export function tally(counts: Record<Verdict, number>): string {
  const parts = verdicts.filter((verdict) => counts[verdict] > 0).map((verdict) => `${counts[verdict]} ${verdict}`)
  return parts.join(', ') || 'no cases'
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
