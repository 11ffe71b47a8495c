/** What kinds of cases need of a cluster beyond permissions, and whether it has that. */
import type { ClusterReader } from '../../helpers/kubernetes/cluster-reader.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { isDefaultClass, isDefaultVirtClass, type SnapshotClass, type StorageClass } from '../../helpers/cdi/storage.ts'
import { networkAttachmentOf } from '../../helpers/kubevirt/network-attachment-definition.ts'
import { dataVolumeSourceOf, type Kind } from './kinds.ts'
import type { Context } from './machine.ts'
import { findUploadProxy } from './upload-proxy.ts'

type Class = StorageClass & { volumeBindingMode?: string }
type Node = KubernetesObject & {
  spec?: { unschedulable?: boolean }
  status?: { allocatable?: Record<string, string> }
}

/** Why the cluster cannot be used for the case, one sentence each. What may not be read is taken to be there. */
export async function unmetRequirements(context: Context): Promise<string[]> {
  const { kind } = context.parameters
  const needs = [
    ...(needsStorage(kind) ? [storageClass] : []),
    ...(kind === 'snapshot-restore' || kind === 'data-volume-snapshot' ? [snapshotClass] : []),
    ...(kind === 'migration' ? [twoNodes] : []),
    ...(kind === 'wait-for-first-consumer' ? [waitingClass] : []),
    ...(kind === 'stateful-upload' ? [uploadProxy] : []),
    ...(kind === 'sriov' ? [virtualFunctions] : []),
  ]
  const reasons: string[] = []
  for (const need of needs) {
    const reason = await need(context)
    if (reason !== undefined) reasons.push(reason)
  }
  return reasons
}

type Need = (context: Context) => Promise<string | undefined>

export const needsStorage = (kind: Kind): boolean =>
  dataVolumeSourceOf(kind) !== undefined ||
  ['stateful-upload', 'snapshot-restore', 'hot-plug', 'deletion', 'wait-for-first-consumer'].includes(kind)

async function classes(reader: ClusterReader): Promise<Class[] | undefined> {
  const found = await reader.list<Class>({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' })
  return 'known' in found ? found.known : undefined
}

/** The class that volumes of the case are made of; undefined where it may not be read, or there is none. */
async function classOf({ reader, parameters }: Context): Promise<Class | undefined> {
  const all = (await classes(reader)) ?? []
  const { storageClass: wanted } = parameters
  return wanted === undefined
    ? (all.find(isDefaultVirtClass) ?? all.find(isDefaultClass))
    : all.find(({ metadata }) => metadata.name === wanted)
}

const storageClass: Need = async (context) => {
  const { reader, parameters } = context
  const all = await classes(reader)
  if (all === undefined || (await classOf(context)) !== undefined) return undefined
  const names = all.map(({ metadata }) => metadata.name).join(', ') || 'none'
  return parameters.storageClass === undefined
    ? `no StorageClass is the default one; the cluster has ${names}: set storageClass`
    : `no StorageClass "${parameters.storageClass}"; the cluster has ${names}`
}

const snapshotClass: Need = async (context) => {
  const own = await classOf(context)
  if (own === undefined) return undefined
  const found = await context.reader.list<SnapshotClass>({
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
  })
  if ('missing' in found || found.known.some(({ driver }) => driver === own.provisioner)) return undefined
  return `no VolumeSnapshotClass has the driver ${own.provisioner ?? '(none)'} of StorageClass ${own.metadata.name ?? ''}`
}

/** The VolumeSnapshotClass for volumes of the case. */
export async function snapshotClassOf(context: Context): Promise<string | undefined> {
  const own = await classOf(context)
  const found = await context.reader.list<SnapshotClass>({
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
  })
  return 'known' in found ? found.known.find(({ driver }) => driver === own?.provisioner)?.metadata.name : undefined
}

/** Its volumes are made where the pod runs that uses them. */
export async function waitingClassOf(context: Context): Promise<string | undefined> {
  const waits = ({ volumeBindingMode }: Class) => volumeBindingMode === 'WaitForFirstConsumer'
  if (context.parameters.storageClass !== undefined) {
    const own = await classOf(context)
    return own !== undefined && waits(own) ? own.metadata.name : undefined
  }
  return (await classes(context.reader))?.find(waits)?.metadata.name
}

const waitingClass: Need = async (context) => {
  if ((await waitingClassOf(context)) !== undefined) return undefined
  const { storageClass: wanted } = context.parameters
  return wanted === undefined
    ? 'no StorageClass has volumeBindingMode WaitForFirstConsumer'
    : `volumeBindingMode of StorageClass ${wanted} is not WaitForFirstConsumer`
}

async function vmNodes({ reader }: Context): Promise<Node[] | undefined> {
  const found = await reader.list<Node>({ apiVersion: 'v1', kind: 'Node' })
  if ('missing' in found) return undefined
  return found.known.filter(
    ({ metadata, spec }) => metadata.labels?.['kubevirt.io/schedulable'] === 'true' && spec?.unschedulable !== true,
  )
}

const twoNodes: Need = async (context) => {
  const nodes = await vmNodes(context)
  if (nodes === undefined || nodes.length >= 2) return undefined
  return `a live migration needs 2 schedulable nodes; the cluster has ${nodes.length}`
}

const uploadProxy: Need = async (context) => {
  const found = await findUploadProxy(context)
  return 'reason' in found ? found.reason : undefined
}

const functionsNeeded = 2

const virtualFunctions: Need = async (context) => {
  const { networkAttachmentDefinitionName: name, networkAttachmentDefinitionNamespace: namespace } = context.parameters
  if (name === undefined) return 'no SR-IOV network: set networkAttachmentDefinitionName'
  const reference = { apiVersion: 'k8s.cni.cncf.io/v1', kind: 'NetworkAttachmentDefinition', namespace, name }
  const found = await context.reader.get(reference)
  if ('missing' in found) return undefined
  if (found.known === null) return `no NetworkAttachmentDefinition ${namespace}/${name}`
  const resource = networkAttachmentOf(found.known).resourceName
  if (resource === undefined) return `NetworkAttachmentDefinition ${namespace}/${name} names no device resource`
  const nodes = await vmNodes(context)
  if (nodes === undefined) return undefined
  const free = nodes.reduce((sum, { status }) => sum + Number(status?.allocatable?.[resource] ?? 0), 0)
  return free >= functionsNeeded
    ? undefined
    : `${functionsNeeded} allocatable ${resource} are needed; the nodes have ${free}`
}
