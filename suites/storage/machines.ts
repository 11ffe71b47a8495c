/** The VM of a group, with its three disks: root, data of the pool under test, cloud-init. */
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import {
  dataVolumeTemplate,
  persistentVolumeClaim,
  type DataVolumeSource,
  type PersistentVolumeClaim,
} from '../../helpers/kubevirt/claims.ts'
import { withCpu } from '../../helpers/kubevirt/cpu.ts'
import { withRng } from '../../helpers/kubevirt/devices.ts'
import { withMasqueradeInterface } from '../../helpers/kubevirt/network.ts'
import { withTerminationGracePeriod } from '../../helpers/kubevirt/placement.ts'
import { withContainerDisk, withDisk } from '../../helpers/kubevirt/storage.ts'
import { type RunStrategy, virtualMachine, type VirtualMachineObject } from '../../helpers/kubevirt/virtual-machine.ts'
import type { VmiOption } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import { formatBytes } from '../../helpers/units/quantity.ts'
import type { VmSize } from './matrix.ts'
import type { StorageParameters } from './parameters.ts'
import type { StoragePool } from './pools.ts'

/** What a VM of a group, or the pod beside it, is made from. */
export interface MemberParts {
  name: string
  namespace: string
  runId: string
  pool: StoragePool
  vmSize: VmSize
  pvcSize: string
}

export interface MachineParts extends MemberParts {
  userData: string
  runStrategy?: RunStrategy
}

export interface StorageMachine {
  vm: VirtualMachineObject
  secret: KubernetesObject
  dataClaim: PersistentVolumeClaim
}

export const rootVolumeOf = (vmName: string): string => `${vmName}-rootdisk`
const dataVolumeName = 'datadisk'

export function storageMachine(parts: MachineParts, of: StorageParameters): StorageMachine {
  const { name, namespace, pool, vmSize, pvcSize } = parts
  const labels = labelsOf(parts, vmSize.label)
  const secretName = `${name}-cloudinit`
  const claimName = `${name}-data`
  const size = { memory: formatBytes(vmSize.memory), cpu: String(vmSize.vcpus) }
  const vm = virtualMachine(
    {
      name,
      namespace,
      labels,
      runStrategy: parts.runStrategy ?? 'Always',
      vmiLabels: { ...labels, 'perf-test/vm': name },
      ...(of.rootDiskImage === undefined && {
        dataVolumeTemplates: [
          dataVolumeTemplate({
            name: rootVolumeOf(name),
            source: rootSource(of),
            storageClass: of.rootStorageClass ?? null,
            size: of.rootDiskSize,
          }),
        ],
      }),
    },
    withTerminationGracePeriod(30),
    withCpu({ cores: vmSize.vcpus, sockets: 1, threads: 1 }),
    withManyQueues(),
    withRng(),
    withGuaranteed(size),
    withMasqueradeInterface('default'),
    of.rootDiskImage === undefined
      ? withDisk({ name: 'rootdisk', dataVolume: { name: rootVolumeOf(name) } })
      : withContainerDisk(of.rootDiskImage, { name: 'rootdisk' }),
    withDisk({ name: dataVolumeName, persistentVolumeClaim: { claimName } }),
    withDisk({ name: 'cloudinitdisk', cloudInitNoCloud: { secretRef: { name: secretName } } }),
  )
  return {
    vm,
    // The webhook limits what stands in a VM to 2048 bytes.
    secret: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secretName, namespace, labels },
      type: 'Opaque',
      stringData: { userdata: parts.userData },
    },
    dataClaim: persistentVolumeClaim({ ...pool, name: claimName, namespace, labels, size: pvcSize }),
  }
}

/** @param size label of the VM size, with the prefix of pods for them */
export const labelsOf = ({ runId, pool, pvcSize }: MemberParts, size: string): Record<string, string> => ({
  app: 'vm-perf-test',
  'perf-test/run-id': runId,
  'perf-test/storage-pool': pool.name,
  'perf-test/vm-size': size,
  'perf-test/pvc-size': pvcSize,
})

export function rootSource(of: StorageParameters): DataVolumeSource {
  if (of.rootDiskUrl === undefined)
    return { kind: 'data-source', namespace: of.dataSourceNamespace, name: of.dataSourceName }
  return { kind: of.rootDiskUrl.startsWith('docker://') ? 'registry' : 'http', url: of.rootDiskUrl }
}

/** A queue for each virtual CPU, and threads for I/O: what one disk can do is not to be bound by one CPU. */
const withManyQueues = (): VmiOption => (vmi) => {
  vmi.spec.domain.ioThreadsPolicy = 'auto'
  vmi.spec.domain.devices.blockMultiQueue = true
}

/** Requests and limits are the same: neighbours do not disturb the measurement. */
const withGuaranteed =
  (amounts: { memory: string; cpu: string }): VmiOption =>
  (vmi) => {
    vmi.spec.domain.resources = { requests: { ...amounts }, limits: { ...amounts } }
  }
