import type { PlannedPermission, PlannedSpace } from '../../helpers/preflight/preflight-plan.ts'
import type { CaseRequirements } from '../../helpers/run/checkup-contract.ts'
import { parseQuantity } from '../../helpers/units/quantity.ts'
import { guestPermission, helpful, helpfulPermissions, required } from '../permissions.ts'
import type { StorageParameters } from './parameters.ts'
import { plannedGroups, poolNamed, poolsOf, storageMatrix } from './plan.ts'
import { measurementSeconds } from './timing.ts'

/** What one storage case needs of the cluster. */
export function storageRequirements(of: StorageParameters, namespace: string): CaseRequirements {
  const { vms, dataBytes } = extent(of)
  const pods = podExtent(of)
  const hasVolumes = of.rootDiskImage === undefined
  const root = hasVolumes ? [{ kind: 'DataVolume', count: vms }] : []
  return {
    permissions: permissions(of, namespace),
    networks: [],
    nodes: [],
    minimumSchedulableNodes: of.procedure === 'migration' && of.requireMigratable ? 2 : 1,
    creates:
      vms === 0
        ? extraObjects(of)
        : [
            { kind: 'VirtualMachine', count: vms },
            { kind: 'Secret', count: vms },
            { kind: 'PersistentVolumeClaim', count: vms + pods.claims },
            ...root,
            ...(pods.pods === 0
              ? []
              : [
                  { kind: 'ConfigMap', count: pods.configMaps },
                  { kind: 'Pod', count: pods.pods },
                ]),
            ...extraObjects(of),
          ],
    space: bySpace([
      ...dataBytes,
      ...(hasVolumes && vms > 0
        ? [{ storageClass: of.rootStorageClass ?? null, bytes: Number(parseQuantity(of.rootDiskSize)) * atOnce(of) }]
        : []),
    ]),
    ...requests(of),
    exclusive: {
      storageClasses: poolsOf(of).map(({ storageClass }) => storageClass),
      // The ramp goes on until there is no more room: beside others it would find too little.
      wholeCluster: of.procedure === 'fio' && of.mode === 'scale',
    },
    measurementMilliseconds: measurementSeconds(of) * 1000,
  }
}

/** The groups of a case follow each other. The ramp adds VMs until there is no room, and says so. */
function requests(of: StorageParameters): Pick<CaseRequirements, 'requests'> {
  if (of.procedure === 'preflight' || of.procedure === 'clone' || (of.procedure === 'fio' && of.mode === 'scale'))
    return {}
  const { vmSizes } = storageMatrix(of)
  const [first] = vmSizes
  const groups = of.procedure === 'fio' ? plannedGroups(of).groups : [{ vmSize: first?.label, concurrency: atOnce(of) }]
  const fleets = groups.flatMap(({ vmSize, concurrency }) => {
    const size = vmSizes.find(({ label }) => label === vmSize)
    return size === undefined ? [] : [{ size, vms: concurrency }]
  })
  return {
    requests: {
      cpus: Math.max(0, ...fleets.map(({ size, vms }) => size.vcpus * vms)),
      memoryBytes: Math.max(0, ...fleets.map(({ size, vms }) => Number(size.memory) * vms)),
    },
  }
}

/** VMs that a case makes, and the room that data disks take at the same time. */
function extent(of: StorageParameters): { vms: number; dataBytes: PlannedSpace[] } {
  const [first] = poolsOf(of)
  const storageClass = first?.storageClass ?? null
  const pvc = Number(parseQuantity(of.pvcSizes[0] ?? '0'))
  if (of.procedure === 'fio') {
    const { groups } = plannedGroups(of)
    const space = groups.map(({ pool, pvcSize, concurrency }) => ({
      storageClass: poolNamed(of, pool).storageClass,
      bytes: Number(parseQuantity(pvcSize)) * concurrency,
    }))
    // The groups of a case follow each other.
    const largest = space.toSorted((one, other) => other.bytes - one.bytes).slice(0, 1)
    return { vms: groups.reduce((sum, { concurrency }) => sum + concurrency, 0), dataBytes: largest }
  }
  if (of.procedure === 'preflight' || of.procedure === 'clone') return { vms: 0, dataBytes: [] }
  const vms = of.procedure === 'bootstorm' ? of.bootStormVms : 1
  return { vms, dataBytes: [{ storageClass, bytes: pvc * vms }] }
}

/** What the pods beside the VMs add. They follow the VMs, and take the room that those have left. */
function podExtent(of: StorageParameters): { claims: number; configMaps: number; pods: number } {
  const groups = of.podBaseline && of.procedure === 'fio' ? plannedGroups(of).groups : []
  const sum = (count: (group: (typeof groups)[number]) => number) =>
    groups.reduce((total, group) => total + count(group), 0)
  return {
    claims: sum(({ concurrency }) => concurrency),
    configMaps: sum(({ permutations }) => permutations.length),
    pods: sum(({ concurrency, permutations }) => concurrency * permutations.length),
  }
}

const atOnce = (of: StorageParameters): number =>
  of.procedure === 'fio'
    ? Math.max(0, ...plannedGroups(of).groups.map(({ concurrency }) => concurrency))
    : of.procedure === 'bootstorm'
      ? of.bootStormVms
      : 1

