import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { createKeyPair } from '../../helpers/guest/ssh-keys.ts'
import { caseAddresses } from './addresses.ts'
import { latencyMachines, machineNames, type LatencyMachineOptions } from './machines.ts'

const addresses = caseAddresses({
  runId: 'run',
  caseNumber: 0,
  ipv4Subnet: '192.168.100.0/30',
  ipv6Subnet: 'fd4c::/126',
})
const image = 'registry.example/alpine@sha256:0123'
const options: LatencyMachineOptions = {
  namespace: 'acceptance',
  uid: 'a-run-and-case',
  names: { source: 'latency-check-source-x7k2p', target: 'latency-check-target-9wvzb' },
  network: { namespace: 'networks', name: 'blue', binding: 'bridge' },
  addresses,
  ipFamilies: ['IPv4'],
  image,
  access: { guestAccess: 'console' },
  memory: '128Mi',
  documentedManifest: false,
}

interface NoCloud {
  networkData: string
  userData?: string
}
const noCloud = (machine: ReturnType<typeof latencyMachines>['source']): NoCloud =>
  machine.spec.volumes?.[1]?.cloudInitNoCloud as NoCloud

test('documentedManifest: the manifest of the documented checkup, field by field', () => {
  const { source } = latencyMachines({ ...options, documentedManifest: true })
  const { networkData, ...rest } = noCloud(source)
  expect(rest).toEqual({})
  expect(parse(networkData)).toEqual({
    ethernets: {
      net0: {
        addresses: ['192.168.100.1/30'],
        match: { macaddress: addresses.source.macAddress },
        nameservers: {},
        'set-name': 'net0',
      },
    },
    version: 2,
  })
  expect(source).toEqual({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: {
      name: 'latency-check-source-x7k2p',
      namespace: 'acceptance',
      labels: { 'latency-check/uid': 'a-run-and-case' },
    },
    spec: {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              labelSelector: {
                matchExpressions: [{ key: 'latency-check/uid', operator: 'In', values: ['a-run-and-case'] }],
              },
              topologyKey: 'kubernetes.io/hostname',
            },
          ],
        },
      },
      terminationGracePeriodSeconds: 5,
      domain: {
        resources: { requests: { memory: '128Mi' } },
        devices: {
          rng: {},
          disks: [
            { name: 'disk0', disk: { bus: 'virtio' } },
            { name: 'cloudinit', disk: { bus: 'virtio' } },
          ],
          interfaces: [{ name: 'net0', macAddress: addresses.source.macAddress, bridge: {} }],
        },
      },
      networks: [{ name: 'net0', multus: { networkName: 'networks/blue' } }],
      volumes: [
        { name: 'disk0', containerDisk: { image } },
        { name: 'cloudinit', cloudInitNoCloud: { networkData } },
      ],
    },
  })
})

test('ours differs in two things: userData, so that the guest boots in seconds, and no grace period', () => {
  const ours = latencyMachines(options).target
  const documented = latencyMachines({ ...options, documentedManifest: true }).target
  expect(noCloud(ours).userData).toBe('#cloud-config\npackage_update: false\n')
  expect(ours.spec.terminationGracePeriodSeconds).toBe(0)
  const { volumes: _volumes, terminationGracePeriodSeconds: _period, ...rest } = ours.spec
  expect(documented.spec).toMatchObject(rest)
  expect(noCloud(ours).networkData).toBe(noCloud(documented).networkData)
})

test('the two machines have their own names and addresses, and the label that keeps them apart', () => {
  const { source, target } = latencyMachines({ ...options, ipFamilies: ['IPv4', 'IPv6'] })
  expect([source.metadata.name, target.metadata.name]).toEqual([options.names.source, options.names.target])
  expect(source.metadata.labels).toEqual(target.metadata.labels)
  const configured = [source, target].map((machine) => {
    const { ethernets } = parse(noCloud(machine).networkData) as { ethernets: { net0: { addresses: string[] } } }
    return ethernets.net0.addresses
  })
  expect(configured).toEqual([
    ['192.168.100.1/30', 'fd4c::1/126'],
    ['192.168.100.2/30', 'fd4c::2/126'],
  ])
})

test('given nodes take the place of the rule that keeps the machines apart', () => {
  const { source, target } = latencyMachines({ ...options, nodes: { source: 'worker1', target: 'worker2' } })
  const required = (node: string) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }],
      },
    },
  })
  expect(source.spec.affinity).toEqual(required('worker1'))
  expect(target.spec.affinity).toEqual(required('worker2'))
})

test('an SR-IOV network gets the sriov binding', () => {
  const { source } = latencyMachines({ ...options, network: { ...options.network, binding: 'sriov' } })
  expect(source.spec.domain.devices.interfaces).toEqual([
    { name: 'net0', macAddress: addresses.source.macAddress, sriov: {} },
  ])
})

test('SSH access adds a pod network interface, our key and the host key that we made for each guest', () => {
  const userKey = createKeyPair('run')
  const hostKeys = { source: createKeyPair('source'), target: createKeyPair('target') }
  const { source, target } = latencyMachines({
    ...options,
    access: { guestAccess: 'ssh', user: 'root', userKey: userKey.publicKey, hostKeys },
  })
  expect(source.spec.domain.devices.interfaces?.[0]).toEqual({
    name: 'mgmt',
    macAddress: addresses.source.managementMacAddress,
    masquerade: {},
  })
  expect(source.spec.networks?.map(({ name }) => name)).toEqual(['mgmt', 'net0'])
  expect((parse(noCloud(source).networkData) as { ethernets: object }).ethernets).toMatchObject({
    net0: { addresses: ['192.168.100.1/30'] },
    mgmt: { dhcp4: true, match: { macaddress: addresses.source.managementMacAddress }, 'set-name': 'mgmt' },
  })
  for (const [machine, hostKey] of [
    [source, hostKeys.source],
    [target, hostKeys.target],
  ] as const) {
    const { userData = '' } = noCloud(machine)
    expect(userData.startsWith('#cloud-config\n')).toBe(true)
    expect(parse(userData)).toMatchObject({
      users: [{ name: 'root', ssh_authorized_keys: [userKey.publicKey.trim()] }],
      ssh_pwauth: false,
      ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey.trim() },
    })
    expect(userData).not.toContain(userKey.privateKey)
  }
})

test('names are random and as documented', () => {
  const { source, target } = machineNames()
  expect(source).toMatch(/^latency-check-source-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  expect(target).toMatch(/^latency-check-target-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  expect(source.slice(-5)).not.toBe(target.slice(-5))
})
