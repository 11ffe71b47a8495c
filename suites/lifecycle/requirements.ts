/** What a lifecycle case may do, with reasons. */
import type { Permission } from '../../helpers/kubernetes/permission.ts'
import type { PlannedPermission } from '../../helpers/preflight/preflight-plan.ts'
import type { CaseRequirements } from '../../helpers/run/checkup-contract.ts'
import { parseQuantity } from '../../helpers/units/quantity.ts'
import { guestPermission, helpful, helpfulPermissions, networkPermission, required } from '../permissions.ts'
import { dataVolumeSourceOf, type Kind } from './kinds.ts'
import { needsStorage } from './needs.ts'
import type { LifecycleParameters } from './parameters.ts'

const vmKinds = (kind: Kind): boolean => dataVolumeSourceOf(kind) === undefined

/** VMs of a case at the same time. */
const machinesOf = (kind: Kind): number => (!vmKinds(kind) ? 0 : kind === 'sriov' ? 2 : 1)

export function lifecycleRequirements(of: LifecycleParameters, namespace: string): CaseRequirements {
  const { kind } = of
  const machines = machinesOf(kind)
  const volumes = kind === 'data-volume-clone' || kind === 'data-volume-snapshot' ? 2 : needsStorage(kind) ? 1 : 0
  return {
    permissions: permissions(of, namespace),
    networks: [],
    nodes: [],
    // Fewer than a migration needs: then it is skipped, or fails, with its reason.
    minimumSchedulableNodes: machines > 0 ? 1 : 0,
    creates: [
      ...(machines > 0 ? [{ kind: 'VirtualMachine', count: machines }] : []),
      ...(volumes > 0 ? [{ kind: 'DataVolume', count: volumes }] : []),
      ...(kind === 'migration' ? [{ kind: 'VirtualMachineInstanceMigration', count: of.repeats }] : []),
      ...(kind === 'snapshot-restore'
        ? [
            { kind: 'VirtualMachineSnapshot', count: 1 },
            { kind: 'VirtualMachineRestore', count: 1 },
          ]
        : []),
      ...(kind === 'network-policy' ? [{ kind: 'NetworkPolicy', count: 1 }] : []),
    ],
    ...(volumes > 0 && {
      space: [{ storageClass: of.storageClass ?? null, bytes: Number(parseQuantity(of.volumeSize)) * volumes }],
    }),
    measurementMilliseconds: 0,
  }
}

function permissions(of: LifecycleParameters, namespace: string): PlannedPermission[] {
  const { kind } = of
  const all =
    (group: string, resource: string, neededFor: string) =>
    (...verbs: Permission['verb'][]): PlannedPermission[] =>
      verbs.map((verb) => required({ verb, group, resource, namespace }, neededFor))
  const subresources = (kindOf: 'virtualmachines' | 'virtualmachineinstances', ...names: string[]) =>
    names.flatMap((name) => all('subresources.kubevirt.io', `${kindOf}/${name}`, 'control the VMs')('update'))
  const overSsh = kind === 'ssh' || kind === 'network-policy' || of.imagePath !== undefined
  return [
    ...(vmKinds(kind)
      ? [
          ...all('kubevirt.io', 'virtualmachines', 'create, watch and remove the VMs')('create', 'get', 'delete'),
          ...all('kubevirt.io', 'virtualmachineinstances', 'see whether the VMs run')('get'),
          guestPermission(namespace, overSsh ? 'ssh' : 'console', 'run commands in the guests'),
        ]
      : []),
    ...(controlled.has(kind)
      ? [
          ...subresources('virtualmachines', 'start', 'stop', 'restart', 'migrate'),
          ...subresources('virtualmachineinstances', 'pause', 'unpause', 'softreboot'),
        ]
      : []),
    ...(kind === 'guest-agent'
      ? ['guestosinfo', 'userlist', 'filesystemlist'].flatMap((name) =>
          all('subresources.kubevirt.io', `virtualmachineinstances/${name}`, 'ask the guest agent')('get'),
        )
      : []),
    ...(kind === 'hot-plug' ? subresources('virtualmachines', 'addvolume', 'removevolume') : []),
    ...(needsStorage(kind)
      ? [
          ...all('cdi.kubevirt.io', 'datavolumes', 'make the volumes')('create', 'get', 'delete'),
          ...all('', 'persistentvolumeclaims', 'look at the claims of the volumes')('get'),
        ]
      : []),
    ...(kind === 'stateful-upload'
      ? all('upload.cdi.kubevirt.io', 'uploadtokenrequests', 'get a token for the upload')('create')
      : []),
    ...(kind === 'data-volume-snapshot'
      ? all('snapshot.storage.k8s.io', 'volumesnapshots', 'take a snapshot of a claim')('create', 'get', 'delete')
      : []),
    ...(kind === 'migration'
      ? // Not part of the roles admin and edit of KubeVirt, but of kubevirt.io:migrate.
        all('kubevirt.io', 'virtualmachineinstancemigrations', 'migrate the VM (ClusterRole kubevirt.io:migrate)')(
          'create',
          'get',
          'delete',
        )
      : []),
    ...(kind === 'snapshot-restore'
      ? ['virtualmachinesnapshots', 'virtualmachinerestores'].flatMap((resource) =>
          all('snapshot.kubevirt.io', resource, 'take a snapshot of the VM and restore it')('create', 'get', 'delete'),
        )
      : []),
    ...(kind === 'sriov'
      ? [
          networkPermission(
            of.networkAttachmentDefinitionNamespace,
            'required',
            'read the network of the virtual functions',
          ),
        ]
      : []),
    ...(kind === 'network-policy'
      ? all('networking.k8s.io', 'networkpolicies', 'cut the VM off')('create', 'get', 'delete')
      : []),
    ...helpfulPermissions(namespace),
    helpful({ verb: 'list', group: '', resource: 'nodes' }, 'see whether the cluster offers what the case needs'),
    helpful(
      { verb: 'list', group: 'storage.k8s.io', resource: 'storageclasses' },
      'see whether the cluster offers what the case needs',
    ),
  ]
}

/** Kinds whose VMs are started, stopped and the like by the case. */
const controlled: ReadonlySet<Kind> = new Set<Kind>([
  'stateless',
  'lifecycle',
  'run-strategies',
  'stateful-upload',
  'wait-for-first-consumer',
  'snapshot-restore',
])
