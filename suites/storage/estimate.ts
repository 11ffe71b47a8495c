/** What a plan makes and takes, before anything is made. */
import { parseQuantity } from '../../helpers/units/quantity.ts'
import type { Permutation, StorageGroup, VmSize } from './matrix.ts'

interface GroupCost {
  vms: number
  /** A VM, a Secret, a data PVC and a root DataVolume for each. */
  objects: number
  /** Data and root disks together. */
  bytes: bigint
  seconds: number
}

export interface PlanCost {
  permutations: number
  groups: readonly GroupCost[]
  /** Over the whole run. */
  objects: number
  /** At the same time, with as many pools in parallel as asked. */
  mostVms: number
  mostBytes: bigint
  seconds: number
}

export interface CostSettings {
  /** How long fio takes for a permutation, such as `jobFileSeconds(...)`. */
  fioSeconds: (permutation: Permutation) => number
  /** Around each permutation: replacing the job, collecting results, a pause. */
  permutationSeconds: number
  /** Around each group: making VMs, waiting for them, deleting them. */
  groupSeconds: number
  rootDiskBytes: bigint
  /** At least 1. */
  parallelPools: number
}

const objectsPerVm = 4

/** Pools are taken up in order as soon as one of the parallel lanes is free; the groups of a pool follow each other. */
export function planCost(groups: readonly StorageGroup[], settings: CostSettings): PlanCost {
  const costs = groups.map((group) => groupCost(group, settings))
  const pools = [...new Set(groups.map(({ pool }) => pool))].map((pool) =>
    costs.filter((_, index) => groups[index]?.pool === pool),
  )
  const lanes = Array.from({ length: Math.max(1, settings.parallelPools) }, () => 0)
  for (const pool of pools) {
    const free = lanes.indexOf(Math.min(...lanes))
    lanes[free] = (lanes[free] ?? 0) + sum(pool.map(({ seconds }) => seconds))
  }
  return {
    permutations: sum(groups.map(({ permutations }) => permutations.length)),
    groups: costs,
    objects: sum(costs.map(({ objects }) => objects)),
    mostVms: sum(
      largest(
        pools.map((pool) => Math.max(0, ...pool.map(({ vms }) => vms))),
        lanes.length,
      ),
    ),
    mostBytes: largest(
      pools.map((pool) => pool.reduce((most, { bytes }) => (bytes > most ? bytes : most), 0n)),
      lanes.length,
    ).reduce((total, bytes) => total + bytes, 0n),
    seconds: Math.max(...lanes),
  }
}

/** @throws RangeError when the PVC size is no quantity */
function groupCost(group: StorageGroup, settings: CostSettings): GroupCost {
  const vms = group.concurrency
  return {
    vms,
    objects: vms * objectsPerVm,
    bytes: BigInt(vms) * (parseQuantity(group.pvcSize) + settings.rootDiskBytes),
    seconds:
      settings.groupSeconds +
      sum(group.permutations.map((permutation) => settings.fioSeconds(permutation) + settings.permutationSeconds)),
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

const largest = <Amount extends number | bigint>(amounts: readonly Amount[], count: number): Amount[] =>
  amounts.toSorted((one, other) => (one < other ? 1 : one > other ? -1 : 0)).slice(0, count)

export interface WorkerCapacity {
  cpuMillicores: bigint
  memoryBytes: bigint
}

/** The rest is for all else that runs there. */
const shareForRunPercent = 60n

/**
 * How many pools may be measured at the same time: 60 % of what the workers can allocate, divided by what a group takes on the
 * average over all VM sizes and concurrencies. From 1 to the number of pools.
 */
export function parallelPools(
  workers: readonly WorkerCapacity[],
  { pools, vmSizes, concurrency }: { pools: number; vmSizes: readonly VmSize[]; concurrency: readonly number[] },
): number {
  const available = (amount: (worker: WorkerCapacity) => bigint) =>
    (workers.reduce((total, worker) => total + amount(worker), 0n) * shareForRunPercent) / 100n
  const demand = (amount: (size: VmSize) => bigint) => {
    const all = vmSizes.flatMap((size) => concurrency.map((count) => amount(size) * BigInt(count)))
    return all.length === 0 ? 0n : all.reduce((total, one) => total + one, 0n) / BigInt(all.length)
  }
  const fits = (room: bigint, each: bigint) => (each === 0n ? pools : Number(room / each))
  const most = Math.min(
    fits(
      available(({ memoryBytes }) => memoryBytes),
      demand(({ memory }) => memory),
    ),
    fits(
      available(({ cpuMillicores }) => cpuMillicores),
      demand(({ vcpus }) => BigInt(vcpus) * 1000n),
    ),
  )
  return Math.max(1, Math.min(most, pools))
}
