import { expect, test } from 'vitest'
import { documentedRules, testApi, type TestApi } from '../../tests/api-server.ts'
import { kubevirtResourceDefinitions } from '../../fixtures/embedded-cluster/kubevirt/resource-definitions.ts'
import { csiResourceDefinitions } from '../../fixtures/embedded-cluster/storage/resource-definitions.ts'
import { readClusterRoom } from './cluster-room.ts'
import { checkStorageSpace } from './storage-space.ts'
import type { PreflightPlan } from './preflight-plan.ts'

const gibibyte = 2 ** 30

const apiWithStorage = () => testApi({ resources: [...kubevirtResourceDefinitions, ...csiResourceDefinitions] })

function storageClass(api: TestApi, name: string, annotations: Record<string, string> = {}): void {
  api.server.store.create(
    { group: 'storage.k8s.io', resource: 'storageclasses' },
    { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name, annotations }, provisioner: 'csi' },
  )
}

function capacity(api: TestApi, storageClassName: string, amount: string): void {
  api.server.store.create(
    { group: 'storage.k8s.io', resource: 'csistoragecapacities' },
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIStorageCapacity',
      metadata: { generateName: 'csisc-', namespace: 'default' },
      storageClassName,
      capacity: amount,
    },
  )
}

const isDefault = { 'storageclass.kubernetes.io/is-default-class': 'true' }
const isVirtDefault = { 'storageclass.kubevirt.io/is-default-virt-class': 'true' }

const rows = async (api: TestApi, caseSpace: PreflightPlan['caseSpace'], client = api.admin) => {
  const plan: PreflightPlan = {
    namespace: { name: 'acceptance', create: false },
    permissions: [],
    networks: [],
    nodes: [],
    minimumSchedulableNodes: 0,
    ...(caseSpace && { caseSpace }),
  }
  const results = await checkStorageSpace(client, plan, {})
  return results.map(({ status, check, detail, remediation }) => [status, check, detail, remediation].join(' | '))
}

test('a case that takes more space than its class has in all parts of the cluster together is refused', async () => {
  await using api = await apiWithStorage()
  storageClass(api, 'local', isDefault)
  storageClass(api, 'silent')
  capacity(api, 'local', '200Gi')
  capacity(api, 'local', '100Gi')
  const taking = (id: string, ...bytes: number[]) => ({
    id,
    space: [
      ...bytes.map((each) => ({ storageClass: null, bytes: each * gibibyte })),
      { storageClass: 'silent', bytes: 1e18 },
    ],
  })
  expect(await rows(api, [taking('storage/small', 10, 20), taking('storage/fitting', 300)])).toEqual([
    'ok | space of StorageClass local | storage/fitting takes 300Gi; its driver has 300Gi (CSIStorageCapacity) | ',
  ])
  expect(await rows(api, [taking('storage/small', 10), taking('storage/large', 300, 1)])).toEqual([
    'failed | space of StorageClass local | storage/large takes 301Gi; its driver has 300Gi (CSIStorageCapacity) | take smaller volumes or fewer VMs in the case, or free space; its volumes would not be bound',
  ])
  expect(await rows(api, undefined)).toEqual([])
})

test('what may not be listed is not known, and nothing is said of it', async () => {
  await using api = await apiWithStorage()
  storageClass(api, 'local', isDefault)
  capacity(api, 'local', '1Gi')
  const client = await api.restricted(documentedRules)
  expect(await readClusterRoom(client)).toEqual({ nodes: null, space: {}, defaultClasses: [] })
  const space = [{ storageClass: 'local', bytes: 300 * gibibyte }]
  expect(await rows(api, [{ id: 'storage/large', space }], client)).toEqual([])
})

test('with two default classes nobody knows which one is taken', async () => {
  await using api = await apiWithStorage()
  storageClass(api, 'local', isDefault)
  storageClass(api, 'virtual', isVirtDefault)
  capacity(api, 'local', '1Gi')
  expect(await readClusterRoom(api.admin)).toMatchObject({
    space: { local: gibibyte },
    defaultClasses: ['local', 'virtual'],
  })
  expect(await rows(api, [{ id: 'storage/large', space: [{ storageClass: null, bytes: 300 * gibibyte }] }])).toEqual([])
})
