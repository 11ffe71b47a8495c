import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddedCluster, startEmbeddedCluster } from '../fixtures/embedded-cluster/embedded-cluster.ts'
import type { Recording } from '../fixtures/case-recorder.ts'
import type { Clock } from '../helpers/clock/clock.ts'
import { connectRemoteClock } from '../helpers/clock/remote-clock.ts'
import { type ClusterClient, connectCluster } from '../helpers/kubernetes/cluster-client.ts'
import { ClusterReader } from '../helpers/kubernetes/cluster-reader.ts'
import { ObjectTracker } from '../helpers/kubernetes/object-tracker.ts'
import { waitForObject } from '../helpers/kubernetes/wait.ts'
import { embeddedCluster } from '../helpers/profile/embedded-cluster.ts'
import type { CheckResult } from '../helpers/run/case-record.ts'
import { Journal } from '../helpers/run/journal.ts'
import { latencyContract } from './latency/contract.ts'
import { upstreamLatency } from './latency/upstream.ts'
import { runUpstreamCheckup } from './upstream-engine.ts'

const namespace = 'accept'
const folder = mkdtempSync(join(tmpdir(), 'upstream-engine-'))
const standIn = fileURLToPath(new URL('./testing/upstream-stand-in.ts', import.meta.url))
let cluster: EmbeddedCluster
let client: ClusterClient
let clock: Clock & AsyncDisposable

beforeAll(async () => {
  cluster = await startEmbeddedCluster(embeddedCluster.parse({ networks: [{ name: 'blue' }] }), {
    namespace,
    delays: { startContainers: 1, podSandbox: 1, removePod: 1 },
    programOf: (image) => [standIn, image.split(':').at(-1) ?? ''],
  })
  const kubeconfigPath = join(folder, 'kubeconfig')
  writeFileSync(kubeconfigPath, cluster.kubeconfig)
  client = await connectCluster({ kubeconfigPath, userAgent: 'test' })
  clock = await connectRemoteClock(cluster.clockUrl)
})
afterAll(async () => {
  client.close()
  await clock[Symbol.asyncDispose]()
  await cluster.close()
  rmSync(folder, { recursive: true })
})

const parametersFor = (behaviour: string) =>
  latencyContract.parameters.parse({
    networkAttachmentDefinitionNamespace: namespace,
    networkAttachmentDefinitionName: 'blue',
    maxDesiredLatencyMilliseconds: 10,
    engine: 'upstream',
    upstreamImage: `quay.io/kiagnose/kubevirt-vm-latency:${behaviour}`,
  })

interface Ran {
  error: string
  recording: Recording | undefined
  checks: CheckResult[]
  kept: Record<string, string>
  /** kind and name of what was there before it was removed, and after. */
  tracked: string[]
  left: string[]
  leftovers: string[]
}

/** Runs a case whose checkup behaves so, and removes everything, as the fixtures do. */
async function run(behaviour: string): Promise<Ran> {
  const parameters = parametersFor(behaviour)
  const { signal } = new AbortController()
  const tracker = new ObjectTracker({
    client,
    journal: new Journal(join(folder, 'journal.jsonl'), 'run1', client.server),
    runId: 'run1',
    checkup: 'latency',
    lifetimeMilliseconds: 3_600_000,
  })
  const ran: Ran = { error: '', recording: undefined, checks: [], kept: {}, tracked: [], left: [], leftovers: [] }
  const endsAt = (await clock.now()) + 300_000
  await runUpstreamCheckup(
    {
      namespace,
      sources: {},
      signal,
      reader: new ClusterReader(client, { clock, signal }),
      create: (object) => tracker.create(object),
      adopt: (object) => tracker.adopt(object),
      waitFor: (target, { limit, ...wait }) =>
        waitForObject(client, target, {
          ...wait,
          timeoutMilliseconds: limit.milliseconds,
          limitSource: limit.setBy,
          clock,
          signal,
        }),
      request: (method, path) => client.request(method, path, {}),
      remainingMilliseconds: async () => endsAt - (await clock.now()),
      provision: (body) => body(),
      measure: (body) => body(),
      operation: (_name, _object, body) => body(),
      keepRawOutput: (name, content) => {
        ran.kept[name] = content
        return Promise.resolve(name)
      },
      record: (recording) => {
        ran.recording = recording
        return Promise.resolve()
      },
      judge: (checks) => {
        ran.checks = checks
      },
    },
    upstreamLatency(parameters, namespace),
  ).catch((error: unknown) => {
    ran.error = (error as Error).message
  })
  ran.tracked = tracker.objects.map(({ kind, name }) => `${kind} ${name}`)
  ran.leftovers = await tracker.releaseAll({ budgetMilliseconds: 120_000, clock })
  ran.left = ['jobs', 'pods', 'serviceaccounts', 'virtualmachineinstances', 'configmaps', 'roles', 'rolebindings']
    .flatMap((resource) => cluster.store.definitions().filter((definition) => definition.resource === resource))
    .flatMap(({ group, resource }) => cluster.store.list({ group, resource }, { namespace }))
    .filter(({ metadata }) => /checkup|kiagnose|checker|latency-check/.test(metadata.name ?? ''))
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  return ran
}

