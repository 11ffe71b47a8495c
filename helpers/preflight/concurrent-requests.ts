/** Whether the workers hold the VMs of all cases that run at the same time. */
import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import { formatBytes, parseQuantity } from '../units/quantity.ts'
import { whyNotSchedulable, type Node } from './nodes.ts'
import type { CaseRequests, ConcurrentRequests, PreflightPlan, PreflightResult } from './preflight-plan.ts'

type NodeWithRoom = Node & { status?: { allocatable?: Record<string, string> } }

/** The rest is for all else that runs there. */
const shareForRunPercent = 60

export async function checkConcurrentRequests(
  client: ClusterClient,
  { concurrentRequests }: PreflightPlan,
  options: RequestOptions,
): Promise<PreflightResult[]> {
  if (concurrentRequests === undefined) return []
  const { parallelism, cases } = concurrentRequests
  const check = `CPUs and memory for ${parallelism === 1 ? 'one case' : `${parallelism} cases`} at a time`
  let nodes: NodeWithRoom[]
  try {
    nodes = (await client.list<NodeWithRoom>({ apiVersion: 'v1', kind: 'Node' }, options)).items
  } catch (error) {
    // The row of the nodes names the missing permission.
    if (!isApiError(error, 403)) throw error
    const remediation = 'optional; without it missing room shows only when VMIs do not start'
    return [{ check, status: 'unknown', detail: 'nodes may not be listed', remediation }]
  }
  return [{ check, ...judged(concurrentRequests, cases, roomOf(nodes)) }]
}

function roomOf(nodes: readonly NodeWithRoom[]): CaseRequests {
  const allocatable = nodes
    .filter((node) => whyNotSchedulable(node) === undefined)
    .map(({ status }) => status?.allocatable)
  return {
    cpus: sum(allocatable.map((of) => cpusOf(of?.['cpu'] ?? '0'))),
    memoryBytes: sum(allocatable.map((of) => Number(parseQuantity(of?.['memory'] ?? '0')))),
  }
}

const cpusOf = (quantity: string): number =>
  quantity.endsWith('m') ? Number(parseQuantity(quantity.slice(0, -1))) / 1000 : Number(parseQuantity(quantity))

function judged(
  { parallelism }: Pick<ConcurrentRequests, 'parallelism'>,
  cases: ConcurrentRequests['cases'],
  room: CaseRequests,
): Omit<PreflightResult, 'check'> {
  const tooLarge = cases.find((each) => !fits(each, room, 100))
  if (tooLarge !== undefined)
    return {
      status: 'failed',
      detail: `${tooLarge.id} alone requests ${amounts(tooLarge)}; the schedulable nodes have ${amounts(room)}`,
      remediation: 'take smaller or fewer VMs in the case, or add nodes; its VMs would not start',
    }
  const most = together(cases, parallelism)
  const detail = `at most ${amounts(most)} of ${amounts(room)} on schedulable nodes`
  if (parallelism === 1 || fits(most, room, shareForRunPercent)) return { status: 'ok', detail, remediation: '' }
  const counts = Array.from({ length: parallelism }, (_, index) => index + 1)
  const carried = counts.findLast((count) => fits(together(cases, count), room, shareForRunPercent)) ?? 1
  return {
    status: 'warning',
    detail: `${detail}, more than ${shareForRunPercent} %`,
    remediation: `set parallelism (${parallelism}) to ${carried} in the profile; VMs that find no room wait until their case is given up`,
  }
}

/** The largest cases, as if all of them ran at the same time. */
function together(cases: ConcurrentRequests['cases'], count: number): CaseRequests {
  const largest = (amount: (each: CaseRequests) => number) =>
    sum(
      cases
        .map(amount)
        .toSorted((one, other) => other - one)
        .slice(0, count),
    )
  return { cpus: largest(({ cpus }) => cpus), memoryBytes: largest(({ memoryBytes }) => memoryBytes) }
}

const fits = (needed: CaseRequests, room: CaseRequests, percent: number): boolean =>
  needed.cpus * 100 <= room.cpus * percent && needed.memoryBytes * 100 <= room.memoryBytes * percent

const amounts = ({ cpus, memoryBytes }: CaseRequests): string =>
  `${Number(cpus.toFixed(2))} CPUs and ${formatBytes(BigInt(memoryBytes))}`

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
