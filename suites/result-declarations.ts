/** How a checkup declares its results: `[...declared('documented', rows), ...declared('addition', rows)]`. */
import type { ResultDeclaration } from '../helpers/run/checkup-contract.ts'

type Row = readonly [
  name: ResultDeclaration['name'],
  unit: ResultDeclaration['unit'],
  description: ResultDeclaration['description'],
]

export const declared = (origin: ResultDeclaration['origin'], rows: readonly Row[]): ResultDeclaration[] =>
  rows.map(([name, unit, description]) => ({ name, unit, description, origin }))
