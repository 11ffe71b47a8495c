/** What a cluster has for the VMs of a run: CPUs and memory of its nodes, and space of its storage classes. */
import { isDefaultClass, isDefaultVirtClass, type StorageClass } from '../cdi/storage.ts'
import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { parseQuantity } from '../units/quantity.ts'
import { whyNotSchedulable, type Node } from './nodes.ts'
import type { CaseRequests } from './preflight-plan.ts'

/** Of the CPUs and the memory, for cases that run at the same time. The rest is for all else that runs there. */
export const shareForRunPercent = 60

/** Plain data: it is handed to workers. */
export interface ClusterRoom {
  /** All that schedulable nodes have; null: nodes may not be listed. */
  nodes: CaseRequests | null
  /** Bytes by class, of those whose driver publishes them (CSIStorageCapacity). */
  space: Record<string, number>
  /** Classes of claims and of VM disks that name none; empty: not known. */
  defaultClasses: string[]
}

export const unknownRoom: ClusterRoom = { nodes: null, space: {}, defaultClasses: [] }

type NodeWithRoom = Node & { status?: { allocatable?: Record<string, string> } }

/** Of one storage class in one part of the cluster. */
type StorageCapacity = KubernetesObject & { storageClassName?: string; capacity?: string }

/** What may not be read is not known; everything else that fails is thrown. */
export async function readClusterRoom(client: ClusterClient, options: RequestOptions = {}): Promise<ClusterRoom> {
  const [nodes, storage] = await Promise.all([readNodeRoom(client, options), readStorageRoom(client, options)])
  return { nodes, ...storage }
}

/** null: nodes may not be listed. */
export async function readNodeRoom(client: ClusterClient, options: RequestOptions): Promise<CaseRequests | null> {
  const nodes = await listed<NodeWithRoom>(client, { apiVersion: 'v1', kind: 'Node' }, options)
  return nodes && roomOf(nodes)
}

export async function readStorageRoom(
  client: ClusterClient,
  options: RequestOptions,
): Promise<Pick<ClusterRoom, 'space' | 'defaultClasses'>> {
  const storage = 'storage.k8s.io/v1'
  const [classes, capacities] = await Promise.all([
    listed<StorageClass>(client, { apiVersion: storage, kind: 'StorageClass' }, options),
    listed<StorageCapacity>(client, { apiVersion: storage, kind: 'CSIStorageCapacity', namespace: '*' }, options),
  ])
  const named = (marked: (each: StorageClass) => boolean) =>
    (classes ?? []).filter(marked).map(({ metadata }) => metadata.name ?? '')
  const byClass = Map.groupBy(capacities ?? [], ({ storageClassName }) => storageClassName ?? '')
  return {
    defaultClasses: [...new Set([...named(isDefaultClass), ...named(isDefaultVirtClass)])],
    space: Object.fromEntries(
      [...byClass].map(([name, of]) => [
        name,
        of.reduce((total, { capacity }) => total + Number(parseQuantity(capacity ?? '0')), 0),
      ]),
    ),
  }
}

/** null: they may not be listed, or the cluster does not serve them. */
async function listed<T extends KubernetesObject>(
  client: ClusterClient,
  selection: { apiVersion: string; kind: string; namespace?: string },
  options: RequestOptions,
): Promise<T[] | null> {
  try {
    return (await client.list<T>(selection, options)).items
  } catch (error) {
    if (!isApiError(error, 403) && !isApiError(error, 404)) throw error
    return null
  }
}

function roomOf(nodes: readonly NodeWithRoom[]): CaseRequests {
  const allocatable = nodes
    .filter((node) => whyNotSchedulable(node) === undefined)
    .map(({ status }) => status?.allocatable)
  const sum = (amount: (of: Record<string, string> | undefined) => number): number =>
    allocatable.reduce((total, of) => total + amount(of), 0)
  return {
    cpus: sum((of) => cpusOf(of?.['cpu'] ?? '0')),
    memoryBytes: sum((of) => Number(parseQuantity(of?.['memory'] ?? '0'))),
  }
}

const cpusOf = (quantity: string): number =>
  quantity.endsWith('m') ? Number(parseQuantity(quantity.slice(0, -1))) / 1000 : Number(parseQuantity(quantity))
