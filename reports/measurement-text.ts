/** Numbers of measurements and checks as people read them. */
import type { CheckResult, Measurement, Unit } from '../helpers/run/case-record.ts'

/** `0.353 ms`, `1,250,000 pps`; a missing value reads `not measured`. */
export function valueText(value: number | string | null, unit: Unit | ''): string {
  if (value === null) return 'not measured'
  if (typeof value === 'string') return value
  const spaced = unit === '%' || unit === '' || unit === 'count' ? '' : ' '
  return `${numberText(value)}${spaced}${unit === 'count' ? '' : unit}`
}

function numberText(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 12 }).format(value)
}

/** `<= 10 ms`, or empty when no limit is set. */
export function limitText({ operator, limit, unit }: Pick<CheckResult, 'operator' | 'limit' | 'unit'>): string {
  return limit === null ? '' : `${operator} ${valueText(limit, unit)}`.trim()
}

export function measurementText({ value, unit }: Pick<Measurement, 'value' | 'unit'>): string {
  return valueText(value, unit)
}
