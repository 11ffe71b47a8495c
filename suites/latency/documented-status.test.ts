import { expect, test } from 'vitest'
import { GuestError } from '../../helpers/guest/guest-error.ts'
import { ApiError } from '../../helpers/kubernetes/api-error.ts'
import { requestInformation } from '../../helpers/kubernetes/request-information.ts'
import { summarize } from '../../helpers/statistics/summary.ts'
import { latencyContract } from './contract.ts'
import { documentedStatusText } from '../documented-status.ts'
import { documentedFailure, setUpFailure } from './documented-status.ts'
import type { PathMeasurement } from './procedure.ts'

const parameters = (maxDesiredLatencyMilliseconds?: number) =>
  latencyContract.parameters.parse({
    networkAttachmentDefinitionNamespace: 'ns',
    networkAttachmentDefinitionName: 'blue',
    ...(maxDesiredLatencyMilliseconds !== undefined && { maxDesiredLatencyMilliseconds }),
  })

const findings = (times: number[], transmitted = times.length) => {
  const path: PathMeasurement = {
    subject: 'worker1 -> worker2',
    rawOutput: 'ping.txt',
    packets: {
      transmitted,
      received: times.length,
      lost: [],
      lossPercent: 0,
      duplicates: 0,
      reordered: 0,
      roundTripNanoseconds: times,
    },
    unreachable: null,
    summary: summarize(times),
    jitterNanoseconds: null,
    durationMilliseconds: 5000,
    problems: [],
  }
  return { sourceNode: 'worker1', targetNode: 'worker2', paths: [path] }
}

test('success has an empty reason, also with partial loss, which the documented checkup does not see', () => {
  expect(documentedFailure(findings([1, 2, 3, 4], 5), parameters(10))).toBe('')
  expect(documentedStatusText('')).toBe('status.succeeded: "true"\nstatus.failureReason: ""\n')
})

test('a missed limit has the documented words and Go durations', () => {
  expect(documentedFailure(findings([10_461_000]), parameters(10))).toBe(
    'run : actual max latency "10.461ms" is greater than desired "10ms"',
  )
  expect(documentedFailure(findings([10_000_000]), parameters(10))).toBe('')
  expect(documentedFailure(findings([10_461_000]), parameters())).toBe('')
  // As seen on a real cluster: 0 is no absence of a limit.
  expect(documentedFailure(findings([15_272_000]), parameters(0))).toBe(
    'run : actual max latency "15.272ms" is greater than desired "0s"',
  )
})

test('total loss is no connectivity', () => {
  expect(documentedFailure(findings([], 5), parameters(10))).toContain('100% packet loss')
})

test('failed set-ups are told apart as far as the documented checkup does', () => {
  const answer = (path: string, message: string) =>
    new ApiError(requestInformation('GET', path), 404, { reason: 'NotFound', message })
  const nad = '/apis/k8s.cni.cncf.io/v1/namespaces/ns/network-attachment-definitions/nope'
  expect(setUpFailure(answer(nad, 'network-attachment-definitions.k8s.cni.cncf.io "nope" not found'))).toBe(
    'setup: network-attachment-definitions.k8s.cni.cncf.io "nope" not found',
  )
  const vmi = '/apis/kubevirt.io/v1/namespaces/ns/virtualmachineinstances/source'
  expect(setUpFailure(answer(vmi, 'quota'))).toBe('setup: failed to start VMI /source: quota')
  expect(setUpFailure(new GuestError('login-timeout', 'ns/source', 'no prompt'))).toBe(
    'run: failed to run check: no prompt',
  )
  expect(setUpFailure(new Error('VirtualMachineInstance ns/target did not become Running'))).toBe(
    "setup: failed to wait for VMI 'ns/target' IP address to appear on status: timed out waiting for the condition",
  )
})
