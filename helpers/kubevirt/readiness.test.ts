import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { documentedRules, testApi, type TestApi } from '../../tests/api-server.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { explainVmi } from './readiness.ts'
import type { VirtualMachineInstance } from './virtual-machine-instance.ts'

function captured(name: string): VirtualMachineInstance {
  const text = readFileSync(new URL(`testdata/${name}.json`, import.meta.url), 'utf8')
  const { response } = JSON.parse(text) as { response: { body: VirtualMachineInstance } }
  const { body } = response
  return { ...body, metadata: { ...body.metadata, namespace: 'acceptance' } }
}

function launcherPod(api: TestApi, vmi: VirtualMachineInstance, status: Record<string, unknown>): KubernetesObject {
  return api.server.store.create(
    { group: '', resource: 'pods' },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'virt-launcher-x',
        namespace: 'acceptance',
        labels: { 'kubevirt.io/created-by': vmi.metadata.uid ?? '' },
      },
      spec: { containers: [{ name: 'compute' }] },
      status,
    },
  )
}

let events = 0
function warn(
  api: TestApi,
  about: KubernetesObject,
  reason: string,
  message: string,
  lastTimestamp = '2026-11-20T10:00:00Z',
): void {
  events += 1
  const { name, uid, namespace } = about.metadata
  api.server.store.create(
    { group: '', resource: 'events' },
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `event-${events}`, namespace: 'acceptance' },
      type: 'Warning',
      reason,
      message,
      lastTimestamp,
      involvedObject: { kind: about.kind, name, namespace, uid },
    },
  )
}

test('an absent NAD shows only in the events of the launcher pod', async () => {
  await using api = await testApi()
  const vmi = captured('kv-get-vmi-pending-nad')
  const pod = launcherPod(api, vmi, {
    phase: 'Pending',
    containerStatuses: [{ name: 'compute', state: { waiting: { reason: 'ContainerCreating' } } }],
  })
  const message =
    'cannot find a network-attachment-definition (nope) in namespace (acceptance): network-attachment-definitions.k8s.cni.cncf.io "nope" not found'
  warn(api, pod, 'NoNetworkFound', message)
  expect(await explainVmi(api.admin, vmi)).toBe(
    `NoNetworkFound: ${message} (next: create the NetworkAttachmentDefinition, or correct its name or namespace in the cluster profile)`,
  )
})

test.for([
  [
    'kv-get-vmi-pending-memory',
    /^Unschedulable: 0\/1 nodes are available: 1 Insufficient memory\..* \(next: make room on a node/,
  ],
  [
    'kv-get-vmi-pending-nodeselector',
    /^Unschedulable: 0\/1 nodes are available: .*didn't match Pod's node affinity\/selector/,
  ],
  [
    'kv-get-vmi-pending-pvc',
    /^FailedPvcNotFound: PVC accept\/absent does not exist, waiting for it to appear \(next: create the PersistentVolumeClaim or DataVolume, or correct its name\)$/,
  ],
] as const)('%s is explained by its own conditions', async ([name, expected]) => {
  await using api = await testApi()
  expect(await explainVmi(api.admin, captured(name))).toMatch(expected)
})

test('containers that wait or have died are named', async () => {
  await using api = await testApi()
  const vmi = captured('kv-get-vmi-pending-nad')
  launcherPod(api, vmi, {
    initContainerStatuses: [
      { name: 'container-disk', state: { waiting: { reason: 'ErrImagePull', message: 'pull access denied' } } },
      { name: 'done', state: { terminated: { exitCode: 0, reason: 'Completed' } } },
    ],
    containerStatuses: [{ name: 'compute', state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }],
  })
  expect(await explainVmi(api.admin, vmi)).toBe(
    'ErrImagePull: container container-disk: pull access denied (next: check the image name, and that the nodes may pull from its registry); OOMKilled: container compute: ended with exit code 137',
  )
})

test('of many warnings the last three different ones are told', async () => {
  await using api = await testApi()
  const vmi = captured('kv-get-vmi-pending-nad')
  for (const [index, message] of ['one', 'two', 'three', 'three', 'four'].entries()) {
    warn(api, vmi, 'SyncFailed', message, `2026-11-20T10:00:0${index}Z`)
  }
  expect(await explainVmi(api.admin, vmi)).toBe('SyncFailed: four; SyncFailed: three; SyncFailed: two')
})

test('under the documented Role the missing permissions are named', async () => {
  await using api = await testApi()
  const client = await api.restricted(documentedRules)
  expect(await explainVmi(client, captured('kv-get-vmi-pending-nad'))).toBe(
    'the launcher pod cannot be read: missing permission {apiGroups: [""], resources: ["pods"], verbs: ["list"]} in namespace "acceptance"; events cannot be read: missing permission {apiGroups: [""], resources: ["events"], verbs: ["list"]} in namespace "acceptance"',
  )
})

test('a VMI that no controller has touched points at virt-controller', async () => {
  await using api = await testApi()
  const untouched = { ...captured('kv-get-vmi-pending-nad'), status: { phase: 'Pending' } } as VirtualMachineInstance
  expect(await explainVmi(api.admin, untouched)).toBe(
    'Pending: no controller has looked at it yet; is virt-controller running?',
  )
})

test('nothing to say about a VMI that was never seen, or that shows nothing wrong', async () => {
  await using api = await testApi()
  expect(await explainVmi(api.admin, undefined)).toBeUndefined()
  expect(await explainVmi(api.admin, captured('kv-get-vmi-pending-nad'))).toBeUndefined()
})
