/** Whether a run.json is whole: the gate trusts nothing that it can compute by itself. */
import type { CaseRecord } from '../../helpers/run/case-record.ts'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { sealProblem } from '../../helpers/run/run-seal.ts'
import { verdicts } from '../../helpers/run/verdict.ts'
import { countVerdicts, judgeRun, verdictExitCode } from '../run-verdict.ts'

/** Everything that does not fit together, one sentence each; empty when the run is whole. */
export function integrityProblems(document: RunDocument): string[] {
  const missing = missingParts(document)
  if (missing.length > 0) return [`it lacks ${missing.join(', ')}: it is not a complete run.json`]
  const seal = sealProblem(document)
  return [...(seal === undefined ? [] : [seal]), ...caseProblems(document), ...totals(document)]
}

const lists = ['plannedCases', 'cases', 'earlierAttempts', 'flakyCases', 'notSelected', 'errors', 'leftovers'] as const
const texts = ['id', 'verdict', 'reason', 'startedAt', 'completedAt'] as const
const objects = ['versions', 'cluster', 'profile', 'verdictCounts'] as const

function missingParts(document: RunDocument): string[] {
  return [
    ...lists.filter((name) => !Array.isArray(document[name])),
    ...texts.filter((name) => typeof document[name] !== 'string'),
    ...objects.filter((name) => typeof document[name] !== 'object' || document[name] === null),
    ...(typeof document.exitCode === 'number' ? [] : ['exitCode']),
    ...(document.schemaVersion === 1 ? [] : ['schemaVersion 1']),
  ]
}

function caseProblems({ plannedCases, cases, notSelected }: RunDocument): string[] {
  const ids = cases.map(({ id }) => id)
  const known = new Set([...ids, ...notSelected.map(({ caseId }) => caseId)])
  const without = plannedCases.filter((id) => !known.has(id))
  const doubled = ids.filter((id, index) => ids.indexOf(id) !== index)
  return [
    ...(without.length === 0 ? [] : [`planned cases have no result: ${without.join(', ')}`]),
    ...(doubled.length === 0 ? [] : [`cases have more than one result: ${doubled.join(', ')}`]),
    ...cases.filter(contradicts).map(({ id, verdict }) => `the verdict "${verdict}" of ${id} contradicts its checks`),
  ]
}

/** A case cannot have passed with a check that did not, or with a measurement that may not be judged. */
function contradicts({ verdict, checks, validity }: CaseRecord): boolean {
  if (verdict !== 'passed') return false
  const bad = checks.some((check) => ['failed', 'invalid', 'broken'].includes(check.verdict))
  return bad || !validity.valid || checks.length === 0
}

function totals(document: RunDocument): string[] {
  const counts = countVerdicts(document.cases)
  const wrong = verdicts.filter((verdict) => document.verdictCounts[verdict] !== counts[verdict])
  const { verdict } = judgeRun(document)
  const exitCode = verdictExitCode(verdict, document)
  return [
    ...wrong.map((each) => `it counts ${document.verdictCounts[each]} cases as ${each}, but has ${counts[each]}`),
    ...(document.verdict === verdict ? [] : [`it says "${document.verdict}", but its cases say "${verdict}"`]),
    ...(document.exitCode === exitCode
      ? []
      : [`it says exit code ${document.exitCode}, but its cases say ${exitCode}`]),
  ]
}
