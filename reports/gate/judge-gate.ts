/** Judges a run by the policy of a profile. Fails closed: whatever is not shown to be well is not. */
import type { Comparison } from '../../helpers/compare/comparison.ts'
import { matchesPattern } from '../../helpers/compare/name-pattern.ts'
import type { GatePolicy } from '../../helpers/profile/gate-section.ts'
import { ProfileError, type ProfileProblem } from '../../helpers/profile/profile-problem.ts'
import type { CaseRecord, CheckResult } from '../../helpers/run/case-record.ts'
import type { EarlierRun } from '../../helpers/run/earlier-run.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { caseProblems } from '../case-problems.ts'
import { checkName, isWithoutLimit, limitText, measurementName } from '../measurement-text.ts'
import { verdictExitCode } from '../run-verdict.ts'
import type { GateResult, GateRule, RuleOutcome } from './gate-result.ts'
import { integrityProblems } from './run-integrity.ts'

export interface GateRequest {
  run: EarlierRun
  policy: GatePolicy
  /** Name of the profile that the policy is from. */
  profile: string
  /** Checkups that must have run. */
  requiredCheckups: readonly string[]
  /** Ids of every check that there is, for patterns that match none in this run. */
  knownChecks: readonly string[]
  /** With the baseline; null when there is none. */
  comparison: Comparison | null
  now: Date
}

/** @throws ProfileError for a waiver past its date, and for patterns that can match nothing */
export function judgeGate(request: GateRequest): GateResult {
  const { run, policy, comparison } = request
  refusePolicy(request)
  const broken = integrityProblems(run.document)
  if (broken.length > 0) {
    const message = `${run.path}: ${broken.join('; ')}. Run again; nothing can be said of this run.`
    return result(request, [runRule('broken', 'not whole', message)], [])
  }
  const usedWaivers = new Set<GatePolicy['waivers'][number]>()
  const rules = [
    ...runRules(request),
    ...checkupRules(request),
    ...notSelectedRules(request),
    ...run.document.cases.flatMap((record) => caseRules(record, request, usedWaivers)),
    ...(comparison === null ? [] : comparisonRules(comparison, policy)),
  ]
  const unused = policy.waivers
    .filter((waiver) => !usedWaivers.has(waiver))
    .map(
      ({ check, case: pattern, place, until }) =>
        `${place.file}:${place.line ?? 0}:${place.column ?? 0} ${place.path.replace(/\.until$/, '')}: nothing needs the waiver of ${check} for ${pattern} until ${until}; remove it`,
    )
  const leftovers = run.document.leftovers.map((each) => `left on the cluster: ${each}`)
  return result(request, rules, [...unused, ...leftovers])
}

/** The document cannot even be read. */
export function brokenGate(path: string, id: string, message: string): GateResult {
  return {
    run: { id, path, verdict: 'broken', startedAt: '' },
    profile: '',
    verdict: 'broken',
    reason: message,
    exitCode: exitCodeOf.broken,
    rules: [runRule('broken', 'not readable', message)],
    warnings: [],
    comparison: null,
  }
}

const exitCodeOf: Record<GateResult['verdict'], number> = {
  passed: 0,
  failed: 1,
  usage: 2,
  preflight: 3,
  invalid: 4,
  regression: 5,
  broken: 6,
  locked: 7,
}

function refusePolicy({ policy, now, run, knownChecks }: GateRequest): void {
  const today = now.toISOString().slice(0, 10)
  const expired = policy.waivers
    .filter(({ until }) => today > until)
    .map(({ check, until, reason, owner, place }): ProfileProblem => {
      const who = owner === undefined ? '' : `, owner ${owner}`
      return {
        ...place,
        message: `the waiver of ${check} ended on ${until} (${reason}${who}); correct what it was about, or agree on a new date`,
      }
    })
  // Of a document that is not whole, either may be missing.
  const { cases, plannedCases } = run.document as Partial<typeof run.document>
  const found = (cases ?? []).flatMap(({ id, checks }) => [
    id,
    ...checks.flatMap((each) => [each.id, `${id} ${each.id}`]),
  ])
  const names = [...(plannedCases ?? []), ...found, ...knownChecks]
  const idle = policy.mustPass
    .filter(({ pattern }) => !names.some((name) => matchesPattern(name, pattern)))
    .map(({ pattern, source }): ProfileProblem => {
      const [place = '', path = ''] = source.split(' ')
      return {
        file: place,
        line: null,
        column: null,
        path,
        message: `"${pattern}" is neither a check nor a case of this run`,
      }
    })
  if (expired.length + idle.length > 0) throw new ProfileError([...expired, ...idle])
}

const runRule = (outcome: RuleOutcome, actual: string, message: string): GateRule => ({
  rule: 'run',
  caseId: '',
  actual,
  expected: 'complete',
  outcome,
  message,
  source: 'default',
})

