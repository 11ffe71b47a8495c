import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import { conditionOf } from '../kubernetes/conditions.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { permissionRule } from '../kubernetes/permission.ts'
import type { PreflightPlan, PreflightResult } from './preflight-plan.ts'

/** As far as it is looked at. */
export type Node = KubernetesObject & {
  spec?: { unschedulable?: boolean; taints?: { key: string; effect: string }[] }
}

export async function checkNodes(
  client: ClusterClient,
  { nodes: named, minimumSchedulableNodes }: PreflightPlan,
  options: RequestOptions,
): Promise<PreflightResult[]> {
  let nodes: Node[]
  try {
    nodes = (await client.list<Node>({ apiVersion: 'v1', kind: 'Node' }, options)).items
  } catch (error) {
    if (!isApiError(error, 403) || error.missingPermission === undefined) throw error
    const detail = `may not be listed: missing permission ${permissionRule(error.missingPermission)}`
    const remediation = 'optional; without it unknown nodes and missing room show only when VMIs do not start'
    return [{ check: 'nodes', status: 'unknown', detail, remediation }]
  }
  const schedulable = nodes.filter((node) => whyNotSchedulable(node) === undefined)
  const enough = schedulable.length >= minimumSchedulableNodes
  const overall: PreflightResult = {
    check: 'nodes',
    status: enough ? 'ok' : 'failed',
    detail: `${schedulable.length} of ${nodes.length} ready and schedulable${enough ? '' : `, needed: ${minimumSchedulableNodes}`}`,
    remediation: enough ? '' : 'add nodes, or make existing ones schedulable',
  }
  return [overall, ...named.map((name) => checkNamedNode(name, nodes))]
}

function checkNamedNode(name: string, nodes: Node[]): PreflightResult {
  const check = `node ${name}`
  const node = nodes.find(({ metadata }) => metadata.name === name)
  if (node === undefined) {
    const known = nodes.map(({ metadata }) => metadata.name).join(', ')
    return { check, status: 'failed', detail: `does not exist; nodes: ${known}`, remediation: 'correct the profile' }
  }
  const reason = whyNotSchedulable(node)
  if (reason === undefined) return { check, status: 'ok', detail: 'ready and schedulable', remediation: '' }
  return { check, status: 'failed', detail: reason, remediation: 'make it ready and schedulable, or name another' }
}

export function whyNotSchedulable(node: Node): string | undefined {
  if (conditionOf(node, 'Ready')?.status !== 'True') return 'is not ready'
  if (node.spec?.unschedulable === true) return 'is cordoned (spec.unschedulable)'
  const taint = node.spec?.taints?.find(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute')
  return taint === undefined ? undefined : `has the taint ${taint.key}:${taint.effect}`
}
