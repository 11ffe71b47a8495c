import { readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { connectCluster } from '../helpers/kubernetes/cluster-client.ts'
import { isOurs } from '../helpers/kubernetes/labels.ts'
import { acceptanceRun, embeddedProfile, repository } from '../tests/acceptance-run.ts'
import { commandFolder, type CommandFolder } from '../tests/command-line.ts'
import { processesWith } from '../tests/processes.ts'

const limits = { timeout: 120_000 }
/** Both guests are there; the ping comes next, and takes a minute in the tests that wait for this. */
const measuring = /( LOGIN +\| DONE [\s\S]*){2}/

function writeProfile(folder: CommandFolder, changes: Parameters<typeof embeddedProfile>[0] = {}): string {
  writeFileSync(join(folder.path, 'profile.yaml'), stringify(embeddedProfile(changes)))
  return 'profile.yaml'
}

describe('in a folder without a Vitest configuration', () => {
  test('runs with the packaged one, and makes no other folder than its reports', limits, async () => {
    using folder = commandFolder()
    const { exitCode, stdout } = await folder.run('run', '--profile', writeProfile(folder), '--project', 'latency')
    expect(stdout).toMatch(/^verdict: passed, exit code 0: 1 passed$/m)
    expect(exitCode).toBe(0)
    expect(readdirSync(folder.path).toSorted()).toEqual(['profile.yaml', 'reports'])
  })

  test(
    'a missed limit is exit code 1; --json says it in one document, the progress goes to stderr',
    limits,
    async () => {
      using folder = commandFolder()
      const profile = writeProfile(folder, { link: { latency: '20ms' } })
      const result = await folder.run('run', '--profile', profile, '--json')
      expect(result.exitCode).toBe(1)
      expect(result.stderr).toContain('verdict: failed, exit code 1')
      expect(result.json()).toMatchObject({
        runId: expect.stringMatching(/^\d{8}T\d{6}Z-\w{5}$/),
        directory: expect.stringContaining(join(folder.path, 'reports/runs')),
        verdict: 'failed',
        exitCode: 1,
        profile: { name: 'test' },
        cases: [{ id: 'latency/blue', verdict: 'failed', reason: expect.stringContaining('latency.max') }],
        leftovers: [],
      })
    },
  )

  test('what follows -- goes to Vitest', limits, async () => {
    using folder = commandFolder()
    const { exitCode, stdout } = await folder.run('run', '--profile', writeProfile(folder), '--', '-t', 'no such case')
    expect(exitCode).toBe(2)
    expect(stdout).toContain('does not match -t no such case')
  })

  test('a run that did not come to a result is no success for --json', limits, async () => {
    using folder = commandFolder()
    const result = await folder.run('run', '--json', '--', '--help')
    expect(result.exitCode).toBe(6)
    expect(result.json()).toEqual({
      error: {
        kind: 'RunError',
        message: 'the run ended with exit code 0 and without a run.json; its output is on stderr',
      },
      exitCode: 6,
    })
  })
})

describe('in a folder with a Vitest configuration', () => {
  const plugin = JSON.stringify(join(repository, 'index.ts'))
  const configuration = (call: string) => `import { defineConfig } from 'vitest/config'
import { kubevirtAcceptance } from ${plugin}
export default defineConfig({ plugins: [${call}] })
`

  test('that uses the plugin, it is used', limits, async () => {
    using folder = commandFolder()
    symlinkSync(join(repository, 'node_modules'), join(folder.path, 'node_modules'))
    writeProfile(folder)
    const call = `kubevirtAcceptance({ profile: 'profile.yaml', runsDirectory: 'elsewhere' })`
    writeFileSync(join(folder.path, 'vitest.config.ts'), configuration(call))
    expect((await folder.run('run', '--json')).json()).toMatchObject({
      verdict: 'passed',
      profile: { name: 'test' },
      directory: expect.stringContaining(join(folder.path, 'elsewhere')),
    })
  })

  test('that does not, the packaged one takes its place', limits, async () => {
    using folder = commandFolder()
    writeFileSync(join(folder.path, 'vitest.config.ts'), `throw new Error('somebody else is tested here')`)
    const { exitCode, stderr } = await folder.run('run', '--profile', writeProfile(folder))
    expect(stderr).toContain(
      'vitest.config.ts does not use kubevirtAcceptance(): the packaged configuration takes its place. To use yours nevertheless: -- --config vitest.config.ts',
    )
    expect(exitCode).toBe(0)
  })
})

describe.concurrent.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  test('is passed on once, also when it comes twice at once as under npx: the run cleans up', limits, async () => {
    using folder = commandFolder()
    const profile = writeProfile(folder, {
      embedded: { time: 'wall', boot: '1s' },
      case: { sampleIntervalMilliseconds: 1000, sampleCount: 60 },
    })
    const started = folder.start('run', '--profile', profile, '--json')
    await started.printed(measuring)
    started.child.kill(signal)
    started.child.kill(signal)
    const result = await started.ended
    expect(result.json()).toMatchObject({ verdict: 'cancelled', exitCode: code, leftovers: [] })
    expect(result.exitCode).toBe(code)
    expect(result.stderr).not.toContain('exiting without clean-up')
    expect(processesWith(folder.path)).toEqual([])
  })
})

