/**
 * Tests that the README and a checkup say the same. `readme.test.ts` of each checkup calls `testReadmeOfChecks(contract)`,
 * and has `readme` and `readmeRows` for what it compares besides.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { CheckDeclaration, CheckupContract } from '../../helpers/run/checkup-contract.ts'
import { commonChecks } from '../../helpers/run/common-checks.ts'

export const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** Cells, whatever their padding, of every table row that begins with code. */
export const readmeRows = readme
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

/** Two tests: the README has a row for each check, the common ones included, and no row for any other. */
export function testReadmeOfChecks({ name, checks: own }: Pick<CheckupContract, 'name' | 'checks'>): void {
  const checks: CheckDeclaration[] = [...Object.values(commonChecks(name)), ...own]

  test.each(checks)('the README says of $id what the contract says', (check) => {
    const { id, proves, operator, defaultLimit, limitParameter } = check
    expect(readmeRows).toContainEqual([
      `\`${id}\``,
      proves,
      defaultLimit === null ? 'none' : `${operator} ${defaultLimit}`,
      limitParameter === null ? 'fixed' : `\`${limitParameter}\``,
    ])
  })

  test('the README names no check that does not exist', () => {
    const known = new Set(checks.map(({ id }) => `\`${id}\``))
    const named = readmeRows.map(([first = '']) => first).filter((first) => first.startsWith(`\`${name}.`))
    expect(named.filter((id) => !known.has(id))).toEqual([])
  })
}
