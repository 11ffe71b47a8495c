import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { documentedRules, testApi, type TestApi } from '../../tests/api-server.ts'
import { collectEvidence } from './evidence.ts'
import type { KubernetesObject } from './kubernetes-object.ts'

const pods = { group: '', resource: 'pods' }
const identity = (text: string): string => text

/** A VMI that runs on a node, with its launcher pod and an event about each. */
function runningVmi(api: TestApi): void {
  const { store } = api.server
  const vmi = store.create(
    { group: 'kubevirt.io', resource: 'virtualmachineinstances' },
    {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstance',
      metadata: { name: 'source', namespace: 'acceptance', managedFields: [{ manager: 'x' }] },
      spec: { domain: { devices: {} }, volumes: [{ name: 'c', cloudInitNoCloud: { userData: 'password: hunter2' } }] },
      status: {
        phase: 'Failed',
        nodeName: 'worker1',
        conditions: [{ type: 'Ready', status: 'False', reason: 'Gone' }],
      },
    },
  )
  const pod = store.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'virt-launcher-source',
      namespace: 'acceptance',
      labels: { 'kubevirt.io/created-by': vmi.metadata.uid ?? '' },
    },
    spec: { nodeName: 'worker1', containers: [{ name: 'compute' }, { name: 'guest-console-log' }] },
  })
  store.create(
    { group: '', resource: 'nodes' },
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'worker1' },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    },
  )
  for (const [index, about] of [vmi, pod].entries()) event(api, about, `2026-11-20T10:00:0${2 - index}Z`)
}

function event(api: TestApi, about: KubernetesObject, lastTimestamp: string): void {
  const { name, uid, namespace } = about.metadata
  api.server.store.create(
    { group: '', resource: 'events' },
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${about.kind.toLowerCase()}-event`, namespace: 'acceptance' },
      type: 'Warning',
      reason: `About${about.kind}`,
      message: 'token hunter2',
      count: 3,
      source: { component: 'kubelet' },
      lastTimestamp,
      involvedObject: { kind: about.kind, name, namespace, uid },
    },
  )
}

const podLog = (_: string, __: string, container: string): string => `first line of ${container}\nhunter2\n`
const vmis = [{ namespace: 'acceptance', name: 'source' }]

test('collects the VMI, its events, its launcher with both logs, and the node', async () => {
  await using api = await testApi({ podLog })
  runningVmi(api)
  const { parts, missing } = await collectEvidence(api.admin, { vmis, redact: identity })
  expect(missing).toEqual([])
  expect(parts.map(({ name }) => name)).toEqual([
    'events-source.txt',
    'guest-console-source.log',
    'launcher-source.log',
    'launcher-source.yaml',
    'node-worker1.yaml',
    'vmi-source.yaml',
  ])
  const content = Object.fromEntries(parts.map((part) => [part.name, part.content]))
  expect(content['events-source.txt']).toBe(
    '2026-11-20T10:00:01Z Warning AboutPod x3 (kubelet): token hunter2\n2026-11-20T10:00:02Z Warning AboutVirtualMachineInstance x3 (kubelet): token hunter2\n',
  )
  expect(content['launcher-source.log']).toBe('first line of compute\nhunter2\n')
  expect(content['guest-console-source.log']).toContain('first line of guest-console-log')
  expect(content['vmi-source.yaml']).toMatch(/^# phase Failed, Ready=False \(Gone\)\n/)
  expect(parse(content['vmi-source.yaml'] ?? '')).toMatchObject({
    kind: 'VirtualMachineInstance',
    status: { nodeName: 'worker1' },
  })
  expect(content['vmi-source.yaml']).not.toContain('managedFields')
  expect(parse(content['node-worker1.yaml'] ?? '')).toMatchObject({ kind: 'Node' })
})

test('nothing leaves without the secrets taken out', async () => {
  await using api = await testApi({ podLog })
  runningVmi(api)
  const redact = (text: string): string => text.replaceAll('hunter2', '[redacted]')
  const evidence = await collectEvidence(api.admin, { vmis, redact })
  const everything = JSON.stringify(evidence)
  expect(everything).not.toContain('hunter2')
  expect(everything).toContain('[redacted]')
})

test('under the documented Role has the VMI, and names what is missing', async () => {
  await using api = await testApi({ podLog })
  runningVmi(api)
  const client = await api.restricted(documentedRules)
  const { parts, missing } = await collectEvidence(client, { vmis, redact: identity })
  expect(parts.map(({ name }) => name)).toEqual(['vmi-source.yaml'])
  expect(missing.map(({ part, missingPermission }) => [part, missingPermission])).toEqual([
    ['launcher-source.yaml', '{apiGroups: [""], resources: ["pods"], verbs: ["list"]} in namespace "acceptance"'],
    ['events-source.txt', '{apiGroups: [""], resources: ["events"], verbs: ["list"]} in namespace "acceptance"'],
    ['node-worker1.yaml', '{apiGroups: [""], resources: ["nodes"], verbs: ["get"]} in a ClusterRole'],
  ])
})

test('a VMI that is gone is noted, and the others are collected', async () => {
  await using api = await testApi({ podLog })
  runningVmi(api)
  const { parts, missing } = await collectEvidence(api.admin, {
    vmis: [{ namespace: 'acceptance', name: 'gone' }, ...vmis],
    redact: identity,
  })
  expect(parts).toHaveLength(6)
  expect(missing).toEqual([
    {
      part: 'vmi-gone.yaml',
      reason:
        'get virtualmachineinstances acceptance/gone: 404 NotFound: virtualmachineinstances.kubevirt.io "gone" not found',
    },
  ])
})

test('stays within its time and says what it cost', async () => {
  await using api = await testApi({
    podLog,
    intercept: ({ resource }) => (resource === 'events' ? new Promise(() => undefined) : undefined),
  })
  runningVmi(api)
  const { parts, missing } = await collectEvidence(api.admin, { vmis, redact: identity, budgetMilliseconds: 300 })
  expect(parts.map(({ name }) => name)).toContain('launcher-source.log')
  expect(missing).toEqual(expect.arrayContaining([{ part: 'events-source.txt', reason: 'not collected within 0.3 s' }]))
})

test('keeps the end of logs that are too long', async () => {
  await using api = await testApi({ podLog: () => `${'x'.repeat(5000)}the end` })
  runningVmi(api)
  const { parts } = await collectEvidence(api.admin, { vmis, redact: identity, maximumBytesPerPart: 1000 })
  const log = parts.find(({ name }) => name === 'launcher-source.log')?.content ?? ''
  expect(log).toMatch(/^\(4007 of 5007 bytes left out\)\nx+the end$/)
})
