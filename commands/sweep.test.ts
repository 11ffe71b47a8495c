import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type ClusterClient, connectCluster } from '../helpers/kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import { acquireLease } from '../helpers/kubernetes/lease.ts'
import { ObjectTracker } from '../helpers/kubernetes/object-tracker.ts'
import { Journal, journalledLeftovers, readJournal } from '../helpers/run/journal.ts'
import { runDirectory } from '../helpers/run/run-directory.ts'
import { embeddedProfile } from '../tests/acceptance-run.ts'
import { commandFolder, type CommandFolder } from '../tests/command-line.ts'

const namespace = 'kubevirt-acceptance'
const [one, two] = ['20261120T101500Z-x7k2p', '20261120T111500Z-b2c3d'] as const
const hour = 3_600_000
const configMap = (name: string): KubernetesObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })

interface SweptCluster extends AsyncDisposable {
  folder: CommandFolder
  client: ClusterClient
  /** What a run has created that then died; its journal is where its run would have it. */
  leave(runId: string, objects: KubernetesObject[], lifetimeMilliseconds?: number): Promise<string>
  /** Arguments that name the cluster without a profile. */
  place: string[]
  configMaps(): Promise<string[]>
}

/** `embedded` as a process of its own, with a client for it. */
async function sweptCluster(): Promise<SweptCluster> {
  const folder = commandFolder()
  const started = folder.start('embedded', '--time', 'skipping', '--kubeconfig', 'lab.kubeconfig')
  await started.printed('Ctrl-C ends it.')
  const kubeconfigPath = join(folder.path, 'lab.kubeconfig')
  const client = await connectCluster({ kubeconfigPath, namespace, userAgent: 'test' })
  return {
    folder,
    client,
    place: ['--kubeconfig', 'lab.kubeconfig', '--namespace', namespace],
    leave: async (runId, objects, lifetimeMilliseconds = hour) => {
      const { journal } = runDirectory(join(folder.path, 'reports/runs'), runId)
      const tracker = new ObjectTracker({
        client,
        journal: new Journal(journal, runId, client.server),
        runId,
        checkup: 'latency',
        lifetimeMilliseconds,
      })
      for (const object of objects) await tracker.create(object)
      return journal
    },
    configMaps: async () =>
      (await client.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace })).items
        .map(({ metadata }) => metadata.name ?? '')
        .filter((name) => name !== 'kube-root-ca.crt'),
    async [Symbol.asyncDispose]() {
      client.close()
      started.child.kill('SIGTERM')
      await started.ended
      folder[Symbol.dispose]()
    },
  }
}

