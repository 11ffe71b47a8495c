import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { CheckDeclaration } from '../../helpers/run/checkup-contract.ts'
import { commonChecks } from '../../helpers/run/common-checks.ts'
import { latencyContract } from './contract.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
/** Cells of every table row, whatever their padding. */
const rows = readme
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

const limitOf = ({ operator, defaultLimit }: CheckDeclaration) =>
  defaultLimit === null ? 'none' : `${operator} ${defaultLimit}`

test.each([...Object.values(commonChecks('latency')), ...latencyContract.checks] as CheckDeclaration[])(
  'the README says of $id what the contract says',
  (check) => {
    expect(rows).toContainEqual([
      `\`${check.id}\``,
      check.proves,
      limitOf(check),
      check.limitParameter === null ? 'fixed' : `\`${check.limitParameter}\``,
    ])
  },
)

test('the README names no check that does not exist', () => {
  const checks = [...Object.values(commonChecks('latency')), ...latencyContract.checks]
  const known = new Set(checks.map(({ id }) => `\`${id}\``))
  const named = rows.map(([first = '']) => first).filter((first) => first.startsWith('`latency.'))
  expect(named.filter((id) => !known.has(id))).toEqual([])
})
