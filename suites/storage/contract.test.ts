import { expect, test } from 'vitest'
import type { RuleContext } from '../../helpers/run/checkup-contract.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import { storageContract } from './contract.ts'
import { parsePool, poolText } from './pools.ts'

const gibibyte = 1024 ** 3
const world: RuleContext['world'] = {
  embedded: true,
  namespace: 'ns',
  nodes: null,
  networks: null,
  storageClasses: [
    { name: 'fast', isDefault: true, volumeModes: ['Block'], capacityBytes: 1000 * gibibyte },
    { name: 'files', isDefault: false, volumeModes: ['Filesystem'], capacityBytes: 1000 * gibibyte },
  ],
}

const parse = (given: Record<string, unknown> = {}) => storageContract.parameters.parse(given)

function problems(given: Record<string, unknown>, of = world): string[] {
  const isGiven = (name: string) => name in given
  return storageContract
    .rules(parse(given), { world: of, isGiven })
    .map(({ severity, parameter, message }) => `${severity} ${parameter}: ${message}`)
}

const expanded = (given: Record<string, unknown>) =>
  storageContract.expandCase!(parse(given), world).map((own) => parse({ ...given, ...own }))
const names = (given: Record<string, unknown>) => expanded(given).map((of) => storageContract.caseName(of))

test('what it puts out may be put in again, also as the text of a ConfigMap', () => {
  const out = parse({ pools: 'rep3, slow=files:Filesystem', concurrencyLevels: '1,3', filters: '', fioJobFiles: '{}' })
  expect(out).toMatchObject({
    pools: ['rep3=ocs-storagecluster-ceph-rbd:Block:ReadWriteOnce', 'slow=files:Filesystem:ReadWriteOnce'],
    concurrencyLevels: [1, 3],
    filters: [],
    fioJobFiles: {},
  })
  expect(parse(JSON.parse(JSON.stringify(out)) as Record<string, unknown>)).toEqual(out)
})

test.each([
  ['default', null, 'Block'],
  ['rep3', 'ocs-storagecluster-ceph-rbd', 'Block'],
  ['rep3-virt', 'ocs-storagecluster-ceph-rbd-virtualization', 'Block'],
  ['cephfs-rep3', 'ocs-storagecluster-cephfs', 'Filesystem'],
  ['ec-2-1', 'perf-test-sc-ec-2-1', 'Block'],
  ['ibmc-vpc-file-1000', 'ibmc-vpc-file-1000', 'Filesystem'],
  ['my-class', 'my-class', 'Block'],
  ['one=my-class:Filesystem:ReadWriteMany', 'my-class', 'Filesystem'],
])('pool %s has class %s and volumes of mode %s', (text, storageClass, volumeMode) => {
  expect(parsePool(text)).toMatchObject({ storageClass, volumeMode })
  expect(parsePool(poolText(parsePool(text)))).toEqual(parsePool(text))
})

test.each(['', 'Rep3', 'a=b:block', 'a:Block:RWX', 'a=b:Block:ReadWriteOnce:more', 'a b'])('%j is no pool', (text) => {
  expect(() => parsePool(text)).toThrow('invalid pool')
})

test('the full matrix is 27 cases for each pool, with 324 permutations; quick is one with 4', () => {
  const full = expanded({ mode: 'full', pools: ['rep2', 'rep3'] })
  expect(full).toHaveLength(54)
  expect(names({ mode: 'full' }).slice(0, 2)).toEqual(['fio/default/small/150Gi/c1', 'fio/default/small/150Gi/c5'])
  expect(names({})).toEqual(['quick/default/small/150Gi/c1'])
  expect(names({ mode: 'rank', pools: ['rep2', 'rep3'] })).toEqual([
    'rank/rep2/medium/150Gi/c1',
    'rank/rep3/medium/150Gi/c1',
  ])
  expect(names({ mode: 'scale' })).toEqual(['scale/default'])
  expect(names({ mode: 'qd' })).toEqual(['qd/default/small/150Gi/c200'])
  expect(names({ procedure: 'clone', pools: ['rep2', 'rep3'] })).toEqual(['clone/rep2', 'clone/rep3'])
  expect(names({ procedure: 'preflight', pools: ['rep2', 'rep3'] })).toEqual(['preflight'])
})

