/** The VMs of users at one time, small enough to be kept with each run and compared with the next. */
import { z } from 'zod'
import type { ClusterReader, Reading } from '../../helpers/kubernetes/cluster-reader.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { isOurs } from '../../helpers/kubernetes/labels.ts'
import type { VirtualMachineInstance } from '../../helpers/kubevirt/virtual-machine-instance.ts'

const machine = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  status: z.string().nullable(),
})

const instance = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  phase: z.string().nullable(),
  node: z.string().nullable(),
  /** Of a VirtualMachine, which starts a new one when this one ends. */
  owned: z.boolean(),
})

export const workloadSnapshot = z.object({
  schemaVersion: z.literal(1),
  takenAt: z.string(),
  /** Tells clusters apart: uid of the namespace kube-system, else of the KubeVirt resource, else the URL of the server. */
  cluster: z.string(),
  machines: z.array(machine),
  instances: z.array(instance),
})
export type WorkloadSnapshot = z.infer<typeof workloadSnapshot>

type Machine = KubernetesObject & { status?: { printableStatus?: string } }

export interface Workloads {
  machines: Machine[]
  instances: VirtualMachineInstance[]
}

/** All VMs but those of our own runs. */
export async function readWorkloads(reader: ClusterReader): Promise<Reading<Workloads>> {
  const everywhere = { apiVersion: 'kubevirt.io/v1', namespace: '*' }
  const [machines, instances] = await Promise.all([
    reader.list<Machine>({ ...everywhere, kind: 'VirtualMachine' }),
    reader.list<VirtualMachineInstance>({ ...everywhere, kind: 'VirtualMachineInstance' }),
  ])
  if ('missing' in machines) return machines
  if ('missing' in instances) return instances
  const ofUsers = <T extends KubernetesObject>(objects: T[]) => objects.filter((object) => !isOurs(object))
  return { known: { machines: ofUsers(machines.known), instances: ofUsers(instances.known) } }
}

export async function readClusterIdentity(reader: ClusterReader): Promise<string> {
  const system = await reader.get({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' })
  const uid = 'known' in system ? system.known?.metadata.uid : undefined
  if (uid !== undefined) return `namespace kube-system ${uid}`
  const kubevirts = await reader.list({ apiVersion: 'kubevirt.io/v1', kind: 'KubeVirt', namespace: '*' })
  const first = 'known' in kubevirts ? kubevirts.known[0]?.metadata.uid : undefined
  return first === undefined ? reader.server : `KubeVirt ${first}`
}

/** @param now in milliseconds since the epoch */
export const snapshotOf = ({ machines, instances }: Workloads, cluster: string, now: number): WorkloadSnapshot => ({
  schemaVersion: 1,
  takenAt: new Date(now).toISOString(),
  cluster,
  machines: machines.map(({ metadata, status }) => ({
    ...identityOf(metadata),
    status: status?.printableStatus ?? null,
  })),
  instances: instances.map(({ metadata, status }) => ({
    ...identityOf(metadata),
    phase: status?.phase ?? null,
    node: status?.nodeName ?? null,
    owned: metadata.ownerReferences?.some(({ kind }) => kind === 'VirtualMachine') ?? false,
  })),
})

const identityOf = ({ namespace = '', name = '', uid = '' }: KubernetesObject['metadata']) => ({ namespace, name, uid })