function runRules({ run: { document } }: GateRequest): GateRule[] {
  const errors = document.errors.map(({ phase, message }) => runRule('broken', phase, `${phase}: ${message}`))
  if (document.cancelledBy !== null)
    errors.push(runRule('broken', 'cancelled', `the run was cancelled by ${document.cancelledBy}: it shows nothing`))
  if (document.cases.length === 0)
    errors.push(runRule('broken', 'no case', 'no case ran: nothing is known of the cluster'))
  if (document.shard !== undefined)
    errors.push(
      runRule(
        'broken',
        `shard ${document.shard.index}/${document.shard.count}`,
        'this is one shard; merge all of them first: npx kubevirt-acceptance merge',
      ),
    )
  return errors.length > 0 ? errors : [runRule('passed', 'complete', 'the run is complete, and its document whole')]
}

function checkupRules({ run, requiredCheckups }: GateRequest): GateRule[] {
  const ran = new Set(run.document.cases.filter(({ verdict }) => verdict !== 'skipped').map(({ checkup }) => checkup))
  return requiredCheckups.map((name) => ({
    rule: 'checkup',
    caseId: name,
    actual: ran.has(name) ? 'ran' : 'did not run',
    expected: 'ran',
    outcome: ran.has(name) ? ('passed' as const) : ('broken' as const),
    message: ran.has(name)
      ? `checkup ${name} ran`
      : `checkup ${name} is required by the profile, and judged nothing in this run; set required: false there, or name the others with --project`,
    source: 'profile',
  }))
}

function notSelectedRules({ run, policy }: GateRequest): GateRule[] {
  return run.document.notSelected.map(({ caseId, reason }) => ({
    ...caseRule(caseId, 'not selected'),
    ...(mayBeSkipped(caseId, policy)
      ? { outcome: 'ignored' as const, message: `${caseId} was left out, as gate.allowSkipped permits: ${reason}` }
      : { outcome: 'broken' as const, message: `${caseId} was left out of the run: it ${reason}` }),
  }))
}

const caseRule = (caseId: string, actual: string) => ({
  rule: 'case',
  caseId,
  actual,
  expected: 'passed',
  source: 'default',
})

const mayBeSkipped = (caseId: string, { allowSkipped }: GatePolicy): boolean =>
  allowSkipped.some((pattern) => matchesPattern(caseId, pattern))

function caseRules(
  record: CaseRecord,
  request: GateRequest,
  usedWaivers: Set<GatePolicy['waivers'][number]>,
): GateRule[] {
  const { policy, run } = request
  const rules = record.checks
    .filter((check) => !isWithoutLimit(check))
    .map((check) => checkRule(record, check, policy, usedWaivers))
  const own = ownRule(record, rules, policy)
  if (own !== undefined) rules.unshift(own)
  if (run.document.flakyCases.includes(record.id))
    rules.push({
      ...caseRule(record.id, 'passed when repeated'),
      outcome: policy.allowFlaky ? 'ignored' : 'failed',
      message: policy.allowFlaky
        ? `${record.id} passed only when it was repeated, as gate.allowFlaky permits`
        : `${record.id} passed only when it was repeated; look at its earlier attempts, or set gate.allowFlaky`,
    })
  return rules
}

/** Of a case whose verdict its checks do not tell. */
function ownRule(record: CaseRecord, rules: readonly GateRule[], policy: GatePolicy): GateRule | undefined {
  const { id, verdict } = record
  const why = caseProblems(record).findings[0] ?? record.reason
  const rule = caseRule(id, verdict)
  if (verdict === 'skipped')
    return mayBeSkipped(id, policy)
      ? { ...rule, outcome: 'ignored', message: `${id} was skipped, as gate.allowSkipped permits: ${why}` }
      : { ...rule, outcome: 'broken', message: `${id} was skipped, so nothing was judged: ${why}; gate.allowSkipped of the profile permits it` } // prettier-ignore
  if (verdict === 'broken' || verdict === 'cancelled')
    return rules.some(({ outcome }) => outcome === 'broken')
      ? undefined
      : { ...rule, outcome: 'broken', message: `${id}: ${why}` }
  if (verdict === 'invalid') {
    const told = rules.some(({ outcome }) => outcome === 'invalid')
    return told ? undefined : { ...rule, outcome: 'invalid', message: `${id}: ${why}` }
  }
  const accounted = rules.some(({ outcome }) => outcome !== 'passed')
  return verdict === 'failed' && !accounted ? { ...rule, outcome: 'failed', message: `${id}: ${why}` } : undefined
}

