/** For every check of the storage checkup there is a fault that turns it red, and an interrupted run can be gone on with. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { ResultStore } from '../suites/storage/checkpoint.ts'
import { acceptanceRun, temporaryFolder } from './acceptance-run.ts'
import { commandFolder } from './command-line.ts'
import { apply } from './in-cluster-jobs.ts'
import { namespace, separateCluster } from './separate-cluster.ts'
import * as table from './fault-table.ts'
import { type Expectation, type GreenRow, type RedRow, runProject, testGreen, testRed } from './fault-table.ts'

interface Changes {
  faults?: Record<string, unknown>[]
  class?: Record<string, unknown>
  case?: Record<string, unknown>
}

const node = (name: string) => ({ name, cpus: 32, memory: '128Gi' })

/** Two nodes and one class; one case of one permutation. */
const storageProfile = ({ faults = [], class: parts = {}, case: parameters = {} }: Changes = {}) => ({
  apiVersion: 'kubevirt-acceptance/v1',
  name: 'test',
  cluster: {
    embedded: {
      nodes: [node('worker1'), node('worker2')],
      storage: { classes: [{ name: 'standard', default: true, virtDefault: true, ...parts }] },
      faults,
    },
  },
  checkups: {
    storage: {
      defaults: { dataSourceName: 'fedora', dataSourceNamespace: 'kubevirt-os-images' },
      cases: [{ mode: 'quick', filters: ['*:*:*:*:random-rw:4k'], ...parameters }],
    },
  },
})

/** Several small VMs at once, and one permutation. */
const fleet = (vms: number, filter = '*:*:*:*:random-rw:4k') => ({
  mode: 'full',
  vmSizes: ['small:2:4Gi'],
  pvcSizes: ['20Gi'],
  concurrencyLevels: [vms],
  filters: [filter],
})

const row =
  (expected: (checks: Expectation['checks']) => Expectation) =>
  (what: string, changes: Changes, checks: Expectation['checks']): RedRow => [
    what,
    storageProfile(changes),
    expected(checks),
  ]
const failed = row(table.failed)
const broken = row(table.broken)

const fault = (name: string, parts: Record<string, unknown> = {}): Changes => ({ faults: [{ fault: name, ...parts }] })
const only = 'perf-default-small-150gi-c1-1'