test('groups of which the filters leave nothing are no cases', () => {
  expect(names({ mode: 'full', filters: ['*:small:150Gi:{1,5}:random-rw:4k'], excludes: ['*:*:*:5:*:*'] })).toEqual([
    'fio/default/small/150Gi/c1',
  ])
})

test('the timeout of a case is what it takes at most, and grows with its permutations', () => {
  const [quick] = expanded({})
  const [overview] = expanded({ mode: 'overview' })
  const milliseconds = (of: typeof quick) => storageContract.requirements(of!, 'ns').measurementMilliseconds
  expect(milliseconds(quick)).toBe(4 * 2 * 130_000)
  expect(milliseconds(overview)).toBe(2 * 2 * 130_000)
  expect(quick?.timeout).not.toBe(overview?.timeout)
})

test('what it needs: objects, space of each class, and permissions', () => {
  const [of] = expanded({ mode: 'full', filters: ['*:small:150Gi:5:random-rw:4k'], rootStorageClass: 'files' })
  const { creates, space, permissions } = storageContract.requirements(of!, 'ns')
  expect(creates).toEqual([
    { kind: 'VirtualMachine', count: 5 },
    { kind: 'Secret', count: 5 },
    { kind: 'PersistentVolumeClaim', count: 5 },
    { kind: 'DataVolume', count: 5 },
  ])
  expect(space).toEqual([
    { storageClass: null, bytes: 750 * gibibyte },
    { storageClass: 'files', bytes: 150 * gibibyte },
  ])
  expect(
    permissions.filter(({ required }) => required).map(({ permission }) => `${permission.verb} ${permission.resource}`),
  ).toContain('get virtualmachineinstances/portforward')
})

test('what its VMs request at the same time: those of the largest group, and nothing where there are none', () => {
  const requests = (given: Record<string, unknown>) => storageContract.requirements(parse(given), 'ns').requests ?? null
  expect(requests({})).toEqual({ cpus: 2, memoryBytes: 4 * gibibyte })
  expect(requests({ mode: 'full' })).toEqual({ cpus: 80, memoryBytes: 160 * gibibyte })
  expect(requests({ mode: 'full', filters: ['*:medium:*:5:*:*'] })).toEqual({ cpus: 20, memoryBytes: 40 * gibibyte })
  expect(requests({ procedure: 'bootstorm', bootStormVms: 3 })).toEqual({ cpus: 6, memoryBytes: 12 * gibibyte })
  // The ramp ends where there is no more room.
  expect(requests({ mode: 'scale' })).toBeNull()
  expect(requests({ procedure: 'preflight' })).toBeNull()
})

test('what it has for itself: the classes of its pools, and for the ramp the whole cluster', () => {
  const exclusive = (given: Record<string, unknown>) =>
    expanded({ pools: ['rep3', 'fast=my-class', 'default'], ...given }).map(
      (of) => storageContract.requirements(of, 'ns').exclusive,
    )
  const on = (...storageClasses: (string | null)[]) => ({ storageClasses, wholeCluster: false })
  const each = [on('ocs-storagecluster-ceph-rbd'), on('my-class'), on(null)]
  expect(exclusive({})).toEqual(each)
  expect(exclusive({ procedure: 'clone' })).toEqual(each)
  expect(exclusive({ mode: 'scale' })).toEqual(each.map((of) => ({ ...of, wholeCluster: true })))
  expect(exclusive({ procedure: 'preflight' })).toEqual([on('ocs-storagecluster-ceph-rbd', 'my-class', null)])
})

