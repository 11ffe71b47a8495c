import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { dpdkContract } from './contract.ts'
import { dpdkMachines, machineNames, randomMacAddresses, type DpdkMachineOptions } from './machines.ts'
import { streamFilePath } from './trex-files.ts'

const macAddresses = {
  trafficGenerator: { east: '50:aa:bb:cc:dd:01', west: '50:aa:bb:cc:dd:02' },
  vmUnderTest: { east: '60:11:22:33:44:01', west: '60:11:22:33:44:02' },
}
const machines = (given: object = {}, options: Partial<DpdkMachineOptions> = {}) =>
  dpdkMachines({
    namespace: 'acceptance',
    uid: 'a-run-and-case',
    names: {
      trafficGenerator: 'dpdk-traffic-gen-x7k2p',
      vmUnderTest: 'vmi-under-test-x7k2p',
      trafficGeneratorConfig: 'dpdk-traffic-gen-config-x7k2p',
      vmUnderTestConfig: 'vmi-under-test-config-x7k2p',
    },
    macAddresses,
    parameters: dpdkContract.parameters.parse({
      networkAttachmentDefinitionNamespace: 'acceptance',
      networkAttachmentDefinitionName: 'dpdk-network',
      ...given,
    }),
    ...options,
  })

interface Expected {
  name: string
  image: string
  mac: string
  configDisk: string
  configMap: string
}

/** The documented manifest, field by field. */
const documented = ({ name, image, mac, configDisk, configMap }: Expected, userData: unknown) => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstance',
  metadata: {
    name,
    namespace: 'acceptance',
    labels: { 'kubevirt-dpdk-checkup/uid': 'a-run-and-case' },
    annotations: {
      'cpu-load-balancing.crio.io': 'disable',
      'cpu-quota.crio.io': 'disable',
      'irq-load-balancing.crio.io': 'disable',
    },
  },
  spec: {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 1,
            podAffinityTerm: {
              labelSelector: {
                matchExpressions: [{ key: 'kubevirt-dpdk-checkup/uid', operator: 'In', values: ['a-run-and-case'] }],
              },
              topologyKey: 'kubernetes.io/hostname',
            },
          },
        ],
      },
    },
    terminationGracePeriodSeconds: 0,
    domain: {
      cpu: { sockets: 1, cores: 4, threads: 2, dedicatedCpuPlacement: true, isolateEmulatorThread: true },
      memory: { guest: '4Gi', hugepages: { pageSize: '1Gi' } },
      devices: {
        networkInterfaceMultiqueue: true,
        rng: {},
        disks: [
          { name: 'rootdisk', disk: { bus: 'virtio' } },
          { name: 'cloudinitdisk', disk: { bus: 'virtio' } },
          { name: configDisk, serial: 'DEADBEEF' },
        ],
        interfaces: [
          { name: 'nic-east', model: 'virtio', sriov: {}, macAddress: `${mac}:01`, pciAddress: '0000:06:00.0' },
          { name: 'nic-west', model: 'virtio', sriov: {}, macAddress: `${mac}:02`, pciAddress: '0000:07:00.0' },
        ],
      },
    },
    networks: [
      { name: 'nic-east', multus: { networkName: 'dpdk-network' } },
      { name: 'nic-west', multus: { networkName: 'dpdk-network' } },
    ],
    readinessProbe: {
      exec: { command: ['cat', '/tmp/dpdk-checkup-ready-marker'] },
      initialDelaySeconds: 90,
      periodSeconds: 10,
      timeoutSeconds: 10,
      failureThreshold: 30,
    },
    volumes: [
      { name: 'rootdisk', containerDisk: { image, imagePullPolicy: 'Always' } },
      { name: 'cloudinitdisk', cloudInitNoCloud: { userData } },
      { name: configDisk, configMap: { name: configMap, optional: false } },
    ],
  },
})

const userDataOf = ({ spec }: ReturnType<typeof machines>['vmUnderTest']): string =>
  spec.volumes?.[1]?.cloudInitNoCloud?.userData ?? ''