describe.concurrent('after kill -9 of a run', () => {
  test('sweep --run leaves nothing and frees the lease, and the next run passes', limits, async () => {
    using folder = commandFolder()
    writeFileSync(
      join(folder.path, 'embedded.yaml'),
      stringify(embeddedProfile({ embedded: { time: 'wall', boot: '1s' } })),
    )
    const embedded = folder.start('embedded', '--profile', 'embedded.yaml', '--kubeconfig', 'lab.kubeconfig')
    await embedded.printed('Ctrl-C ends it.')
    const kubeconfigPath = join(folder.path, 'lab.kubeconfig')
    const client = await connectCluster({ kubeconfigPath, namespace: 'kubevirt-acceptance', userAgent: 'test' })
    const leftBehind = async (): Promise<string[]> => {
      const kinds = [
        { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance' },
        { apiVersion: 'v1', kind: 'Pod' },
        { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
      ]
      const found = await Promise.all(kinds.map((kind) => client.list(kind)))
      return found
        .flatMap(({ items }) => items)
        .filter((object) => isOurs(object) || object.kind !== 'VirtualMachineInstance')
        .map(({ kind }) => kind)
    }
    const cluster = { kubeconfig: { path: kubeconfigPath } }
    const killed = await acceptanceRun(folder.path, {
      profile: embeddedProfile({
        case: { sampleIntervalMilliseconds: 1000, sampleCount: 60 },
        profile: { cluster },
      }),
      onOutput: (output, underWay) => {
        if (measuring.test(output)) underWay.kill('SIGKILL')
      },
    })
    expect(killed.document).toBeUndefined()
    expect((await leftBehind()).toSorted()).toEqual([
      'Lease',
      'Pod',
      'Pod',
      'VirtualMachineInstance',
      'VirtualMachineInstance',
    ])

    // The profile that the killed run has written; the runs are where it was told to put them.
    const sweeping = folder.with({ KUBEVIRT_ACCEPTANCE_RUNS: join(folder.path, 'runs') })
    const runId = killed.directory!.id
    const swept = await sweeping.run('sweep', '--profile', 'profile.yaml', '--run', runId)
    expect(swept.stdout).toContain('removed 2, left 0, kept 0, forbidden 0; lease: freed\n')
    expect(swept.exitCode).toBe(0)
    expect(await leftBehind()).toEqual([])

    const next = await sweeping.run(
      'run',
      '--profile',
      writeProfile(folder, {
        case: { sampleIntervalMilliseconds: 2 },
        profile: { cluster },
      }),
      '--json',
    )
    expect(next.json()).toMatchObject({ verdict: 'passed', leftovers: [] })
    expect(await leftBehind()).toEqual([])
    client.close()
    embedded.child.kill('SIGTERM')
    expect((await embedded.ended).exitCode).toBe(0)
  })
})
