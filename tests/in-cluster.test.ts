/** The documented contract of checkups in a cluster: apply rights, ConfigMap and Job, wait, read `status.*`. */
import { expect, test } from 'vitest'
import {
  allowNetwork,
  apply,
  configMap,
  documentedCluster,
  documentedManifests,
  podsOf,
  untilOver,
} from './in-cluster-jobs.ts'

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
    'kubevirt-acceptance/verdict': 'passed',
  })
  expect(conditionTypes(job)).toEqual(['SuccessCriteriaMet', 'Complete'])
  expect(job.status).toMatchObject({ succeeded: 1, completionTime: expect.stringMatching(timestamp) })
  expect(podsOf(separate, name.latency.job).map((pod) => (pod['status'] as { phase: string }).phase)).toEqual([
    'Succeeded',
  ])
  expect(separate.leftBehind()).toEqual([])
})