const bootCommands = (machine: ReturnType<typeof machines>['vmUnderTest']) => {
  const text = userDataOf(machine)
  expect(text).toMatch(/^#cloud-config\nbootcmd:\n( {2}- ".*"\n)+$/)
  return (parse(text) as { bootcmd: string[] }).bootcmd
}

test('without requireDifferentNodes: the documented VM under test, field by field', () => {
  const { vmUnderTest } = machines({ requireDifferentNodes: false })
  expect(vmUnderTest).toEqual(
    documented(
      {
        name: 'vmi-under-test-x7k2p',
        image: 'quay.io/kiagnose/kubevirt-dpdk-checkup-vm:main',
        mac: '60:11:22:33:44',
        configDisk: 'vmi-under-test-config',
        configMap: 'vmi-under-test-config-x7k2p',
      },
      expect.any(String),
    ),
  )
  expect(bootCommands(vmUnderTest)).toEqual([
    'mkdir /mnt/app-config',
    "mount /dev/$(lsblk --nodeps -no name,serial | grep DEADBEEF | cut -f1 -d' ') /mnt/app-config",
    'cp /mnt/app-config/dpdk-checkup-boot.sh /usr/bin/',
    'chmod 744 /usr/bin/dpdk-checkup-boot.sh',
    '/usr/bin/dpdk-checkup-boot.sh',
  ])
})

test('the documented traffic generator, field by field', () => {
  const { trafficGenerator } = machines({ requireDifferentNodes: false })
  expect(trafficGenerator).toEqual(
    documented(
      {
        name: 'dpdk-traffic-gen-x7k2p',
        image: 'quay.io/kiagnose/kubevirt-dpdk-checkup-traffic-gen:main',
        mac: '50:aa:bb:cc:dd',
        configDisk: 'trex-config',
        configMap: 'dpdk-traffic-gen-config-x7k2p',
      },
      expect.any(String),
    ),
  )
  expect(bootCommands(trafficGenerator)).toEqual([
    'mkdir /mnt/app-config',
    "mount /dev/$(lsblk --nodeps -no name,serial | grep DEADBEEF | cut -f1 -d' ') /mnt/app-config",
    'cp /mnt/app-config/trex.service /etc/systemd/system',
    'cp /mnt/app-config/run_trex_daemon /opt/trex',
    'chmod 744 /opt/trex/run_trex_daemon',
    'cp /mnt/app-config/trex_cfg.yaml /etc',
    'mkdir -p /opt/tests',
    'cp /mnt/app-config/*.py /opt/tests',
    'cp /mnt/app-config/dpdk-checkup-boot.sh /usr/bin/',
    'chmod 744 /usr/bin/dpdk-checkup-boot.sh',
    '/usr/bin/dpdk-checkup-boot.sh',
  ])
})

test('by default the VMs must be on different nodes, and on the given ones when they are given', () => {
  const anywhere = machines()
  for (const { spec } of [anywhere.trafficGenerator, anywhere.vmUnderTest])
    expect(spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution).toHaveLength(1)
  const named = machines({ trafficGenTargetNodeName: 'a', vmUnderTestTargetNodeName: 'b' })
  const nodeOf = ({ spec }: typeof named.vmUnderTest) => {
    const { nodeAffinity, ...rest } = spec.affinity ?? {}
    expect(rest).toEqual({})
    return nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  }
  const on = (node: string) => ({
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }],
  })
  expect(nodeOf(named.trafficGenerator)).toEqual(on('a'))
  expect(nodeOf(named.vmUnderTest)).toEqual(on('b'))
})

test('sizes, addresses and networks as the profile has them', () => {
  const { vmUnderTest, vmUnderTestConfig } = machines({
    networkAttachmentDefinitionNamespace: 'networks',
    westNetworkAttachmentDefinitionName: 'west',
    cpuCores: 3,
    cpuThreads: 2,
    guestMemory: '512Mi',
    hugepageSize: '2Mi',
    isolateEmulatorThread: false,
    numaPassthrough: true,
    eastPciAddress: '0000:08:00.0',
    westPciAddress: '0000:09:00.0',
    managementInterface: true,
    vmUnderTestContainerDiskImage: 'registry.example/vm@sha256:0123',
  })
  const { domain, networks, volumes } = vmUnderTest.spec
  expect(domain).toMatchObject({
    cpu: {
      cores: 3,
      threads: 2,
      isolateEmulatorThread: false,
      dedicatedCpuPlacement: true,
      numa: { guestMappingPassthrough: {} },
    },
    memory: { guest: '512Mi', hugepages: { pageSize: '2Mi' } },
  })
  expect(networks).toEqual([
    { name: 'mgmt', pod: {} },
    { name: 'nic-east', multus: { networkName: 'networks/dpdk-network' } },
    { name: 'nic-west', multus: { networkName: 'networks/west' } },
  ])
  expect(domain.devices.interfaces?.map(({ name, pciAddress }) => [name, pciAddress])).toEqual([
    ['mgmt', undefined],
    ['nic-east', '0000:08:00.0'],
    ['nic-west', '0000:09:00.0'],
  ])
  expect(volumes?.[0]?.containerDisk?.image).toBe('registry.example/vm@sha256:0123')
  const script = vmUnderTestConfig.data['dpdk-checkup-boot.sh']
  expect(script).toContain('isolated_cores=2-5')
  expect(script).toContain('for device in 0000:08:00.0 0000:09:00.0; do')
})

