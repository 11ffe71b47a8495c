import { expect, test } from 'vitest'
import { documentedRules, testApi, type TestApi } from '../../tests/api-server.ts'
import { checkMachines } from './machines.ts'
import type { MachineSet, PlannedMachine, PreflightPlan } from './preflight-plan.ts'

const namespace = 'acceptance'
const devices = 'openshift.io/intel'
const network = { namespace, name: 'sriov' }
const machine = (name: string, on: string | null = null): PlannedMachine => ({
  name,
  node: on,
  dedicatedCpus: 9,
  hugepages: { pageSize: '1Gi', memory: '4Gi' },
  networks: [network, network],
})
const pair: MachineSet = { machines: [machine('generator'), machine('VM under test')], differentNodes: true }
const plan = (...machineSets: MachineSet[]): PreflightPlan => ({
  namespace: { name: namespace, create: false },
  permissions: [],
  networks: [],
  nodes: [],
  minimumSchedulableNodes: 0,
  machineSets,
})

interface Room {
  cpu?: string
  hugepages?: string
  devices?: string
  cpuManager?: string
  labels?: Record<string, string>
  ready?: string
}

function node(api: TestApi, name: string, room: Room = {}): void {
  const { cpu = '16', hugepages = '8Gi', devices: count = '4', cpuManager = 'true', ready = 'True' } = room
  api.server.store.create(
    { group: '', resource: 'nodes' },
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { cpumanager: cpuManager, ...room.labels } },
      spec: {},
      status: {
        allocatable: { cpu, 'hugepages-1Gi': hugepages, [devices]: count },
        conditions: [{ type: 'Ready', status: ready }],
      },
    },
  )
}

function nad(api: TestApi, annotations: Record<string, string> = { 'k8s.v1.cni.cncf.io/resourceName': devices }): void {
  api.server.store.create(
    { group: 'k8s.cni.cncf.io', resource: 'network-attachment-definitions' },
    {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { ...network, annotations },
      spec: { config: '{"type":"sriov"}' },
    },
  )
}

function pod(api: TestApi, nodeName: string, requests: Record<string, string>, phase = 'Running'): void {
  api.server.store.create(
    { group: '', resource: 'pods' },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name: `holds-${nodeName}` },
      spec: { nodeName, containers: [{ name: 'compute', resources: { requests } }, { name: 'idle' }] },
      status: { phase },
    },
  )
}

const rows = async (api: TestApi, set = pair, client = api.admin): Promise<string[]> =>
  (await checkMachines(client, plan(set), {})).map(({ status, check, detail }) => `${status} | ${check} | ${detail}`)

test('nothing is looked at for cases that need nothing of their own', async () => {
  await using api = await testApi()
  expect(await checkMachines(api.admin, plan(), {})).toEqual([])
})

test('two nodes with room for one VM each', async () => {
  await using api = await testApi()
  nad(api)
  node(api, 'worker1')
  node(api, 'worker2', { cpu: '9500m', devices: '2', hugepages: '4Gi' })
  expect(await rows(api)).toEqual([
    'ok | room for generator and VM under test | dedicated CPUs, hugepages and network devices on worker1 and worker2',
  ])
})

test('one node must hold both where they may share one, and only then', async () => {
  await using api = await testApi()
  nad(api)
  node(api, 'worker1', { cpu: '18' })
  expect(await rows(api, { ...pair, differentNodes: false })).toEqual([
    'ok | room for generator and VM under test | dedicated CPUs, hugepages and network devices on worker1',
  ])
  expect(await rows(api)).toEqual([
    'failed | room for generator and VM under test | not enough on the nodes, each on a node of its own: worker1 has room for one',
  ])
})

test('says of each node what it lacks', async () => {
  await using api = await testApi()
  nad(api)
  node(api, 'worker1', { hugepages: '0', devices: '1' })
  node(api, 'worker2', { cpu: '8' })
  node(api, 'worker3', { cpuManager: 'false' })
  node(api, 'worker4', { ready: 'False' })
  expect(await rows(api)).toEqual([
    'failed | room for generator and VM under test | not enough on the nodes, each on a node of its own: worker1: hugepages-1Gi 0 of 4Gi, openshift.io/intel 1 of 2; worker2: cpu 8 of 9; worker3 has no static CPU manager (label cpumanager is false); worker4 is not ready',
  ])
})

test('a node must have the labels that the VM asks for', async () => {
  await using api = await testApi()
  const realtime = { 'kubevirt.io/realtime': 'true' }
  const one = { differentNodes: false, machines: [{ ...machine('realtime VM'), networks: [], nodeLabels: realtime }] }
  node(api, 'worker1')
  expect(await rows(api, one)).toEqual([
    'failed | room for realtime VM | not enough on the nodes: worker1 lacks the label kubevirt.io/realtime=true',
  ])
  node(api, 'worker2', { labels: realtime })
  expect(await rows(api, one)).toEqual([
    'ok | room for realtime VM | dedicated CPUs, hugepages and network devices on worker2',
  ])
})

test('a named node counts, and no other', async () => {
  await using api = await testApi()
  nad(api)
  node(api, 'worker1')
  node(api, 'worker2')
  node(api, 'worker3', { devices: '0' })
  const named = {
    differentNodes: false,
    machines: [machine('generator', 'worker1'), machine('VM under test', 'worker3')],
  }
  expect(await rows(api, named)).toEqual([
    expect.stringContaining('failed | room for generator and VM under test | not enough on the nodes: '),
  ])
})

test('what others hold is a warning; what has ended holds nothing', async () => {
  await using api = await testApi()
  nad(api)
  node(api, 'worker1')
  node(api, 'worker2')
  pod(api, 'worker1', { [devices]: '3', cpu: '100m' })
  pod(api, 'worker2', { [devices]: '4', cpu: '8' }, 'Succeeded')
  expect(await rows(api)).toEqual([
    'warning | room for generator and VM under test | in use by others: worker1: openshift.io/intel 1 of 2; worker2 has room for one',
  ])
})

test('a network without a resource, or none at all, leaves the devices open', async () => {
  await using api = await testApi()
  node(api, 'worker1')
  node(api, 'worker2')
  expect(await rows(api)).toEqual([
    'unknown | room for generator and VM under test | dedicated CPUs, hugepages and network devices on worker1 and worker2; network devices not looked at: network acceptance/sriov does not exist',
  ])
  nad(api, {})
  expect(await rows(api)).toEqual([
    expect.stringContaining('network acceptance/sriov names no resource of an SR-IOV device plugin'),
  ])
})

test('under the documented Role it is unknown, with what would have to be granted', async () => {
  await using api = await testApi()
  node(api, 'worker1')
  expect(await rows(api, pair, await api.restricted(documentedRules))).toEqual([
    'unknown | room for generator and VM under test | nodes may not be listed: missing permission {apiGroups: [""], resources: ["nodes"], verbs: ["list"]} in a ClusterRole',
  ])
})
