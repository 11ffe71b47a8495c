/** Checks of volumes, migration, snapshots, networks and deletion. */
import type { CheckDeclaration } from '../../helpers/run/checkup-contract.ts'

type Fixed = (
  declaration: Pick<CheckDeclaration, 'id' | 'title' | 'proves' | 'measuredBy' | 'remediation'> & { limit: string },
) => CheckDeclaration

const worker =
  'Look at the worker pod of the DataVolume (importer, uploader, cloner), its log, and the events of the claim.'
const migration =
  'Look at the conditions of the VirtualMachineInstanceMigration, at migrationState of the VMI, and at both launcher logs.'
const snapshot = 'Look at status.error and the conditions, and at the VolumeSnapshots of the VM.'

export const storageLifeChecks = (fixed: Fixed): CheckDeclaration[] => [
  fixed({
    id: 'data-volume',
    title: 'The DataVolume is filled',
    proves: 'CDI fills volumes from this source.',
    measuredBy: 'Phase of the DataVolume when it has ended, or its claim where CDI has removed it already.',
    limit: 'Succeeded',
    remediation: worker,
  }),
  fixed({
    id: 'data-volume-restarts',
    title: 'No worker pod had to be started again',
    proves: 'The volume was filled at the first try.',
    measuredBy: 'status.restartCount of the DataVolume.',
    limit: '0',
    remediation: worker,
  }),
  fixed({
    id: 'claim',
    title: 'The claim is as it was asked for',
    proves: 'Class, modes and size of the volume are those that the DataVolume asks for.',
    measuredBy: 'Spec and status of the PersistentVolumeClaim.',
    limit: 'as asked',
    remediation: 'Look at the StorageProfile of the class, and for webhooks that change claims.',
  }),
  {
    ...fixed({
      id: 'clone-type',
      title: 'The volume is cloned in the way that is expected',
      proves: 'Clones are made by the storage, where it can, and not by copying.',
      measuredBy: 'Annotation cdi.kubevirt.io/cloneType of the claim.',
      limit: 'none',
      remediation: 'Read cdi.kubevirt.io/cloneFallbackReason of the claim, and cloneStrategy of the StorageProfile.',
    }),
    limitParameter: 'expectedCloneType',
    defaultLimit: null,
    defaultLimitSource: 'not judged unless given',
  },
  fixed({
    id: 'waits-for-consumer',
    title: 'A DataVolume waits for its first consumer',
    proves: 'Volumes are made where the VM runs that uses them.',
    measuredBy: 'Phase of the DataVolume, and status of the VM, before the VM runs.',
    limit: 'waiting',
    remediation: 'Look at volumeBindingMode of the class and at the feature gate HonorWaitForFirstConsumer of CDI.',
  }),
  fixed({
    id: 'upload',
    title: 'The image is uploaded',
    proves: 'Tokens, upload proxy and upload server take an image.',
    measuredBy: 'Answer of the upload proxy to the whole image.',
    limit: 'taken',
    remediation:
      'Look at the service cdi-uploadproxy and its pod, at the upload pod of the claim, and at the size of the volume.',
  }),
  fixed({
    id: 'migration',
    title: 'The migration succeeds',
    proves: 'Running VMs can be moved off a node.',
    measuredBy: 'Phase of the VirtualMachineInstanceMigration.',
    limit: 'Succeeded',
    remediation: migration,
  }),
  fixed({
    id: 'migrated-node',
    title: 'The VM runs on another node afterwards',
    proves: 'It was really moved, and its status says where to.',
    measuredBy: 'status.nodeName of the VMI, and targetNode of its migrationState.',
    limit: 'another node',
    remediation: migration,
  }),
  fixed({
    id: 'migration-source',
    title: 'Nothing is left of the VM on the node that it came from',
    proves: 'There is one launcher that runs.',
    measuredBy: 'Launcher pods of the VMI that have not ended, by node, after the migration.',
    limit: 'one launcher',
    remediation: migration,
  }),
  fixed({
    id: 'snapshot',
    title: 'A running VM can be snapshotted',
    proves: 'The snapshot is ready to use, and says how it was taken.',
    measuredBy: 'status.phase and readyToUse of the VirtualMachineSnapshot.',
    limit: 'Succeeded, ready to use',
    remediation: snapshot,
  }),
  fixed({
    id: 'snapshot-online',
    title: 'The snapshot says that the VM was running',
    proves: 'Whoever restores it knows that it is of a running system, and whether the agent froze its file systems.',
    measuredBy: 'status.indications of the VirtualMachineSnapshot.',
    limit: 'Online',
    remediation: snapshot,
  }),
  fixed({
    id: 'restore',
    title: 'The VM is restored',
    proves: 'Snapshots can be used.',
    measuredBy: 'status.complete of the VirtualMachineRestore.',
    limit: 'complete',
    remediation: snapshot,
  }),
  fixed({
    id: 'hot-plugged',
    title: 'The guest sees what is plugged in, and no longer what is plugged out',
    proves: 'Disks come and go while the VM runs.',
    measuredBy: 'Disks that lsblk lists in the guest, by serial number.',
    limit: 'seen, then not',
    remediation: 'Look at status.volumeStatus of the VMI and at its attachment pod.',
  }),
  fixed({
    id: 'sriov-interface',
    title: 'The VM has a virtual function',
    proves:
      'The device reached the pod, the VMI tells its MAC address, and the guest has it with the address it was given.',
    measuredBy: 'network-status of the launcher pod, status.interfaces of the VMI, `ip addr` in the guest.',
    limit: 'present',
    remediation: 'Look at the NetworkAttachmentDefinition, at the device plugin and at the network data of the guest.',
  }),
  fixed({
    id: 'sriov-ping',
    title: 'Two VMs reach each other over virtual functions',
    proves: 'The network behind the virtual functions works.',
    measuredBy: 'ping from one VM to the other.',
    limit: 'answered',
    remediation: 'Look at VLAN, trust and spoof check of the network, and at the switch between the nodes.',
  }),
  fixed({
    id: 'policy-enforced',
    title: 'A network policy cuts a VM off, and its removal lets it be reached again',
    proves: 'That a VM can be reached says something about policies only where they are enforced.',
    measuredBy: 'SSH through port forwarding: before, under, and after a policy that denies all ingress to the VM.',
    limit: 'reached or not, as the policy says',
    remediation: 'Use a CNI plugin that enforces NetworkPolicies, and look for policies that stay behind.',
  }),
  fixed({
    id: 'gone',
    title: 'Deleting a VM deletes all that belongs to it',
    proves: 'VMI, launcher pod, DataVolume and claims go with the VM.',
    measuredBy: 'Whether each of them is there after the VM was deleted, within stepTimeout.',
    limit: 'gone',
    remediation: 'Look for finalizers that nobody removes, and at the owner references.',
  }),
  fixed({
    id: 'persistent-volume',
    title: 'The volume is treated as its reclaim policy says',
    proves: 'Deleted data is deleted, and retained data is retained.',
    measuredBy: 'The PersistentVolume after its claim is gone.',
    limit: 'gone, or Released with policy Retain',
    remediation: 'Look at the events of the PersistentVolume and at the log of the CSI provisioner.',
  }),
  {
    ...fixed({
      id: 'labelled-leftovers',
      title: 'Nothing with the label of the case is left',
      proves: 'Nothing else came to be and stayed.',
      measuredBy: 'Objects with the label of the case: VMs, VMIs, pods, DataVolumes, claims.',
      limit: '0',
      remediation: 'Remove what is named, and look at who should have.',
    }),
    operator: '<=',
  },
]
