/** Whether the workers hold the VMs of each case, and those of cases that run at the same time. */
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import { formatBytes } from '../units/quantity.ts'
import { readNodeRoom, shareForRunPercent } from './cluster-room.ts'
import type { CaseRequests, ConcurrentRequests, PreflightPlan, PreflightResult } from './preflight-plan.ts'

export async function checkConcurrentRequests(
  client: ClusterClient,
  { concurrentRequests }: PreflightPlan,
  options: RequestOptions,
): Promise<PreflightResult[]> {
  if (concurrentRequests === undefined) return []
  const { atOnce } = concurrentRequests
  const check = `CPUs and memory for ${atOnce === 1 ? 'one case' : `${atOnce} cases`} at a time`
  const room = await readNodeRoom(client, options)
  if (room === null) {
    // The row of the nodes names the missing permission.
    const remediation = 'optional; without it missing room shows only when VMIs do not start'
    return [{ check, status: 'unknown', detail: 'nodes may not be listed', remediation }]
  }
  return [{ check, ...judged(concurrentRequests, room) }]
}

function judged({ atOnce, cases }: ConcurrentRequests, room: CaseRequests): Omit<PreflightResult, 'check'> {
  const tooLarge = cases.find((each) => !fits(each, room, 100))
  if (tooLarge !== undefined)
    return {
      status: 'failed',
      detail: `${tooLarge.id} alone requests ${amounts(tooLarge)}; the schedulable nodes have ${amounts(room)}`,
      remediation: 'take smaller or fewer VMs in the case, or add nodes; its VMs would not start',
    }
  const most = together(cases, atOnce)
  const wait =
    atOnce === 1 || fits(most, room, shareForRunPercent)
      ? ''
      : `, more than ${shareForRunPercent} %: some of the ${atOnce} will wait for others to end`
  return {
    status: 'ok',
    detail: `at most ${amounts(most)} of ${amounts(room)} on schedulable nodes${wait}`,
    remediation: '',
  }
}

/** The largest cases, as if all of them ran at the same time. */
function together(cases: ConcurrentRequests['cases'], count: number): CaseRequests {
  const largest = (amount: (each: CaseRequests) => number) =>
    cases
      .map(amount)
      .toSorted((one, other) => other - one)
      .slice(0, count)
      .reduce((total, each) => total + each, 0)
  return { cpus: largest(({ cpus }) => cpus), memoryBytes: largest(({ memoryBytes }) => memoryBytes) }
}

/** @param percent of the room */
export const fits = (needed: CaseRequests, room: CaseRequests, percent: number): boolean =>
  needed.cpus * 100 <= room.cpus * percent && needed.memoryBytes * 100 <= room.memoryBytes * percent

/** `20 CPUs and 40Gi` */
export const amounts = ({ cpus, memoryBytes }: CaseRequests): string =>
  `${Number(cpus.toFixed(2))} CPUs and ${formatBytes(BigInt(memoryBytes))}`
