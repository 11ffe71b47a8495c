/** `run --in-cluster`, and what shards of a run add up to. */
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { documentIn, file, type JobRun } from './in-cluster-jobs.ts'
import { type CommandFolder, commandFolder } from './command-line.ts'
import { namespace, type SeparateCluster, separateCluster } from './separate-cluster.ts'

const limits = { timeout: 240_000 }
const inherited = { time: 'skipping', networks: [{ name: 'blue' }] }

/** Objects that `run --in-cluster` applies. */
function applied({ cluster }: SeparateCluster): string[] {
  return ['jobs', 'pods', 'configmaps', 'serviceaccounts', 'roles', 'rolebindings']
    .flatMap((resource) => {
      const definition = cluster.store.definitions().find((each) => each.resource === resource)
      return cluster.store.list({ group: definition?.group ?? '', resource }, { namespace })
    })
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    .filter((each) => !/ (default|kube-root-ca\.crt)$/.test(each))
}

/** Until the cluster has removed what belonged to the ConfigMap. */
const untilNothingIsApplied = (separate: SeparateCluster) =>
  vi.waitFor(() => expect(applied(separate)).toEqual([]), { timeout: 10_000 })

/** Every file that the document tells of, and the report that is built from them. */
async function expectWhole(result: JobRun, folder: Pick<CommandFolder, 'run'>): Promise<void> {
  const { directory, runId } = result
  const { cases } = documentIn(result)
  const files = cases.flatMap(({ rawOutputs, evidence }) => [...rawOutputs, ...evidence].map(({ path }) => path))
  expect(files.length).toBeGreaterThan(0)
  for (const path of [...files, 'summary.md', 'junit.xml']) expect(existsSync(join(directory, path)), path).toBe(true)
  expect(basename(directory)).toBe(runId)
  const report = await folder.run('report', runId, '--reports', join(directory, '../..'), '--json')
  expect(report.exitCode, report.stderr).toBe(0)
  expect(existsSync((report.json() as { path: string }).path)).toBe(true)
}

test('a Job of the cluster is applied, followed, fetched and removed', limits, async () => {
  await using separate = await separateCluster(inherited)
  using folder = commandFolder()
  const profile = await file(separate, 'profile.yaml', stringify(separate.profile()))
  const environment = { KUBEVIRT_ACCEPTANCE_RUNS: join(separate.folder, 'runs') }
  const run = await folder.with(environment).run('run', 'latency', '--in-cluster', '--json', '--profile', profile)
  expect(run.exitCode, run.stderr).toBe(0)
  const result = run.json() as JobRun
  expect(result).toMatchObject({
    exitCode: 0,
    leftovers: [],
    status: { succeeded: 'true', failureReason: '', 'result.maxLatencyNanoSec': expect.stringMatching(/^\d+$/) },
  })
  expect(run.stderr).toMatch(/applied Role .*\n[^]*PASSED latency\/blue[^]*Job latency-\w+: Complete/)
  expect(documentIn(result)).toMatchObject({ verdict: 'passed', plannedCases: ['latency/blue'] })
  await expectWhole(result, folder)
  await untilNothingIsApplied(separate)
  expect(separate.leftBehind()).toEqual([])
  // Nothing but runs: what was fetched has found its place.
  expect(readdirSync(join(separate.folder, 'runs'))).toEqual([result.runId])
})

test('a missed limit comes home with its evidence', limits, async () => {
  const networks = [{ name: 'blue', link: { latency: '20ms' } }]
  await using separate = await separateCluster({ ...inherited, networks })
  using folder = commandFolder()
  const content = separate.profile({ case: { maxDesiredLatencyMilliseconds: 10 } })
  const profile = await file(separate, 'profile.yaml', stringify(content))
  const environment = { KUBEVIRT_ACCEPTANCE_RUNS: join(separate.folder, 'runs') }
  const run = await folder.with(environment).run('run', 'latency', '--in-cluster', '--json', '--profile', profile)
  expect(run.exitCode, run.stderr).toBe(1)
  const result = run.json() as JobRun
  expect(result).toMatchObject({ status: { succeeded: 'false' }, problems: [] })
  expect(documentIn(result).cases[0]?.evidence.length).toBeGreaterThan(0)
  await expectWhole(result, folder)
})

