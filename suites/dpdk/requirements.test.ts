import { expect, test } from 'vitest'
import { dpdkContract } from './contract.ts'

const requirements = (given: object = {}) =>
  dpdkContract.requirements(
    dpdkContract.parameters.parse({
      networkAttachmentDefinitionNamespace: 'networks',
      networkAttachmentDefinitionName: 'sriov',
      ...given,
    }),
    'acceptance',
  )

test('requires the rights of the documented Role, and no more', () => {
  const required = requirements().permissions.filter((each) => each.required)
  expect(required.map(({ permission: { verb, group, resource } }) => `${verb} ${group}/${resource}`)).toEqual([
    'create kubevirt.io/virtualmachineinstances',
    'get kubevirt.io/virtualmachineinstances',
    'delete kubevirt.io/virtualmachineinstances',
    'get subresources.kubevirt.io/virtualmachineinstances/console',
    'create /configmaps',
    'delete /configmaps',
  ])
  for (const { permission } of required) expect(permission.namespace).toBe('acceptance')
})

test('two VMs on different nodes, each with CPUs, hugepages and two devices of its own', () => {
  const network = { namespace: 'networks', name: 'sriov' }
  const machine = {
    node: null,
    dedicatedCpus: 9,
    hugepages: { pageSize: '1Gi', memory: '4Gi' },
    networks: [network, network],
  }
  expect(requirements()).toMatchObject({
    networks: [network],
    nodes: [],
    minimumSchedulableNodes: 2,
    creates: [
      { kind: 'VirtualMachineInstance', count: 2 },
      { kind: 'ConfigMap', count: 2 },
    ],
    measurementMilliseconds: 610_000,
    machineSets: [
      {
        differentNodes: true,
        machines: [
          { ...machine, name: 'traffic generator VM' },
          { ...machine, name: 'VM under test' },
        ],
      },
    ],
  })
})

test('named nodes, a second network, no CPU for the emulator', () => {
  const { networks, nodes, minimumSchedulableNodes, machineSets } = requirements({
    trafficGenTargetNodeName: 'a',
    vmUnderTestTargetNodeName: 'a',
    westNetworkAttachmentDefinitionName: 'west',
    isolateEmulatorThread: false,
  })
  expect(networks.map(({ name }) => name)).toEqual(['sriov', 'west'])
  expect({ nodes, minimumSchedulableNodes }).toEqual({ nodes: ['a', 'a'], minimumSchedulableNodes: 1 })
  expect(machineSets?.[0]).toMatchObject({
    differentNodes: false,
    machines: [
      { node: 'a', dedicatedCpus: 8, networks },
      { node: 'a', dedicatedCpus: 8, networks },
    ],
  })
})

test('one node is enough where sharing it is allowed', () => {
  expect(requirements({ requireDifferentNodes: false }).minimumSchedulableNodes).toBe(1)
})
