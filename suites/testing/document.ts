/**
 * Tests that the document of a checkup and its contract say the same. `document.test.ts` of each checkup calls
 * `testDocumentOfChecks(contract)`, and reads with `documentOf` and `rowsOf` what it compares besides.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { CheckDeclaration, CheckupContract } from '../../helpers/run/checkup-contract.ts'
import { commonChecks } from '../../helpers/run/common-checks.ts'

/** `docs/<checkup>.md` */
export const documentOf = (checkup: string): string =>
  readFileSync(new URL(`../../docs/${checkup}.md`, import.meta.url), 'utf8')

/** Cells, whatever their padding, of every table row that begins with code. */
export const rowsOf = (document: string): string[][] =>
  document
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

/** Two tests: the document has a row for each check, the common ones included, and no row for any other. */
export function testDocumentOfChecks({ name, checks: own }: Pick<CheckupContract, 'name' | 'checks'>): void {
  const rows = rowsOf(documentOf(name))
  const checks: CheckDeclaration[] = [...Object.values(commonChecks(name)), ...own]

  test.each(checks)('the document says of $id what the contract says', (check) => {
    const { id, proves, operator, defaultLimit, limitParameter } = check
    expect(rows).toContainEqual([
      `\`${id}\``,
      proves,
      defaultLimit === null ? 'none' : `${operator} ${defaultLimit}`,
      limitParameter === null ? 'fixed' : `\`${limitParameter}\``,
    ])
  })

  test('the document names no check that does not exist', () => {
    const known = new Set(checks.map(({ id }) => `\`${id}\``))
    const named = rows.map(([first = '']) => first).filter((first) => first.startsWith(`\`${name}.`))
    expect(named.filter((id) => !known.has(id))).toEqual([])
  })
}
