/** For every check of the platform checkup there is a fault or a deviation that turns it red. Several share a run. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, vi } from 'vitest'
import type { KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { type AcceptanceRun, acceptanceRun, temporaryFolder } from './acceptance-run.ts'
import { namespace, type SeparateCluster, separateCluster } from './separate-cluster.ts'

const limits = { timeout: 180_000 }

const platformProfile = (
  cluster: Record<string, unknown>,
  { defaults = {}, areas = 'all' }: { defaults?: Record<string, unknown>; areas?: 'all' | string[] } = {},
  more: Record<string, unknown> = {},
): Record<string, unknown> => ({
  apiVersion: 'kubevirt-acceptance/v1',
  name: 'test',
  cluster,
  checkups: { platform: { defaults, cases: [{ matrix: { areas } }] } },
  ...more,
})

async function run(profile: Record<string, unknown>): Promise<AcceptanceRun> {
  const folder = await temporaryFolder()
  try {
    return await acceptanceRun(folder.path, { profile, arguments: ['--project=platform'] })
  } finally {
    await folder.remove()
  }
}

type Red = readonly [check: string, text: RegExp]

/** What is wrong with the judged checks of a run, for the comparison with what should be wrong. */
const redChecks = (document: RunDocument | undefined): string[] =>
  [
    ...new Set(
      document?.cases.flatMap(({ checks }) => checks.filter(({ verdict }) => verdict === 'failed').map(({ id }) => id)),
    ),
  ].toSorted()

const messagesOf = (document: RunDocument | undefined, id: string): string =>
  (document?.cases.flatMap(({ checks }) => checks) ?? [])
    .filter((check) => check.id === id && check.verdict !== 'passed')
    .map(({ message }) => message)
    .join('\n')

const networks = [{ name: 'blue' }, { name: 'dpdk', type: 'sriov', resourceName: 'openshift.io/dpdk' }]
const node = (name: string, parts: Record<string, unknown> = {}) => ({
  name,
  resources: { 'openshift.io/dpdk': 4 },
  ...parts,
})

