/** How operators tell the state of what they install: three conditions, a phase, and versions. */
import { becauseOf, conditionOf } from './conditions.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { phaseOf } from './terminal-state.ts'

const healthyConditions = { Available: 'True', Progressing: 'False', Degraded: 'False' } as const

/** What keeps an installation from being ready: the phase and each condition that is not as it should be; empty when ready. */
export function unreadiness(resource: KubernetesObject): string[] {
  const phase = phaseOf(resource)
  const problems = phase === 'Deployed' ? [] : [`phase ${phase ?? 'not set'}`]
  for (const [type, wanted] of Object.entries(healthyConditions)) {
    const condition = conditionOf(resource, type)
    if (condition?.status === wanted) continue
    problems.push(`${type}=${condition?.status ?? 'not set'}${becauseOf(condition)}`)
  }
  return problems
}

/** An installation that has failed and is not trying again, or that is going away. */
export function isBeyondHope(resource: KubernetesObject): boolean {
  const phase = phaseOf(resource) ?? ''
  const failed =
    conditionOf(resource, 'Degraded')?.status === 'True' && conditionOf(resource, 'Progressing')?.status === 'False'
  return failed || ['Deleting', 'Deleted', 'Error'].includes(phase) || resource.metadata.deletionTimestamp !== undefined
}