function checkRule(
  record: CaseRecord,
  check: CheckResult,
  policy: GatePolicy,
  usedWaivers: Set<GatePolicy['waivers'][number]>,
): GateRule {
  const asked = policy.mustPass.find(({ pattern }) =>
    [check.id, record.id, `${record.id} ${check.id}`].some((name) => matchesPattern(name, pattern)),
  )
  const rule = {
    rule: checkName(check),
    caseId: record.id,
    actual: withUnit(check.actual, check.unit),
    expected: limitText(check),
    source: asked?.source ?? 'gate.mustPass',
    message: check.message,
  }
  if (check.verdict === 'passed') return { ...rule, outcome: 'passed' }
  // What could not be set up is no matter of policy: nothing else of the case is known either.
  if (asked === undefined && check.verdict !== 'broken')
    return {
      ...rule,
      outcome: 'ignored',
      message: `${check.verdict}, and not asked for by gate.mustPass: ${check.message}`,
    }
  if (check.verdict === 'failed') {
    const waiver = policy.waivers.find(
      (each) => matchesPattern(check.id, each.check) && matchesPattern(record.id, each.case),
    )
    if (waiver === undefined) return { ...rule, outcome: 'failed' }
    usedWaivers.add(waiver)
    const who = waiver.owner === undefined ? '' : `, owner ${waiver.owner}`
    return {
      ...rule,
      outcome: 'waived',
      source: `${waiver.place.file}:${waiver.place.line ?? 0}`,
      message: `waived until ${waiver.until} (${waiver.reason}${who}): ${check.message}`,
    }
  }
  const isSkipped = check.verdict === 'skipped'
  if (isSkipped && mayBeSkipped(record.id, policy)) return { ...rule, outcome: 'ignored' }
  return { ...rule, outcome: check.verdict === 'invalid' ? 'invalid' : 'broken' }
}

/** Verdicts of cases are judged by the checks; here it is about what the baseline had. */
function comparisonRules({ cases, metrics, before }: Comparison, policy: GatePolicy): GateRule[] {
  const rule = { rule: 'no regression', source: 'default' }
  const baseline = before.map(({ id }) => id).join(', ')
  const gone = cases
    .filter(({ caseId, verdict }) => verdict === 'missing after' && !mayBeSkipped(caseId, policy))
    .map(({ caseId }): GateRule => ({
      ...rule,
      caseId,
      actual: 'not in the run',
      expected: 'as in the baseline',
      outcome: 'invalid',
      message: `${caseId} is in the baseline ${baseline}, and not in this run; gate.allowSkipped of the profile permits it`,
    }))
  const changed = metrics
    .filter(
      ({ verdict, caseId }) => verdict === 'worse' || (verdict === 'missing after' && !mayBeSkipped(caseId, policy)),
    )
    .filter(({ tolerance }) => tolerance.percent !== false)
    .map((metric): GateRule => ({
      ...rule,
      caseId: metric.caseId,
      actual: `${measurementName(metric)} ${withUnit(metric.after, metric.unit)}`,
      expected: `as ${withUnit(metric.before, metric.unit)}, ${metric.tolerance.percent} % tolerated`,
      outcome: metric.verdict === 'worse' ? 'regression' : 'invalid',
      message: `${metric.caseId} ${measurementName(metric)}: ${metric.reason}`,
      source: metric.tolerance.source,
    }))
  if (gone.length + changed.length > 0) return [...gone, ...changed]
  const compared = metrics.filter(({ before: old, after: now }) => old !== null && now !== null).length
  const comparable = compared > 0 || cases.some(({ verdict }) => verdict === 'equal')
  return [
    {
      ...rule,
      caseId: '',
      actual: `${compared} metrics compared`,
      expected: `as in ${baseline}`,
      outcome: comparable ? 'passed' : 'invalid',
      message: comparable
        ? `nothing is worse than in ${baseline}`
        : `the run has nothing in common with ${baseline} that could be compared`,
    },
  ]
}

function result({ run, profile, comparison }: GateRequest, rules: GateRule[], warnings: string[]): GateResult {
  const { document, path } = run
  const of = (outcome: RuleOutcome): GateRule[] => rules.filter((rule) => rule.outcome === outcome)
  const base = {
    run: { id: document.id, path, verdict: document.verdict, startedAt: document.startedAt },
    profile,
    rules,
    warnings,
    comparison,
  }
  // A missed limit is a fact about the cluster, whatever else broke; then what could not be judged, then the comparison.
  for (const outcome of ['failed', 'broken', 'invalid', 'regression'] as const) {
    const [first, ...more] = of(outcome)
    if (first === undefined) continue
    const verdict = outcome === 'broken' ? brokenKind(run, rules) : outcome
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`
    return { ...base, verdict, exitCode: exitCodeOf[verdict], reason: `${first.message}${others}` }
  }
  const waived = of('waived').length
  return {
    ...base,
    verdict: 'passed',
    exitCode: exitCodeOf.passed,
    reason: `${of('passed').length} rules passed${waived === 0 ? '' : `, ${waived} missed and waived`}`,
  }
}

/** A run that did not get to its cases tells by its own exit code what stopped it. */
function brokenKind({ document }: EarlierRun, rules: readonly GateRule[]): GateResult['verdict'] {
  const isWhole = rules.some(({ rule, actual }) => rule === 'run' && actual === 'not whole')
  const code = isWhole ? exitCodeOf.broken : verdictExitCode(document.verdict, document)
  const kinds = ['usage', 'preflight', 'locked'] as const
  return kinds.find((kind) => exitCodeOf[kind] === code) ?? 'broken'
}
