import { expect, test } from 'vitest'
import { documentedRules, testApi, type TestApi } from '../../tests/api-server.ts'
import { failure, faultyServer, sendJson } from '../../tests/faulty-server.ts'
import { acquireLease } from '../kubernetes/lease.ts'
import type { PreflightPlan, PreflightResult } from './preflight-plan.ts'
import { runPreflight } from './preflight.ts'

const namespace = 'acceptance'
const plan: PreflightPlan = {
  namespace: { name: namespace, create: false },
  permissions: [
    {
      permission: { verb: 'create', group: 'kubevirt.io', resource: 'virtualmachineinstances', namespace },
      neededFor: 'create the VMIs',
      required: true,
    },
    {
      permission: {
        verb: 'get',
        group: 'subresources.kubevirt.io',
        resource: 'virtualmachineinstances/console',
        namespace,
      },
      neededFor: 'log in to the guests',
      required: true,
    },
    {
      permission: { verb: 'list', group: '', resource: 'events', namespace },
      neededFor: 'say why a VMI does not start',
      required: false,
    },
  ],
  networks: [{ namespace, name: 'blue' }],
  nodes: ['worker1'],
  minimumSchedulableNodes: 2,
}

function node(api: TestApi, name: string, spec: Record<string, unknown> = {}, ready = 'True'): void {
  api.server.store.create(
    { group: '', resource: 'nodes' },
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec,
      status: { conditions: [{ type: 'Ready', status: ready }] },
    },
  )
}

function network(api: TestApi, name: string, config: string): void {
  api.server.store.create(
    { group: 'k8s.cni.cncf.io', resource: 'network-attachment-definitions' },
    {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name, namespace },
      spec: { config },
    },
  )
}

const rows = (results: PreflightResult[]): string[] =>
  results.map(({ check, status, detail }) => `${status} | ${check} | ${detail}`)

test('a cluster that has everything', async () => {
  await using api = await testApi()
  node(api, 'worker1')
  node(api, 'worker2')
  network(api, 'blue', '{"type":"bridge"}')
  const results = await runPreflight(api.admin, plan)
  expect(rows(results)).toEqual([
    expect.stringMatching(
      /^ok \| API server \| Kubernetes v1\.36\.\d+ at https:\/\/127\.0\.0\.1:\d+, context embedded$/,
    ),
    'ok | namespace acceptance | exists',
    'ok | KubeVirt | VirtualMachineInstances are served',
    'ok | permissions | 3 of 3 granted',
    'ok | network acceptance/blue | bridge; binding bridge',
    'ok | nodes | 2 of 2 ready and schedulable',
    'ok | node worker1 | ready and schedulable',
  ])
  expect(results.every(({ remediation }) => remediation === '')).toBe(true)
})

test('tells everything that is wrong at once, each with what to do', async () => {
  await using api = await testApi({ resources: [] })
  node(api, 'cordoned', { unschedulable: true })
  node(api, 'tainted', { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] })
  node(api, 'dead', {}, 'Unknown')
  network(api, 'garbage', '{not json')
  const results = await runPreflight(api.admin, {
    ...plan,
    namespace: { name: 'nowhere', create: false },
    networks: [
      { namespace, name: 'blue' },
      { namespace, name: 'garbage' },
    ],
    nodes: ['worker1', 'cordoned', 'tainted', 'dead'],
  })
  expect(rows(results).slice(1)).toEqual([
    'failed | namespace nowhere | does not exist',
    'failed | KubeVirt | the cluster does not serve VirtualMachineInstances (kubevirt.io/v1)',
    'ok | permissions | 3 of 3 granted',
    'warning | network acceptance/blue | does not exist; its cases will fail',
    expect.stringContaining(
      'warning | network acceptance/garbage | NetworkAttachmentDefinition acceptance/garbage: spec.config is not JSON',
    ),
    'failed | nodes | 0 of 3 ready and schedulable, needed: 2',
    'failed | node worker1 | does not exist; nodes: cordoned, dead, tainted',
    'failed | node cordoned | is cordoned (spec.unschedulable)',
    'failed | node tainted | has the taint node-role.kubernetes.io/control-plane:NoSchedule',
    'failed | node dead | is not ready',
  ])
  for (const { status, remediation } of results) if (status !== 'ok') expect(remediation).not.toBe('')
})

