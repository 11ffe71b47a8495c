import type { CheckDeclaration } from '../../helpers/run/checkup-contract.ts'

type Given = Omit<CheckDeclaration, 'defaultLimitSource' | 'limitParameter' | 'defaultLimit'> & {
  limit: string | null
  parameter?: string
  source?: string
}

/** Limits are fixed unless a parameter sets them. */
export const declareCheck = ({ limit, parameter, source = 'fixed', ...given }: Given): CheckDeclaration => ({
  ...given,
  limitParameter: parameter ?? null,
  defaultLimit: limit,
  defaultLimitSource: source,
})