test('the ConfigMaps have the documented files', () => {
  const { trafficGeneratorConfig, vmUnderTestConfig } = machines()
  expect(trafficGeneratorConfig.metadata).toEqual({ name: 'dpdk-traffic-gen-config-x7k2p', namespace: 'acceptance' })
  expect(vmUnderTestConfig.metadata).toEqual({ name: 'vmi-under-test-config-x7k2p', namespace: 'acceptance' })
  expect(Object.keys(vmUnderTestConfig.data)).toEqual(['dpdk-checkup-boot.sh'])
  expect(Object.keys(trafficGeneratorConfig.data).toSorted()).toEqual([
    'dpdk-checkup-boot.sh',
    'run_trex_daemon',
    'testpmd.py',
    'testpmd_addr.py',
    'testpmd_west.py',
    'trex.service',
    'trex_cfg.yaml',
  ])
  const { data } = trafficGeneratorConfig
  expect(parse(data['trex_cfg.yaml'] ?? '')).toEqual([
    {
      port_limit: 2,
      version: 2,
      interfaces: ['06:00.0', '07:00.0'],
      rx_desc: 4096,
      tx_desc: 4096,
      port_bandwidth_gb: 10,
      port_info: [
        { ip: '10.10.10.2', default_gw: '10.10.10.1' },
        { ip: '10.10.20.2', default_gw: '10.10.20.1' },
      ],
      platform: {
        master_thread_id: 2,
        latency_thread_id: 3,
        dual_if: [{ socket: 0, threads: [4, 5, 6, 7] }],
      },
    },
  ])
  expect(data['run_trex_daemon']).toContain(
    './t-rex-64 --no-ofed-check --no-scapy-server --no-hw-flow-stat -i -c 4 --iom 0\n',
  )
  for (const line of ['WorkingDirectory=/opt/trex', 'Restart=no', 'User=root', 'ExecStart=/opt/trex/run_trex_daemon'])
    expect(data['trex.service']).toContain(`${line}\n`)
  expect(data['testpmd_addr.py']).toContain('vm_under_test = ["60:11:22:33:44:01","60:11:22:33:44:02"]')
})

test('the first boot isolates the CPUs and reboots; the second gives the interfaces to DPDK and is ready', () => {
  const { vmUnderTestConfig, trafficGeneratorConfig } = machines()
  const script = vmUnderTestConfig.data['dpdk-checkup-boot.sh'] ?? ''
  expect(trafficGeneratorConfig.data['dpdk-checkup-boot.sh']).toBe(script)
  const order = [
    '#!/bin/bash',
    '[ ! -f /var/dpdk-checkup-tuned-adm-set-marker ]',
    'echo "isolated_cores=2-7" > /etc/tuned/cpu-partitioning-variables.conf',
    'tuned-adm profile cpu-partitioning',
    'touch /var/dpdk-checkup-tuned-adm-set-marker',
    'reboot\n  exit 0',
    'for device in 0000:06:00.0 0000:07:00.0; do',
    'driverctl set-override $device vfio-pci',
    'touch /tmp/dpdk-checkup-ready-marker',
    'chcon -t virt_qemu_ga_exec_t /tmp/dpdk-checkup-ready-marker',
  ].map((text) => script.indexOf(text))
  expect(order).not.toContain(-1)
  expect(order).toEqual(order.toSorted((a, b) => a - b))
})

test('scripts are accepted by a shell', () => {
  for (const { trafficGeneratorConfig } of [machines(), machines({ trafficGenerator: 'pktgen' })])
    execFileSync('sh', ['-n'], { input: trafficGeneratorConfig.data['dpdk-checkup-boot.sh'] ?? '' })
})