test('a report that does not arrive whole is never green, and says what is missing', limits, async () => {
  await using separate = await separateCluster(inherited)
  const { store } = separate.cluster
  const configMaps = { group: '', resource: 'configmaps' }
  store.subscribe(configMaps, ({ type, object: { metadata } }) => {
    if (type === 'ADDED' && metadata.name?.endsWith('-report-0-0'))
      setImmediate(() => store.delete(configMaps, metadata.name ?? '', namespace))
  })
  using folder = commandFolder()
  const profile = await file(separate, 'profile.yaml', stringify(separate.profile()))
  const environment = { KUBEVIRT_ACCEPTANCE_RUNS: join(separate.folder, 'runs') }
  const run = await folder.with(environment).run('run', 'latency', '--in-cluster', '--json', '--profile', profile)
  expect(run.exitCode, run.stderr).toBe(6)
  const problem = expect.stringMatching(
    /^the report could not be fetched: part 1 of 1 \(ConfigMap \S+-report-0-0\) is not there any more$/,
  )
  const result = run.json() as JobRun
  expect(result).toMatchObject({ exitCode: 6, status: { succeeded: 'true' }, problems: [problem] })
  expect(run.stderr).toContain('A run with a gap is never passed. For a whole report, run the checkup again.')
  // What fits beside the status is there nevertheless.
  expect(documentIn(result)).toMatchObject({ verdict: 'passed' })
  await untilNothingIsApplied(separate)
})

test('what is applied by a command that is killed is found by its labels', limits, async () => {
  await using separate = await separateCluster()
  using folder = commandFolder()
  const content = separate.profile({ case: { sampleIntervalMilliseconds: 1000, sampleCount: 120 } })
  const profile = await file(separate, 'profile.yaml', stringify(content))
  const environment = { KUBEVIRT_ACCEPTANCE_RUNS: join(separate.folder, 'runs') }
  const started = folder.with(environment).start('run', 'latency', '--in-cluster', '--profile', profile)
  await started.printed(/ PING +\| RUN | LOGIN /)
  started.child.kill('SIGKILL')
  await started.ended
  const [, id = ''] = /sweep --run (\S+)"/.exec(started.output()) ?? []
  expect(applied(separate).map((each) => each.split(' ')[0])).toEqual(
    expect.arrayContaining(['Job', 'Pod', 'ConfigMap', 'ServiceAccount', 'Role', 'RoleBinding']),
  )
  const place = ['--kubeconfig', separate.kubeconfigPath, '--namespace', namespace]
  const swept = await folder.run('sweep', ...place, '--run', id, '--runs', folder.path, '--json')
  expect(swept.json(), swept.stderr).toMatchObject({ exitCode: 0, left: [], forbidden: [] })
  // What the pods made belongs to them, and goes with them.
  await untilNothingIsApplied(separate)
  await vi.waitFor(() => expect(separate.leftBehind()).toEqual([]), { timeout: 10_000 })
})

test('Ctrl-C ends the Job, and what it had by then comes home', limits, async () => {
  await using separate = await separateCluster()
  using folder = commandFolder()
  const content = separate.profile({ case: { sampleIntervalMilliseconds: 1000, sampleCount: 120 } })
  const profile = await file(separate, 'profile.yaml', stringify(content))
  const environment = { KUBEVIRT_ACCEPTANCE_RUNS: join(separate.folder, 'runs') }
  const started = folder.with(environment).start('run', 'latency', '--in-cluster', '--json', '--profile', profile)
  await started.printed(/ LOGIN /)
  started.child.kill('SIGINT')
  const run = await started.ended
  expect(run.exitCode, run.stderr).toBe(130)
  const result = run.json() as JobRun
  expect(result).toMatchObject({ status: { succeeded: 'false' }, problems: [], leftovers: [] })
  expect(result.status['failureReason']).toMatch(/^cancelled by SIGTERM/)
  expect(documentIn(result)).toMatchObject({ verdict: 'cancelled', cancelledBy: 'SIGTERM', leftovers: [] })
  await untilNothingIsApplied(separate)
  await vi.waitFor(() => expect(separate.leftBehind()).toEqual([]), { timeout: 10_000 })
})

