/** Measurements and checks as people read them: the same words in the terminal, summary.md, junit.xml and Allure. */
import type { CheckResult, Measurement } from '../helpers/run/case-record.ts'
import { withUnit } from '../helpers/run/judge.ts'

/** `<= 10ms`, or empty when no limit is set. */
export function limitText({ operator, limit, unit }: Pick<CheckResult, 'operator' | 'limit' | 'unit'>): string {
  return limit === null ? '' : `${operator} ${withUnit(limit, unit)}`.trim()
}

/** `maxLatencyNanoSec, worker1 -> worker2`: tells the measurements of a case apart. */
export function measurementName({ name, subject = '' }: Pick<Measurement, 'name' | 'subject'>): string {
  return subject === '' ? name : `${name}, ${subject}`
}

/** `latency.max (worker1 -> worker2)`, as the messages of checks begin. */
export function checkName({ id, subject }: Pick<CheckResult, 'id' | 'subject'>): string {
  return subject === '' ? id : `${id} (${subject})`
}

export function isWithoutLimit({ verdict, limit }: CheckResult): boolean {
  return verdict === 'skipped' && limit === null
}

/** How many checks were not judged for want of a limit, and the parameters that would set one. */
export function checksWithoutLimit(checks: readonly CheckResult[]): { count: number; parameters: string[] } {
  const open = checks.filter(isWithoutLimit)
  return {
    count: open.length,
    parameters: [...new Set(open.flatMap(({ limitParameter }) => limitParameter ?? []))],
  }
}

/** What is known of the guests beyond versions and cluster, as `key value` pairs: `guestDriver scripted, boot 7s`. */
export function guestsText(guests: Readonly<Record<string, string>>): string {
  return Object.entries(guests)
    .filter(([key]) => !['cluster', 'kubernetes', 'kubevirt'].includes(key))
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')
}
