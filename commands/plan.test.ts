import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import { embeddedProfile } from '../tests/acceptance-run.ts'
import { commandFolder } from '../tests/command-line.ts'

const folder = commandFolder()
afterAll(() => folder[Symbol.dispose]())

const lab = {
  ...embeddedProfile({
    profile: {
      cluster: { kubeconfig: { context: 'lab' } },
      parallelism: 2,
      nodes: ['a', 'b', 'c'],
      timeouts: { tearDown: '1m' },
      namespace: { name: 'vm-acceptance', create: false },
    },
  }),
  checkups: {
    latency: {
      defaults: { timeout: '4m', sampleCount: 10, sampleIntervalMilliseconds: 100, warmUpPackets: 0 },
      cases: [
        {
          matrix: {
            networkAttachmentDefinitionNames: ['blue'],
            networkAttachmentDefinitionNamespace: 'nets',
            nodePairs: 'all-unordered',
          },
        },
      ],
    },
  },
}
mkdirSync(join(folder.path, 'cluster-profiles'))
writeFileSync(join(folder.path, 'cluster-profiles/lab.yaml'), stringify(lab))

test('shows cases, where each value is set, objects, durations and permissions, with no cluster at all', async () => {
  const { exitCode, stdout, stderr } = await folder.run('plan', '--profile', 'lab')
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: 'profile: test, cluster-profiles/lab.yaml (--profile)\n',
  })
  expect(stdout).toContain('cluster      context lab of KUBECONFIG, ~/.kube/config or the service account of the pod\n')
  expect(stdout).toContain('namespace    vm-acceptance\n')
  expect(stdout).toContain('latency/blue/a-b: VMs on a and b reach each other over blue without loss\n')
  expect(stdout).toContain('  creates     2 VirtualMachineInstances\n  networks    nets/blue\n  nodes       a, b\n')
  expect(stdout).toMatch(
    /^ {2}worst case {2}5m0s = 4m0s \(timeout: cluster-profiles\/lab\.yaml:\d+:\d+ checkups\.latency\.defaults\.timeout\) \+ 1m \(timeouts\.tearDown\)$/m,
  )
  expect(stdout).toMatch(
    /^ {2}sampleCount +10 +cluster-profiles\/lab\.yaml:\d+:\d+ checkups\.latency\.defaults\.sampleCount$/m,
  )
  expect(stdout).toMatch(/^ {2}pingFamily +auto +default$/m)
  expect(stdout).toMatch(
    /^ {2}required {2}get +network-attachment-definitions \(k8s\.cni\.cncf\.io\) +nets +to choose the interface binding$/m,
  )
  expect(stdout).toMatch(/^ {2}optional {2}list +events +vm-acceptance +to say why a VM does not start$/m)
  // Three cases of at most five minutes, two at a time.
  expect(stdout).toMatch(/^total +3 cases, 6 VirtualMachineInstances$/m)
  expect(stdout).toMatch(/^worst case {2}10m0s /m)
})

test('--json has the same as data', async () => {
  const plan = (await folder.run('plan', '--profile', 'lab', '--json')).json()
  expect(plan).toMatchObject({
    profile: { name: 'test' },
    namespace: { name: 'vm-acceptance', create: false },
    checkups: ['latency'],
    creates: [{ kind: 'VirtualMachineInstance', count: 6 }],
    worstCaseMilliseconds: 600_000,
    cases: [
      {
        id: 'latency/blue/a-b',
        parameters: { sampleCount: 10, timeout: '4m' },
        worstCaseMilliseconds: 300_000,
        requirements: { nodes: ['a', 'b'], networks: [{ namespace: 'nets', name: 'blue' }] },
      },
      { id: 'latency/blue/a-c' },
      { id: 'latency/blue/b-c' },
    ],
  })
})

test('--rbac prints manifests with what is required; --with-optional adds what helps', async () => {
  const rules = async (...more: string[]): Promise<{ verbs: string[]; resources: string[] }[]> => {
    const { exitCode, stdout } = await folder.run('plan', '--profile', 'lab', '--rbac', ...more)
    expect(exitCode).toBe(0)
    const objects = parseAllDocuments(stdout).map((document) => document.toJS() as { rules?: never[] })
    return objects.flatMap((object) => object.rules ?? [])
  }
  const asText = ({ verbs, resources }: { verbs: string[]; resources: string[] }) =>
    `${verbs.join()} ${resources.join()}`
  const required = [
    'get,create,delete virtualmachineinstances',
    'get virtualmachineinstances/console',
    'get network-attachment-definitions',
  ]
  expect((await rules()).map(asText)).toEqual(required)
  expect((await rules('--with-optional')).map(asText)).toEqual(
    expect.arrayContaining([...required, 'list,watch virtualmachineinstances', 'get,create,update,delete leases']),
  )
  const list = (await folder.run('plan', '--profile', 'lab', '--rbac', '--service-account', 'ci', '--json')).json()
  expect(list).toMatchObject({
    kind: 'List',
    items: expect.arrayContaining([
      expect.objectContaining({ kind: 'ServiceAccount', metadata: { name: 'ci', namespace: 'vm-acceptance' } }),
      expect.objectContaining({ kind: 'Role', metadata: { name: 'ci', namespace: 'nets' } }),
    ]),
  })
})

test('options of --rbac without it, and names that no object can have, are mistakes', async () => {
  const optional = await folder.run('plan', '--with-optional')
  expect(optional).toMatchObject({ exitCode: 2, stdout: '' })
  expect(optional.stderr).toContain('--with-optional is about the manifests of --rbac; add --rbac')
  const named = await folder.run('plan', '--rbac', '--service-account', 'Not A Name')
  expect(named.exitCode).toBe(2)
  expect(named.stderr).toContain('--service-account "Not A Name" cannot be an object\'s name')
})

test('without --profile: CLUSTER_PROFILE, then vitest.config.ts, then the packaged default', async () => {
  const origin = async (commands: Pick<typeof folder, 'run'>) =>
    /\((.*)\)\n/.exec((await commands.run('plan')).stderr)?.[1]
  expect(await origin(folder)).toBe('the packaged default')
  using configured = commandFolder()
  const profile = join(folder.path, 'cluster-profiles/lab.yaml')
  writeFileSync(
    join(configured.path, 'vitest.config.ts'),
    `x({ plugins: [kubevirtAcceptance({ profile: '${profile}' })] })`,
  )
  expect(await origin(configured)).toBe('vitest.config.ts')
  expect(await origin(configured.with({ CLUSTER_PROFILE: 'embedded' }))).toBe('CLUSTER_PROFILE')
  writeFileSync(join(configured.path, 'vitest.config.ts'), 'x({ plugins: [kubevirtAcceptance({ profile })] })')
  const unreadable = await configured.run('plan')
  expect(unreadable.exitCode).toBe(2)
  expect(unreadable.stderr).toContain(
    'vitest.config.ts chooses the cluster profile in a way that cannot be read without running it; name the profile with --profile or CLUSTER_PROFILE',
  )
})