testRed('storage', [
  failed('a device without space', fault('fio-enospc'), {
    'storage.fio-succeeded': new RegExp(
      `storage\\.fio-succeeded \\(random-rw/4k\\): ${only}: failed with exit status \\d+.*error 28 \\(ENOSPC: no space left\\).*vmsWithFioErrors 1 > 0`,
    ),
    'storage.completeness': /completenessPercent 0% < 100%/,
  }),
  failed('fio that is ended by a signal', fault('fio-terminated', { after: '40s' }), {
    'storage.fio-succeeded': new RegExp(`${only}: failed with exit status 128.*fio: terminating on signal 15`),
    'storage.runtime': /runtimePercent 2\d.* < 95%/,
  }),
  failed('a service that never starts', fault('service-never-starts'), {
    'storage.finished-in-time': new RegExp(`${only}: inactive: the service was never started; unfinishedVms 1 > 0`),
  }),
  failed('a result without content', fault('fio-empty-result'), {
    'storage.completeness': new RegExp(`${only}: ended with 0, but left no result; completenessPercent 0% < 100%`),
  }),
  failed('a result that is cut off', fault('fio-output-corrupted'), {
    'storage.completeness': /fio output: it ends within a report/,
  }),
  failed(
    'one VM without a result',
    { ...fault('fio-empty-result', { vmi: '*-c2-2' }), case: fleet(2) },
    {
      'storage.completeness': /perf-default-small-20gi-c2-2: ended with 0, .*completenessPercent 50% < 100%/,
    },
  ),
  failed(
    'one VM with a slow disk',
    { ...fault('slow-disk', { vmi: '*-c4-2', factor: 8 }), case: fleet(4) },
    {
      'storage.fairness': /random-rw\/4k rand-read read\): jainIndex 0\.\d+ < 0\.9/,
    },
  ),
  failed(
    'guests with clocks that are behind',
    { ...fault('clock-skew', { vmi: '*-c2-2' }), case: fleet(2) },
    { 'storage.guest-clock': /clockOffsetSeconds 299\.\d+ s > 2 s/ },
  ),
  failed(
    'a VM that boots too late to begin with the others',
    { ...fault('slow-login', { vmi: '*-c2-2', delay: '4m' }), case: { ...fleet(2), maxStartSkewSeconds: 10 } },
    { 'storage.start-skew': /startSkewSeconds \d+(\.\d+)? s > 10 s/ },
  ),
  failed(
    'I/Os that are cut short, in a mix whose writes are held up',
    {
      ...fault('fio-short-ios', { count: 2 }),
      case: {
        ...fleet(1, '*:*:*:*:own:4k'),
        fioProfiles: ['own'],
        fioJobFiles: {
          own: '[global]\nioengine=libaio\ndirect=1\ntime_based=1\ngroup_reporting=1\nruntime=${RUNTIME}\nsize=1G\nbs=${BLOCK_SIZE}\n[mix]\nrw=randrw\nrwmixread=70\niodepth=8\nrate_iops=100000,50\n',
        },
      },
    },
    {
      'storage.short-ios': /storage\.short-ios \(own\/4k\): shortIos 4 > 0 /,
      'storage.mix': /storage\.mix \(own\/4k mix\): mixDeviationPercent 2\d(\.\d+)?% > 2%/,
    },
  ),
  failed('a data disk that is not mounted', fault('data-disk-not-mounted'), {
    'storage.fio-succeeded': /failed with exit status 1 \(fio was refused, or the data disk is not mounted\)/,
  }),
  failed(
    'a pool that is too slow',
    {
      class: { performance: { baseLatency: '30ms' } },
      case: { ...fleet(1, '*:*:*:*:{random-rw,db-oltp}:{4k,native}'), fioJobFiles: {} },
    },
    {
      'storage.random-p99':
        /random-rw\/4k rand-read read\): p99LatencyMilliSec .* ms > 20 ms \(default: for each VM at once; a default to be tuned to the storage\)/,
      'storage.sync-p99': /db-oltp\/native db-wal-write sync\): p99LatencyMilliSec .* ms > 20 ms/,
    },
  ),
  failed(
    'ten VMs on a pool that is at its limit, with a limit of latency for any number of VMs',
    { case: { ...fleet(10), random4kP99LimitMilliseconds: 20 } },
    {
      'storage.random-p99':
        /random-rw\/4k rand-read read\): p99LatencyMilliSec 2\d\.\d+ ms > 20 ms \(\S*profile\.yaml:\d+:\d+ .*random4kP99LimitMilliseconds\)/,
    },
  ),
  failed(
    'a pool of little bandwidth',
    {
      class: { performance: { bandwidth: '100M' } },
      case: {
        filters: ['*:*:*:*:*:1M'],
        p99LimitMilliseconds: 0.1,
        minIops: 1_000_000,
        minBandwidth: '1T',
      },
    },
    {
      'storage.sequential-p99': /sequential-rw\/1M seq-read read\): p99LatencyMilliSec .* ms > 200 ms/,
      'storage.p99': /random-rw\/1M rand-read read.* ms > 0\.1 ms/,
      'storage.iops': /totalIops .* iops < 1,000,000 iops/,
      'storage.bandwidth': /totalBytesPerSec .* bytes\/s < 1,000,000,000,000 bytes\/s/,
    },
  ),
  broken('SSH that drops all the time', fault('ssh-drops'), { 'storage.measured': /dropped/ }),
  broken('guests that never boot', fault('never-boots'), {
    'storage.provisioned': /The SSH port of VMI .* could not be opened within 300 s \(sshTimeout: default\)/,
  }),
  broken('volumes that are never provisioned', fault('provisioning-fails', { claim: '*-data' }), {
    'storage.provisioned':
      /did not run within 900 s \(limit set in vmReadyTimeout: default\).*PersistentVolumeClaim .*-data: phase Pending/,
  }),
  broken(
    'a DataSource that is not there',
    { case: { dataSourceName: 'fedroa' } },
    {
      'storage.provisioned':
        /DataSource kubevirt-os-images\/fedroa is not there, .*\(dataSourceNamespace: .*profile\.yaml:\d+.*, dataSourceName: .*profile\.yaml:\d+.*\); name one of "kubectl get datasources/,
    },
  ),
  broken(
    'an import that fails again and again',
    { ...fault('dv-import-crashloop'), case: { rootDiskUrl: 'https://example.com/disk.qcow2' } },
    { 'storage.provisioned': /DataVolume .*-rootdisk.*(404 Not Found|it was restarted \d+ times)/ },
  ),
  [
    'a fleet that the nodes cannot hold',
    storageProfile({ case: fleet(40) }),
    table.refused(
      /storage\/fio\/default\/small\/20Gi\/c40 alone requests 80 CPUs and 160Gi; the schedulable nodes have 64 CPUs and 256Gi/,
    ),
  ],
  broken('a VM that may not be deleted', fault('delete-refused', { resource: 'virtualmachines' }), {
    'storage.nothing-left': /left behind/,
  }),
])

