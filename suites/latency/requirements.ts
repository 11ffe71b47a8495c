import type { PlannedPermission } from '../../helpers/preflight/preflight-plan.ts'
import type { CaseRequirements } from '../../helpers/run/checkup-contract.ts'
import type { LatencyParameters } from './contract.ts'
import { packetPlan } from './packet-plan.ts'

/** What one latency case needs of the cluster. The required permissions are those of the documented Role, and no more. */
export function latencyRequirements(parameters: LatencyParameters, namespace: string): CaseRequirements {
  const network = {
    namespace: parameters.networkAttachmentDefinitionNamespace,
    name: parameters.networkAttachmentDefinitionName,
  }
  const { sourceNode, targetNode } = parameters
  const nodes = [sourceNode, targetNode].filter((node) => node !== undefined)
  const measurements = parameters.ipFamilies.length * (parameters.bothDirections ? 2 : 1)
  return {
    permissions: permissions(namespace, network.namespace, parameters.guestAccess),
    networks: [network],
    nodes,
    minimumSchedulableNodes: sourceNode !== undefined && sourceNode === targetNode ? 1 : 2,
    creates: [{ kind: 'VirtualMachineInstance', count: 2 }],
    measurementMilliseconds: packetPlan(parameters).durationMilliseconds * measurements,
  }
}

function permissions(namespace: string, networkNamespace: string, access: 'console' | 'ssh'): PlannedPermission[] {
  const vmis = { group: 'kubevirt.io', resource: 'virtualmachineinstances', namespace }
  const channel = access === 'console' ? 'virtualmachineinstances/console' : 'virtualmachineinstances/portforward'
  const required: [PlannedPermission['permission'], string][] = [
    [{ verb: 'create', ...vmis }, 'create the VMs'],
    [{ verb: 'get', ...vmis }, 'see whether the VMs run'],
    [{ verb: 'delete', ...vmis }, 'remove the VMs'],
    [{ verb: 'get', group: 'subresources.kubevirt.io', resource: channel, namespace }, 'run ping in the guests'],
    [
      {
        verb: 'get',
        group: 'k8s.cni.cncf.io',
        resource: 'network-attachment-definitions',
        namespace: networkNamespace,
      },
      'choose the interface binding',
    ],
  ]
  const helpful: [PlannedPermission['permission'], string][] = [
    [{ verb: 'watch', ...vmis }, 'see changes at once instead of asking every second'],
    [{ verb: 'list', ...vmis }, 'find what earlier runs left behind'],
    [{ verb: 'list', group: '', resource: 'events', namespace }, 'say why a VM does not start'],
    [{ verb: 'list', group: '', resource: 'pods', namespace }, 'collect launcher pods and their logs as evidence'],
    [{ verb: 'get', group: '', resource: 'pods/log', namespace }, 'collect the logs of launcher pods as evidence'],
  ]
  return [
    ...required.map(([permission, neededFor]) => ({ permission, neededFor, required: true })),
    ...helpful.map(([permission, neededFor]) => ({ permission, neededFor, required: false })),
  ]
}