test('one file of streams for each direction and frame size', () => {
  const { data } = machines({ mode: 'ndr', ndrFrameSizes: [64, 1518, 'IMIX'] }).trafficGeneratorConfig
  expect(Object.keys(data).filter((name) => name.endsWith('.py') && name !== 'testpmd_addr.py')).toEqual([
    'testpmd.py',
    'testpmd_1518.py',
    'testpmd_imix.py',
    'testpmd_west.py',
    'testpmd_west_1518.py',
    'testpmd_west_imix.py',
  ])
  expect(data['testpmd_imix.py']).toContain('FRAMES = [(64, 7), (594, 4), (1518, 1)]')
  expect(data['testpmd_west_1518.py']).toContain('FRAMES = [(1518, 1)]')
  expect(data['testpmd_west_1518.py']).toContain('Ether(dst=vm_under_test[1])')
  const documentedFile = { direction: 'east-to-west', frame: 64, latency: false } as const
  expect(streamFilePath(documentedFile)).toBe('/opt/tests/testpmd.py')
})

test('the documented streams: four of UDP to the east interface of the VM under test', () => {
  const script = machines().trafficGeneratorConfig.data['testpmd.py'] ?? ''
  expect(script).toContain('FRAMES = [(64, 1)]')
  expect(script).toContain('Ether(dst=vm_under_test[0])')
  expect(script).toContain("IP(src='16.0.0.1', dst='10.0.0.1')")
  expect(script).toContain('UDP(sport=1026, dport=1026 + stream)')
  expect(script).toContain('for stream in range(4)')
  expect(script).not.toContain('STLFlowLatencyStats')
})

test('a timed stream of its own when latency is measured', () => {
  const { data } = machines({ measureLatency: true, directions: 'east-to-west' }).trafficGeneratorConfig
  expect(data['testpmd_latency.py']).toContain('flow_stats=STLFlowLatencyStats(pg_id=1)')
  expect(data).not.toHaveProperty('testpmd.py')
})

test('pktgen needs a module, and interfaces that send nothing by themselves', () => {
  const { trafficGenerator, trafficGeneratorConfig, vmUnderTestConfig } = machines({
    trafficGenerator: 'pktgen',
    cpuCores: 2,
    cpuThreads: 1,
  })
  expect(trafficGenerator.spec.volumes?.[2]?.name).toBe('pktgen-config')
  expect(bootCommands(trafficGenerator)).not.toContain('mkdir -p /opt/tests')
  expect(Object.keys(trafficGeneratorConfig.data)).toEqual(['dpdk-checkup-boot.sh'])
  const script = trafficGeneratorConfig.data['dpdk-checkup-boot.sh']
  expect(script).toContain('modprobe pktgen')
  expect(script).toContain('disable_ipv6')
  expect(script).not.toContain('vfio-pci')
  expect(vmUnderTestConfig.data['dpdk-checkup-boot.sh']).toContain('isolated_cores=1"')
})

test('too few CPUs are refused before anything is created', () => {
  expect(() => machines({ cpuCores: 1 })).toThrow(
    'TRex needs at least 4 virtual CPUs; set cpuCores, or use trafficGenerator: pktgen',
  )
})

test('names share one random end; MAC addresses are those of the documented checkup, and differ each time', () => {
  const names = machineNames()
  const end = names.vmUnderTest.slice(-5)
  expect(names).toEqual({
    trafficGenerator: `dpdk-traffic-gen-${end}`,
    vmUnderTest: `vmi-under-test-${end}`,
    trafficGeneratorConfig: `dpdk-traffic-gen-config-${end}`,
    vmUnderTestConfig: `vmi-under-test-config-${end}`,
  })
  const { trafficGenerator, vmUnderTest } = randomMacAddresses()
  expect(trafficGenerator.east).toMatch(/^50(:[\da-f]{2}){4}:01$/)
  expect(trafficGenerator.west).toMatch(/^50(:[\da-f]{2}){4}:02$/)
  expect(vmUnderTest.east).toMatch(/^60(:[\da-f]{2}){4}:01$/)
  expect(vmUnderTest.west).toMatch(/^60(:[\da-f]{2}){4}:02$/)
  expect(randomMacAddresses()).not.toEqual({ trafficGenerator, vmUnderTest })
})
