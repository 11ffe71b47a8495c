/** What NetworkPolicies let through to a pod. Policies only add up: a pod that one selects gets what any of them allows. */
import type { KubernetesObject } from './kubernetes-object.ts'
import { type LabelSelector, matchesSelector } from './label-selector.ts'

interface Peer {
  podSelector?: LabelSelector
  namespaceSelector?: LabelSelector
  ipBlock?: { cidr: string; except?: string[] }
}

interface Port {
  protocol?: string
  port?: number | string
  endPort?: number
}

export type NetworkPolicy = KubernetesObject & {
  spec?: {
    podSelector?: LabelSelector
    policyTypes?: string[]
    ingress?: { from?: Peer[]; ports?: Port[] }[]
  }
}

/** One end of a connection: a pod, as far as policies look at it. */
export interface PolicyPod {
  namespace: string
  namespaceLabels: Readonly<Record<string, string>>
  labels: Readonly<Record<string, string>>
}

export interface Connection {
  to: PolicyPod
  /** null: from outside of the pod network, as the API server of most clusters. */
  from: PolicyPod | null
  /** TCP. */
  port: number
  /** What a policy may call the port. */
  portName?: string
}

/** Policies that stand in the way of a connection: those that select the pod, unless one of them allows it. */
export function blockingPolicies(policies: readonly NetworkPolicy[], connection: Connection): NetworkPolicy[] {
  const selecting = policies.filter((policy) => isolates(policy, connection.to))
  return selecting.some((policy) => allows(policy, connection)) ? [] : selecting
}

/** Whether incoming connections to the pod need a rule because of this policy. */
function isolates({ metadata, spec }: NetworkPolicy, pod: PolicyPod): boolean {
  const types = spec?.policyTypes ?? ['Ingress']
  return (
    metadata.namespace === pod.namespace &&
    types.includes('Ingress') &&
    matchesSelector(spec?.podSelector ?? {}, pod.labels)
  )
}

function allows({ metadata, spec }: NetworkPolicy, { from, port, portName }: Connection): boolean {
  return (spec?.ingress ?? []).some(
    (rule) =>
      matchesPort(rule.ports ?? [], port, portName) && matchesPeer(rule.from ?? [], from, metadata.namespace ?? ''),
  )
}

function matchesPort(ports: readonly Port[], port: number, name: string | undefined): boolean {
  if (ports.length === 0) return true
  return ports.some(({ protocol = 'TCP', port: allowed, endPort }) => {
    if (protocol !== 'TCP') return false
    if (allowed === undefined) return true
    if (typeof allowed === 'string') return allowed === name
    return port >= allowed && port <= (endPort ?? allowed)
  })
}

function matchesPeer(peers: readonly Peer[], from: PolicyPod | null, namespace: string): boolean {
  if (peers.length === 0) return true
  return peers.some(({ podSelector, namespaceSelector, ipBlock }) => {
    // Which address a connection comes from is not known: a block may well be meant for it.
    if (ipBlock !== undefined) return true
    if (from === null) return false
    const inNamespace =
      namespaceSelector === undefined
        ? from.namespace === namespace
        : matchesSelector(namespaceSelector, from.namespaceLabels)
    return inNamespace && matchesSelector(podSelector ?? {}, from.labels)
  })
}
