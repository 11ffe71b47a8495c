/** What a platform case needs of the cluster: rights to look at things, and to have VMIs checked. It creates nothing. */
import type { PlannedPermission } from '../../helpers/preflight/preflight-plan.ts'
import type { CaseRequirements } from '../../helpers/run/checkup-contract.ts'
import type { Area } from './areas.ts'
import type { PlatformParameters } from './parameters.ts'

type Right = readonly [verb: 'get' | 'list' | 'create', group: string, resource: string, where?: string]

/** What is read with these is skipped without them: none is required. */
const why: Record<Area, string> = {
  kubevirt: 'judge KubeVirt',
  cdi: 'judge CDI',
  api: 'judge APIs and webhooks',
  nodes: 'judge the nodes for VMs',
  networking: 'judge networks and policies',
  storage: 'judge storage',
  certificates: 'judge certificates',
  workloads: 'judge the VMs of users',
}

const kubevirt: Right = ['list', 'kubevirt.io', 'kubevirts']
const apiServices: Right = ['list', 'apiregistration.k8s.io', 'apiservices']
const nodes: Right = ['list', '', 'nodes']
const cdiNamespace: Right = ['get', 'apiregistration.k8s.io', 'apiservices']
const components: Right[] = [
  ['list', 'apps', 'deployments'],
  ['list', 'apps', 'daemonsets'],
  ['list', '', 'pods'],
]

/** @param ofCdi what it takes to find the namespace of CDI */
const rightsOf = (ofCdi: Right[], namespace: string): Record<Area, Right[]> => ({
  kubevirt: [kubevirt, ...components],
  cdi: [['list', 'cdi.kubevirt.io', 'cdis'], ...ofCdi, ...components],
  api: [apiServices, ['create', 'kubevirt.io', 'virtualmachineinstances', namespace]],
  nodes: [nodes],
  networking: [
    kubevirt,
    ...ofCdi,
    nodes,
    ['get', 'k8s.cni.cncf.io', 'network-attachment-definitions'],
    ['list', 'networking.k8s.io', 'networkpolicies'],
    ['list', '', 'namespaces'],
  ],
  storage: [
    ...ofCdi,
    ['list', 'storage.k8s.io', 'storageclasses'],
    ['list', 'snapshot.storage.k8s.io', 'volumesnapshotclasses'],
    ['list', 'cdi.kubevirt.io', 'storageprofiles'],
    ['list', 'cdi.kubevirt.io', 'datasources'],
    ['list', 'cdi.kubevirt.io', 'dataimportcrons'],
    ['get', 'cdi.kubevirt.io', 'cdiconfigs'],
    ['get', '', 'services'],
    ['get', '', 'endpoints'],
  ],
  certificates: [kubevirt, ...ofCdi, apiServices, ['list', '', 'secrets']],
  workloads: [
    ['list', 'kubevirt.io', 'virtualmachines'],
    ['list', 'kubevirt.io', 'virtualmachineinstances'],
    nodes,
    ['get', '', 'namespaces'],
  ],
})

export function platformRequirements(of: PlatformParameters, namespace: string): CaseRequirements {
  const ofCdi = of.cdiNamespace === undefined ? [cdiNamespace] : []
  return {
    permissions: rightsOf(ofCdi, namespace)[of.area].map(([verb, group, resource, where]): PlannedPermission => ({
      permission: { verb, group, resource, ...(where !== undefined && { namespace: where }) },
      neededFor: why[of.area],
      required: false,
    })),
    networks: [],
    nodes: [],
    minimumSchedulableNodes: 0,
    creates: [],
    measurementMilliseconds: 0,
  }
}
