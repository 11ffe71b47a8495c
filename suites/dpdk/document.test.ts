import { expect, test } from 'vitest'
import { documentOf, rowsOf, testDocumentOfChecks } from '../testing/document.ts'
import { dpdkContract } from './contract.ts'
import { dpdkRequirements } from './requirements.ts'

testDocumentOfChecks(dpdkContract)

const document = documentOf('dpdk')
const rows = rowsOf(document)

const parameters = dpdkContract.parameters
const given = { networkAttachmentDefinitionNamespace: 'ns', networkAttachmentDefinitionName: 'sriov' }

test.each([
  ['gate', '8m', '5m', '8 million packets/s for 5 minutes'],
  ['smoke', '1m', '30s', '1 million packets/s for 30 seconds'],
  ['soak', '8m', '30m', '8 million packets/s for 30 minutes'],
  ['custom', '8m', undefined, '8 million packets/s for `testDuration`'],
])('the document says what mode %s stands for', (mode, trafficGenPacketsPerSecond, testDuration, text) => {
  const of = parameters.parse({ ...given, mode })
  expect(of).toMatchObject({ trafficGenPacketsPerSecond })
  expect(of.testDuration).toBe(testDuration)
  expect(rows.find(([first = '']) => first.startsWith(`\`${mode}\``))?.slice(1)).toEqual([text, of.timeout])
})

test('the document says what a case takes of each node', () => {
  const { machineSets } = dpdkRequirements(parameters.parse(given), 'ns')
  const machines = machineSets?.flatMap((set) => set.machines) ?? []
  expect(machines.map(({ dedicatedCpus, hugepages, networks }) => [dedicatedCpus, hugepages, networks.length])).toEqual(
    [
      [9, { pageSize: '1Gi', memory: '4Gi' }, 2],
      [9, { pageSize: '1Gi', memory: '4Gi' }, 2],
    ],
  )
  for (const text of ['two free virtual\n  functions', '4 Gi of free hugepages of 1 Gi', '9 free CPUs'])
    expect(document).toContain(text)
})
