/** Why a case did not pass, each fact once: what was found, and what to do next. */
import type { CaseRecord, CheckResult } from '../helpers/run/case-record.ts'
import { checkName } from './measurement-text.ts'

export interface CaseProblems {
  /** One sentence each; checks say value, limit, and where the limit is set. */
  findings: string[]
  advice: Advice[]
}

/** What to do next; several checks often share it. */
export interface Advice {
  /** Ids of the checks that it belongs to. */
  checks: string[]
  text: string
}

export function caseProblems(record: CaseRecord): CaseProblems {
  if (record.verdict === 'passed') return { findings: [], advice: [] }
  const checks = tellingChecks(record)
  const statements = checks.map(statementOf)
  // A broken phase is told by its common check under other first words: `provision: x`, `latency.provisioned: x`.
  const bare = record.reason.replace(/^[a-z ]+: /, '').replace(/[.\s]+$/, '')
  const told = statements.some(
    (statement) => record.reason.includes(statement) || (bare !== '' && statement.includes(bare)),
  )
  // The reason comes from elsewhere when the runner overruled the record, or when nothing was judged.
  const findings = told ? statements : [record.reason, ...statements]
  const advice = checks.filter(({ remediation }) => !findings.some((finding) => finding.includes(remediation)))
  return { findings: distinct(findings), advice: grouped(advice) }
}

/** What to do about all these cases, each piece of advice once. */
export function adviceOf(cases: readonly CaseRecord[]): Advice[] {
  const all = cases.flatMap((record) => caseProblems(record).advice)
  return grouped(all.flatMap(({ checks, text }) => checks.map((id) => ({ id, remediation: text }))))
}

function grouped(checks: readonly Pick<CheckResult, 'id' | 'remediation'>[]): Advice[] {
  return distinct(checks.map(({ remediation }) => remediation)).map((text) => ({
    checks: distinct(checks.filter(({ remediation }) => remediation === text).map(({ id }) => id)),
    text,
  }))
}

/** `latency.max (worker1 -> worker2), latency.p99 (worker1 -> worker2)`: which checks gave the case its verdict. */
export function tellingCheckNames(record: CaseRecord): string {
  return tellingChecks(record).map(checkName).join(', ')
}

function tellingChecks(record: CaseRecord): CheckResult[] {
  // One cause makes every check of an invalid measurement invalid; it is the reason of the case.
  if (record.verdict === 'invalid' && !record.validity.valid) return []
  return record.checks.filter(({ verdict }) => verdict === 'failed' || verdict === 'broken' || verdict === 'invalid')
}

function statementOf({ message, remediation }: CheckResult): string {
  const end = message.lastIndexOf(remediation)
  if (remediation === '' || end < 0 || end + remediation.length < message.trimEnd().length) return message
  return message.slice(0, end).replace(/[.:;,\s]+$/, '')
}

const distinct = (texts: readonly string[]) => [...new Set(texts)]
