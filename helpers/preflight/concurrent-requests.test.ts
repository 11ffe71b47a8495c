import { expect, test } from 'vitest'
import { documentedRules, testApi, type TestApi } from '../../tests/api-server.ts'
import { checkConcurrentRequests } from './concurrent-requests.ts'
import type { ConcurrentRequests } from './preflight-plan.ts'

const gibibyte = 2 ** 30
const namespace = 'acceptance'
const small = { id: 'storage/fio/rep3/small/150Gi/c5', cpus: 10, memoryBytes: 20 * gibibyte }
const large = { id: 'storage/fio/rep3/large/150Gi/c5', cpus: 40, memoryBytes: 80 * gibibyte }

function node(api: TestApi, name: string, { cpu = '32', memory = '64Gi', unschedulable = false } = {}): void {
  api.server.store.create(
    { group: '', resource: 'nodes' },
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec: { unschedulable },
      status: { allocatable: { cpu, memory }, conditions: [{ type: 'Ready', status: 'True' }] },
    },
  )
}

const rows = async (api: TestApi, concurrentRequests?: ConcurrentRequests, client = api.admin) =>
  (
    await checkConcurrentRequests(
      client,
      {
        namespace: { name: namespace, create: false },
        permissions: [],
        networks: [],
        nodes: [],
        minimumSchedulableNodes: 0,
        ...(concurrentRequests && { concurrentRequests }),
      },
      {},
    )
  ).map(({ status, check, detail, remediation }) => [status, check, detail, remediation].join(' | '))

test('nothing is looked at where no case says what it requests', async () => {
  await using api = await testApi()
  expect(await rows(api)).toEqual([])
})

test('one case at a time may take all of the nodes that are schedulable', async () => {
  await using api = await testApi()
  node(api, 'worker1')
  node(api, 'worker2', { cpu: '7500m', memory: '16Gi' })
  node(api, 'worker3', { unschedulable: true })
  expect(await rows(api, { atOnce: 1, cases: [small, { ...large, cpus: 39 }] })).toEqual([
    'ok | CPUs and memory for one case at a time | at most 39 CPUs and 80Gi of 39.5 CPUs and 80Gi on schedulable nodes | ',
  ])
})

test('a case that is too large for all nodes together is refused', async () => {
  await using api = await testApi()
  node(api, 'worker1')
  expect(await rows(api, { atOnce: 1, cases: [small, large] })).toEqual([
    'failed | CPUs and memory for one case at a time | storage/fio/rep3/large/150Gi/c5 alone requests 40 CPUs and 80Gi; the schedulable nodes have 32 CPUs and 64Gi | take smaller or fewer VMs in the case, or add nodes; its VMs would not start',
  ])
})

test('more cases at a time than 60 % of the nodes hold are told of: some will wait', async () => {
  await using api = await testApi()
  for (const name of ['worker1', 'worker2', 'worker3']) node(api, name)
  const cases = [small, small, small, small, small, small]
  expect(await rows(api, { atOnce: 5, cases })).toEqual([
    'ok | CPUs and memory for 5 cases at a time | at most 50 CPUs and 100Gi of 96 CPUs and 192Gi on schedulable nodes | ',
  ])
  expect(await rows(api, { atOnce: 6, cases })).toEqual([
    'ok | CPUs and memory for 6 cases at a time | at most 60 CPUs and 120Gi of 96 CPUs and 192Gi on schedulable nodes, more than 60 %: some of the 6 will wait for others to end | ',
  ])
  // There are no more cases than these.
  expect(await rows(api, { atOnce: 64, cases: [small, small] })).toHaveLength(1)
})

test('without the right to list nodes nothing is known', async () => {
  await using api = await testApi()
  const [row] = await rows(api, { atOnce: 2, cases: [small] }, await api.restricted(documentedRules))
  expect(row).toMatch(/^unknown \| CPUs and memory for 2 cases at a time \| nodes may not be listed \|/)
})
