import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { documentedRules, testApi, type TestApi } from '../../tests/api-server.ts'
import { faultyServer, sendJson } from '../../tests/faulty-server.ts'
import { wallClock } from '../clock/wall-clock.ts'
import { Journal, journalledLeftovers, readJournal } from '../run/journal.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { ObjectTracker } from './object-tracker.ts'
import { sweep } from './sweep.ts'

const defaults = {
  namespaces: ['acceptance'],
  expiredOnly: true,
  budgetMilliseconds: 2000,
  clock: wallClock,
}
const hour = 3_600_000
const vmi = (name: string): KubernetesObject => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstance',
  metadata: { name },
  spec: { domain: { devices: {} } },
})
const configMap = (name: string): KubernetesObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })

/** A run that creates and then dies without cleaning up. @returns the path of its journal */
async function killedRun(api: TestApi, runId: string, objects: KubernetesObject[], client: ClusterClient = api.admin) {
  const path = `${api.folder}/${runId}.jsonl`
  const journal = new Journal(path, runId, client.server)
  const tracker = new ObjectTracker({ client, journal, runId, checkup: 'latency', lifetimeMilliseconds: hour })
  for (const object of objects) await tracker.create(object)
  return path
}

test('removes what has expired, by its labels alone, and nothing else', async () => {
  await using api = await testApi()
  await killedRun(api, 'old', [vmi('a'), configMap('b')])
  await api.admin.create(configMap('somebody-elses'))
  const early = await sweep(api.admin, defaults)
  expect(early).toMatchObject({ removed: [], left: [], forbidden: [], unreadable: [] })
  expect(early.kept).toContainEqual({
    object: 'VirtualMachineInstance acceptance/a',
    reason: expect.stringMatching(/^needed by run old, until \d{4}-/),
  })
  const late = await sweep(api.admin, { ...defaults, now: Date.now() + 2 * hour })
  expect(late).toEqual({
    removed: ['VirtualMachineInstance acceptance/a', 'ConfigMap acceptance/b'],
    left: [],
    kept: [],
    forbidden: [],
    unreadable: [],
  })
  expect(await api.admin.getIfExists({ apiVersion: 'v1', kind: 'ConfigMap', name: 'somebody-elses' })).toBeDefined()
})

test('removes what one run left, whether expired or not', async () => {
  await using api = await testApi()
  await killedRun(api, 'one', [configMap('a')])
  await killedRun(api, 'two', [configMap('b')])
  const report = await sweep(api.admin, { ...defaults, runId: 'one', expiredOnly: false })
  expect(report.removed).toEqual(['ConfigMap acceptance/a'])
})

test('leaves what a controller made, such as launcher pods, to its owner', async () => {
  await using api = await testApi()
  const owner = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    name: 'gone',
    uid: 'x',
    controller: true,
  }
  const owned = configMap('owned')
  owned.metadata.ownerReferences = [owner]
  const used = configMap('used')
  used.metadata.ownerReferences = [{ ...owner, controller: false }]
  // The garbage collector would take both, since their owner is not there.
  owned.metadata.finalizers = used.metadata.finalizers = ['x/y']
  await killedRun(api, 'one', [owned, used])
  const report = await sweep(api.admin, { ...defaults, expiredOnly: false, budgetMilliseconds: 100 })
  expect([...report.removed, ...report.left.map(({ object }) => object)]).toEqual(['ConfigMap acceptance/used'])
})

test('removes namespaces that a run created, last', async () => {
  await using api = await testApi()
  await killedRun(api, 'one', [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'made-by-us' } },
    configMap('a'),
  ])
  const report = await sweep(api.admin, { ...defaults, expiredOnly: false })
  expect(report.removed).toEqual(['ConfigMap acceptance/a', 'Namespace made-by-us'])
  expect(report.left).toEqual([])
  expect(await api.admin.getIfExists({ apiVersion: 'v1', kind: 'Namespace', name: 'made-by-us' })).toBeUndefined()
})

const rbac = 'rbac.authorization.k8s.io'
const rights: KubernetesObject[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'checkup-sa' } },
  { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name: 'checker' }, rules: [] },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: { name: 'checker' },
    roleRef: { apiGroup: rbac, kind: 'Role', name: 'checker' },
    subjects: [],
  },
]
const clusterRights: KubernetesObject[] = [
  { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: 'acceptance-checkup' }, rules: [] },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'acceptance-checkup' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'acceptance-checkup' },
    subjects: [],
  },
]
const clusterRightsRemoved = ['ClusterRoleBinding acceptance-checkup', 'ClusterRole acceptance-checkup']
const rightsRemoved = [
  'RoleBinding acceptance/checker',
  'Role acceptance/checker',
  'ServiceAccount acceptance/checkup-sa',
]

test('removes the rights that a run has granted, after those who use them', async () => {
  await using api = await testApi()
  await killedRun(api, 'one', [...rights, ...clusterRights, configMap('a')])
  const report = await sweep(api.admin, { ...defaults, expiredOnly: false, rights: 'namespace' })
  expect(report.removed).toEqual(['ConfigMap acceptance/a', ...rightsRemoved])
  expect(report).toMatchObject({ left: [], forbidden: [] })
  const everywhere = await sweep(api.admin, { ...defaults, expiredOnly: false, rights: 'cluster' })
  expect(everywhere.removed).toEqual(clusterRightsRemoved)
})

test('asks for rights only when told to, and finds those in the journal nevertheless', async () => {
  await using api = await testApi()
  const path = await killedRun(api, 'one', rights)
  const isAbout = (name: string) => / (serviceaccounts|roles|rolebindings)$/.test(name)
  const report = await sweep(api.admin, { ...defaults, expiredOnly: false })
  expect(report.removed).toEqual([])
  expect(Object.keys(api.admin.requests.toJSON()).filter((name) => name.startsWith('list') && isAbout(name))).toEqual(
    [],
  )
  const journalled = await sweep(api.admin, { ...defaults, expiredOnly: false, journalPaths: [path] })
  expect(journalled.removed).toEqual(rightsRemoved)
})