function extraObjects(of: StorageParameters): { kind: string; count: number }[] {
  const extra: Record<StorageParameters['procedure'], { kind: string; count: number }[]> = {
    fio: [],
    preflight: [{ kind: 'DataVolume', count: of.pools.length }],
    clone: [{ kind: 'DataVolume', count: 1 }],
    snapshot: [
      { kind: 'VirtualMachineSnapshot', count: 1 },
      { kind: 'VirtualMachineRestore', count: 1 },
    ],
    hotplug: [{ kind: 'DataVolume', count: 1 }],
    bootstorm: [],
    migration: [{ kind: 'VirtualMachineInstanceMigration', count: 1 }],
  }
  return extra[of.procedure]
}

function bySpace(space: readonly PlannedSpace[]): PlannedSpace[] {
  return [...Map.groupBy(space, ({ storageClass }) => storageClass)].map(([storageClass, of]) => ({
    storageClass,
    bytes: of.reduce((sum, { bytes }) => sum + bytes, 0),
  }))
}

function permissions(of: StorageParameters, namespace: string): PlannedPermission[] {
  const inNamespace = (group: string, resource: string) => ({ group, resource, namespace })
  const each = (verbs: readonly string[], target: ReturnType<typeof inNamespace>, neededFor: string) =>
    verbs.map((verb) => required({ verb, ...target }, neededFor))
  const needsVms = of.procedure !== 'preflight' && of.procedure !== 'clone'
  const volumes = inNamespace('cdi.kubevirt.io', 'datavolumes')
  const features: Record<StorageParameters['procedure'], PlannedPermission[]> = {
    fio: of.podBaseline
      ? [
          ...each(['create', 'get', 'delete'], inNamespace('', 'pods'), 'run fio in plain pods (podBaseline)'),
          ...each(['get'], inNamespace('', 'pods/log'), 'read what fio printed in them'),
          ...each(['create', 'get', 'delete'], inNamespace('', 'configmaps'), 'give them the job of fio'),
          helpful({ verb: 'watch', ...inNamespace('', 'pods') }, 'see changes at once'),
          helpful(
            { verb: 'get', group: '', resource: 'namespaces', name: namespace },
            'see whether OpenShift gives pods their user',
          ),
        ]
      : [],
    preflight: each(['create', 'get', 'delete'], volumes, 'see whether a volume is bound'),
    clone: each(['create', 'get', 'delete'], volumes, 'clone a root disk'),
    snapshot: [
      ...each(
        ['create', 'get', 'delete'],
        inNamespace('snapshot.kubevirt.io', 'virtualmachinesnapshots'),
        'take snapshots',
      ),
      ...each(
        ['create', 'get', 'delete'],
        inNamespace('snapshot.kubevirt.io', 'virtualmachinerestores'),
        'restore snapshots',
      ),
      ...startStop(namespace),
    ],
    hotplug: [
      ...each(['create', 'get', 'delete'], volumes, 'have a volume to plug'),
      ...['addvolume', 'removevolume'].flatMap((name) =>
        each(
          ['update'],
          inNamespace('subresources.kubevirt.io', `virtualmachines/${name}`),
          'plug volumes into running VMs',
        ),
      ),
    ],
    bootstorm: startStop(namespace),
    migration: each(
      ['create', 'get', 'delete'],
      inNamespace('kubevirt.io', 'virtualmachineinstancemigrations'),
      'migrate a VM (ClusterRole kubevirt.io:migrate)',
    ),
  }
  const clusterWide = (group: string, resource: string) =>
    helpful({ verb: 'list', group, resource }, 'tell which class and driver a pool has')
  return [
    ...(needsVms
      ? [
          ...each(
            ['create', 'get', 'delete'],
            inNamespace('kubevirt.io', 'virtualmachines'),
            'create, see and remove VMs',
          ),
          ...each(['get'], inNamespace('kubevirt.io', 'virtualmachineinstances'), 'see where VMs run'),
          ...each(
            ['create', 'get', 'delete'],
            inNamespace('', 'persistentvolumeclaims'),
            'create and remove data disks',
          ),
          ...each(['create', 'delete'], inNamespace('', 'secrets'), 'give guests their cloud-init data'),
          guestPermission(namespace, 'ssh', 'run fio in the guests'),
          helpful({ verb: 'get', ...volumes }, 'see how far root disks are'),
          helpful({ verb: 'watch', ...inNamespace('kubevirt.io', 'virtualmachines') }, 'see changes at once'),
        ]
      : []),
    ...features[of.procedure],
    clusterWide('storage.k8s.io', 'storageclasses'),
    ...(of.procedure === 'preflight'
      ? [
          clusterWide('cdi.kubevirt.io', 'storageprofiles'),
          clusterWide('snapshot.storage.k8s.io', 'volumesnapshotclasses'),
          clusterWide('', 'nodes'),
        ]
      : []),
    ...(needsVms ? helpfulPermissions(namespace) : []),
  ]
}

const startStop = (namespace: string): PlannedPermission[] =>
  ['start', 'stop'].map((name) =>
    required(
      { verb: 'update', group: 'subresources.kubevirt.io', resource: `virtualmachines/${name}`, namespace },
      'start and stop VMs',
    ),
  )
