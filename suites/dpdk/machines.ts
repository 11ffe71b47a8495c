/** The two VMs of a case and the ConfigMaps with their files. */
import { randomBytes } from 'node:crypto'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { withCloudInitNoCloud } from '../../helpers/kubevirt/cloud-init.ts'
import { withCpu, withDedicatedCpus } from '../../helpers/kubevirt/cpu.ts'
import { withNetworkMultiqueue, withRng } from '../../helpers/kubevirt/devices.ts'
import { withHugepages } from '../../helpers/kubevirt/memory.ts'
import { withLabel, withNamespace } from '../../helpers/kubevirt/metadata.ts'
import { withMasqueradeInterface, withMultusInterface } from '../../helpers/kubevirt/network.ts'
import {
  withNodeAffinity,
  withPodAntiAffinity,
  withPreferredPodAntiAffinity,
  withTerminationGracePeriod,
} from '../../helpers/kubevirt/placement.ts'
import { withReadinessCommand } from '../../helpers/kubevirt/readiness-probe.ts'
import { withConfigMapDisk, withContainerDisk } from '../../helpers/kubevirt/storage.ts'
import { type VirtualMachineInstance, vmi, type VmiOption } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import { configDiskSerial, configMap, type ConfigMap, undisturbedCpus } from '../boot-configuration.ts'
import { cpuPlan, type CpuPlan } from './cpu-plan.ts'
import { bootScript, dpdkBootScript, dpdkUserData, pktgenBootScript, readyMarker } from './guest-files.ts'
import type { DpdkParameters } from './parameters.ts'
import { trexFiles, type StreamProfile } from './trex-files.ts'

/** Both VMIs of a case have it with the same value, for the rule that keeps them apart. */
const uidLabel = 'kubevirt-dpdk-checkup/uid'
const managementInterface = 'mgmt'

/** Of the two interfaces of a VM. */
interface InterfaceAddresses {
  east: string
  west: string
}

export interface MachineNames {
  trafficGenerator: string
  vmUnderTest: string
  trafficGeneratorConfig: string
  vmUnderTestConfig: string
}

export interface DpdkMachineOptions {
  namespace: string
  /** Value of the label `kubevirt-dpdk-checkup/uid`; unique for the case. */
  uid: string
  names: MachineNames
  macAddresses: { trafficGenerator: InterfaceAddresses; vmUnderTest: InterfaceAddresses }
  parameters: DpdkParameters
}

export interface DpdkMachines {
  trafficGenerator: VirtualMachineInstance
  vmUnderTest: VirtualMachineInstance
  trafficGeneratorConfig: ConfigMap
  vmUnderTestConfig: ConfigMap
}

/** Names as the documented checkup gives them, all with the same random end. */
export function machineNames(): MachineNames {
  const end = randomName('')
  return {
    trafficGenerator: `dpdk-traffic-gen-${end}`,
    vmUnderTest: `vmi-under-test-${end}`,
    trafficGeneratorConfig: `dpdk-traffic-gen-config-${end}`,
    vmUnderTestConfig: `vmi-under-test-config-${end}`,
  }
}