describe('sweep against a cluster', () => {
  test('removes what has expired, keeps the rest, and touches nothing of others', async () => {
    await using cluster = await sweptCluster()
    await cluster.leave(one, [configMap('expired')], -1)
    await cluster.leave(two, [configMap('needed')])
    await cluster.client.create(configMap('of-others'))
    const { exitCode, stdout } = await cluster.folder.run('sweep', ...cluster.place)
    expect(stdout).toMatch(
      new RegExp(
        `^removed +ConfigMap ${namespace}/expired\nkept +ConfigMap ${namespace}/needed: needed by run ${two}, until .*\nremoved 1, left 0, kept 1, forbidden 0; lease: none\n$`,
      ),
    )
    expect(exitCode).toBe(0)
    expect(await cluster.configMaps()).toEqual(['needed', 'of-others'])
    expect((await cluster.folder.run('sweep', ...cluster.place, '--expired', '--json')).json()).toEqual({
      removed: [],
      left: [],
      kept: [{ object: `ConfigMap ${namespace}/needed`, reason: expect.stringContaining(two) }],
      forbidden: [],
      unreadable: [],
      lease: 'none',
      embedded: false,
      exitCode: 0,
    })
  })

  test('--run removes all of that run by label and journal, and frees its lease', async () => {
    await using cluster = await sweptCluster()
    const journal = await cluster.leave(one, [configMap('a'), configMap('b')])
    await cluster.leave(two, [configMap('c')])
    await using _lease = await acquireLease(cluster.client, {
      namespace,
      holder: 'jo@laptop',
      runId: one,
      freeCommand: () => '',
    }).then((lease) => ({
      [Symbol.asyncDispose]: () => (lease.state === 'held' ? lease.release() : Promise.resolve()),
    }))
    const other = await cluster.folder.run('sweep', ...cluster.place, '--run', two)
    expect(other.stdout).toContain('; lease: not ours to free\n')
    expect(await cluster.configMaps()).toEqual(['a', 'b'])
    const { stdout } = await cluster.folder.run('sweep', ...cluster.place, '--run', one)
    expect(stdout).toContain('removed 2, left 0, kept 0, forbidden 0; lease: freed\n')
    expect(await cluster.configMaps()).toEqual([])
    expect(journalledLeftovers(readJournal(journal))).toEqual([])
  })

  test('--all asks, and needs --yes where nobody can be asked', async () => {
    await using cluster = await sweptCluster()
    await cluster.leave(one, [configMap('a')])
    const refused = await cluster.folder.run('sweep', ...cluster.place, '--all')
    expect(refused.exitCode).toBe(2)
    expect(refused.stderr).toContain(
      '--all removes the objects of all runs, also of one that is going on, and there is no terminal to ask on; add --yes if that is meant',
    )
    expect(await cluster.configMaps()).toEqual(['a'])
    expect((await cluster.folder.run('sweep', ...cluster.place, '--all', '--yes')).stdout).toContain(
      'removed 1, left 0',
    )
    expect(await cluster.configMaps()).toEqual([])
  })

  test('--all stops before a run that is at work, and names it', async () => {
    await using cluster = await sweptCluster()
    await cluster.leave(one, [configMap('a')])
    const lease = await acquireLease(cluster.client, {
      namespace,
      holder: 'jo@laptop',
      runId: one,
      freeCommand: () => '',
    })
    const { exitCode, stderr } = await cluster.folder.run('sweep', ...cluster.place, '--all', '--yes')
    expect(exitCode).toBe(7)
    expect(stderr).toMatch(
      new RegExp(
        `kubevirt-acceptance: jo@laptop run ${one} is at work since .*; nothing was removed\\. Wait for that run`,
      ),
    )
    expect(await cluster.configMaps()).toEqual(['a'])
    if (lease.state === 'held') await lease.release()
  })

  test('what does not go is named, and exit code 1', { timeout: 120_000 }, async () => {
    await using cluster = await sweptCluster()
    const held = configMap('held')
    held.metadata.finalizers = ['example.com/nobody']
    await cluster.leave(one, [held], -1)
    writeFileSync(
      join(cluster.folder.path, 'lab.yaml'),
      stringify(
        embeddedProfile({
          profile: { cluster: { kubeconfig: { path: 'lab.kubeconfig' } }, timeouts: { tearDown: '2s' } },
        }),
      ),
    )
    const { exitCode, stdout, stderr } = await cluster.folder.run('sweep', '--profile', 'lab.yaml')
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(new RegExp(`^left +ConfigMap ${namespace}/held: .*example\\.com/nobody`, 'm'))
    expect(stderr).toContain('Something is left. Look for finalizers that nobody removes')
  })

  test('without the right to list, and without a journal, nothing is called clean', async () => {
    await using cluster = await sweptCluster()
    await cluster.client.create({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'nobody', namespace },
    })
    const answer = await cluster.client.request(
      'POST',
      `/api/v1/namespaces/${namespace}/serviceaccounts/nobody/token`,
      {
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
      },
    )
    const { status } = JSON.parse(answer.body) as { status: { token: string } }
    const path = join(cluster.folder.path, 'nobody.kubeconfig')
    writeFileSync(
      path,
      readFileSync(join(cluster.folder.path, 'lab.kubeconfig'), 'utf8').replace(/token: .*/, `token: ${status.token}`),
    )
    const place = ['--kubeconfig', path, '--namespace', namespace]
    const blind = await cluster.folder.run('sweep', ...place)
    expect(blind.exitCode).toBe(6)
    expect(blind.stdout).toContain(
      `forbidden virtualmachineinstances in namespace ${namespace}: missing permission {apiGroups: ["kubevirt.io"], resources: ["virtualmachineinstances"], verbs: ["list"]} in namespace "${namespace}"`,
    )
    expect(blind.stderr).toContain('Nothing could be looked up: VirtualMachineInstances may not be listed')
    const journal = await cluster.leave(two, [configMap('gone')])
    await cluster.client.delete({ ...configMap('gone'), name: 'gone' })
    expect((await cluster.folder.run('sweep', ...place)).exitCode).toBe(0)
    appendFileSync(journal, 'torn\nlines\n')
    const torn = await cluster.folder.run('sweep', ...place)
    expect(torn.exitCode).toBe(6)
    expect(torn.stdout).toMatch(/^unreadable .*journal\.jsonl:\d+: not a journal entry: "torn"$/m)
  })
})

describe('sweep without a cluster', () => {
  test('an embedded profile has nothing to sweep, and says why', async () => {
    using folder = commandFolder()
    const { exitCode, stdout } = await folder.run('sweep')
    expect(exitCode).toBe(0)
    expect(stdout).toContain(
      'nothing to sweep: the embedded cluster of this profile is gone with the run that started it\n',
    )
    expect((await folder.run('sweep', '--json')).json()).toMatchObject({ removed: [], embedded: true, exitCode: 0 })
    expect(existsSync(join(folder.path, 'reports'))).toBe(false)
  })

  test.each([
    [['--run', 'yesterday'], '--run "yesterday" is not the id of a run, which looks like 20261120T101500Z-x7k2p'],
    [['--run', one, '--all'], '--run and --all contradict each other; keep one'],
    [['--expired', '--all', '--yes'], '--expired and --all contradict each other; keep one'],
    [['--yes'], '--yes answers the question of --all; add --all, or leave it out'],
    [['--kubeconfig', 'x'], '--kubeconfig names a cluster, but not where to look in it; add --namespace'],
    [['--context', 'x'], '--context is about a kubeconfig, but profile '],
    [['--kubeconfig', 'absent', '--namespace', 'x'], 'kubeconfig "absent" does not exist'],
  ])('%j is refused', async (args, message) => {
    using folder = commandFolder()
    const { exitCode, stdout, stderr } = await folder.run('sweep', ...args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain(`kubevirt-acceptance: ${message}`)
  })

  test('a cluster that does not answer is exit code 6', { timeout: 120_000 }, async () => {
    using folder = commandFolder()
    mkdirSync(join(folder.path, 'cluster-profiles'))
    writeFileSync(
      join(folder.path, 'gone.kubeconfig'),
      stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'gone',
        clusters: [{ name: 'gone', cluster: { server: 'https://127.0.0.1:9' } }],
        users: [{ name: 'me', user: { token: 'x' } }],
        contexts: [{ name: 'gone', context: { cluster: 'gone', user: 'me' } }],
      }),
    )
    const { exitCode, stderr } = await folder.run('sweep', '--kubeconfig', 'gone.kubeconfig', '--namespace', 'x')
    expect(exitCode).toBe(6)
    expect(stderr).toContain('the API server https://127.0.0.1:9 cannot be reached')
    expect(stderr).not.toContain('not expected')
  })
})
