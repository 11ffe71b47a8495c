import { expect, test } from 'vitest'
import { withCloudInitNoCloud } from './cloud-init.ts'
import { withCpu, withCpuModel, withDedicatedCpus, withRealtime } from './cpu.ts'
import { withoutGraphics, withRng, withSerialConsoleLog } from './devices.ts'
import { withHugepages, withMemory } from './memory.ts'
import { withAnnotation, withLabel, withNamespace, withOwner } from './metadata.ts'
import { withMasqueradeInterface, withMultusInterface } from './network.ts'
import {
  withEvictionStrategy,
  withNodeAffinity,
  withNodeSelector,
  withPodAntiAffinity,
  withTerminationGracePeriod,
} from './placement.ts'
import { withContainerDisk, withDataVolume, withEmptyDisk, withPersistentVolumeClaim } from './storage.ts'
import { vmi } from './virtual-machine-instance.ts'

test('makes the VMI of the documented latency checkup', () => {
  const built = vmi(
    'latency-check-source-',
    withLabel('latency-check/uid', 'u1'),
    withPodAntiAffinity('latency-check/uid', 'u1'),
    withTerminationGracePeriod(5),
    withMemory('128Mi'),
    withRng(),
    withMultusInterface({
      name: 'net0',
      networkAttachmentDefinition: 'lab/blue',
      binding: 'bridge',
      macAddress: '02:00:00:00:00:01',
    }),
    withContainerDisk('quay.io/example/alpine@sha256:0'),
    withCloudInitNoCloud({ networkData: { version: 2, ethernets: { net0: { addresses: ['10.0.0.1/8'] } } } }),
  )
  expect(built).toEqual({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { generateName: 'latency-check-source-', labels: { 'latency-check/uid': 'u1' } },
    spec: {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              labelSelector: { matchExpressions: [{ key: 'latency-check/uid', operator: 'In', values: ['u1'] }] },
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
          interfaces: [{ name: 'net0', bridge: {}, macAddress: '02:00:00:00:00:01' }],
        },
      },
      networks: [{ name: 'net0', multus: { networkName: 'lab/blue' } }],
      volumes: [
        { name: 'disk0', containerDisk: { image: 'quay.io/example/alpine@sha256:0' } },
        {
          name: 'cloudinit',
          cloudInitNoCloud: {
            networkData: 'version: 2\nethernets:\n  net0:\n    addresses:\n      - 10.0.0.1/8\n',
          },
        },
      ],
    },
  })
})

test('makes a realtime guest with dedicated CPUs and huge pages on one node', () => {
  const { spec } = vmi(
    'rt',
    withCpu({ sockets: 1, cores: 4, threads: 1 }),
    withCpuModel('host-passthrough'),
    withDedicatedCpus({ isolateEmulatorThread: true, numaPassthrough: true }),
    withRealtime('1-3'),
    withHugepages('1Gi', '4Gi'),
    withNodeAffinity('worker1'),
    withNodeSelector({ 'kubernetes.io/arch': 'amd64' }),
    withEvictionStrategy('None'),
    withoutGraphics(),
    withSerialConsoleLog(),
  )
  expect(spec).toEqual({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['worker1'] }] },
          ],
        },
      },
    },
    nodeSelector: { 'kubernetes.io/arch': 'amd64' },
    evictionStrategy: 'None',
    domain: {
      cpu: {
        sockets: 1,
        cores: 4,
        threads: 1,
        model: 'host-passthrough',
        dedicatedCpuPlacement: true,
        isolateEmulatorThread: true,
        numa: { guestMappingPassthrough: {} },
        realtime: { mask: '1-3' },
      },
      memory: { guest: '4Gi', hugepages: { pageSize: '1Gi' } },
      devices: { autoattachGraphicsDevice: false, logSerialConsole: true },
    },
  })
  expect(vmi('rt', withRealtime()).spec.domain.cpu).toEqual({ realtime: {} })
})

test('interfaces and disks add up in the order given', () => {
  const { spec } = vmi(
    'x',
    withMasqueradeInterface(),
    withMultusInterface({
      name: 'east',
      networkAttachmentDefinition: 'a/b',
      binding: 'sriov',
      pciAddress: '0000:06:00.0',
    }),
    withDataVolume('root'),
    withPersistentVolumeClaim('data'),
    withEmptyDisk('scratch', '1Gi'),
  )
  expect(spec.domain.devices.interfaces).toEqual([
    { name: 'default', masquerade: {} },
    { name: 'east', sriov: {}, pciAddress: '0000:06:00.0' },
  ])
  expect(spec.networks).toEqual([
    { name: 'default', pod: {} },
    { name: 'east', multus: { networkName: 'a/b' } },
  ])
  expect(spec.volumes).toEqual([
    { name: 'root', dataVolume: { name: 'root' } },
    { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'scratch', emptyDisk: { capacity: '1Gi' } },
  ])
  expect(spec.domain.devices.disks?.map(({ name }) => name)).toEqual(['root', 'data', 'scratch'])
})

test('a cloud-config given as data gets the header that cloud-init asks for; text stays as it is', () => {
  const userDataOf = (userData: string | Record<string, unknown>): string | undefined =>
    vmi('x', withCloudInitNoCloud({ userData })).spec.volumes?.[0]?.cloudInitNoCloud?.userData
  expect(userDataOf({ password: 'a: "b"' })).toBe(`#cloud-config\npassword: 'a: "b"'\n`)
  expect(userDataOf('#!/bin/sh\necho x')).toBe('#!/bin/sh\necho x')
})

test('options do not share state between VMIs', () => {
  const option = withLabel('a', '1')
  const one = vmi('one', option, withLabel('b', '2'), withAnnotation('c', '3'), withNamespace('lab'))
  const two = vmi('two', option, withOwner({ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }))
  expect(one.metadata).toEqual({ name: 'one', namespace: 'lab', labels: { a: '1', b: '2' }, annotations: { c: '3' } })
  expect(two.metadata).toEqual({
    name: 'two',
    labels: { a: '1' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }],
  })
})
