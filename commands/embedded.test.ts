import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { embeddedProfile } from '../tests/acceptance-run.ts'
import { commandFolder, type CommandFolder, type StartedCommand } from '../tests/command-line.ts'
import { vmiSpec } from '../fixtures/embedded-cluster/kubevirt/testing/vmi-spec.ts'

/** Starts `embedded` and waits until it serves. */
async function startEmbedded(folder: CommandFolder, ...args: string[]): Promise<StartedCommand> {
  const started = folder.start('embedded', ...args)
  await started.printed('Ctrl-C ends it.')
  return started
}

describe.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('until %s', (signal) => {
  test('serves, and then leaves neither process nor file', async () => {
    using folder = commandFolder()
    const started = await startEmbedded(folder)
    expect(started.output()).toMatch(/^embedded cluster at https:\/\/127\.0\.0\.1:\d+$/m)
    expect(started.output()).toMatch(/^ {2}time +wall$/m)
    expect(started.output()).toContain('\nkubectl --kubeconfig embedded.kubeconfig get vmi\n')
    expect(statSync(join(folder.path, 'embedded.kubeconfig')).mode & 0o777).toBe(0o600)
    started.child.kill(signal)
    const { exitCode, stderr } = await started.ended
    expect(exitCode).toBe(0)
    expect(stderr).toContain(`${signal}: ending the embedded cluster. Once more exits at once.`)
    expect(readdirSync(folder.path)).toEqual([])
  })
})

test('--json announces itself as one document; --port, --time and --kubeconfig are followed', async () => {
  using folder = commandFolder()
  const port = await freePort()
  const started = folder.start(
    'embedded',
    '--json',
    '--port',
    String(port),
    '--time',
    'skipping',
    '--kubeconfig',
    'a b',
  )
  await started.printed(/"processId": \d+\n\}/)
  expect(readdirSync(folder.path)).toEqual(['a b'])
  started.child.kill('SIGTERM')
  const result = await started.ended
  expect(result.json()).toEqual({
    server: `https://127.0.0.1:${port}`,
    kubeconfig: join(folder.path, 'a b'),
    context: 'embedded',
    namespace: 'kubevirt-acceptance',
    clockUrl: expect.stringMatching(/^\w+:\/\//),
    description: expect.objectContaining({ time: 'skipping', guestDriver: 'scripted' }),
    processId: started.child.pid,
  })
  expect(readdirSync(folder.path)).toEqual([])
})

test('what cannot be followed is refused before anything is started', async () => {
  using folder = commandFolder()
  const refused = async (...args: string[]) => {
    const { exitCode, stderr } = await folder.run('embedded', ...args)
    return `${exitCode}: ${stderr.trimEnd().split('\n').at(-1)}`
  }
  expect(await refused('--port', '70000')).toBe(
    '2: kubevirt-acceptance: --port "70000" is no port; give a number from 1 to 65535, or leave it out for a free one',
  )
  expect(await refused('--time', 'fast')).toBe(
    '2: kubevirt-acceptance: --time "fast" is unknown; give wall or skipping',
  )
  writeFileSync(
    join(folder.path, 'real.yaml'),
    stringify(embeddedProfile({ profile: { cluster: { kubeconfig: {} } } })),
  )
  expect(await refused('--profile', 'real.yaml')).toBe(
    '2: kubevirt-acceptance: profile real.yaml is of a real cluster (cluster.kubeconfig); choose one with cluster.embedded, e.g. --profile embedded',
  )
  writeFileSync(join(folder.path, 'mine.kubeconfig'), 'apiVersion: v1\n')
  expect(await refused('--kubeconfig', 'mine.kubeconfig')).toMatch(
    /^2: .*mine\.kubeconfig exists and is not of an embedded/,
  )
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  expect(await refused('--port', String(port))).toBe(
    `6: kubevirt-acceptance: port ${port} on 127.0.0.1 is in use; choose another --port, or leave it out for a free one`,
  )
  await new Promise((resolve) => taken.close(resolve))
  expect(readdirSync(folder.path).toSorted()).toEqual(['mine.kubeconfig', 'real.yaml'])
})

const kubectl = await findKubectl()

