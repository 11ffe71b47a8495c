import type { CaseRequirements } from '../../helpers/run/checkup-contract.ts'
import { guestPermission, helpfulPermissions, networkPermission, vmPermissions } from '../permissions.ts'
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
    permissions: [
      ...vmPermissions(namespace),
      guestPermission(namespace, parameters.guestAccess, 'run ping in the guests'),
      networkPermission(network.namespace, 'required', 'choose the interface binding'),
      ...helpfulPermissions(namespace),
    ],
    networks: [network],
    nodes,
    minimumSchedulableNodes: sourceNode !== undefined && sourceNode === targetNode ? 1 : 2,
    creates: [{ kind: 'VirtualMachineInstance', count: 2 }],
    measurementMilliseconds: packetPlan(parameters).durationMilliseconds * measurements,
  }
}
