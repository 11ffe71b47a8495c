/** VMIs that are shown to the webhooks in dry runs; none is ever created. */
import { withMemory } from '../../helpers/kubevirt/memory.ts'
import { withNamespace } from '../../helpers/kubevirt/metadata.ts'
import { withContainerDisk } from '../../helpers/kubevirt/storage.ts'
import { type VirtualMachineInstance, vmi } from '../../helpers/kubevirt/virtual-machine-instance.ts'

/** With `missing` its disk names a volume that the VMI does not have: no schema tells, only KubeVirt's own admission. */
export function withDisk(namespace: string, volume: 'there' | 'missing'): VirtualMachineInstance {
  const machine = vmi(
    `kubevirt-acceptance-dry-run-${volume}`,
    withNamespace(namespace),
    withMemory('64Mi'),
    withContainerDisk('kubevirt-acceptance.invalid/never-pulled:dry-run'),
  )
  return volume === 'there' ? machine : { ...machine, spec: { ...machine.spec, volumes: [] } }
}