const verdicts = (checks: readonly CheckResult[]) =>
  Object.fromEntries(checks.map(({ id, verdict }) => [id.replace('latency.', ''), verdict]))

test('what it measured is recorded by the same names, and judged as far as it goes', async () => {
  const { error, checks, recording, kept, tracked, left, leftovers } = await run('success')
  expect(error).toBe('')
  expect(verdicts(checks)).toEqual({
    connectivity: 'passed',
    placement: 'passed',
    'packet-loss': 'skipped',
    max: 'passed',
    average: 'skipped',
    p99: 'skipped',
    jitter: 'skipped',
    duplicates: 'skipped',
  })
  expect(checks.find(({ id }) => id === 'latency.p99')?.message).toBe(
    'latency.p99: not measured by the upstream checkup',
  )
  expect(recording?.results).toMatchObject({ maxLatencyNanoSec: '4549000', sourceNode: 'worker1' })
  expect(recording?.measurements.find(({ name }) => name === 'maxLatencyNanoSec')).toEqual({
    name: 'maxLatencyNanoSec',
    subject: 'worker1 -> worker2',
    value: 4_549_000,
    unit: 'ns',
    better: 'lower',
    rawOutput: 'upstream-configmap.yaml',
  })
  expect(recording?.validity).toEqual({ valid: true, problems: [] })
  expect(kept['upstream-configmap.yaml']).toContain('spec.timeout: 3m30s')
  expect(kept['documented-status.txt']).toContain('status.succeeded: "true"')
  expect(tracked.map((each) => each.replace(/-[a-z0-9]{5}$/, ''))).toEqual([
    'ServiceAccount kubevirt-vm-latency-checkup-sa',
    'Role kiagnose-configmap-access',
    'RoleBinding kiagnose-configmap-access',
    'Role kubevirt-vm-latency-checker',
    'RoleBinding kubevirt-vm-latency-checker',
    'ConfigMap kubevirt-vm-latency-checkup-config',
    'Job kubevirt-vm-latency-checkup',
  ])
  expect({ left, leftovers }).toEqual({ left: [], leftovers: [] })
})

test('a failure that its results explain is a failed check', async () => {
  const { error, checks, kept } = await run('threshold')
  expect(error).toBe('')
  expect(verdicts(checks)).toMatchObject({ connectivity: 'passed', max: 'failed' })
  expect(kept['upstream.log']).toContain('checkup failed: run : actual max latency "15.272ms"')
  expect(kept['documented-status.txt']).toContain('is greater than desired')
})

test('total loss is no connectivity, and no latency of 0', async () => {
  const { error, checks, recording } = await run('no-connectivity')
  expect(error).toBe('')
  expect(verdicts(checks)).toMatchObject({ connectivity: 'failed', 'packet-loss': 'failed', max: 'skipped' })
  expect(recording?.results['maxLatencyNanoSec']).toBeNull()
})

test.each([
  [
    'setup',
    /^the upstream checkup failed: "setup: network-attachment-definitions\.k8s\.cni\.cncf\.io \\"blue\\" not found"/,
  ],
  [
    'crash',
    /wrote status\.succeeded "true", but did not end well: it crashed, and tells nothing \(exit code 2\)\. It printed last: "panic: /,
  ],
  ['empty', /wrote status\.succeeded "true", but no status\.result\.minLatencyNanoSec, .*: it measured nothing/],
  [
    'no-status',
    /left no status\.succeeded, nor a start: it refuses its configuration in this way.* \(exit code 1\)\. It printed last: .*parameter is invalid"/,
  ],
])('%s judges nothing, and is told', async (behaviour, message) => {
  const { error, checks, left, kept } = await run(behaviour)
  expect(error).toMatch(message)
  expect(checks).toEqual([])
  expect(left).toEqual([])
  expect(Object.keys(kept)).toEqual(expect.arrayContaining(['upstream.log', 'upstream-configmap.yaml']))
})

test('one that does not end is given up, and what it made is removed', async () => {
  const { error, checks, kept, tracked, left, leftovers } = await run('hangs')
  expect(error, kept['upstream.log']).toMatch(
    /^Job accept\/kubevirt-vm-latency-checkup-\S+ did not end \(Complete or Failed\) within 2[67]\d(\.\d+)? s \(limit set in timeout of the case, default\)/,
  )
  expect(error, kept['upstream.log']).toContain('; its pod is Running')
  expect(checks).toEqual([])
  expect(tracked).toContain('VirtualMachineInstance latency-check-source-xxxxx')
  expect({ left, leftovers }).toEqual({ left: [], leftovers: [] })
})
