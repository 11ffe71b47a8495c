/** The rights that `manifests` prints are enough for each checkup, and none of them is too many. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { checkupManifests } from '../commands/manifests.ts'
import { type EmbeddedCluster, startEmbeddedCluster } from '../fixtures/embedded-cluster/embedded-cluster.ts'
import { type ConfigMap, ConfigMapStatus } from '../helpers/in-cluster/config-map-status.ts'
import { type ClusterClient, connectCluster } from '../helpers/kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import { resourceTypeOf } from '../helpers/kubernetes/resources.ts'
import { runPreflight } from '../helpers/preflight/preflight.ts'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import { loadProfile } from '../helpers/profile/load-profile.ts'
import { preflightPlan } from '../plugin/preflight-plan.ts'
import { checkups } from '../suites/index.ts'
import { commandFolder } from './command-line.ts'

const packaged = 'cluster-profiles/embedded.yaml'
const profile = loadProfile(packaged, checkups)
const { name: namespace } = profile.namespace

/** The packaged profile with changes, as it would be read from a file. */
function changedProfile(changes: object): LoadedProfile {
  using folder = commandFolder()
  const path = join(folder.path, 'profile.yaml')
  writeFileSync(path, stringify({ ...(parse(readFileSync(packaged, 'utf8')) as object), ...changes }))
  return loadProfile(path, checkups)
}

const upstream = { engine: 'upstream', mode: 'smoke' }
const upstreamProfile = changedProfile({
  checkups: {
    latency: { cases: [{ engine: 'upstream', networkAttachmentDefinitionName: 'blue' }] },
    dpdk: { cases: [{ ...upstream, networkAttachmentDefinitionName: 'dpdk-network' }] },
    realtime: { cases: [upstream] },
  },
})
const planned = [
  ...profile.checkups.map(({ name }) => ({ title: name, checkup: name, of: profile })),
  ...upstreamProfile.checkups.map(({ name }) => ({
    title: `${name} with engine: upstream`,
    checkup: name,
    of: upstreamProfile,
  })),
]

interface PolicyRule {
  apiGroups: string[]
  resources: string[]
  resourceNames?: string[]
  verbs: string[]
}
type Role = KubernetesObject & { rules?: PolicyRule[] }

let cluster: EmbeddedCluster
beforeAll(async () => {
  if (profile.cluster.kind !== 'embedded') throw new Error('the packaged profile has no embedded cluster')
  cluster = await startEmbeddedCluster(profile.cluster.embedded, { namespace })
})
afterAll(() => cluster.close())

const place = (object: KubernetesObject) => {
  const { group, resource } = resourceTypeOf(object)
  return { group, resource }
}

/** A client with the rights of the manifests; `without` says which verb of which rule is left out. */
async function grant(
  { of, checkup }: (typeof planned)[number],
  name: string,
  without?: (rule: PolicyRule, verb: string) => boolean,
) {
  const { rights, configMap } = checkupManifests(of, checkup, { name })
  for (const { manifest } of rights) {
    const role: Role = { ...manifest }
    const rules = role.rules
      ?.map((rule) => ({ ...rule, verbs: rule.verbs.filter((verb) => !without?.(rule, verb)) }))
      .filter(({ verbs }) => verbs.length > 0)
    cluster.store.create(place(role), { ...role, ...(rules !== undefined && { rules }) })
  }
  if (!cluster.store.get(place(configMap), configMap.metadata.name ?? '', namespace))
    cluster.store.create(place(configMap), configMap)
  const token = cluster.apiServer.issueServiceAccountToken(namespace, `${name}-sa`)
  const client = await connectCluster({
    kubeconfig: cluster.apiServer.kubeconfig({ token }, namespace),
    userAgent: 'test',
  })
  return {
    client,
    configMap,
    [Symbol.dispose]: () => {
      client.close()
      for (const { manifest } of rights)
        cluster.store.delete(place({ ...manifest }), manifest.metadata.name, manifest.metadata.namespace)
    },
  }
}

/** What keeps a run from starting; of a checkup that only looks, which goes on without, what it would not see. */
const failuresOf = async (client: ClusterClient, { of, checkup }: (typeof planned)[number]) => {
  const plan = preflightPlan(of, checkups, [checkup])
  const missing = plan.permissions.some(({ required }) => required) ? 'failed' : 'warning'
  const helpful = /leases$|(create|delete) namespaces$|^namespace /
  return (await runPreflight(client, plan)).filter(
    ({ status, check }) => status === 'failed' || (status === missing && !helpful.test(check)),
  )
}

