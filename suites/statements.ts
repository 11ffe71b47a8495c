/** Judges the checks of a checkup by their ids. */
import type { CheckResult, Unit } from '../helpers/run/case-record.ts'
import type { CheckupContract } from '../helpers/run/checkup-contract.ts'
import { judgeCheck } from '../helpers/run/judge.ts'

export interface Statement {
  /** Of a check that the checkup declares. */
  id: string
  /** Which of several measurements of the case; '' when there is only one. */
  subject: string
  /** As it stands in the message. */
  metric: string
  /** Name of the measurement with the value. */
  measurement?: string
  /** null: not measured. */
  actual: number | string | null
  /** null: not judged. */
  limit: number | string | null
  unit: Unit | ''
}

export type Judge = (statement: Statement) => CheckResult

/** @param sources position of each parameter's value in the profile, or `default` */
export function judgeOf(
  { name, checks }: Pick<CheckupContract, 'name' | 'checks'>,
  sources: Record<string, string>,
): Judge {
  return ({ id, measurement, ...statement }) => {
    const declaration = checks.find((check) => check.id === id)
    if (!declaration) throw new Error(`the ${name} checkup declares no check "${id}"`)
    const { limitParameter, defaultLimitSource } = declaration
    const source = limitParameter === null ? undefined : sources[limitParameter]
    const limitSource = source === undefined || source === 'default' ? `default: ${defaultLimitSource}` : source
    return {
      ...judgeCheck({ declaration, limitSource, ...statement }),
      ...(measurement !== undefined && { measurement }),
    }
  }
}