test.concurrent('what cannot be measured is refused by the plan, with all reasons', { timeout: 60_000 }, async () => {
  const { exitCode, output } = await runProject(
    'storage',
    storageProfile({
      case: {
        pools: ['default', 'fast=missing'],
        filters: ['nowhere:*:*:*:*:*', '*:*:*:*:random-rw:4k'],
        fioFileSize: '200Gi',
        fioCompletionTimeout: '1m',
        rootStorageClass: 'gone',
      },
    }),
  )
  expect(exitCode, output).not.toBe(0)
  for (const reason of [
    'pool fast has the StorageClass "missing", which the cluster does not have; it has standard',
    '"nowhere:*:*:*:*:*" matches none of the 8 permutations of mode quick',
    'more than 90 % of the PVC of 150Gi',
    '1m is too short for random-rw/4k',
    'the cluster has no StorageClass "gone"',
  ])
    expect(output.replaceAll(/\s+/g, ' ')).toContain(reason)
})

const green: GreenRow[] = [
  ['the quick mode', storageProfile({ case: { filters: [] } })],
  ['a class that waits for its first consumer', storageProfile({ class: { bindingMode: 'WaitForFirstConsumer' } })],
  ['SSH that drops now and then', storageProfile(fault('ssh-drops', { times: 2 }))],
  ['guests without an agent', storageProfile(fault('no-guest-agent'))],
  [
    'ten VMs on a pool that is at its limit, with the default limits of latency',
    storageProfile({ case: fleet(10, '*:*:*:*:{random-rw,sequential-rw}:{4k,1M}') }),
  ],
  ['VMs that share a pool', storageProfile({ case: fleet(5, '*:*:*:*:mixed-70-30:4k') })],
  [
    'a job file of its own',
    storageProfile({
      case: {
        ...fleet(1, '*:*:*:*:own:64k'),
        fioProfiles: ['own'],
        fioJobFiles: {
          own: '[global]\nioengine=libaio\ndirect=1\ntime_based=1\ngroup_reporting=1\nruntime=${RUNTIME}\nsize=1G\nbs=${BLOCK_SIZE}\n[one]\nrw=randread\n',
        },
      },
    }),
  ],
]
testGreen('storage', green)

/** A case of another procedure, on a class that can do what it needs. */
const feature = (procedure: string, changes: Changes = {}): Changes => ({
  ...changes,
  case: { procedure, pvcSizes: ['20Gi'], filters: [], ...changes.case },
})
const shared = { pools: ['default:Block:ReadWriteMany'] }

testGreen('storage', [
  ['preflight', storageProfile(feature('preflight'))],
  ['a clone', storageProfile(feature('clone', { case: { cloneTimeLimit: '5m' } }))],
  ['a snapshot and its restore', storageProfile(feature('snapshot'))],
  ['a hot-plugged volume', storageProfile(feature('hotplug'))],
  ['a boot storm', storageProfile(feature('bootstorm', { case: { bootStormVms: 4 } }))],
  ['a migration under load', storageProfile(feature('migration', { case: shared }))],
])

const twoDefaults = storageProfile(
  feature('preflight', {
    ...fault('volume-stays-attached', { node: 'worker2' }),
    case: { dataSourceName: 'windows' },
  }),
)
twoDefaults.cluster.embedded.storage.classes.push({ name: 'second', default: false, virtDefault: true })

