import { phaseOf } from './terminal-state.ts'
import type { Condition, KubernetesObject } from './kubernetes-object.ts'

/** `status.conditions`, or none. */
function conditionsOf(object: KubernetesObject): Condition[] {
  const { status } = object
  if (typeof status !== 'object' || status === null || !('conditions' in status)) return []
  return Array.isArray(status.conditions) ? (status.conditions as Condition[]) : []
}

export function conditionOf(object: KubernetesObject, type: string): Condition | undefined {
  return conditionsOf(object).find((condition) => condition.type === type)
}

/** Reason and message of a condition, as far as there are any: ` (Unschedulable: 0/2 nodes are available)`, else ''. */
export function becauseOf(condition: Pick<Condition, 'reason' | 'message'> | undefined): string {
  const why = [condition?.reason, condition?.message].filter((part) => part !== undefined && part !== '').join(': ')
  return why === '' ? '' : ` (${why})`
}

/** `phase Scheduling, PodScheduled=False (Unschedulable: 0/2 nodes are available), Ready=False (GuestNotRunning)` */
export function describeState(object: KubernetesObject): string {
  const phase = phaseOf(object)
  const parts = phase === undefined ? [] : [`phase ${phase}`]
  for (const condition of conditionsOf(object))
    parts.push(`${condition.type}=${condition.status}${becauseOf(condition)}`)
  return parts.length === 0 ? 'no phase and no conditions' : parts.join(', ')
}