test('default limits of latency are so much for each VM at once; those that are given are taken as they are', () => {
  const limits = (given: Record<string, unknown>) =>
    expanded(given).map(
      ({ random4kP99LimitMilliseconds, sequential1MP99LimitMilliseconds, syncP99LimitMilliseconds }) => [
        random4kP99LimitMilliseconds,
        sequential1MP99LimitMilliseconds,
        syncP99LimitMilliseconds,
      ],
    )
  const one = [20, 200, 20]
  expect(limits({})).toEqual([one])
  expect(limits({ procedure: 'bootstorm', bootStormVms: 7 })).toEqual([one])
  const full = { mode: 'full', vmSizes: ['small:2:4Gi'], pvcSizes: ['150Gi'] }
  expect(limits(full)).toEqual([one, [100, 1000, 20], [200, 2000, 20]])
  expect(limits({ ...full, random4kP99LimitMilliseconds: 15 })).toEqual([
    [15, 200, 20],
    [15, 1000, 20],
    [15, 2000, 20],
  ])
})

test('nothing is wrong with the defaults', () => {
  expect(problems({})).toEqual([])
  expect(problems({}, { ...world, storageClasses: null })).toEqual([])
})

test.each<[string, Record<string, unknown>, RegExp]>([
  [
    'a class that is not there',
    { pools: ['gone'] },
    /error pools: pool gone has the StorageClass "gone", which the cluster does not have; it has fast, files/,
  ],
  [
    'a mode that the class does not have',
    { pools: ['files'] },
    /error pools: pool files: StorageClass "files" has no Block volumes, but Filesystem/,
  ],
  ['two pools of one name', { pools: ['a=fast', 'a=files:Filesystem'] }, /error pools: there are two pools "a"/],
  [
    'a root class that is not there',
    { rootStorageClass: 'gone' },
    /error rootStorageClass: the cluster has no StorageClass "gone"/,
  ],
  ['two root disks', { rootDiskImage: 'a', rootDiskUrl: 'https://b' }, /error rootDiskUrl: .*exclude each other/],
  [
    'a profile that is not there',
    { fioProfiles: ['random'] },
    /error fioProfiles: there is no profile random; there are sequential-rw/,
  ],
  [
    'a filter that matches nothing',
    { filters: ['*:huge:*:*:*:*'] },
    /error filters: "\*:huge:\*:\*:\*:\*" matches none of the 4 permutations/,
  ],
  ['nothing left', { excludes: ['*:*:*:*:*:*'] }, /error excludes: nothing is left to measure/],
  [
    'files that do not fit',
    { fioFileSize: '140Gi', mode: 'full', vmSizes: ['small:2:4Gi'] },
    /error fioFileSize: .* more than 90 % of the PVC of 150Gi/,
  ],
  [
    'a job that cannot end in time',
    { fioCompletionTimeout: '5m' },
    /error fioCompletionTimeout: 5m is too short for random-rw\/4k: .* need 8m/,
  ],
  [
    'a rate that cannot be shared',
    { mode: 'scale', rateIops: 7, fioNumjobs: 4 },
    /error rateIops: .*cannot be shared equally by 4 jobs/,
  ],
  [
    'more than the class has room for',
    { mode: 'full', pvcSizes: ['500Gi'] },
    /error pvcSizes: 10 VMs with 500Gi and root disks of 30Gi take 5300Gi, but StorageClass "fast" has 1000Gi/,
  ],
  [
    'pods beside another procedure',
    { podBaseline: true, procedure: 'clone' },
    /error podBaseline: procedure clone measures nothing that pods could, too/,
  ],
  ['pods beside a ramp', { podBaseline: true, mode: 'scale' }, /error podBaseline: mode scale limits the rate of VMs/],
  [
    'pods on a class without file systems',
    { podBaseline: true },
    /error podBaseline: pool default: StorageClass "fast" has no Filesystem volumes, but Block, and plain pods may not/,
  ],
  [
    'a VM size that looks like that of pods',
    { podBaseline: true, vmSizes: ['pod-small:2:4Gi'] },
    /error vmSizes: "pod-small:2:4Gi" would be taken for pods, whose sizes begin with pod-/,
  ],
  [
    'a limit of pods without pods',
    { minPodIopsPercent: 80 },
    /error minPodIopsPercent: there are no pods to compare with; set podBaseline: true/,
  ],
  ['a timeout that cannot hold', { timeout: '10m' }, /error timeout: 10m is too short: /],
  [
    'a job file without an end',
    { mode: 'full', fioProfiles: ['own'], fioJobFiles: { own: '[a]\nrw=read\nsize=1G\n' } },
    /error fioJobFiles: own\/native: a section has no runtime/,
  ],
  [
    'a job file that fio would not read',
    { mode: 'full', fioProfiles: ['own'], fioJobFiles: { own: 'rw=read\n' } },
    /error fioJobFiles: own\/native: /,
  ],
])('%s is refused', (_what, given, expected) => {
  expect(problems(given).join('\n')).toMatch(expected)
})

