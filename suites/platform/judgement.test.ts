import { expect, test } from 'vitest'
import type { NetworkingFindings } from './networking.ts'
import { judgeNetworking } from './networking.ts'
import { judgeNodes, type VmNode } from './nodes.ts'
import { parameters } from './parameters.ts'
import { PlatformReport } from './report.ts'

const missing = { verb: 'list', group: '', resource: 'nodes' }
const of = (given: Record<string, unknown> = {}) => parameters.parse({ area: 'nodes', ...given })
const reportOf = (given: Record<string, unknown> = {}, sources: Record<string, string> = {}) =>
  new PlatformReport(of(given), sources)
const verdicts = (report: PlatformReport) => Object.fromEntries(report.checks.map(({ id, verdict }) => [id, verdict]))

test('what may not be read is skipped, with the rule that would allow it', () => {
  const report = reportOf()
  judgeNodes({ missing }, of(), { now: 0, report })
  expect(new Set(Object.values(verdicts(report)))).toEqual(new Set(['skipped']))
  expect(report.checks[0]?.message).toBe(
    'platform.nodes-count: not judged: missing permission {apiGroups: [""], resources: ["nodes"], verbs: ["list"]} in a ClusterRole. Grant it to whoever runs the checkup, or leave it at that',
  )
  expect(report.nothingJudged).toMatch(/^nothing of "nodes" can be judged: platform\.nodes-count: not judged/)
})

test('what may not be read and is required fails, and says where that is asked', () => {
  const given = { requiredChecks: 'platform.nodes-ready' }
  const report = reportOf(given, { requiredChecks: 'lab.yaml:7:3 checkups.platform.defaults.requiredChecks' })
  judgeNodes({ missing }, of(given), { now: 0, report })
  expect(verdicts(report)).toMatchObject({ 'platform.nodes-ready': 'failed', 'platform.nodes-count': 'skipped' })
  const failed = report.checks.find(({ verdict }) => verdict === 'failed')
  expect(failed?.message).toBe(
    'platform.nodes-ready: missing permission {apiGroups: [""], resources: ["nodes"], verbs: ["list"]} in a ClusterRole != judged (lab.yaml:7:3 checkups.platform.defaults.requiredChecks). Grant it to whoever runs the checkup, or take the check out of requiredChecks',
  )
  expect(report.nothingJudged).toBeUndefined()
})

const node = (name: string, annotations: Record<string, string> = {}): VmNode => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubevirt.io/schedulable': 'true' }, annotations },
  status: {
    conditions: [{ type: 'Ready', status: 'True' }],
    allocatable: {
      'devices.kubevirt.io/kvm': '1k',
      'devices.kubevirt.io/tun': '110',
      'devices.kubevirt.io/vhost-net': '1k',
    },
  },
})

test('a node without a heartbeat has no age that could be judged', () => {
  const now = Date.parse('2026-11-20T10:05:00Z')
  const report = reportOf()
  const beating = node('a', { 'kubevirt.io/heartbeat': '2026-11-20T10:00:00Z' })
  judgeNodes({ known: [beating, node('b')] }, of(), { now, report })
  const ages = report.checks.filter(({ id }) => id === 'platform.nodes-heartbeat')
  expect(ages.map(({ subject, verdict, actual }) => [subject, verdict, actual])).toEqual([
    ['a', 'passed', 300],
    ['b', 'invalid', null],
  ])
  expect(report.measurements).toContainEqual({
    name: 'allocatableDevices',
    subject: 'a kvm',
    value: 1000,
    unit: 'count',
    better: 'higher',
  })
})

const findings: NetworkingFindings = {
  multusServed: { known: false },
  networks: [],
  nodes: { known: [] },
  policies: { known: [] },
  namespaceLabels: {},
  namespaces: { kubevirt: 'kubevirt', cdi: 'cdi', run: 'vms' },
}

test('without Multus there are no networks to have', () => {
  const report = reportOf()
  judgeNetworking(findings, of(), report)
  expect(report.checks.find(({ id }) => id === 'platform.multus')).toMatchObject({
    verdict: 'failed',
    message: expect.stringContaining(
      'NetworkAttachmentDefinitions (k8s.cni.cncf.io/v1) are not served != served',
    ) as string,
  })
})

test('a network with a configuration that nobody can read is unusable', () => {
  const report = reportOf()
  const definition = {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'blue', namespace: 'vms' },
    spec: { config: '{' },
  }
  judgeNetworking({ ...findings, networks: [{ name: 'vms/blue', definition: { known: definition } }] }, of(), report)
  expect(report.checks.find(({ id }) => id === 'platform.networks')?.message).toMatch(
    /vms\/blue is unusable: NetworkAttachmentDefinition vms\/blue: spec\.config is not JSON .*!= usable/,
  )
})

test('long lists in messages are cut, and say so', () => {
  const report = reportOf()
  const detail = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  report.number({
    id: 'platform.workloads-kept',
    metric: 'VMs that are gone',
    name: 'lostVirtualMachines',
    detail,
    actual: 7,
    limit: 0,
    unit: 'count',
    better: 'lower',
  })
  expect(report.checks[0]?.message).toContain('VMs that are gone (a; b; c; d; e; 2 more) 7 != 0')
})