test('what was applied for pods is no orphan because they have no lease yet', async () => {
  await using api = await testApi()
  const journal = new Journal(`${api.folder}/applied.jsonl`, 'one', api.admin.server)
  const common = { client: api.admin, journal, runId: 'one', lifetimeMilliseconds: hour }
  await new ObjectTracker({ ...common, checkup: 'in-cluster' }).create(configMap('of-a-job'))
  await new ObjectTracker({ ...common, checkup: 'latency' }).create(configMap('of-a-run'))
  const held = await sweep(api.admin, { ...defaults, orphansIn: 'acceptance' })
  expect(held.removed).toEqual(['ConfigMap acceptance/of-a-run'])
  const late = await sweep(api.admin, { ...defaults, orphansIn: 'acceptance', now: Date.now() + 2 * hour })
  expect(late.removed).toEqual(['ConfigMap acceptance/of-a-job'])
})

test('finds by journal what may not be listed, names the missing permissions, and writes down what went', async () => {
  await using api = await testApi()
  const client = await api.restricted(documentedRules)
  const path = await killedRun(api, 'one', [vmi('a'), vmi('b')], client)
  new Journal(path, 'one', client.server).append({
    event: 'intent',
    ...vmi('never-came'),
    name: 'never-came',
    namespace: 'acceptance',
  })
  await api.admin.delete({ ...vmi('b'), name: 'b' })
  await api.admin.create(vmi('b'))
  const report = await sweep(client, { ...defaults, expiredOnly: false, journalPaths: [path] })
  expect(report.removed).toEqual(['VirtualMachineInstance acceptance/a'])
  expect(report.left).toEqual([])
  expect(report.forbidden).toContainEqual({
    where: 'virtualmachineinstances in namespace acceptance',
    missingPermission:
      '{apiGroups: ["kubevirt.io"], resources: ["virtualmachineinstances"], verbs: ["list"]} in namespace "acceptance"',
  })
  expect(await client.getIfExists({ ...vmi('b'), name: 'b' })).toBeDefined()
  expect(journalledLeftovers(readJournal(path))).toEqual([])
})

test('says what does not go', async () => {
  await using api = await testApi()
  const held = vmi('held')
  held.metadata.finalizers = ['x/y']
  await killedRun(api, 'one', [held])
  const report = await sweep(api.admin, { ...defaults, expiredOnly: false, budgetMilliseconds: 100 })
  expect(report.removed).toEqual([])
  expect(report.left).toEqual([
    {
      object: 'VirtualMachineInstance acceptance/held',
      reason: expect.stringContaining('finalizers that still hold it: x/y'),
    },
  ])
})

test('touches nothing without our labels, whatever the cluster lists', async () => {
  const stranger = {
    ...configMap('x'),
    metadata: { name: 'x', uid: 'u', labels: { 'kubevirt-acceptance/run-id': 'r' } },
  }
  await using server = await faultyServer((_, answer) => sendJson(answer, 200, { metadata: {}, items: [stranger] }))
  const report = await sweep(await server.client(), { ...defaults, expiredOnly: false })
  expect(report).toEqual({ removed: [], left: [], kept: [], forbidden: [], unreadable: [] })
  expect(server.requests.filter(({ method }) => method !== 'GET')).toEqual([])
})

test('a cluster without CDI has nothing of it to sweep', async () => {
  await using api = await testApi()
  const report = await sweep(api.admin, defaults)
  expect(report).toEqual({ removed: [], left: [], kept: [], forbidden: [], unreadable: [] })
})

test('a journal about another cluster is left alone: its names mean something else here', async () => {
  await using api = await testApi()
  const client = await api.restricted(documentedRules)
  const path = await killedRun(api, 'one', [vmi('a')], client)
  const elsewhere = `${api.folder}/elsewhere.jsonl`
  new Journal(elsewhere, 'one', 'https://192.0.2.1:6443').append({
    event: 'intent',
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    namespace: 'acceptance',
    name: 'a',
  })
  const report = await sweep(client, { ...defaults, expiredOnly: false, journalPaths: [elsewhere] })
  expect(report.removed).toEqual([])
  expect(journalledLeftovers(readJournal(elsewhere))).toHaveLength(1)
  expect((await sweep(client, { ...defaults, expiredOnly: false, journalPaths: [path] })).removed).toHaveLength(1)
})

test('whoever holds the lock of a namespace removes what other runs left there, expired or not, and nowhere else', async () => {
  await using api = await testApi()
  await killedRun(api, 'killed', [vmi('a'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'made-by-us' } }])
  const report = await sweep(api.admin, { ...defaults, expiredOnly: true, orphansIn: 'acceptance' })
  expect(report.removed).toEqual(['VirtualMachineInstance acceptance/a'])
  expect(report.kept.map(({ object }) => object)).toEqual(['Namespace made-by-us'])
})

test('a journal that cannot be read is named, and keeps nobody from cleaning up', async () => {
  await using api = await testApi()
  await killedRun(api, 'one', [vmi('a')])
  const broken = `${api.folder}/broken.jsonl`
  writeFileSync(broken, 'not a journal\n')
  const report = await sweep(api.admin, { ...defaults, expiredOnly: false, journalPaths: [broken] })
  expect(report.removed).toEqual(['VirtualMachineInstance acceptance/a'])
  expect(report.unreadable).toEqual([`${broken}:1: not a journal entry: "not a journal"`])
})