test('pods are refused where nothing runs what is in images', () => {
  const files = { pools: ['files:Filesystem'], podBaseline: true }
  expect(problems(files, { ...world, runsContainers: true })).toEqual([])
  expect(problems(files, { ...world, runsContainers: false })).toEqual([
    'error podBaseline: the embedded cluster with real guests (guests: qemu) has no container images, so that it cannot run pods with fio; leave it out, or take guests: scripted',
  ])
  expect(problems({ podImage: 'lab/fio' })).toEqual(['warning podImage: no pod is made without podBaseline: true'])
})

test('pods have an image, objects, permissions and time of their own, and nothing of that without them', () => {
  const given = { mode: 'full', filters: ['*:small:150Gi:5:random-rw:*'] }
  const needed = (changes: object) => {
    const [of] = expanded({ ...given, ...changes })
    const { creates, permissions, measurementMilliseconds } = storageContract.requirements(of!, 'ns')
    const verbs = permissions
      .filter(({ required }) => required)
      .map(({ permission }) => `${permission.verb} ${permission.resource}`)
    return { of: of!, creates, verbs, measurementMilliseconds }
  }
  const [without, beside] = [needed({}), needed({ podBaseline: true })]
  expect(without.of).not.toHaveProperty('podImage')
  expect(beside.of).toHaveProperty('podImage', 'ghcr.io/kastenhq/kubestr:v0.4.49')
  expect(beside.verbs.filter((verb) => !without.verbs.includes(verb))).toEqual([
    'create pods',
    'get pods',
    'delete pods',
    'get pods/log',
    'create configmaps',
    'get configmaps',
    'delete configmaps',
  ])
  expect(beside.creates).toEqual([
    { kind: 'VirtualMachine', count: 5 },
    { kind: 'Secret', count: 5 },
    { kind: 'PersistentVolumeClaim', count: 10 },
    { kind: 'DataVolume', count: 5 },
    { kind: 'ConfigMap', count: 3 },
    { kind: 'Pod', count: 15 },
  ])
  expect(beside.measurementMilliseconds).toBe(2 * without.measurementMilliseconds)
  expect(durationMilliseconds(beside.of.timeout!)).toBeGreaterThan(1.5 * durationMilliseconds(without.of.timeout!))
  expect(storageContract.caseTitle(beside.of)).toBe(
    '5 small VMs with 150Gi on pool default: 3 permutations of fio, in pods as well',
  )
})

test('all reasons are told at once', () => {
  const found = problems({
    pools: ['gone'],
    filters: ['x:*:*:*:*:*', '*:*:*:*:random-rw:*'],
    fioFileSize: '200Gi',
    fioCompletionTimeout: '1m',
  })
  expect(new Set(found.map((text) => text.split(':')[0]))).toEqual(
    new Set(['error pools', 'error filters', 'error fioFileSize', 'error fioCompletionTimeout']),
  )
})

test.each([
  { pools: [] },
  { pools: ['a', 'a'] },
  { vmSizes: ['small:2'] },
  { pvcSizes: ['0'] },
  { concurrencyLevels: [0] },
  { concurrencyLevels: ['x'] },
  { fioBlockSizes: ['4x'] },
  { filters: ['a:b'] },
  { resume: 'yesterday' },
  { rootDiskUrl: 'ftp://x' },
  { guestPackages: ['fio; reboot'] },
  { fioRampTime: '1.5s' },
  { fioJobFiles: '[]' },
])('%j is no parameter', (given) => {
  expect(storageContract.parameters.safeParse(given).success).toBe(false)
})
