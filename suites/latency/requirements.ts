import type { CaseRequirements } from '../../helpers/run/checkup-contract.ts'
import { guestPermission, helpfulPermissions, networkPermission, vmPermissions } from '../permissions.ts'
import { configMapAccess, networkRule, type UpstreamRole, vmRules } from '../upstream-manifests.ts'
import { upstreamRequirements } from '../upstream-parameters.ts'
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
  const ours: CaseRequirements = {
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
  return parameters.engine === 'ours'
    ? ours
    : upstreamRequirements(
        { ...ours, measurementMilliseconds: parameters.sampleDurationSeconds * 1000 },
        namespace,
        upstreamRoles(parameters, namespace),
      )
}

export function upstreamRoles(of: LatencyParameters, namespace: string): UpstreamRole[] {
  const networks = of.networkAttachmentDefinitionNamespace
  const name = 'kubevirt-vm-latency-checker'
  return [
    configMapAccess(namespace),
    { name, namespace, rules: [...vmRules, networkRule] },
    // The documented Role reaches no network of another namespace.
    ...(networks === namespace ? [] : [{ name: `${name}-networks`, namespace: networks, rules: [networkRule] }]),
  ]
}
