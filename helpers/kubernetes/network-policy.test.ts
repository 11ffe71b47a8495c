import { expect, test } from 'vitest'
import { blockingPolicies, type NetworkPolicy, type PolicyPod } from './network-policy.ts'

const pod = (namespace: string, labels: Record<string, string>): PolicyPod => ({
  namespace,
  namespaceLabels: { 'kubernetes.io/metadata.name': namespace },
  labels,
})
const virtApi = pod('kubevirt', { 'kubevirt.io': 'virt-api' })
const machine = pod('vms', { 'kubevirt.io': 'virt-launcher', app: 'db' })
const ssh = { from: virtApi, to: machine, port: 22 }

const policy = (name: string, spec: NonNullable<NetworkPolicy['spec']>, namespace = 'vms'): NetworkPolicy => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace },
  spec,
})
const denyAll = policy('deny-all', { podSelector: {}, policyTypes: ['Ingress'] })
const fromKubevirt = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kubevirt' } } }

const cases: [what: string, policies: NetworkPolicy[], blocking: string[]][] = [
  ['no policy', [], []],
  ['one that denies all', [denyAll], ['deny-all']],
  ['one of another namespace', [policy('deny-all', { podSelector: {} }, 'other')], []],
  ['one for egress alone', [policy('egress', { podSelector: {}, policyTypes: ['Egress'] })], []],
  ['one without types, which is for ingress', [policy('untyped', { podSelector: {} })], ['untyped']],
  ['one for other pods', [policy('web', { podSelector: { matchLabels: { app: 'web' } } })], []],
  [
    'one for pods by expression',
    [policy('db', { podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['db', 'cache'] }] } })],
    ['db'],
  ],
  ['a denial, and one that allows everything', [denyAll, policy('all', { podSelector: {}, ingress: [{}] })], []],
  [
    'a denial, and one that allows the namespace of virt-api',
    [denyAll, policy('kubevirt', { podSelector: {}, ingress: [{ from: [fromKubevirt] }] })],
    [],
  ],
  [
    'one that allows pods of the own namespace alone',
    [policy('local', { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] })],
    ['local'],
  ],
  [
    'one that allows another port',
    [policy('http', { podSelector: {}, ingress: [{ ports: [{ protocol: 'TCP', port: 80 }] }] })],
    ['http'],
  ],
  [
    'one that allows a range of ports',
    [policy('low', { podSelector: {}, ingress: [{ ports: [{ port: 1, endPort: 1023 }] }] })],
    [],
  ],
  [
    'one that allows the port for UDP',
    [policy('udp', { podSelector: {}, ingress: [{ ports: [{ protocol: 'UDP', port: 22 }] }] })],
    ['udp'],
  ],
  [
    'one whose address block may be meant for it',
    [policy('block', { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] })],
    [],
  ],
]

test.each(cases)('from virt-api to the SSH port of a VM: %s', (_, policies, blocking) => {
  expect(blockingPolicies(policies, ssh).map(({ metadata }) => metadata.name)).toEqual(blocking)
})

test('who comes from outside of the pod network is matched by no selector', () => {
  const outside = { from: null, to: virtApi, port: 8443 }
  const local = policy('local', { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }, 'kubevirt')
  const open = policy('open', { podSelector: {}, ingress: [{ ports: [{ port: 8443 }] }] }, 'kubevirt')
  expect(blockingPolicies([local], outside)).toEqual([local])
  expect(blockingPolicies([local, open], outside)).toEqual([])
})

test('a port may be allowed by its name', () => {
  const named = policy('named', { podSelector: {}, ingress: [{ ports: [{ port: 'ssh' }] }] })
  expect(blockingPolicies([named], ssh)).toEqual([named])
  expect(blockingPolicies([named], { ...ssh, portName: 'ssh' })).toEqual([])
})