/** As the documented checkup makes them: `50:..:01` and `:02` for the traffic generator, `60:..` for the VM under test. */
export function randomMacAddresses(): DpdkMachineOptions['macAddresses'] {
  const addresses = (first: string): InterfaceAddresses => {
    const middle = [...randomBytes(4)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
    return { east: `${first}:${middle}:01`, west: `${first}:${middle}:02` }
  }
  return { trafficGenerator: addresses('50'), vmUnderTest: addresses('60') }
}

/** Which virtual CPU does what; the same in both guests. @throws RangeError as cpuPlan */
export const guestCpuPlan = ({ cpuSockets, cpuCores, cpuThreads }: DpdkParameters): CpuPlan =>
  cpuPlan({ sockets: cpuSockets, cores: cpuCores, threads: cpuThreads })

/** @throws RangeError when there are too few CPUs */
export function dpdkMachines(options: DpdkMachineOptions): DpdkMachines {
  const { names, parameters, namespace } = options
  const trex = parameters.trafficGenerator === 'trex'
  return {
    trafficGenerator: machine(
      options,
      names.trafficGenerator,
      options.macAddresses.trafficGenerator,
      placement(options, parameters.trafficGenTargetNodeName),
      parameters.trafficGenContainerDiskImage,
      { disk: trex ? 'trex-config' : 'pktgen-config', configMap: names.trafficGeneratorConfig, trex },
    ),
    vmUnderTest: machine(
      options,
      names.vmUnderTest,
      options.macAddresses.vmUnderTest,
      placement(options, parameters.vmUnderTestTargetNodeName),
      parameters.vmUnderTestContainerDiskImage,
      { disk: 'vmi-under-test-config', configMap: names.vmUnderTestConfig, trex: false },
    ),
    trafficGeneratorConfig: configMap(namespace, names.trafficGeneratorConfig, generatorFiles(options)),
    vmUnderTestConfig: configMap(namespace, names.vmUnderTestConfig, {
      [bootScript]: documentedBootScript(parameters),
    }),
  }
}

const pciAddresses = (of: DpdkParameters): string[] => [of.eastPciAddress, of.westPciAddress]

const documentedBootScript = (of: DpdkParameters): string =>
  dpdkBootScript(guestCpuPlan(of).isolatedCores, pciAddresses(of))

function generatorFiles({ parameters, macAddresses }: DpdkMachineOptions): Record<string, string> {
  if (parameters.trafficGenerator === 'pktgen') return { [bootScript]: pktgenBootScript(pciAddresses(parameters)) }
  const { trex } = guestCpuPlan(parameters)
  if (trex === null)
    throw new RangeError('TRex needs at least 4 virtual CPUs; set cpuCores, or use trafficGenerator: pktgen')
  return {
    ...trexFiles({
      trex,
      pciAddresses: { east: parameters.eastPciAddress, west: parameters.westPciAddress },
      portBandwidthGbps: parameters.portBandwidthGbps,
      macAddresses: macAddresses.vmUnderTest,
      profiles: streamProfiles(parameters),
    }),
    [bootScript]: documentedBootScript(parameters),
  }
}

/** One for each direction and frame size that the case sends. */
function streamProfiles(of: DpdkParameters): StreamProfile[] {
  const frames = of.mode === 'ndr' ? of.ndrFrameSizes : [of.frameBytes]
  const latency = of.mode !== 'ndr' && of.measureLatency
  return of.directions.flatMap((direction) => frames.map((frame) => ({ direction, frame, latency })))
}

function placement({ uid, parameters }: DpdkMachineOptions, node: string | undefined): VmiOption {
  if (node !== undefined) return withNodeAffinity(node)
  return parameters.requireDifferentNodes
    ? withPodAntiAffinity(uidLabel, uid)
    : withPreferredPodAntiAffinity(uidLabel, uid)
}

function machine(
  { namespace, uid, parameters }: DpdkMachineOptions,
  name: string,
  macAddresses: InterfaceAddresses,
  placed: VmiOption,
  image: string,
  config: { disk: string; configMap: string; trex: boolean },
): VirtualMachineInstance {
  const { networkAttachmentDefinitionName: east, westNetworkAttachmentDefinitionName: west = east } = parameters
  const network = (nad: string) =>
    parameters.networkAttachmentDefinitionNamespace === namespace
      ? nad
      : `${parameters.networkAttachmentDefinitionNamespace}/${nad}`
  const nic = (side: 'east' | 'west', nad: string) =>
    withMultusInterface({
      name: `nic-${side}`,
      networkAttachmentDefinition: network(nad),
      binding: 'sriov',
      model: 'virtio',
      macAddress: macAddresses[side],
      pciAddress: parameters[`${side}PciAddress`],
    })
  return vmi(
    name,
    withNamespace(namespace),
    withLabel(uidLabel, uid),
    ...undisturbedCpus,
    placed,
    withTerminationGracePeriod(0),
    withCpu({ sockets: parameters.cpuSockets, cores: parameters.cpuCores, threads: parameters.cpuThreads }),
    withDedicatedCpus({
      isolateEmulatorThread: parameters.isolateEmulatorThread,
      numaPassthrough: parameters.numaPassthrough,
    }),
    withHugepages(parameters.hugepageSize, parameters.guestMemory),
    withNetworkMultiqueue(),
    withRng(),
    // First in the list: port forwarding goes to the first interface in the status.
    ...(parameters.managementInterface ? [withMasqueradeInterface(managementInterface)] : []),
    nic('east', east),
    nic('west', west),
    withReadinessCommand({
      command: ['cat', readyMarker],
      initialDelaySeconds: parameters.readyDelaySeconds,
      periodSeconds: 10,
      timeoutSeconds: 10,
      failureThreshold: 30,
    }),
    withContainerDisk(image, { name: 'rootdisk', imagePullPolicy: 'Always' }),
    withCloudInitNoCloud({ name: 'cloudinitdisk', userData: dpdkUserData({ trex: config.trex }) }),
    withConfigMapDisk(config.disk, config.configMap, configDiskSerial),
  )
}