test('the documented checkup itself runs with the rights that are printed, too', limits, async () => {
  await using separate = await separateCluster(inherited)
  using folder = commandFolder()
  const content = separate.profile({ case: { engine: 'upstream' } })
  const profile = await file(separate, 'profile.yaml', stringify(content))
  const environment = { KUBEVIRT_ACCEPTANCE_RUNS: join(separate.folder, 'runs') }
  const run = await folder.with(environment).run('run', 'latency', '--in-cluster', '--json', '--profile', profile)
  expect(run.exitCode, run.stderr).toBe(0)
  const result = run.json() as JobRun
  expect(result).toMatchObject({ status: { succeeded: 'true', failureReason: '' }, problems: [], leftovers: [] })
  expect(documentIn(result)).toMatchObject({ plannedCases: ['latency/blue/upstream'], leftovers: [] })
  await untilNothingIsApplied(separate)
  expect(separate.leftBehind()).toEqual([])
})

test('two shards add up to the run that was not divided', limits, async () => {
  await using separate = await separateCluster({ ...inherited, networks: [{ name: 'blue' }, { name: 'red' }] })
  using folder = commandFolder()
  const cases = ['blue', 'red'].map((name) => ({
    networkAttachmentDefinitionName: name,
    sampleCount: 5,
    sampleIntervalMilliseconds: 20,
    maxDesiredLatencyMilliseconds: 50,
  }))
  const content = separate.profile({ profile: { checkups: { latency: { cases } } } })
  const profile = await file(separate, 'profile.yaml', stringify(content))
  const environment = { KUBEVIRT_ACCEPTANCE_RUNS: join(separate.folder, 'runs') }
  const run = (...args: string[]) =>
    folder.with(environment).run('run', 'latency', '--in-cluster', '--json', '--profile', profile, ...args)
  const whole = await run()
  expect(whole.exitCode, whole.stderr).toBe(0)
  const divided = await run('--shards', '2')
  expect(divided.exitCode, divided.stderr).toBe(0)
  const comparable = (result: JobRun) => {
    const { verdict, exitCode, plannedCases, verdictCounts, notSelected, errors, ...document } = documentIn(result)
    const parts = document.cases.map(({ id, title, parameters, checks }) => ({
      id,
      title,
      parameters,
      checks: checks.map((check) => [check.id, check.verdict, check.limit]),
    }))
    return { verdict, exitCode, plannedCases, verdictCounts, notSelected, errors, parts }
  }
  expect(comparable(divided.json() as JobRun)).toEqual(comparable(whole.json() as JobRun))
  expect(comparable(divided.json() as JobRun).plannedCases).toEqual(['latency/blue', 'latency/red'])
  await expectWhole(divided.json() as JobRun, folder)
  await untilNothingIsApplied(separate)
})

test('options of the Job need a Job, and a Job takes one checkup', limits, async () => {
  using folder = commandFolder()
  const shards = await folder.run('run', '--shards', '2')
  expect(shards).toMatchObject({ exitCode: 2 })
  expect(shards.stderr).toContain('--shards is about the Job of --in-cluster; add --in-cluster')
  const two = await folder.run('run', 'latency', '--project', 'dpdk', '--in-cluster')
  expect(two).toMatchObject({ exitCode: 2 })
  expect(two.stderr).toContain('a Job runs one checkup')
})

test('images are listed as the cluster has to have them', limits, async () => {
  using folder = commandFolder()
  await using separate = await separateCluster(inherited)
  const registry = { images: { registry: 'registry.lab.example:5000/mirror' } }
  const profile = await file(separate, 'profile.yaml', stringify(separate.profile({ profile: registry })))
  const listed = await folder.run('images', '--profile', profile, '--json')
  const { images } = listed.json() as { images: { image: string; pinned: boolean; neededBy: string[] }[] }
  expect(images).toEqual([
    {
      image: expect.stringMatching(
        /^registry\.lab\.example:5000\/mirror\/kubevirtci\/alpine-with-test-tooling-container-disk@sha256:/,
      ),
      pinned: true,
      neededBy: ['latency containerDiskImage'],
    },
    {
      image: expect.stringMatching(/^registry\.lab\.example:5000\/mirror\/kubevirt-acceptance:\d/),
      pinned: false,
      neededBy: ['manifests'],
    },
  ])
})
