import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { permissionRule } from '../kubernetes/permission.ts'
import { networkAttachmentOf } from '../kubevirt/network-attachment-definition.ts'
import { formatBytes, parseQuantity } from '../units/quantity.ts'
import { whyNotSchedulable, type Node } from './nodes.ts'
import type { MachineSet, PlannedMachine, PreflightPlan, PreflightResult } from './preflight-plan.ts'

type NodeWithRoom = Node & { status?: { allocatable?: Record<string, string> } }
type Pod = KubernetesObject & {
  spec?: { nodeName?: string; containers?: { resources?: { requests?: Record<string, string> } }[] }
  status?: { phase?: string }
}
/** Amount by resource name: CPUs, bytes of hugepages, devices. */
type Amounts = ReadonlyMap<string, bigint>

interface Room {
  node: string
  labels: Record<string, string>
  /** Why no VM with dedicated CPUs may be there; undefined: it may. */
  closed: string | undefined
  allocatable: Amounts
  /** By pods on the node; null when pods may not be listed. */
  used: Amounts | null
}

/** KubeVirt puts VMs with dedicated CPUs on nodes with this label only. */
const cpuManagerLabel = 'cpumanager'

/** Whether the nodes have dedicated CPUs, hugepages and network devices for the VMs of each case. */
export async function checkMachines(
  client: ClusterClient,
  { machineSets = [] }: PreflightPlan,
  options: RequestOptions,
): Promise<PreflightResult[]> {
  if (machineSets.length === 0) return []
  let nodes: NodeWithRoom[]
  try {
    nodes = (await client.list<NodeWithRoom>({ apiVersion: 'v1', kind: 'Node' }, options)).items
  } catch (error) {
    if (!isApiError(error, 403) || error.missingPermission === undefined) throw error
    const detail = `nodes may not be listed: missing permission ${permissionRule(error.missingPermission)}`
    return machineSets.map((set) => ({
      check: checkName(set),
      status: 'unknown',
      detail,
      remediation: 'optional; without it missing CPUs, hugepages and network devices show only when VMIs do not start',
    }))
  }
  const pods = await podsOf(client, options)
  const rooms = nodes.map((node) => roomOf(node, pods))
  return Promise.all(machineSets.map((set) => checkSet(set, rooms, client, options)))
}

const checkName = ({ machines }: MachineSet) => `room for ${machines.map(({ name }) => name).join(' and ')}`

/** null: they may not be listed over all namespaces. */
async function podsOf(client: ClusterClient, options: RequestOptions): Promise<Pod[] | null> {
  try {
    return (await client.list<Pod>({ apiVersion: 'v1', kind: 'Pod' }, options)).items
  } catch (error) {
    if (!isApiError(error, 403)) throw error
    return null
  }
}

function roomOf(node: NodeWithRoom, pods: Pod[] | null): Room {
  const name = node.metadata.name ?? ''
  const { labels = {} } = node.metadata
  const label = labels[cpuManagerLabel]
  return {
    node: name,
    labels,
    closed:
      whyNotSchedulable(node) ??
      (label === 'true' ? undefined : `has no static CPU manager (label ${cpuManagerLabel} is ${label ?? 'missing'})`),
    allocatable: amounts([node.status?.allocatable ?? {}]),
    used:
      pods &&
      amounts(
        pods
          .filter(({ spec, status }) => spec?.nodeName === name && !/^(Succeeded|Failed)$/.test(status?.phase ?? ''))
          .flatMap(({ spec }) => (spec?.containers ?? []).map(({ resources }) => resources?.requests ?? {})),
      ),
  }
}

/** In thousandths, so that the many small CPU requests of a node are not rounded up one by one. */
function amounts(lists: Record<string, string>[]): Amounts {
  const sums = new Map<string, bigint>()
  for (const list of lists)
    for (const [resource, quantity] of Object.entries(list))
      sums.set(resource, (sums.get(resource) ?? 0n) + thousandths(quantity))
  return sums
}

const thousandths = (quantity: string): bigint =>
  quantity.endsWith('m') ? parseQuantity(quantity.slice(0, -1)) : parseQuantity(quantity) * 1000n

async function checkSet(
  set: MachineSet,
  rooms: readonly Room[],
  client: ClusterClient,
  options: RequestOptions,
): Promise<PreflightResult> {
  const check = checkName(set)
  const needs = await Promise.all(set.machines.map((machine) => needsOf(machine, client, options)))
  const unread = needs.flatMap(({ unread: names }) => names)
  const needed = needs.map(({ needed: amount }) => amount)
  const free = (room: Room) => subtract(room.allocatable, room.used ?? new Map())
  const unknowns = [
    ...(unread.length === 0 ? [] : [`network devices not looked at: ${[...new Set(unread)].join('; ')}`]),
    ...(rooms.some(({ used }) => used === null) ? ['what is in use is not known: pods may not be listed'] : []),
  ]
  const told = (text: string) => [text, ...unknowns].join('; ')
  const fit = place(set, needed, rooms, free)
  if (fit !== null)
    return {
      check,
      status: unknowns.length === 0 ? 'ok' : 'unknown',
      detail: told(`dedicated CPUs, hugepages and network devices on ${[...new Set(fit)].join(' and ')}`),
      remediation: unknowns.length === 0 ? '' : 'optional; what is missing shows when VMIs do not start',
    }
  const [most = new Map<string, bigint>()] = needed
  if (place(set, needed, rooms, ({ allocatable }) => allocatable) !== null)
    return {
      check,
      status: 'warning',
      detail: told(`in use by others: ${rooms.map((room) => shortage(set, room, most, free(room))).join('; ')}`),
      remediation: 'wait until it is free, or remove what holds it; meanwhile the VMIs will not start',
    }
  const separate = set.differentNodes ? ', each on a node of its own' : ''
  return {
    check,
    status: 'failed',
    detail: told(
      `not enough on the nodes${separate}: ${rooms.map((room) => shortage(set, room, most, room.allocatable)).join('; ')}`,
    ),
    remediation:
      'give nodes a static CPU manager, the labels, hugepages and SR-IOV devices, or lower what the case asks for; its VMIs would not start',
  }
}