test('a namespace that is to be created passes when it may be', async () => {
  await using api = await testApi()
  const results = await runPreflight(api.admin, { ...plan, namespace: { name: 'new', create: true } })
  expect(rows(results)).toContain('ok | namespace new | will be created')
})

test('under the documented Role: what is granted passes, what may not be looked at is unknown', async () => {
  await using api = await testApi()
  network(api, 'blue', '{"type":"sriov"}')
  const client = await api.restricted(documentedRules)
  const results = await runPreflight(client, plan)
  expect(rows(results).slice(1)).toEqual([
    'unknown | namespace acceptance | may not be read: missing permission {apiGroups: [""], resources: ["namespaces"], verbs: ["get"]} in a ClusterRole',
    'ok | KubeVirt | VirtualMachineInstances are served',
    'warning | permission to list events | missing; needed to say why a VMI does not start',
    'ok | network acceptance/blue | sriov; binding sriov',
    'unknown | nodes | may not be listed: missing permission {apiGroups: [""], resources: ["nodes"], verbs: ["list"]} in a ClusterRole',
  ])
  expect(results[3]?.remediation).toBe(
    'optional; to have it, grant {apiGroups: [""], resources: ["events"], verbs: ["list"]} in namespace "acceptance"',
  )
})

test('without any rights, each missing permission is a row of its own', async () => {
  await using api = await testApi()
  const client = await api.restricted([])
  const failed = (await runPreflight(client, plan)).filter(({ status }) => status === 'failed')
  expect(rows(failed)).toEqual([
    'failed | permission to create virtualmachineinstances | missing; needed to create the VMIs',
    'failed | permission to get virtualmachineinstances/console | missing; needed to log in to the guests',
  ])
})

test('another run at work is in the way; our own is not', async () => {
  await using api = await testApi()
  const options = { namespace, holder: 'jo@laptop', runId: 'one', freeCommand: () => '' }
  const lease = await acquireLease(api.admin, options)
  const leaseRow = async (runId: string, client = api.admin): Promise<string | undefined> =>
    rows(await runPreflight(client, { ...plan, lease: { namespace, runId } })).at(-1)
  expect(await leaseRow('one')).toBe('ok | lease | no other run is at work')
  expect(await leaseRow('two')).toMatch(
    /^failed \| lease \| jo@laptop run one is at work since .*, its lease runs until /,
  )
  const restricted = await api.restricted(documentedRules)
  expect(await leaseRow('two', restricted)).toBe(
    'warning | lease | two runs at once would not notice each other: missing permission {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get"]} in namespace "acceptance"',
  )
  if (lease.state === 'held') await lease.release()
  expect(await leaseRow('two')).toBe('ok | lease | no other run is at work')
})

test('an API server that cannot be reached is one problem, not twenty', async () => {
  const server = await faultyServer(() => undefined)
  const client = await server.client({ retry: { retries: 1, pauseMilliseconds: 1 } })
  await server[Symbol.asyncDispose]()
  const results = await runPreflight(client, plan)
  expect(rows(results)).toEqual([
    expect.stringMatching(
      /^failed \| API server \| get \/version: the API server https:.* cannot be reached \(ECONNREFUSED/,
    ),
    'unknown | everything else | not looked at, because the API server does not answer as it should',
  ])
})

test('credentials that are not accepted are told as such', async () => {
  await using server = await faultyServer((_, answer) =>
    sendJson(answer, 401, failure(401, 'Unauthorized', 'Unauthorized')),
  )
  const [row] = await runPreflight(await server.client(), plan)
  expect(row).toMatchObject({
    status: 'failed',
    detail: 'get /version: 401 Unauthorized: Unauthorized',
    remediation: 'log in again: the API server does not accept the credentials of this context',
  })
})
