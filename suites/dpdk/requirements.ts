import type { PlannedMachine } from '../../helpers/preflight/preflight-plan.ts'
import type { CaseRequirements } from '../../helpers/run/checkup-contract.ts'
import {
  configMapPermissions,
  guestPermission,
  helpfulPermissions,
  networkPermission,
  vmPermissions,
} from '../permissions.ts'
import { configMapAccess, guestConfigurationRule, type UpstreamRole, vmRules } from '../upstream-manifests.ts'
import { upstreamRequirements } from '../upstream-parameters.ts'
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
  const ours: CaseRequirements = {
    permissions: [
      ...vmPermissions(namespace),
      guestPermission(namespace, 'console', 'run testpmd and the traffic generator in the guests'),
      ...configMapPermissions(namespace),
      networkPermission(
        parameters.networkAttachmentDefinitionNamespace,
        'helpful',
        'see before the run whether the network is one of SR-IOV, and has devices free',
      ),
      ...helpfulPermissions(namespace),
    ],
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
  return parameters.engine === 'ours' ? ours : upstreamRequirements(ours, namespace, upstreamRoles(namespace))
}

export const upstreamRoles = (namespace: string): UpstreamRole[] => [
  configMapAccess(namespace),
  { name: 'kubevirt-dpdk-checker', namespace, rules: [...vmRules, guestConfigurationRule] },
]

type Network = CaseRequirements['networks'][number]

/** One, or two where east and west differ. */
function networksOf(of: DpdkParameters): [Network, ...Network[]] {
  const namespace = of.networkAttachmentDefinitionNamespace
  const east = { namespace, name: of.networkAttachmentDefinitionName }
  const west = of.westNetworkAttachmentDefinitionName
  return west === undefined || west === east.name ? [east] : [east, { namespace, name: west }]
}