async function needsOf(
  machine: PlannedMachine,
  client: ClusterClient,
  options: RequestOptions,
): Promise<{ needed: Amounts; unread: string[] }> {
  const needed = new Map<string, bigint>([
    ['cpu', BigInt(machine.dedicatedCpus) * 1000n],
    [`hugepages-${machine.hugepages.pageSize}`, thousandths(machine.hugepages.memory)],
  ])
  const unread: string[] = []
  const resources = await Promise.all(machine.networks.map((network) => resourceOf(network, client, options)))
  for (const { resource, problem } of resources) {
    if (problem !== undefined) unread.push(problem)
    if (resource !== undefined) needed.set(resource, (needed.get(resource) ?? 0n) + 1000n)
  }
  return { needed, unread }
}

async function resourceOf(
  { namespace, name }: { namespace: string; name: string },
  client: ClusterClient,
  options: RequestOptions,
): Promise<{ resource?: string | undefined; problem?: string }> {
  const reference = { apiVersion: 'k8s.cni.cncf.io/v1', kind: 'NetworkAttachmentDefinition', namespace, name }
  try {
    const definition = await client.getIfExists<KubernetesObject>(reference, options)
    if (definition === undefined) return { problem: `network ${namespace}/${name} does not exist` }
    const { resourceName } = networkAttachmentOf(definition)
    return resourceName === undefined
      ? { problem: `network ${namespace}/${name} names no resource of an SR-IOV device plugin` }
      : { resource: resourceName }
  } catch (error) {
    // The row of the network itself says more.
    if (isApiError(error) && !isApiError(error, 403) && !isApiError(error, 404)) throw error
    return { problem: `network ${namespace}/${name} cannot be read` }
  }
}

/** A node for each machine, or null. Sets are small: all combinations are tried. */
function place(
  set: MachineSet,
  needed: readonly Amounts[],
  rooms: readonly Room[],
  free: (room: Room) => Amounts,
): string[] | null {
  const left = new Map(rooms.map((room) => [room.node, free(room)]))
  const taken: string[] = []
  const placeFrom = (index: number): boolean => {
    const machine = set.machines[index]
    const needs = needed[index]
    if (machine === undefined || needs === undefined) return true
    for (const { node, labels, closed } of rooms) {
      const room = left.get(node)
      if (
        closed !== undefined ||
        missingLabels(machine, labels).length > 0 ||
        room === undefined ||
        (machine.node !== null && machine.node !== node)
      )
        continue
      if ((set.differentNodes && taken.includes(node)) || missing(needs, room).length > 0) continue
      left.set(node, subtract(room, needs))
      taken.push(node)
      if (placeFrom(index + 1)) return true
      taken.pop()
      left.set(node, room)
    }
    return false
  }
  return placeFrom(0) ? taken : null
}

const missing = (needs: Amounts, room: Amounts): string[] =>
  [...needs].filter(([resource, amount]) => (room.get(resource) ?? 0n) < amount).map(([resource]) => resource)

function subtract(from: Amounts, amount: Amounts): Amounts {
  return new Map([...from].map(([resource, size]) => [resource, size - (amount.get(resource) ?? 0n)]))
}

const missingLabels = ({ nodeLabels = {} }: PlannedMachine, labels: Record<string, string>): string[] =>
  Object.entries(nodeLabels)
    .filter(([label, value]) => labels[label] !== value)
    .map(([label, value]) => `${label}=${value}`)

/** `worker1: hugepages-1Gi 0 of 4Gi`: what a node has of what one VM needs. */
function shortage({ machines }: MachineSet, { node, labels, closed }: Room, needs: Amounts, room: Amounts): string {
  if (closed !== undefined) return `${node} ${closed}`
  const unlabelled = new Set(machines.flatMap((machine) => missingLabels(machine, labels)))
  if (unlabelled.size > 0) return `${node} lacks the label ${[...unlabelled].join(' and ')}`
  const short = missing(needs, room)
  if (short.length === 0) return `${node} has room for one`
  return `${node}: ${short.map((name) => `${name} ${amountText(name, room.get(name) ?? 0n)} of ${amountText(name, needs.get(name) ?? 0n)}`).join(', ')}`
}

function amountText(resource: string, amount: bigint): string {
  if (resource.startsWith('hugepages-')) return formatBytes(amount / 1000n)
  return String(Number(amount) / 1000)
}
