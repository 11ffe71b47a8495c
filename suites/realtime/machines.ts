/** The VM of a case and the ConfigMap with its boot script. */
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { withCloudInitNoCloud } from '../../helpers/kubevirt/cloud-init.ts'
import { withCpu, withCpuModel, withDedicatedCpus, withRealtime } from '../../helpers/kubevirt/cpu.ts'
import { withoutGraphics, withoutMemoryBalloon, withSerialConsole } from '../../helpers/kubevirt/devices.ts'
import { withHugepages } from '../../helpers/kubevirt/memory.ts'
import { withNamespace } from '../../helpers/kubevirt/metadata.ts'
import { withNodeSelector, withTerminationGracePeriod } from '../../helpers/kubevirt/placement.ts'
import { withReadinessCommand } from '../../helpers/kubevirt/readiness-probe.ts'
import { withConfigMapDisk, withContainerDisk } from '../../helpers/kubevirt/storage.ts'
import { type VirtualMachineInstance, vmi } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import { configDiskSerial, configMap, type ConfigMap, undisturbedCpus } from '../boot-configuration.ts'
import { bootScript, readyMarker, realtimeBootScript, realtimeUserData } from './guest-files.ts'
import { measuredCpus, type RealtimeParameters } from './parameters.ts'

export interface MachineNames {
  vmUnderTest: string
  config: string
}

/** Names as the documented checkup gives them, both with the same random end. */
export function machineNames(): MachineNames {
  const end = randomName('')
  return { vmUnderTest: `realtime-vmi-under-test-${end}`, config: `realtime-vm-config-${end}` }
}

export interface RealtimeMachines {
  vmUnderTest: VirtualMachineInstance
  config: ConfigMap
}

export function realtimeMachines(namespace: string, names: MachineNames, of: RealtimeParameters): RealtimeMachines {
  const node = of.vmUnderTestTargetNodeName
  const vmUnderTest = vmi(
    names.vmUnderTest,
    withNamespace(namespace),
    ...undisturbedCpus,
    ...(node === undefined ? [] : [withNodeSelector({ 'kubernetes.io/hostname': node })]),
    withTerminationGracePeriod(0),
    withCpu({ sockets: of.cpuSockets, cores: of.cpuCores, threads: of.cpuThreads }),
    withCpuModel(of.cpuModel),
    // Realtime VMs must see the NUMA topology of their node, or the API refuses them.
    withDedicatedCpus({ isolateEmulatorThread: of.isolateEmulatorThread, numaPassthrough: true }),
    withRealtime(of.realtimeMask),
    withHugepages(of.hugepageSize, of.guestMemory),
    withoutGraphics(),
    withoutMemoryBalloon(),
    withSerialConsole(),
    withReadinessCommand({
      command: ['cat', readyMarker],
      initialDelaySeconds: of.readyDelaySeconds,
      periodSeconds: 10,
      timeoutSeconds: 10,
      failureThreshold: 30,
    }),
    withContainerDisk(of.vmUnderTestContainerDiskImage, { name: 'rootdisk', imagePullPolicy: 'Always' }),
    withConfigMapDisk('realtime-config', names.config, configDiskSerial),
    withCloudInitNoCloud({ name: 'cloudinitdisk', userData: realtimeUserData(), diskEntry: false }),
  )
  return {
    vmUnderTest,
    config: configMap(namespace, names.config, { [bootScript]: realtimeBootScript(measuredCpus(of), of.tunedProfile) }),
  }
}
