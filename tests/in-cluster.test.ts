/** The documented contract of checkups in a cluster: apply rights, ConfigMap and Job, wait, read `status.*`. */
import { describe, expect, test } from 'vitest'
import type { KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import {
  allowNetwork,
  apply,
  configMap,
  documentedCluster,
  documentedManifests,
  file,
  kubectl,
  podsOf,
  printedBy,
  untilOver,
  untilRunning,
} from './in-cluster-jobs.ts'
import { hasKubectl } from './kubectl.ts'
import { namespace } from './separate-cluster.ts'

const limits = { timeout: 180_000 }
const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/
const whole = /^\d+$/
const name = {
  latency: { job: 'kubevirt-vm-latency-checkup', configMap: 'kubevirt-vm-latency-checkup-config' },
  dpdk: { job: 'dpdk-checkup', configMap: 'dpdk-checkup-config' },
  realtime: { job: 'realtime-checkup', configMap: 'realtime-checkup-config' },
}
const conditionTypes = (job: Awaited<ReturnType<typeof untilOver>>) => job.status?.conditions?.map(({ type }) => type)

test('the latency example completes its ConfigMap, with the older names of its parameters', limits, async () => {
  await using separate = await documentedCluster()
  allowNetwork(separate, 'vm-latency-checkup-sa')
  apply(separate, documentedManifests('latency'))
  const job = await untilOver(separate, name.latency.job)
  const { data, metadata } = configMap(separate, name.latency.configMap)
  expect(data).toMatchObject({
    'spec.param.source_node': 'worker1',
    'status.failureReason': '',
    'status.succeeded': 'true',
    'status.startTimestamp': expect.stringMatching(timestamp),
    'status.completionTimestamp': expect.stringMatching(timestamp),
    'status.result.minLatencyNanoSec': expect.stringMatching(whole),
    'status.result.avgLatencyNanoSec': expect.stringMatching(whole),
    'status.result.maxLatencyNanoSec': expect.stringMatching(whole),
    'status.result.measurementDurationSec': expect.stringMatching(whole),
    'status.result.sourceNode': 'worker1',
    'status.result.targetNode': 'worker2',
  })
  expect(data['status.completionTimestamp']! >= data['status.startTimestamp']!).toBe(true)
  expect(metadata.annotations).toMatchObject({
    'kubevirt-acceptance/phase': 'completed',
    'kubevirt-acceptance/progress': 'verdict: passed',
    'kubevirt-acceptance/cases': '1 of 1',
    'kubevirt-acceptance/verdict': 'passed',
  })
  expect(conditionTypes(job)).toEqual(['SuccessCriteriaMet', 'Complete'])
  expect(job.status).toMatchObject({ succeeded: 1, completionTime: expect.stringMatching(timestamp) })
  expect(podsOf(separate, name.latency.job).map((pod) => (pod['status'] as { phase: string }).phase)).toEqual([
    'Succeeded',
  ])
  expect(separate.leftBehind()).toEqual([])
})

test('the dpdk example completes its ConfigMap, and a second run on it is refused', limits, async () => {
  await using separate = await documentedCluster()
  const replaced = [
    { from: '<network-name>', to: 'dpdk-network' },
    { from: 'spec.timeout: 10m', to: 'spec.timeout: 30m\n  spec.param.testDuration: 30s' },
  ]
  const manifests = documentedManifests('dpdk', replaced)
  apply(separate, manifests)
  await untilOver(separate, name.dpdk.job)
  const first = configMap(separate, name.dpdk.configMap)
  expect(first.data).toMatchObject({
    'status.failureReason': '',
    'status.succeeded': 'true',
    'status.result.trafficGenSentPackets': expect.stringMatching(whole),
    'status.result.trafficGenOutputErrorPackets': '0',
    'status.result.trafficGenInputErrorPackets': '0',
    'status.result.vmUnderTestRxDroppedPackets': '0',
    'status.result.vmUnderTestTxDroppedPackets': '0',
    'status.result.trafficGenActualNodeName': expect.stringMatching(/^worker[12]$/),
    'status.result.vmUnderTestActualNodeName': expect.stringMatching(/^worker[12]$/),
  })
  expect(first.data['status.result.vmUnderTestReceivedPackets']).toBe(first.data['status.result.trafficGenSentPackets'])
  expect(separate.leftBehind()).toEqual([])

  const job = manifests.slice(manifests.indexOf('apiVersion: batch/v1')).replace(/name: dpdk-checkup$/m, 'name: again')
  apply(separate, job)
  const again = await untilOver(separate, 'again')
  expect(again.status).toMatchObject({ failed: 1 })
  expect(again.status?.conditions).toMatchObject([
    { type: 'FailureTarget', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' },
    { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' },
  ])
  expect(configMap(separate, name.dpdk.configMap)).toEqual(first)
  expect(printedBy(separate, 'again')).toContain('configMap is already in use')
})

test('the realtime example asks for an hour within ten minutes, which its ConfigMap tells', limits, async () => {
  await using separate = await documentedCluster()
  apply(separate, documentedManifests('realtime'))
  const job = await untilOver(separate, name.realtime.job)
  expect(conditionTypes(job)).toEqual(['FailureTarget', 'Failed'])
  const { data } = configMap(separate, name.realtime.configMap)
  expect(data).toMatchObject({
    'status.succeeded': 'false',
    'status.failureReason': expect.stringMatching(/^spec\.timeout: .*1h/),
    'status.startTimestamp': expect.stringMatching(timestamp),
    'status.completionTimestamp': expect.stringMatching(timestamp),
  })
  expect(Object.keys(data).filter((key) => key.startsWith('status.result.'))).toEqual([])
})

test('the realtime example with a longer timeout measures the hour', limits, async () => {
  await using separate = await documentedCluster()
  apply(separate, documentedManifests('realtime', [{ from: 'spec.timeout: 10m', to: 'spec.timeout: 80m' }]))
  await untilOver(separate, name.realtime.job)
  expect(configMap(separate, name.realtime.configMap).data, printedBy(separate, name.realtime.job)).toMatchObject({
    'status.failureReason': '',
    'status.succeeded': 'true',
    'status.result.vmUnderTestActualNodeName': expect.stringMatching(/^worker[12]$/),
    'status.result.oslatMaxLatencyMicroSeconds': expect.stringMatching(whole),
    'status.result.oslatRuntimeSeconds': '3600',
  })
})

test('a missed limit keeps its measurements, and is told in the documented words', limits, async () => {
  await using separate = await documentedCluster({
    networks: [{ name: 'blue-network', namespace: 'default', link: { latency: '20ms' } }],
  })
  allowNetwork(separate, 'vm-latency-checkup-sa')
  apply(separate, documentedManifests('latency'))
  const job = await untilOver(separate, name.latency.job)
  expect(conditionTypes(job)).toEqual(['FailureTarget', 'Failed'])
  const { data, metadata } = configMap(separate, name.latency.configMap)
  expect(data).toMatchObject({
    'status.succeeded': 'false',
    'status.failureReason': expect.stringMatching(
      /^run : actual max latency "4\d\.\d+ms" is greater than desired "10ms"$/,
    ),
    'status.result.maxLatencyNanoSec': expect.stringMatching(/^4\d{7}$/),
    'status.result.sourceNode': 'worker1',
  })
  expect(metadata.annotations?.['kubevirt-acceptance/reason']).toContain('latency.max')
})

test('what the Role does not allow is named in the ConfigMap', limits, async () => {
  await using separate = await documentedCluster()
  apply(separate, documentedManifests('latency'))
  await untilOver(separate, name.latency.job)
  expect(configMap(separate, name.latency.configMap).data).toMatchObject({
    'status.succeeded': 'false',
    'status.failureReason': expect.stringMatching(
      /get network-attachment-definitions: missing.* in namespace "default"/,
    ),
  })
  expect(separate.virtualMachines()).toEqual([])
})

test('every mistake in a ConfigMap is told at once', limits, async () => {
  await using separate = await documentedCluster()
  const replaced = [
    { from: '"5"', to: '"5s"' },
    { from: '"10"', to: '"fast"' },
    { from: /spec\.timeout: 5m/, to: 'spec.timeout: 5 minutes' },
  ]
  apply(separate, documentedManifests('latency', replaced))
  await untilOver(separate, name.latency.job)
  const reason = configMap(separate, name.latency.configMap).data['status.failureReason'] ?? ''
  expect(reason).toContain('timeout field is illegal')
  expect(reason).toContain('spec.param.sampleDurationSeconds: ')
  expect(reason).toContain('spec.param.maxDesiredLatencyMilliseconds: ')
})

test('somebody who edits the ConfigMap meanwhile costs neither results nor the edit', limits, async () => {
  await using separate = await documentedCluster()
  allowNetwork(separate, 'vm-latency-checkup-sa')
  apply(separate, documentedManifests('latency'))
  const { store } = separate.cluster
  let edits = 0
  const stop = store.subscribe({ group: 'kubevirt.io', resource: 'virtualmachineinstances' }, () =>
    setImmediate(() =>
      store.update({ group: '', resource: 'configmaps' }, name.latency.configMap, namespace, (draft) => {
        draft.metadata.labels = { edited: String((edits += 1)) }
      }),
    ),
  )
  await untilOver(separate, name.latency.job)
  stop()
  const { data, metadata } = configMap(separate, name.latency.configMap)
  expect(data).toMatchObject({ 'status.succeeded': 'true' })
  expect(metadata.labels).toEqual({ edited: String(edits) })
  expect(edits).toBeGreaterThan(5)
})

test('a pod that is asked to end writes so at once, and cleans up', limits, async () => {
  await using separate = await documentedCluster({ time: 'wall' })
  allowNetwork(separate, 'vm-latency-checkup-sa')
  apply(separate, documentedManifests('latency', [{ from: 'duration_seconds: "5"', to: 'duration_seconds: "60"' }]))
  const { store } = separate.cluster
  await new Promise<void>((resolve) => {
    const stop = store.subscribe({ group: 'kubevirt.io', resource: 'virtualmachineinstances' }, () => {
      const { metadata } = configMap(separate, name.latency.configMap)
      if (metadata.annotations?.['kubevirt-acceptance/phase'] !== 'provision') return
      stop()
      resolve()
    })
  })
  const [pod] = podsOf(separate, name.latency.job)
  store.delete({ group: '', resource: 'pods' }, pod!.metadata.name!, namespace)
  const job = await untilOver(separate, name.latency.job)
  expect(conditionTypes(job)).toEqual(['FailureTarget', 'Failed'])
  expect(configMap(separate, name.latency.configMap).data).toMatchObject({
    'status.succeeded': 'false',
    'status.failureReason': expect.stringMatching(/^cancelled by SIGTERM/),
    'status.completionTimestamp': expect.stringMatching(timestamp),
  })
  expect(separate.leftBehind()).toEqual([])
})

test('a run that is killed leaves no success behind, and its VMs go with its pod', limits, async () => {
  await using separate = await documentedCluster({ time: 'wall' })
  allowNetwork(separate, 'realtime-checkup-sa')
  apply(separate, documentedManifests('realtime', [{ from: 'oslatDuration: 1h', to: 'oslatDuration: 1m' }]))
  const { store } = separate.cluster
  const vmi = await new Promise<KubernetesObject>((resolve) => {
    const stop = store.subscribe({ group: 'kubevirt.io', resource: 'virtualmachineinstances' }, ({ object }) => {
      stop()
      resolve(object)
    })
  })
  const [pod] = podsOf(separate, name.realtime.job)
  expect(vmi.metadata.ownerReferences).toEqual([
    { apiVersion: 'v1', kind: 'Pod', name: pod!.metadata.name, uid: pod!.metadata.uid },
  ])
  store.delete({ group: '', resource: 'pods' }, pod!.metadata.name!, namespace, { gracePeriodSeconds: 0 })
  await untilOver(separate, name.realtime.job)
  expect(configMap(separate, name.realtime.configMap).data['status.succeeded']).not.toBe('true')
})

// Skipped, not failed, where kubectl is not installed: nothing of the project needs it at run time.
describe.skipIf(!hasKubectl())('with kubectl (skipped when it is not installed)', () => {
  test('apply, wait, read, and look at the pod', limits, async () => {
    await using separate = await documentedCluster()
    allowNetwork(separate, 'vm-latency-checkup-sa')
    const path = await file(separate, 'checkup.yaml', documentedManifests('latency'))
    const ask = async (...args: string[]) => {
      const { code, stdout, stderr } = await kubectl(separate, ...args, '-n', namespace)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return stdout
    }
    expect(await ask('apply', '-f', path)).toContain(`job.batch/${name.latency.job} created`)
    await untilRunning(separate, name.latency.job)
    const followed = ask('logs', '--follow', `job/${name.latency.job}`)
    expect(await ask('wait', 'job', name.latency.job, '--for', 'condition=complete', '--timeout', '2m')).toBe(
      `job.batch/${name.latency.job} condition met\n`,
    )
    expect(await ask('get', 'configmap', name.latency.configMap, '-o', 'yaml')).toContain('status.succeeded: "true"')
    expect(await ask('get', 'job', name.latency.job, '--no-headers')).toMatch(/^\S+ +Complete +1\/1 +/)
    expect(await ask('logs', `job/${name.latency.job}`)).toContain('PASSED latency/blue-network/worker1-worker2')
    expect(await followed).toContain('PASSED latency/blue-network/worker1-worker2')
    expect(await ask('get', 'events')).toMatch(/SuccessfulCreate +job\/\S+ +Created pod: \S+/)
    expect(await ask('apply', '-f', path)).toContain(`job.batch/${name.latency.job} unchanged`)
    await ask('delete', '-f', path)
    expect(await ask('get', 'pods', '-o', 'name')).toBe('')
  })
})