/** The profile of one run, and all checks that are red in it. */
const redRuns: readonly [what: string, profile: Record<string, unknown>, red: readonly Red[]][] = [
  [
    'an upgrade that does not end, webhooks and APIs that do not answer, stale nodes and certificates',
    platformProfile({
      embedded: {
        networks,
        nodes: [node('worker1'), node('worker2')],
        faults: [
          { fault: 'upgrade-in-progress', target: 'v1.9.1' },
          { fault: 'apiservice-unavailable', apiService: 'v1.subresources.kubevirt.io' },
          { fault: 'webhook-unavailable', webhook: 'virtualmachineinstances-mutator.kubevirt.io' },
          { fault: 'heartbeat-stale', node: 'worker1', age: '15m' },
          { fault: 'node-without-devices', node: 'worker2', device: 'kvm' },
          { fault: 'certificate-expires', secret: 'kubevirt-virt-api-certs', within: '1h' },
        ],
      },
    }),
    [
      [
        'platform.kubevirt-ready',
        /watched for up to 10m, is Progressing=True \(UpdateInProgress: Transitioning .*!= ready/,
      ],
      ['platform.kubevirt-rolled-out', /observed version v1\.9\.0 != v1\.9\.1/],
      ['platform.kubevirt-components', /newest revision\): updated pods of .* != /],
      ['platform.api-services', /APIService v1\.subresources\.kubevirt\.io is unavailable \(\w+: .*!= available/],
      ['platform.virt-api-answers', /virt-api does not tell its version != answers/],
      ['platform.webhooks-admit', /unanswered: 500 .*failed calling webhook.*!= admitted/],
      ['platform.webhooks-refuse', /unanswered: 500 .*failed calling webhook.*!= refused/],
      ['platform.nodes-heartbeat', /\(worker1\): age of the heartbeat of virt-handler [\d,]+ s > 300 s/],
      ['platform.nodes-devices', /\(worker2 kvm\): allocatable devices\.kubevirt\.io\/kvm 0 < 1/],
      ['platform.serving-certificates', /\(Secret kubevirt\/kubevirt-virt-api-certs\): validity left [23],\d\d\d s < /],
    ],
  ],
  [
    'components, nodes and storage out of order, and less than the profile asks for',
    platformProfile(
      {
        embedded: {
          networks,
          nodes: [node('worker1', { cpuManager: false, schedulable: false }), node('worker2')],
          storage: {
            classes: [
              { name: 'fast', default: true, virtDefault: true },
              { name: 'slow', default: true, virtDefault: true, provisioner: 'nfs.csi.k8s.io', snapshots: false },
            ],
          },
          faults: [
            { fault: 'component-not-ready', component: 'virt-controller' },
            { fault: 'virt-handler-not-ready', node: 'worker2' },
            { fault: 'node-not-ready', node: 'worker2' },
            { fault: 'empty-claim-property-sets', storageClass: 'slow' },
            { fault: 'golden-image-not-up-to-date' },
            { fault: 'multus-missing' },
          ],
        },
      },
      {
        defaults: {
          upgradeDeadline: '30s',
          expectedKubevirtVersion: 'v1.8.2',
          expectedCdiVersion: 'v1.65.0',
          expectedReplicas: ['virt-api=3', 'cdi-apiserver=2'],
          requiredApiVersions: ['kubevirt.io/v2'],
          minimumVmNodes: 2,
          requireCpuManager: true,
          networks: ['blue', 'red'],
          deviceResources: ['openshift.io/dpdk=9'],
          minimumGoldenImages: 7,
        },
      },
    ),
    [
      ['platform.kubevirt-ready', /Available=False \(DeploymentInProgress: .*!= ready/],
      ['platform.kubevirt-version', /observed version v1\.9\.0 != v1\.8\.2 \(.*profile\.yaml:\d+:\d+/],
      ['platform.kubevirt-components', /\(virt-controller\): ready pods of Deployment virt-controller 0 != 2/],
      ['platform.kubevirt-components', /\(virt-handler\): ready pods of DaemonSet virt-handler 1 != 2/],
      ['platform.kubevirt-components', /\(virt-api\): ready pods of Deployment virt-api 2 != 3 \(.*profile\.yaml/],
      ['platform.kubevirt-pods', /pods of KubeVirt that are not ready \(virt-controller-\S+ is Running, not ready/],
      ['platform.cdi-version', /observed version v1\.66\.0 != v1\.65\.0/],
      ['platform.cdi-components', /\(cdi-apiserver\): ready pods of Deployment cdi-apiserver 1 != 2/],
      ['platform.api-versions', /API version kubevirt\.io\/v2 is not served, but kubevirt\.io\/v1.* != served/],
      ['platform.nodes-count', /nodes on which VMs can be started 0 < 2/],
      ['platform.nodes-ready', /\(worker2\): node worker2 is not ready/],
      ['platform.nodes-schedulable', /\(worker1\): node worker1 is cordoned \(spec\.unschedulable\) != schedulable/],
      ['platform.nodes-cpu-manager', /\(worker1\): label cpumanager of node worker1: false != true/],
      ['platform.multus', /NetworkAttachmentDefinitions \(k8s\.cni\.cncf\.io\/v1\) are not served != served/],
      ['platform.networks', /NetworkAttachmentDefinition kubevirt-acceptance\/red is missing != usable/],
      ['platform.device-resources', /allocatable openshift\.io\/dpdk of all nodes for VMs 8 < 9/],
      ['platform.default-storage-class', /default StorageClasses \(fast; slow\) 2 != 1/],
      ['platform.default-virt-storage-class', /default StorageClasses for VMs \(fast; slow\) 2 > 1/],
      ['platform.storage-profiles', /\(slow\): claimPropertySets of its StorageProfile 0 < 1/],
      ['platform.snapshot-classes', /\(slow\): VolumeSnapshotClasses of driver nfs\.csi\.k8s\.io 0 < 1/],
      ['platform.data-import-crons', /fedora-image-cron is UpToDate=False/],
      ['platform.golden-images', /DataSources that are ready \d < 7/],
    ],
  ],
]

test.concurrent.for(redRuns)('%s turn their checks red', limits, async ([, profile, red], { expect }) => {
  const { document, exitCode, output } = await run(profile)
  expect({ verdict: document?.verdict, exitCode }, output).toEqual({ verdict: 'failed', exitCode: 1 })
  for (const [check, text] of red) expect.soft(messagesOf(document, check), check).toMatch(text)
  expect(redChecks(document)).toEqual([...new Set(red.map(([check]) => check))].toSorted())
})

test.concurrent('a cluster in good health passes in every area', limits, async ({ expect }) => {
  const nodes = [node('worker1'), node('worker2')]
  const { document, exitCode, output } = await run(platformProfile({ embedded: { networks, nodes } }))
  expect(exitCode, output).toBe(0)
  expect(document).toMatchObject({ verdict: 'passed', leftovers: [] })
  expect(document?.cases).toHaveLength(8)
  const results = Object.assign({}, ...(document?.cases ?? []).map((record) => record.results)) as object
  expect(results).toMatchObject({
    kubernetesVersion: 'v1.36.2',
    kubevirtVersion: 'v1.9.0',
    cdiVersion: 'v1.66.0',
    virtApiVersion: 'v1.9.0',
  })
  const requests = document?.cases.flatMap(({ apiRequests }) => Object.keys(apiRequests)) ?? []
  // Looking changes nothing: the only creates are the dry runs.
  expect(requests.filter((request) => !/^(get|list|watch) /.test(request))).toEqual(['create virtualmachineinstances'])
})

const kubevirtObjects = (resource: string) => ({ group: 'kubevirt.io', resource })
const core = (resource: string) => ({ group: '', resource })
const cdi = (resource: string) => ({ group: 'cdi.kubevirt.io', resource })
const apps = (resource: string) => ({ group: 'apps', resource })

/** Changes an object of the cluster behind the back of its controllers. */
type Change = (draft: KubernetesObject) => void

function change(
  { cluster }: SeparateCluster,
  resource: { group: string; resource: string },
  [place, name]: readonly [namespace: string | undefined, name: string],
  edit: Change,
): void {
  cluster.store.update(resource, name, place, edit)
}

const statusOf = (draft: KubernetesObject): Record<string, unknown> =>
  (draft['status'] ??= {}) as Record<string, unknown>

/** A VM that runs, and one that nobody owns. */
function startMachines({ cluster }: SeparateCluster): void {
  const spec = {
    domain: { devices: {}, memory: { guest: '64Mi' } },
    nodeSelector: { zone: 'a' },
    terminationGracePeriodSeconds: 0,
  }
  for (const name of ['kept', 'restarted', 'stopped', 'lost'])
    cluster.store.create(kubevirtObjects('virtualmachines'), {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name, namespace },
      spec: { runStrategy: 'Always', template: { spec } },
    })
}

const phases = ({ cluster }: SeparateCluster): Record<string, unknown> =>
  Object.fromEntries(
    cluster.store
      .list(kubevirtObjects('virtualmachineinstances'))
      .map(({ metadata, ...vmi }) => [`${metadata.name} ${metadata.uid}`, (vmi['status'] as { phase?: string }).phase]),
  )

const areasOf = (separate: SeparateCluster, areas: 'all' | string[], defaults: Record<string, unknown> = {}) =>
  platformProfile(
    { kubeconfig: { path: separate.kubeconfigPath } },
    { areas, defaults },
    { namespace: { name: namespace, create: false } },
  )

const runAgainst = (separate: SeparateCluster, areas: 'all' | string[], defaults: Record<string, unknown> = {}) =>
  acceptanceRun(separate.folder, { profile: areasOf(separate, areas, defaults), arguments: ['--project=platform'] })

test.concurrent('what happened since an earlier run turns checks red', limits, async ({ expect }) => {
  const zone = { labels: { zone: 'a' } }
  await using separate = await separateCluster({ networks, nodes: [node('worker1', zone), node('worker2', zone)] })
  const { store } = separate.cluster
  startMachines(separate)
  const allRun = () => expect(Object.values(phases(separate))).toEqual(['Running', 'Running', 'Running', 'Running'])
  await expect.poll(() => Object.values(phases(separate)), { timeout: 30_000 }).toHaveLength(4)
  await vi.waitFor(allRun, { timeout: 30_000 })
  const before = await runAgainst(separate, ['workloads'])
  expect(before.exitCode, before.output).toBe(0)
  expect(before.output).toContain(
    'platform.workloads-kept: not judged: there is no earlier run of this cluster in which this case passed',
  )

  const machines = kubevirtObjects('virtualmachines')
  const uids = () => Object.keys(phases(separate)).filter((key) => key.startsWith('restarted'))
  const [booted] = uids()
  store.delete(kubevirtObjects('virtualmachineinstances'), 'restarted', namespace)
  store.delete(machines, 'lost', namespace)
  change(separate, machines, [namespace, 'stopped'], (vm) => {
    vm['spec'] = { ...(vm['spec'] as object), runStrategy: 'Halted' }
  })
  const settled = () => {
    expect(uids()).not.toContain(booted)
    expect(Object.values(phases(separate))).toEqual(['Running', 'Running'])
  }
  await vi.waitFor(settled, { timeout: 30_000 })
  for (const name of ['worker1', 'worker2'])
    change(separate, core('nodes'), [undefined, name], ({ metadata }) => {
      metadata.labels = { ...metadata.labels, zone: 'b' }
    })
  spoilInstallations(separate)

  const { document, exitCode, output } = await runAgainst(separate, 'all', { requireUploadProxyUrl: true })
  expect(exitCode, output).toBe(1)
  const red: readonly Red[] = [
    ['platform.kubevirt-installed', /KubeVirt resources in the cluster \(another one is kubevirt\/second\) 2 != 1/],
    ['platform.kubevirt-workloads-current', /outdatedVirtualMachineInstanceWorkloads 3 != 0/],
    ['platform.kubevirt-restarts', /containers of KubeVirt that restarted since \S+ \(virt-\S+\) 1 != 0/],
    ['platform.cdi-installed', /CDI resources in the cluster \(another one is second\) 2 != 1/],
    ['platform.cdi-ready', /CDI, watched for up to 10m, is Degraded=True \(DeployFailed: no room\) != ready/],
    ['platform.cdi-rolled-out', /observed version v1\.66\.0 != v1\.67\.0/],
    ['platform.cdi-components', /\(cdi-apiserver\): ready pods of Deployment cdi-apiserver 0 != 1/],
    ['platform.cdi-pods', /pods of CDI that are not ready \(cdi-\S+ is Running, container \S+ CrashLoopBackOff/],
    ['platform.cdi-restarts', /containers of CDI that restarted since \S+ \(cdi-\S+\) 1 != 0/],
    [
      'platform.policies',
      /to cdi-uploadproxy in cdi\): network policies in the way of TCP port 8443 \(cdi\/deny-all\) 1/,
    ],
    ['platform.data-sources', /DataSources that are not ready \(\S+\/dangling is Ready=/],
    ['platform.upload-proxy', /cdi-uploadproxy \(there is no such service\) 0 < 1/],
    ['platform.upload-proxy-url', /outside of the cluster: none != set \(.*profile\.yaml/],
    ['platform.api-service-certificates', /\(it cannot be read: there is no certificate in PEM form\) 0 s < 604,800 s/],
    ['platform.workloads-placed', /\(kubevirt-acceptance\/kept on worker\d, which lacks zone=a/],
    ['platform.workloads-kept', /VMs that are gone since run \S+ \(kubevirt-acceptance\/lost\) 1 != 0/],
    ['platform.workloads-running', /do not run any more since run \S+ \(kubevirt-acceptance\/stopped has no VMI\) 1/],
    ['platform.workloads-not-restarted', /VMs that were restarted since run \S+ \(kubevirt-acceptance\/restarted\) 1/],
  ]
  for (const [check, text] of red) expect.soft(messagesOf(document, check), check).toMatch(text)
  expect(redChecks(document)).toEqual(red.map(([check]) => check).toSorted())
})

/** What faults of the profile do not reach: CDI, policies, second resources, restarts. */
function spoilInstallations(separate: SeparateCluster): void {
  const { store } = separate.cluster
  const meta = { apiVersion: 'kubevirt.io/v1', kind: 'KubeVirt', metadata: { name: 'second', namespace: 'kubevirt' } }
  store.create(kubevirtObjects('kubevirts'), { ...meta, spec: {} })
  change(separate, kubevirtObjects('kubevirts'), ['kubevirt', 'kubevirt'], (draft) => {
    statusOf(draft)['outdatedVirtualMachineInstanceWorkloads'] = 3
  })
  store.create(cdi('cdis'), {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'CDI',
    metadata: { name: 'second' },
    spec: {},
  })
  change(separate, cdi('cdis'), [undefined, 'cdi'], (draft) => {
    const status = statusOf(draft)
    status['targetVersion'] = 'v1.67.0'
    status['conditions'] = (status['conditions'] as { type: string }[]).map((condition) =>
      condition.type === 'Degraded'
        ? { ...condition, status: 'True', reason: 'DeployFailed', message: 'no room' }
        : condition,
    )
  })
  change(separate, apps('deployments'), ['cdi', 'cdi-apiserver'], (draft) => {
    delete statusOf(draft)['readyReplicas']
  })
  const restarted = {
    restartCount: 1,
    lastState: { terminated: { finishedAt: new Date().toISOString(), exitCode: 1 } },
  }
  const spoilPod = (place: string, prefix: string, parts: object) => {
    const pod = store.list(core('pods'), { namespace: place }).find(({ metadata }) => metadata.name?.startsWith(prefix))
    change(separate, core('pods'), [place, pod?.metadata.name ?? ''], (draft) => {
      const status = statusOf(draft)
      status['containerStatuses'] = (status['containerStatuses'] as object[]).map((each) => ({ ...each, ...parts }))
    })
  }
  spoilPod('kubevirt', 'virt-controller', restarted)
  const crashing = { state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s' } } }
  spoilPod('cdi', 'cdi-apiserver', { ...restarted, ...crashing })
  store.create(
    { group: 'networking.k8s.io', resource: 'networkpolicies' },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'deny-all', namespace: 'cdi' },
      spec: { podSelector: {}, policyTypes: ['Ingress'] },
    },
  )
  store.create(cdi('datasources'), {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataSource',
    metadata: { name: 'dangling', namespace },
    spec: { source: { pvc: { namespace, name: 'nowhere' } } },
  })
  store.delete(core('services'), 'cdi-uploadproxy', 'cdi')
  change(separate, cdi('cdiconfigs'), [undefined, 'config'], (draft) => {
    delete statusOf(draft)['uploadProxyURL']
    delete (draft['spec'] as Record<string, unknown>)['uploadProxyURLOverride']
  })
  const apiServices = { group: 'apiregistration.k8s.io', resource: 'apiservices' }
  change(separate, apiServices, [undefined, 'v1.subresources.kubevirt.io'], (draft) => {
    draft['spec'] = { ...(draft['spec'] as object), caBundle: Buffer.from('gone').toString('base64') }
  })
}

/** As cluster-reader of many clusters: everything may be looked at but Secrets and nodes, nothing may be changed. */
async function withReadOnlyRights(separate: SeparateCluster): Promise<string> {
  const { store, apiServer } = separate.cluster
  const group = 'rbac.authorization.k8s.io'
  const verbs = ['get', 'list', 'watch']
  const rules = [
    { apiGroups: [''], resources: ['namespaces', 'pods', 'services', 'endpoints'], verbs },
    ...['apps', 'kubevirt.io', 'cdi.kubevirt.io', 'apiregistration.k8s.io', 'k8s.cni.cncf.io'].map((name) => ({
      apiGroups: [name],
      resources: ['*'],
      verbs,
    })),
  ]
  store.create(core('serviceaccounts'), {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'reader', namespace },
  })
  const metadata = { name: 'reader' }
  store.create({ group, resource: 'clusterroles' }, { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata, rules })
  store.create(
    { group, resource: 'clusterrolebindings' },
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace }],
    },
  )
  const path = join(separate.folder, 'kubeconfig-reader')
  const token = apiServer.issueServiceAccountToken(namespace, 'reader')
  await writeFile(path, apiServer.kubeconfig({ token }, namespace), { mode: 0o600 })
  return path
}

test.concurrent('what may not be read is skipped with the missing permission', limits, async ({ expect }) => {
  await using separate = await separateCluster({ networks })
  const kubeconfigPath = await withReadOnlyRights(separate)
  const reading = { ...separate, kubeconfigPath }
  const areas = ['kubevirt', 'cdi', 'api', 'nodes', 'certificates']
  const { document, exitCode, output } = await runAgainst(reading, areas)
  expect(exitCode, output).toBe(0)
  const verdicts = Object.fromEntries(document?.cases.map(({ id, verdict }) => [id, verdict]) ?? [])
  expect(verdicts).toEqual({
    'platform/kubevirt': 'passed',
    'platform/cdi': 'passed',
    'platform/api': 'passed',
    'platform/nodes': 'skipped',
    'platform/certificates': 'passed',
  })
  const secrets = '{apiGroups: [""], resources: ["secrets"], verbs: ["list"]}'
  expect(messagesOf(document, 'platform.serving-certificates')).toContain(
    `platform.serving-certificates: not judged: missing permission ${secrets} in namespace "kubevirt"`,
  )
  expect(output).toContain('platform.serving-certificates: not judged: missing permission')
  expect(messagesOf(document, 'platform.webhooks-admit')).toContain(
    'missing permission {apiGroups: ["kubevirt.io"], resources: ["virtualmachineinstances"], verbs: ["create"]}',
  )
  expect(document?.cases.find(({ id }) => id === 'platform/nodes')?.reason).toMatch(
    /^nothing of "nodes" can be judged: platform\.nodes-count: not judged: missing permission \{apiGroups: \[""\], resources: \["nodes"\]/,
  )

  const required = { requiredChecks: ['platform.nodes-ready', 'platform.serving-certificates'] }
  const strict = await runAgainst(reading, ['nodes', 'certificates'], required)
  expect(strict.exitCode, strict.output).toBe(1)
  expect(redChecks(strict.document)).toEqual(['platform.nodes-ready', 'platform.serving-certificates'])
  expect(messagesOf(strict.document, 'platform.nodes-ready')).toMatch(
    /missing permission .* != judged \(.*profile\.yaml:\d+:\d+.*requiredChecks\)\. Grant it to whoever runs the checkup, or take/,
  )
})
