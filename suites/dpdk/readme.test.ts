import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { CheckDeclaration } from '../../helpers/run/checkup-contract.ts'
import { commonChecks } from '../../helpers/run/common-checks.ts'
import { dpdkContract } from './contract.ts'
import { dpdkRequirements } from './requirements.ts'

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

test.each([...Object.values(commonChecks('dpdk')), ...dpdkContract.checks] as CheckDeclaration[])(
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
  const checks = [...Object.values(commonChecks('dpdk')), ...dpdkContract.checks]
  const known = new Set(checks.map(({ id }) => `\`${id}\``))
  const named = rows.map(([first = '']) => first).filter((first) => first.startsWith('`dpdk.'))
  expect(named.filter((id) => !known.has(id))).toEqual([])
})

const parameters = dpdkContract.parameters
const given = { networkAttachmentDefinitionNamespace: 'ns', networkAttachmentDefinitionName: 'sriov' }

test.each([
  ['gate', '8m', '5m', '8 million packets/s for 5 minutes'],
  ['smoke', '1m', '30s', '1 million packets/s for 30 seconds'],
  ['soak', '8m', '30m', '8 million packets/s for 30 minutes'],
  ['custom', '8m', undefined, '8 million packets/s for `testDuration`'],
])('the README says what mode %s stands for', (mode, trafficGenPacketsPerSecond, testDuration, text) => {
  const of = parameters.parse({ ...given, mode })
  expect(of).toMatchObject({ trafficGenPacketsPerSecond })
  expect(of.testDuration).toBe(testDuration)
  expect(rows.find(([first = '']) => first.startsWith(`\`${mode}\``))?.slice(1)).toEqual([text, of.timeout])
})

test('the README says what a case takes of each node', () => {
  const { machineSets } = dpdkRequirements(parameters.parse(given), 'ns')
  const machines = machineSets?.flatMap((set) => set.machines) ?? []
  expect(machines.map(({ dedicatedCpus, hugepages, networks }) => [dedicatedCpus, hugepages, networks.length])).toEqual(
    [
      [9, { pageSize: '1Gi', memory: '4Gi' }, 2],
      [9, { pageSize: '1Gi', memory: '4Gi' }, 2],
    ],
  )
  for (const text of ['two free virtual\n  functions', '4 Gi of free hugepages of 1 Gi', '9 free CPUs'])
    expect(readme).toContain(text)
})
