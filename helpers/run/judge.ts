/** Turns a measurement and a limit into a judged statement, and judged statements into a verdict. */
import type { CheckResult, Unit } from './case-record.ts'
import type { CheckDeclaration } from './checkup-contract.ts'
import { formatDuration } from '../units/duration.ts'

export interface Judgement {
  declaration: CheckDeclaration
  /** Which of several measurements of the case; '' when there is only one. */
  subject: string
  /** Name of the judged result, as it is written in the message. */
  metric: string
  /** null: there is no measurement. */
  actual: number | string | null
  /** In the same unit as `actual`; null: no limit is set, the check is skipped. */
  limit: number | string | null
  unit: Unit | ''
  /** Profile position, `default`, or where a default comes from. */
  limitSource: string
}

/** Judges one check. Without a measurement it is invalid, without a limit skipped; equality passes. */
export function judgeCheck(judgement: Judgement): CheckResult {
  const { declaration, subject, metric, actual, limit, unit, limitSource } = judgement
  const base = {
    id: declaration.id,
    title: declaration.title,
    subject,
    actual,
    limit,
    unit,
    limitSource,
    ...(declaration.limitParameter !== null && { limitParameter: declaration.limitParameter }),
    remediation: declaration.remediation,
  }
  const where = subject === '' ? declaration.id : `${declaration.id} (${subject})`
  if (limit === null)
    return {
      ...base,
      verdict: 'skipped',
      operator: '',
      message: `${where}: ${metric} ${actual === null ? 'was not measured' : withUnit(actual, unit)} and is not judged: ${
        declaration.limitParameter === null ? 'it has no limit' : `${declaration.limitParameter} is not set`
      }`,
    }
  if (actual === null)
    return {
      ...base,
      verdict: 'invalid',
      operator: declaration.operator,
      message: `${where}: ${metric} was not measured, so it cannot be compared with ${withUnit(limit, unit)} (${limitSource}). The raw output shows how far the measurement came.`,
    }
  const passed = compare(actual, declaration.operator, limit)
  const statement = `${where}: ${metric} ${withUnit(actual, unit)} ${passed ? declaration.operator : opposite[declaration.operator]} ${withUnit(limit, unit)} (${limitSource})`
  return {
    ...base,
    verdict: passed ? 'passed' : 'failed',
    operator: declaration.operator,
    message: passed ? statement : `${statement}. ${declaration.remediation}`,
  }
}

const opposite = { '<=': '>', '>=': '<', '==': '!=' } as const

function compare(actual: number | string, operator: CheckDeclaration['operator'], limit: number | string): boolean {
  if (operator === '==') return actual === limit
  if (typeof actual !== 'number' || typeof limit !== 'number' || Number.isNaN(actual) || Number.isNaN(limit))
    throw new TypeError(
      `cannot compare ${JSON.stringify(actual)} ${operator} ${JSON.stringify(limit)}: two numbers are needed`,
    )
  return operator === '<=' ? actual <= limit : actual >= limit
}

/** As people read it: nanoseconds as a Go duration, else the number with thousands separators and its unit. */
export function withUnit(value: number | string | null, unit: Unit | ''): string {
  if (value === null) return 'not measured'
  if (typeof value === 'string') return value
  if (unit === 'ns') return formatDuration(BigInt(Math.round(value)))
  const number = numberFormat.format(value)
  if (unit === '' || unit === 'count') return number
  return unit === '%' ? `${number}%` : `${number} ${unit === 'us' ? 'µs' : unit}`
}

const numberFormat = new Intl.NumberFormat('en', { maximumSignificantDigits: 12 })