describe.skipIf(kubectl.path === undefined)(`kubectl${kubectl.reason}`, () => {
  test('looks at, makes and removes VMs as on a real cluster', { timeout: 120_000 }, async () => {
    using folder = commandFolder()
    const started = await startEmbedded(folder, '--time', 'skipping')
    const run = async (...args: string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)(
        kubectl.path!,
        ['--kubeconfig', 'embedded.kubeconfig', '--cache-dir', join(folder.path, 'cache'), ...args],
        { cwd: folder.path },
      )
      return stdout
    }
    expect(await run('get', 'nodes')).toMatch(
      /^NAME +STATUS +ROLES +AGE +VERSION\nworker1 +Ready +worker +\S+ +v1\.36\.2\nworker2 +Ready/,
    )
    expect(await run('api-resources', '--api-group=kubevirt.io')).toMatch(
      /^virtualmachineinstances +vmi,vmis +kubevirt\.io\/v1/m,
    )
    expect(await run('get', 'net-attach-def', '-o', 'name')).toBe(
      'networkattachmentdefinition.k8s.cni.cncf.io/blue\nnetworkattachmentdefinition.k8s.cni.cncf.io/dpdk\n',
    )

    writeFileSync(join(folder.path, 'vmi.yaml'), stringify(virtualMachineInstance))
    expect(await run('apply', '-f', 'vmi.yaml')).toBe('virtualmachineinstance.kubevirt.io/tryout created\n')
    expect(await run('wait', 'vmi/tryout', '--for=condition=Ready', '--timeout=60s')).toBe(
      'virtualmachineinstance.kubevirt.io/tryout condition met\n',
    )
    expect(await run('get', 'vmi')).toMatch(
      /^NAME +AGE +PHASE +IP +NODENAME +READY\ntryout +\S+ +Running +\S+ +worker\d +True\n$/,
    )
    expect(await run('apply', '-f', 'vmi.yaml')).toBe('virtualmachineinstance.kubevirt.io/tryout unchanged\n')
    expect(await run('label', 'vmi', 'tryout', 'team=net')).toBe('virtualmachineinstance.kubevirt.io/tryout labeled\n')
    const described = await run('describe', 'vmi', 'tryout')
    expect(described).toMatch(/ team=net$/m)
    expect(described).toMatch(/Events:\n +Type +Reason +Age +From +Message/)
    const pod = (await run('get', 'pod', '-l', 'kubevirt.io=virt-launcher', '-o', 'name')).trim()
    expect(pod).toMatch(/^pod\/virt-launcher-tryout-\w+$/)
    expect((await run('logs', pod, '-c', 'compute')).length).toBeGreaterThan(0)
    expect(await run('auth', 'can-i', 'create', 'vmi')).toBe('yes\n')
    expect(await run('delete', '-f', 'vmi.yaml')).toMatch(/^virtualmachineinstance\.kubevirt\.io "tryout" deleted/)
    expect(await run('get', 'vmi,pod', '-o', 'name')).toBe('')

    started.child.kill('SIGTERM')
    expect((await started.ended).exitCode).toBe(0)
  })

  test(
    'a service account with what plan --rbac prints passes the preflight and the run',
    { timeout: 120_000 },
    async () => {
      using folder = commandFolder()
      const started = await startEmbedded(folder)
      const run = async (...args: string[]): Promise<string> => {
        const all = ['--kubeconfig', 'embedded.kubeconfig', '--cache-dir', join(folder.path, 'cache'), ...args]
        return (await promisify(execFile)(kubectl.path!, all, { cwd: folder.path })).stdout
      }
      writeFileSync(
        join(folder.path, 'account.yaml'),
        stringify(
          embeddedProfile({
            case: { sampleIntervalMilliseconds: 2 },
            profile: { cluster: { kubeconfig: { path: 'account.kubeconfig' } } },
          }),
        ),
      )
      writeFileSync(
        join(folder.path, 'rbac.yaml'),
        (await folder.run('plan', '--profile', 'account.yaml', '--rbac')).stdout,
      )
      expect(await run('apply', '-f', 'rbac.yaml')).toBe(
        [
          'serviceaccount/kubevirt-acceptance created',
          'role.rbac.authorization.k8s.io/kubevirt-acceptance created',
          'rolebinding.rbac.authorization.k8s.io/kubevirt-acceptance created',
          '',
        ].join('\n'),
      )
      const kubeconfig = parse(readFileSync(join(folder.path, 'embedded.kubeconfig'), 'utf8')) as {
        users: { user: unknown }[]
      }
      kubeconfig.users[0]!.user = { token: (await run('create', 'token', 'kubevirt-acceptance')).trim() }
      writeFileSync(join(folder.path, 'account.kubeconfig'), stringify(kubeconfig))
      const preflight = await folder.run('preflight', '--profile', 'account.yaml')
      expect(preflight.stdout).toMatch(/^warning {2}permission to list virtualmachineinstances +missing/m)
      expect(preflight.stdout).toContain('preflight passed: ')
      expect(preflight.exitCode).toBe(0)
      expect((await folder.run('run', '--profile', 'account.yaml', '--json')).json()).toMatchObject({
        verdict: 'passed',
        leftovers: [],
      })
      started.child.kill('SIGTERM')
      expect((await started.ended).exitCode).toBe(0)
    },
  )
})

const virtualMachineInstance = {
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstance',
  metadata: { name: 'tryout' },
  spec: vmiSpec({ image: 'quay.io/kubevirt/cirros-container-disk-demo' }),
}

async function findKubectl(): Promise<{ path: string | undefined; reason: string }> {
  const path = process.env['KUBECTL'] ?? 'kubectl'
  try {
    await promisify(execFile)(path, ['version', '--client'])
    return { path, reason: '' }
  } catch (error) {
    return { path: undefined, reason: ` (skipped: ${path} cannot be started: ${(error as Error).message})` }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
