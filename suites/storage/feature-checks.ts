/** The checks of the procedures besides fio. */
import type { CheckDeclaration } from '../../helpers/run/checkup-contract.ts'

export const featureChecks: readonly CheckDeclaration[] = []
