/** Which objects selectors select: label selectors, and the terms of node selectors. */
import type { KubernetesObject } from './kubernetes-object.ts'

type Labels = Readonly<Record<string, string>> | undefined

interface SelectorRequirement {
  key: string
  operator: string
  values?: string[]
}

export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: SelectorRequirement[]
}

export interface NodeSelectorTerm {
  matchExpressions?: SelectorRequirement[]
  matchFields?: SelectorRequirement[]
}

/** An empty selector selects everything. */
export const matchesSelector = ({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels?.[key] === value) &&
  matchExpressions.every((each) => meets(labels, each))

/** A term without requirements selects nothing, as in Kubernetes. */
export function matchesTerm(
  node: KubernetesObject,
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  return (
    matchExpressions.every((each) => meets(node.metadata.labels, each)) &&
    matchFields.every((each) => meets({ 'metadata.name': node.metadata.name ?? '' }, each))
  )
}

/** Whether labels meet one requirement; operators as in node selectors and label selectors. */
function meets(labels: Labels, { key, operator, values = [] }: SelectorRequirement): boolean {
  const value = labels?.[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0])
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0])
    default:
      return false
  }
}