testRed('storage', [
  [
    'a cluster with two default classes, without the golden image, and with a volume that hangs at a node',
    twoDefaults,
    table.failed({
      'storage.default-class': /storage\.default-class: default classes 2 != 1/,
      'storage.golden-image': /DataSource kubevirt-os-images\/windows is not there != ready/,
      'storage.attachments':
        /storage\.attachments \(worker2\): attached volumes are kubernetes\.io\/csi\/.*forgotten-on-worker2 is attached and not in use != all in use/,
    }),
  ],
  failed(
    'a class that nobody knows how to use, without snapshots',
    feature('preflight', {
      ...fault('empty-claim-property-sets'),
      class: { snapshots: false, virtDefault: false, default: true },
    }),
    {
      'storage.claim-properties': /properties of class standard are unknown != known/,
      'storage.snapshot-class': /a VolumeSnapshotClass for .* is missing != there/,
    },
  ),
  failed('volumes that are never bound', feature('preflight', fault('provisioning-fails')), {
    'storage.blank-volume': /did not be bound within 60 s .*; blankVolumeSeconds 6\d(\.\d+)? s > 60 s/,
  }),
  failed('clones that are copied', feature('clone', { ...fault('clone-fallback'), case: { cloneTimeLimit: '1ms' } }), {
    'storage.clone-type': /the clone type is copy, which is copy != snapshot or csi-clone/,
    'storage.clone-fallback': /No compatible volumesnapshotclass found != none/,
    'storage.clone-time': /cloneSeconds .* s > 0\.001 s/,
  }),
  failed('a snapshot that fails', feature('snapshot', fault('snapshot-fails')), {
    'storage.snapshot-ready':
      /VirtualMachineSnapshot .* did not be ready to use within 300 s .*; snapshotSeconds 30\d(\.\d+)? s > 300 s \(default/,
  }),
  failed(
    'a restore that loses writes',
    feature('snapshot', fault('volume-restore-corrupted', { claim: 'restore-*' })),
    { 'storage.restored-data': /the data after the restore is of neither time != as before the snapshot/ },
  ),
  failed('a plugged volume that the guest does not get', feature('hotplug', fault('hotplug-invisible')), {
    'storage.hotplug-seen': /the volume in the guest is not seen != seen/,
  }),
  failed('an unplugged volume that stays in the guest', feature('hotplug', fault('hotplug-stays')), {
    'storage.hotplug-gone': /the guest still has the disk; unplugSeconds 3\d\d(\.\d+)? s > 300 s \(default/,
  }),
  failed(
    'a VM that takes much longer to boot among others',
    feature('bootstorm', { ...fault('slow-login', { vmi: '*-2', delay: '3m' }), case: { bootStormVms: 2 } }),
    { 'storage.boot-storm': /bootStormRatio \d+(\.\d+)? > 3 / },
  ),
  failed(
    'I/O that fails while its VM moves',
    feature('migration', { ...fault('fio-terminated', { after: '30s' }), case: shared }),
    {
      'storage.migration-fio': /fio reports .*terminating on signal 15.* != no error/,
    },
  ),
  failed('a snapshot that is never restored', feature('snapshot', fault('restore-fails')), {
    'storage.restore-complete':
      /VirtualMachineRestore .* did not be complete within 300 s .*; restoreSeconds 30\d(\.\d+)? s > 300 s \(default/,
  }),
  failed('a volume that is never plugged', feature('hotplug', fault('hotplug-stuck')), {
    'storage.hotplug-ready':
      /did not have volume .* Ready within 300 s .*; hotplugSeconds 30\d(\.\d+)? s > 300 s \(default/,
  }),
  broken(
    'a boot storm with a guest agent that never comes',
    feature('bootstorm', { ...fault('no-guest-agent', { vmi: '*-2' }), case: { bootStormVms: 2 } }),
    { 'storage.measured': /have its guest agent connected within 900 s/ },
  ),
  failed('a migration that fails', feature('migration', { ...fault('migration-fails'), case: shared }), {
    'storage.migration-succeeded': /the migration is Failed != Succeeded/,
  }),
  failed('a migration that is noticed', feature('migration', { case: { ...shared, maxMigrationGapSeconds: 0 } }), {
    'storage.migration-gap': /migrationGapSeconds .* s > 0 s/,
  }),
])

/** The same in plain pods; their names and those of their claims begin with `perf-pod-`. */
const beside = (changes: Changes = {}): Changes => ({ ...changes, case: { podBaseline: true, ...changes.case } })
const pods = 'perf-pod-*'

test.concurrent('pods beside the VMs tell what virtualisation costs', { timeout: 180_000 }, async () => {
  const folder = await temporaryFolder()
  try {
    const { document, directory, output } = await acceptanceRun(folder.path, {
      profile: storageProfile(
        beside({
          class: { bindingMode: 'WaitForFirstConsumer', performance: { virtualisationPercent: 10 } },
          case: { ...fleet(2, '*:*:*:*:{random-rw,db-oltp}:{4k,native}'), minPodIopsPercent: 80 },
        }),
      ),
      arguments: ['--project=storage'],
    })
    expect(document?.verdict, output).toBe('passed')
    expect(document?.leftovers).toEqual([])
    const [record] = document?.cases ?? []
    expect(record?.results).toMatchObject({ permutationsMeasured: '2', podPermutationsMeasured: '2' })
    const value = (name: string, subject = 'random-rw/4k rand-read read') =>
      record?.measurements.find((each) => each.name === name && each.subject === subject)?.value ?? 0
    // What the model of the pool says.
    expect(value('iopsPercentOfPod')).toBeGreaterThan(89)
    expect(value('iopsPercentOfPod')).toBeLessThan(91)
    expect(value('totalIops') / value('podTotalIops')).toBeCloseTo(value('iopsPercentOfPod') / 100, 3)
    expect(value('p99LatencyMilliSec')).toBeGreaterThan(value('podP99LatencyMilliSec'))
    expect(value('p99PercentOfPod', 'db-oltp/native db-wal-write sync')).toBeGreaterThan(100)
    expect(record?.checks.find(({ id }) => id === 'storage.pod-overhead')).toMatchObject({
      verdict: 'passed',
      subject: 'random-rw/4k rand-read read',
      limit: 80,
    })
    const costs = record?.tables?.find(({ title }) => title.startsWith('What virtualisation costs'))
    expect(costs?.rows.map(([load, job, direction]) => [load, job, direction])).toContainEqual([
      'random-rw/4k',
      'rand-write',
      'write',
    ])
    const csv = await readFile(
      join(directory!.root, record!.rawOutputs.find(({ name }) => name === 'results.csv')!.path),
      'utf8',
    )
    expect(
      new Set(
        csv
          .trim()
          .split('\r\n')
          .map((line) => line.split(',')[1]),
      ),
    ).toEqual(new Set(['vmSize', 'small', 'pod-small']))
    // They began together, when the first barrier was over, and then measured two sections.
    const ofPods = new ResultStore(join(folder.path, 'runs'), directory?.id ?? '').load(
      'default:pod-small:20Gi:2:random-rw:4k',
    )
    expect(ofPods.durationMilliseconds).toBeGreaterThan((180 + 2 * 130) * 1000)
    // They wait for a whole second, and are not all woken at once.
    expect(ofPods.startSkewMilliseconds).toBeLessThan(3000)
    expect(await checkpointOf(folder.path, directory?.id ?? '')).toEqual(
      ['small', 'pod-small'].flatMap((size) =>
        ['random-rw:4k', 'db-oltp:native'].map((load) => `default:${size}:20Gi:2:${load}`),
      ),
    )
  } finally {
    await folder.remove()
  }
})

testRed('storage', [
  failed('fio that fails in pods alone', beside(fault('fio-enospc', { vmi: pods })), {
    'storage.pod-completeness':
      /storage\.pod-completeness \(random-rw\/4k\): perf-pod-default-small-150gi-c1-random-rw-4k-\w+-1: Failed with exit status \d+.*error 28 \(ENOSPC: no space left\).*podCompletenessPercent 0% < 100%/,
  }),
  failed(
    'fio that is ended by a signal in one of the pods',
    beside({ ...fault('fio-terminated', { vmi: 'perf-pod-*-2', after: '40s' }), case: fleet(2) }),
    {
      'storage.pod-completeness':
        /-2: Failed with exit status 128 .*terminating on signal 15.*podCompletenessPercent 50% < 100%/,
    },
  ),
  failed('volumes of pods that are never provisioned', beside(fault('provisioning-fails', { claim: pods })), {
    'storage.pod-completeness':
      /Pod .*perf-pod-.* did not start within 900 s \(limit set in vmReadyTimeout: default\).*pod has unbound immediate PersistentVolumeClaims.*podCompletenessPercent 0% < 100%/,
  }),
  failed('an image of pods that cannot be pulled', beside(fault('image-pull-fails', { vmi: pods })), {
    'storage.pod-completeness': /ImagePullBackOff: Back-off pulling image "ghcr\.io\/kastenhq\/kubestr:.*: not found/,
  }),
  failed('an image without fio', beside({ case: { podImage: 'docker.io/library/busybox:1' } }), {
    'storage.pod-completeness':
      /docker\.io\/library\/busybox:1: not found \(the embedded cluster has images of fio only/,
  }),
  failed('a log of which the node has kept the end', beside(fault('pod-log-rotated', { pod: pods })), {
    'storage.pod-completeness': /-1: .*fio output: .*podCompletenessPercent 0% < 100%/,
  }),
  failed('a log that is cut off', beside(fault('truncated-output', { vmi: pods, command: 'fio', bytes: 3000 })), {
    'storage.pod-completeness': /fio output: it ends within a report/,
  }),
  failed('a pod that lost I/Os', beside(fault('fio-short-ios', { vmi: pods, count: 2 })), {
    'storage.short-ios': /storage\.short-ios \(random-rw\/4k in pods\): shortIos 16 > 0/,
  }),
  failed(
    'VMs that are much slower than pods',
    beside({ ...fault('slow-disk', { vmi: 'perf-default-*', factor: 3 }), case: { minPodIopsPercent: 80 } }),
    { 'storage.pod-overhead': /iopsPercentOfPod \d\d(\.\d+)?% < 80%/ },
  ),
  broken(
    'pods that may not be made',
    beside(fault('create-refused', { resource: 'pods', message: 'exceeded quota' })),
    {
      'storage.measured': /exceeded quota/,
    },
  ),
])

test.concurrent(
  'the permissions that the plan lists are enough for pods, and what is missing of them is named',
  { timeout: 180_000 },
  async ({ expect: expectIt }) => {
    await using separate = await separateCluster({ nodes: [node('worker1'), node('worker2')] })
    using commands = commandFolder()
    const account = 'runner'
    const kubeconfig = join(separate.folder, 'kubeconfig-restricted')
    const profile = {
      ...storageProfile(
        beside({
          case: {
            fioRuntime: '1s',
            rootDiskImage: 'quay.io/containerdisks/fedora:latest',
            fioFileSize: '64Mi',
            fioRampTime: '0s',
            pollInterval: '1s',
            pvcSizes: ['20Gi'],
          },
        }),
      ),
      cluster: { kubeconfig: { path: kubeconfig } },
      namespace: { name: namespace, create: false },
    }
    const path = join(commands.path, 'profile.yaml')
    await writeFile(path, stringify(profile))
    const { stdout, stderr, exitCode } = await commands.run(
      'plan',
      '--profile',
      path,
      '--rbac',
      '--service-account',
      account,
    )
    expectIt(exitCode, stderr).toBe(0)
    apply(separate, stdout)
    const { cluster } = separate
    const token = cluster.apiServer.issueServiceAccountToken(namespace, account)
    await writeFile(kubeconfig, cluster.apiServer.kubeconfig({ token }, namespace), { mode: 0o600 })
    const run = () => acceptanceRun(separate.folder, { profile, arguments: ['--project=storage'] })
    const allowed = await run()
    expectIt(allowed.document?.verdict, allowed.output).toBe('passed')
    expectIt(separate.leftBehind()).toEqual([])

    const roles = { group: 'rbac.authorization.k8s.io', resource: 'roles' }
    cluster.store.update(roles, account, namespace, (role) => {
      const rules = (role['rules'] ?? []) as { resources: string[] }[]
      role['rules'] = rules.filter(({ resources }) => !resources.some((resource) => resource.startsWith('pods')))
    })
    const refused = await run()
    expectIt(refused.exitCode, refused.output).toBe(3)
    for (const what of ['create pods', 'get pods', 'delete pods', 'get pods/log'])
      expectIt(refused.output).toContain(`permission to ${what}`)
  },
)

const killed: [among: string, changes: Changes, last: string, permutations: number][] = [
  ['VMs', {}, 'random-rw/1M', 4],
  ['pods beside VMs', beside(), 'random-rw/1M in pods', 8],
]
test.concurrent.for(killed)(
  'a run that was killed among its %s is gone on with, to the same set of results',
  { timeout: 180_000 },
  async ([, changes, last, permutations]) => {
    const folder = await temporaryFolder()
    try {
      const profile = storageProfile({ case: { ...changes.case, filters: [] } })
      const first = await acceptanceRun(folder.path, {
        profile,
        arguments: ['--project=storage'],
        // Without any chance to tidy up.
        onOutput: (output, underWay) => {
          if (output.includes(` FIO      | DONE | ${last} `)) underWay.kill('SIGKILL')
        },
      })
      expect(first.document).toBeUndefined()
      const interrupted = first.directory?.id ?? ''
      const done = await checkpointOf(folder.path, interrupted)
      expect(done.length, first.output).toBeGreaterThanOrEqual(permutations - 2)
      expect(done.length).toBeLessThan(permutations)

      const second = await acceptanceRun(folder.path, {
        profile,
        arguments: ['--project=storage'],
        environment: { KUBEVIRT_ACCEPTANCE_RESUME: interrupted },
      })
      expect(second.document?.verdict, second.output).toBe('passed')
      const [record] = second.document?.cases ?? []
      const ofVms = done.filter((key) => !key.includes(':pod-'))
      expect(record?.results).toMatchObject({
        permutationsMeasured: '4',
        permutationsTakenOver: String(ofVms.length),
        ...(permutations === 8 && { podPermutationsMeasured: '4' }),
      })
      for (const key of done) {
        const [, size = '', , , ...load] = key.split(':')
        const subject = `${load.join('/')}${size.startsWith('pod-') ? ' in pods' : ''}`
        expect(second.output).not.toContain(` FIO      | DONE | ${subject} 1 of`)
      }
      const whole = await acceptanceRun(folder.path, { profile, arguments: ['--project=storage'] })
      const keysOf = async (run: typeof whole) => new Set(await checkpointOf(folder.path, run.directory?.id ?? ''))
      expect(await keysOf(second)).toEqual(await keysOf(whole))
      expect(await keysOf(whole)).toHaveProperty('size', permutations)
      expect(measured(second.document)).toEqual(measured(whole.document))
    } finally {
      await folder.remove()
    }
  },
)

test.concurrent('a run that is slower than its baseline is red', { timeout: 180_000 }, async () => {
  const folder = await temporaryFolder()
  try {
    const run = (changes: Changes) =>
      acceptanceRun(folder.path, { profile: storageProfile(changes), arguments: ['--project=storage'] })
    const baseline = await run({})
    const baselineRun = baseline.directory?.id ?? ''
    const again = await run({ case: { baselineRun } })
    expect(again.document?.verdict, again.output).toBe('passed')
    const slower = await run({ class: { performance: { baseLatency: '800us' } }, case: { baselineRun } })
    expect(slower.document?.verdict, slower.output).toBe('failed')
    const red = slower.document?.cases[0]?.checks.filter(({ verdict }) => verdict === 'failed') ?? []
    expect(new Set(red.map(({ id }) => id))).toEqual(
      new Set(['storage.iops-regression', 'storage.bandwidth-regression', 'storage.p99-regression']),
    )
    expect(red[0]?.message).toMatch(/iopsFallPercent \d.*% > 10% /)
  } finally {
    await folder.remove()
  }
})

/** VMs with 500 I/Os per second each, on a pool that carries a few of them. */
const ramp = (parameters: Record<string, unknown>) =>
  storageProfile({
    class: { performance: { iops: 2200 } },
    case: { mode: 'scale', maxScaleVms: 8, pvcSizes: ['20Gi'], filters: [], fioFileSize: '1Gi', ...parameters },
  })

test.concurrent('the ramp ends where the latency breaks, and looks for the place', { timeout: 180_000 }, async () => {
  const { document, output } = await runProject('storage', ramp({ minScaleVms: 4 }))
  expect(document?.verdict, output).toBe('passed')
  const [record] = document?.cases ?? []
  expect(record).toMatchObject({ id: 'storage/scale/default', results: { capacityVms: '4', breachVms: '5' } })
  expect(record?.rawOutputs.map(({ name }) => name)).toEqual(expect.arrayContaining(['ramp.csv', 'ramp-summary.json']))
})

testRed('storage', [
  [
    'a pool that carries fewer VMs than it has to',
    ramp({ minScaleVms: 8 }),
    table.failed({ 'storage.scale': /capacityVms 4 < 8/ }),
  ],
])

test.concurrent('a sweep over queue depths says how deep the queue may be', { timeout: 180_000 }, async () => {
  const { document, output } = await runProject(
    'storage',
    storageProfile({
      case: {
        mode: 'qd',
        fixedVms: 2,
        queueDepths: [1, 8, 64],
        pvcSizes: ['20Gi'],
        filters: [],
        rateIops: 0,
        fioFileSize: '1Gi',
      },
    }),
  )
  expect(document?.verdict, output).toBe('passed')
  expect(document?.cases[0]?.results).toMatchObject({
    highestQueueDepth: expect.stringMatching(/^\d+$/),
    peakQueueDepth: expect.stringMatching(/^\d+$/),
  })
})

test.concurrent('pools are ranked once the run has measured several', { timeout: 180_000 }, async () => {
  const profile = storageProfile(beside({ case: { mode: 'rank', filters: [], pools: ['default', 'slow'] } }))
  profile.cluster.embedded.storage.classes.push({
    ...profile.cluster.embedded.storage.classes[0],
    name: 'slow',
    default: false,
    virtDefault: false,
    performance: { baseLatency: '2ms' },
  } as never)
  const { document, output } = await runProject('storage', profile)
  expect(document?.verdict, output).toBe('passed')
  const ranking = document?.cases[1]?.tables?.find(({ title }) => title.startsWith('Ranking'))
  expect(ranking?.rows.map(([rank, pool]) => [rank, pool])).toEqual([
    [1, 'default'],
    [2, 'slow'],
  ])
  // Of VMs: pods beside them are no pool of their own, nor part of one.
  const rates = document?.cases[0]?.measurements.filter(
    ({ name, subject }) => name === 'totalIops' && subject?.startsWith('random-rw/4k '),
  )
  expect(rates).toHaveLength(2)
  const sum = (rates ?? []).reduce((total, { value }) => total + (value ?? 0), 0)
  expect(ranking?.rows[0]?.[3]).toBeCloseTo(sum / 2, -1)
})

test.concurrent('an interrupted run leaves nothing behind', { timeout: 180_000 }, async ({ expect: expectIt }) => {
  await using separate = await separateCluster({ nodes: [node('worker1'), node('worker2')] })
  let interrupted = false
  const run = await acceptanceRun(separate.folder, {
    profile: { ...storageProfile(), cluster: { kubeconfig: { path: separate.kubeconfigPath } } },
    arguments: ['--project=storage'],
    onOutput: (output, underWay) => {
      if (interrupted || !/ FIO +\\| RUN /.test(output)) return
      interrupted = true
      underWay.kill('SIGINT')
    },
  })
  expectIt(run.exitCode, run.output).toBe(130)
  expectIt(run.document).toMatchObject({ verdict: 'cancelled', leftovers: [] })
  expectIt(separate.leftBehind()).toEqual([])
  // Root disks are made by KubeVirt, and go with their VM.
  const left = () =>
    [
      { group: 'kubevirt.io', resource: 'virtualmachines' },
      { group: 'cdi.kubevirt.io', resource: 'datavolumes' },
      { group: '', resource: 'persistentvolumeclaims' },
    ]
      .flatMap((kind) => separate.cluster.store.list(kind))
      .flatMap(({ metadata: { name = '' } }) => (name.startsWith('perf-') ? [name] : []))
  await expectIt.poll(left, { timeout: 30_000 }).toEqual([])
})

async function checkpointOf(folder: string, runId: string): Promise<string[]> {
  const path = join(folder, 'runs', runId, 'storage')
  const names = await readdir(path)
  if (!names.includes('checkpoint')) return []
  return (await readFile(join(path, 'checkpoint'), 'utf8')).trim().split('\n')
}

const measured = (document: RunDocument | undefined): string[] =>
  (document?.cases ?? [])
    .flatMap(({ measurements }) => measurements.map(({ name, subject }) => `${name} ${subject ?? ''}`))
    .toSorted()
