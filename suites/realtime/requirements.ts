import type { CaseRequirements } from '../../helpers/run/checkup-contract.ts'
import { configMapPermissions, guestPermission, helpfulPermissions, vmPermissions } from '../permissions.ts'
import { configMapAccess, guestConfigurationRule, type UpstreamRole, vmRules } from '../upstream-manifests.ts'
import { upstreamRequirements } from '../upstream-parameters.ts'
import { cpuCount, measurementSeconds, type RealtimeParameters } from './parameters.ts'

/** KubeVirt puts realtime VMs on nodes with this label only; its node labeller looks at kernel.sched_rt_runtime_us. */
const realtimeNode = { 'kubevirt.io/realtime': 'true' }

/** What one realtime case needs of the cluster. The required permissions are those of the documented Role, and no more. */
export function realtimeRequirements(of: RealtimeParameters, namespace: string): CaseRequirements {
  const { vmUnderTestTargetNodeName: node } = of
  const ours: CaseRequirements = {
    permissions: [
      ...vmPermissions(namespace),
      guestPermission(namespace, 'console', 'run oslat in the guest'),
      ...configMapPermissions(namespace),
      ...helpfulPermissions(namespace),
    ],
    networks: [],
    nodes: node === undefined ? [] : [node],
    minimumSchedulableNodes: 1,
    creates: [
      { kind: 'VirtualMachineInstance', count: 1 },
      { kind: 'ConfigMap', count: 1 },
    ],
    measurementMilliseconds: measurementSeconds(of) * 1000,
    machineSets: [
      {
        differentNodes: false,
        machines: [
          {
            name: 'realtime VM',
            node: node ?? null,
            nodeLabels: realtimeNode,
            dedicatedCpus: cpuCount(of) + (of.isolateEmulatorThread ? 1 : 0),
            hugepages: { pageSize: of.hugepageSize, memory: of.guestMemory },
            networks: [],
          },
        ],
      },
    ],
  }
  return of.engine === 'ours' ? ours : upstreamRequirements(ours, namespace, upstreamRoles(namespace))
}

export const upstreamRoles = (namespace: string): UpstreamRole[] => [
  configMapAccess(namespace),
  { name: 'kubevirt-realtime-checker', namespace, rules: [...vmRules, guestConfigurationRule] },
]
