import type { PlannedMachine, PlannedPermission } from '../../helpers/preflight/preflight-plan.ts'
import type { CaseRequirements } from '../../helpers/run/checkup-contract.ts'
import { cpuCount } from './cpu-plan.ts'
import type { DpdkParameters } from './parameters.ts'
import { measurementSeconds } from './traffic-plan.ts'

/** What one DPDK case needs of the cluster. The required permissions are those of the documented Role, and no more. */
export function dpdkRequirements(parameters: DpdkParameters, namespace: string): CaseRequirements {
  const { trafficGenTargetNodeName: generator, vmUnderTestTargetNodeName: underTest } = parameters
  const networks = networksOf(parameters)
  const [east] = networks
  const west = networks.at(-1) ?? east
  const machine = (name: string, node: string | undefined): PlannedMachine => ({
    name,
    node: node ?? null,
    dedicatedCpus:
      cpuCount({ sockets: parameters.cpuSockets, cores: parameters.cpuCores, threads: parameters.cpuThreads }) +
      (parameters.isolateEmulatorThread ? 1 : 0),
    hugepages: { pageSize: parameters.hugepageSize, memory: parameters.guestMemory },
    networks: [east, west],
  })
  const differentNodes = generator === undefined && parameters.requireDifferentNodes
  return {
    permissions: permissions(namespace, parameters.networkAttachmentDefinitionNamespace),
    networks,
    nodes: [generator, underTest].filter((node) => node !== undefined),
    minimumSchedulableNodes: differentNodes || generator !== underTest ? 2 : 1,
    creates: [
      { kind: 'VirtualMachineInstance', count: 2 },
      { kind: 'ConfigMap', count: 2 },
    ],
    measurementMilliseconds: measurementSeconds(parameters) * 1000,
    machineSets: [
      { differentNodes, machines: [machine('traffic generator VM', generator), machine('VM under test', underTest)] },
    ],
  }
}

type Network = CaseRequirements['networks'][number]

/** One, or two where east and west differ. */
function networksOf(of: DpdkParameters): [Network, ...Network[]] {
  const namespace = of.networkAttachmentDefinitionNamespace
  const east = { namespace, name: of.networkAttachmentDefinitionName }
  const west = of.westNetworkAttachmentDefinitionName
  return west === undefined || west === east.name ? [east] : [east, { namespace, name: west }]
}

function permissions(namespace: string, networkNamespace: string): PlannedPermission[] {
  const vmis = { group: 'kubevirt.io', resource: 'virtualmachineinstances', namespace }
  const configMaps = { group: '', resource: 'configmaps', namespace }
  const required: [PlannedPermission['permission'], string][] = [
    [{ verb: 'create', ...vmis }, 'create the VMs'],
    [{ verb: 'get', ...vmis }, 'see whether the VMs run and are ready'],
    [{ verb: 'delete', ...vmis }, 'remove the VMs'],
    [
      {
        verb: 'get',
        group: 'subresources.kubevirt.io',
        resource: 'virtualmachineinstances/console',
        namespace,
      },
      'run testpmd and the traffic generator in the guests',
    ],
    [{ verb: 'create', ...configMaps }, 'give the guests their configuration'],
    [{ verb: 'delete', ...configMaps }, 'remove the configuration of the guests'],
  ]
  const helpful: [PlannedPermission['permission'], string][] = [
    [
      {
        verb: 'get',
        group: 'k8s.cni.cncf.io',
        resource: 'network-attachment-definitions',
        namespace: networkNamespace,
      },
      'see before the run whether the network is one of SR-IOV, and has devices free',
    ],
    [{ verb: 'watch', ...vmis }, 'see changes at once instead of asking every second'],
    [{ verb: 'list', ...vmis }, 'find what earlier runs left behind'],
    [{ verb: 'list', ...configMaps }, 'find what earlier runs left behind'],
    [{ verb: 'list', group: '', resource: 'events', namespace }, 'say why a VM does not start'],
    [{ verb: 'list', group: '', resource: 'pods', namespace }, 'collect launcher pods and their logs as evidence'],
    [{ verb: 'get', group: '', resource: 'pods/log', namespace }, 'collect the logs of launcher pods as evidence'],
  ]
  return [
    ...required.map(([permission, neededFor]) => ({ permission, neededFor, required: true })),
    ...helpful.map(([permission, neededFor]) => ({ permission, neededFor, required: false })),
  ]
}