describe.each(planned)('$title', (subject) => {
  const { of, checkup } = subject
  const { rights } = checkupManifests(of, checkup, {})
  const verbs = rights.flatMap(({ manifest }) =>
    (manifest.rules ?? []).flatMap((rule) => rule.verbs.map((verb) => ({ kind: manifest.kind, rule, verb }))),
  )

  test('with all of them the preflight finds nothing missing', async () => {
    using granted = await grant(subject, `${checkup}-all`)
    expect(await failuresOf(granted.client, subject)).toEqual([])
  })

  test('without any one of them it is named', async () => {
    expect(verbs.length).toBeGreaterThanOrEqual(2)
    // KubeVirt and CDI let everybody see how they are set up.
    using bare = await grant(subject, `${checkup}-none`, () => true)
    const missingWithout = await failuresOf(bare.client, subject)
    const isEverybodys = (verb: string, resource: string) =>
      !missingWithout.some(({ check }) => check.endsWith(` ${verb} ${resource}`))
    for (const [index, { rule, verb }] of verbs.entries()) {
      const [resource = ''] = rule.resources
      const isLeftOut = (other: PolicyRule, otherVerb: string) =>
        otherVerb === verb && JSON.stringify(other) === JSON.stringify({ ...rule })
      const name = `${checkup}-${index}`
      using granted = await grant(subject, name, (each, other) =>
        isLeftOut({ ...each, ...(each.resourceNames && { resourceNames: rule.resourceNames ?? [] }) }, other),
      )
      if (rule.resourceNames?.[0]?.endsWith('-config') === true) {
        // Without these nothing can be said in the ConfigMap: the log of the pod has it.
        const status = new ConfigMapStatus(granted.client, { namespace, name: `${name}-config` })
        await expect(status.claim()).rejects.toThrow(new RegExp(`${verb}[^]*configmaps`))
      } else if (isEverybodys(verb, resource)) {
        expect(['list kubevirts', 'list storageprofiles', 'get cdiconfigs']).toContain(`${verb} ${resource}`)
      } else {
        const failures = await failuresOf(granted.client, subject)
        expect(failures.map(({ check, detail }) => `${check}: ${detail}`).join('\n'), `${verb} ${resource}`).toContain(
          `${verb} ${resource}`,
        )
      }
    }
  })
})

test('several shards are an Indexed Job of which each pod does its part', () => {
  const { job, configMap } = checkupManifests(profile, 'platform', { shards: '2' })
  expect(job['spec']).toMatchObject({
    completionMode: 'Indexed',
    completions: 2,
    parallelism: 2,
    backoffLimitPerIndex: 0,
  })
  expect(Object.keys(configMap['data'] as object)).toEqual(['spec.profile'])
})

test.each([
  ['the packaged profile', {}],
  ['all of the storage matrix', { checkups: { storage: { cases: [{ mode: 'full', pools: ['rep2', 'rep3'] }] } } }],
  [
    'a part of it, by a name',
    { checkups: { storage: { cases: [{ name: 'mine', mode: 'full', filters: ['*:small:*:*:*:4k'] }] } } },
  ],
  [
    'the other procedures',
    { checkups: { storage: { cases: [{ procedure: 'preflight' }, { mode: 'scale' }, { mode: 'qd' }] } } },
  ],
  [
    'a matrix',
    { checkups: { latency: { cases: [{ name: 'm', matrix: { networkAttachmentDefinitionNames: ['blue'] } }] } } },
  ],
])('the pods of a Job plan the cases that the profile plans: %s', (_, changes) => {
  const anywhere = { cluster: { kubeconfig: {} } }
  const whole = changedProfile({ ...anywhere, ...changes })
  for (const { name, cases } of whole.checkups) {
    const { configMap } = checkupManifests(whole, name, {})
    const { data = {} } = configMap as ConfigMap
    const written = data['spec.profile']
    if (written === undefined) continue
    const [again] = changedProfile({ ...(JSON.parse(written) as object), ...anywhere }).checkups
    const facts = (each: typeof cases) => each.map(({ id, parameters }) => ({ id, parameters }))
    expect(facts(again?.cases ?? [])).toEqual(facts(cases))
  }
})

test('the Job asks for no rights on its node', () => {
  const { job } = checkupManifests(profile, 'latency', {})
  const { spec } = (job['spec'] as { template: { spec: Record<string, unknown> & { containers: object[] } } }).template
  expect(spec.containers[0]).toMatchObject({
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    // As docs/in-cluster.md has them measured.
    resources: {
      requests: { cpu: '250m', memory: '640Mi', 'ephemeral-storage': '512Mi' },
      limits: { cpu: '2', memory: '2Gi', 'ephemeral-storage': '2Gi' },
    },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  })
  expect(spec).toMatchObject({
    restartPolicy: 'Never',
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }],
  })
  expect(job).toMatchObject({ spec: { backoffLimit: 0 } })
})

test('shards are no more than there are cases that do not disturb each other', () => {
  const pools = ['rep2', 'rep3', 'again=perf-test-sc-rep2']
  const storage = { checkups: { storage: { cases: [{ mode: 'full', pools }] } } }
  const of = changedProfile({ cluster: { kubeconfig: {} }, ...storage })
  expect(checkupManifests(of, 'storage', { shards: '2' }).job).toMatchObject({ spec: { completions: 2 } })
  expect(() => checkupManifests(of, 'storage', { shards: '3' })).toThrow(
    '--shards "3" has to be a whole number from 1 to 2, the number of cases, where those on one storage class count as one',
  )
})

test('what cannot be made is refused', () => {
  expect(() => checkupManifests(profile, 'latency', { shards: '99' })).toThrow(
    /^--shards "99" has to be a whole number from 1 to \d+, the number of cases, where those on one storage class count as one$/,
  )
})
