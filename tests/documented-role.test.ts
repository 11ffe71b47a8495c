/** The documented Role has no list, no watch and no events: a run must get along with it, and say what it does without. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'vitest'
import type { KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import { acceptanceRun, checkOf } from './acceptance-run.ts'
import { documentedRules } from './api-server.ts'
import { namespace, type SeparateCluster, separateCluster } from './separate-cluster.ts'

const limits = { timeout: 120_000 }
const account = 'vm-latency-checkup-sa'
/** The network is in a namespace of its own, as administrators like to have it. */
const networkNamespace = 'networks'

/** What an administrator does once; returns the kubeconfig of the service account. */
async function withDocumentedRole({ cluster, folder }: SeparateCluster): Promise<string> {
  const group = 'rbac.authorization.k8s.io'
  const create = (resource: { group: string; resource: string }, object: object): void =>
    void cluster.store.create(resource, object as KubernetesObject)
  create(
    { group: '', resource: 'serviceaccounts' },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } },
  )
  const [vmis, console, networks] = documentedRules
  for (const [where, rules] of [
    [namespace, [vmis, console]],
    [networkNamespace, [networks]],
  ] as const) {
    const metadata = { name: 'kubevirt-vm-latency-checker', namespace: where }
    create({ group, resource: 'roles' }, { apiVersion: `${group}/v1`, kind: 'Role', metadata, rules })
    create(
      { group, resource: 'rolebindings' },
      {
        apiVersion: `${group}/v1`,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup: group, kind: 'Role', name: metadata.name },
        subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
      },
    )
  }
  const path = join(folder, 'kubeconfig-restricted')
  const token = cluster.apiServer.issueServiceAccountToken(namespace, account)
  await writeFile(path, cluster.apiServer.kubeconfig({ token }, namespace), { mode: 0o600 })
  return path
}

const networks = [{ name: 'blue', namespace: networkNamespace }]
const network = { networkAttachmentDefinitionNamespace: networkNamespace }

test.concurrent('the documented Role is enough, and what it lacks is named', limits, async ({ expect }) => {
  await using separate = await separateCluster({ networks })
  const path = await withDocumentedRole(separate)
  const run = await acceptanceRun(separate.folder, {
    profile: separate.profile({
      case: network,
      profile: { cluster: { kubeconfig: { path } }, namespace: { name: namespace, create: false } },
    }),
  })
  expect(run.exitCode, run.output).toBe(0)
  expect(run.document).toMatchObject({ verdict: 'passed', cluster: { nodes: null }, leftovers: [] })
  expect(separate.leftBehind()).toEqual([])
  const requests = run.document?.cases[0]?.apiRequests ?? {}
  // Asked, refused, and not asked again: from then on single GETs. Two VMs may both ask before the first answer has come.
  expect([1, 2]).toContain(requests['watch virtualmachineinstances'])
  expect(requests['get virtualmachineinstances']).toBeGreaterThan(2)
  expect(Object.keys(requests).filter((name) => name.startsWith('list'))).toEqual([])
  for (const what of ['watch virtualmachineinstances', 'list events', 'list pods', 'get pods/log', 'create leases']) {
    expect(run.document?.cluster.limitations?.join('\n')).toContain(`permission to ${what}: missing`)
    expect(run.output).toContain(`permission to ${what}: missing`)
  }
})

test.concurrent('evidence of a failure names the permissions that it would have needed', limits, async ({ expect }) => {
  await using separate = await separateCluster({ networks })
  const path = await withDocumentedRole(separate)
  const run = await acceptanceRun(separate.folder, {
    profile: separate.profile({
      case: { ...network, maxDesiredLatencyMilliseconds: 0.001 },
      profile: { cluster: { kubeconfig: { path } }, namespace: { name: namespace, create: false } },
    }),
  })
  expect(run.exitCode, run.output).toBe(1)
  expect(checkOf(run.document, 'latency.max')).toMatchObject({ verdict: 'failed' })
  expect(separate.leftBehind()).toEqual([])
  const evidence = run.document?.cases[0]?.evidence ?? []
  const contentOf = (wanted: string) =>
    readFile(join(run.directory!.root, evidence.find(({ name }) => name === wanted)!.path), 'utf8')
  const missing = await contentOf('not-collected.txt')
  for (const resource of ['pods', 'events', 'nodes'])
    expect(missing).toMatch(new RegExp(`missing permission .*resources: \\["${resource}"\\]`))
  // What may be read is there.
  const names = evidence.map(({ name }) => name).join('\n')
  expect(names).toMatch(/^vmi-latency-check-source-\w+\.yaml$/m)
  expect(names).toMatch(/^transcript-\S*latency-check-target-\w+\.txt$/m)
})

/** `get`, `create`, `watch` and so on of the documented checkup, counted at the API server for one case. */
const requestsOfUpstream = 21

test.concurrent(
  'with all rights a case asks no more often than the documented checkup does',
  limits,
  async ({ expect }) => {
    await using separate = await separateCluster()
    const run = await acceptanceRun(separate.folder, { profile: separate.profile({ case: { bothDirections: true } }) })
    expect(run.exitCode, run.output).toBe(0)
    expect(run.document?.cluster.limitations).toEqual([])
    const requests = run.document?.cases[0]?.apiRequests ?? {}
    const total = Object.values(requests).reduce((sum, count) => sum + count, 0)
    expect(total, JSON.stringify(requests)).toBeLessThanOrEqual(requestsOfUpstream)
    expect(requests).toMatchObject({ 'create virtualmachineinstances': 2, 'delete virtualmachineinstances': 2 })
    expect(requests['get virtualmachineinstances']).toBeUndefined()
  },
)
