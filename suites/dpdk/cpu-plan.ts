/** Which virtual CPU of a guest does what. Both guests leave the first ones to the operating system. */
import { formatCpuList } from '../../helpers/tools/cpu-list.ts'

export interface CpuTopology {
  sockets: number
  cores: number
  /** Per core; 2 where the guest sees hyper-threads. */
  threads: number
}

export interface CpuPlan {
  /** Left to the operating system and its interrupts. */
  operatingSystem: number[]
  /** What tuned's cpu-partitioning keeps free, as it is written there: `2-7`. */
  isolatedCores: string
  testpmd: {
    /** Where the main lcore, which talks to people, may run. */
    main: number[]
    /** One lcore each, which forwards. */
    forwarding: number[]
  }
  /** null: too few CPUs for TRex. */
  trex: { master: number; latency: number; workers: number[] } | null
}

/** TRex needs a CPU each for the system, its master, its latency thread and one worker. */
export const trexMinimumCpus = 4
const testpmdMinimumCpus = 2

export const cpuCount = ({ sockets, cores, threads }: CpuTopology): number => sockets * cores * threads

/**
 * From 6 CPUs on as documented for 8: two for the system, two for the main thread of testpmd and the master and latency
 * threads of TRex, all others forward. Below, the system and the main thread get along with less.
 * @throws RangeError when not even one CPU is left to forward
 */
export function cpuPlan(topology: CpuTopology): CpuPlan {
  const count = cpuCount(topology)
  if (!Number.isSafeInteger(count) || count < testpmdMinimumCpus)
    throw new RangeError(
      `${count} virtual CPU${count === 1 ? '' : 's'} (${topology.sockets} sockets x ${topology.cores} cores x ${topology.threads} threads) cannot run testpmd: it needs at least ${testpmdMinimumCpus}, one of which does nothing but forward; set cpuCores`,
    )
  const cpus = Array.from({ length: count }, (_, cpu) => cpu)
  const documented = count >= 6
  const operatingSystem = cpus.slice(0, documented ? 2 : 1)
  const rest = cpus.slice(operatingSystem.length)
  const main = documented ? rest.slice(0, 2) : rest.length > 1 ? rest.slice(0, 1) : operatingSystem
  const forwarding = rest.filter((cpu) => !main.includes(cpu))
  const [master, latency, ...workers] = rest
  return {
    operatingSystem,
    isolatedCores: formatCpuList(rest),
    testpmd: { main, forwarding },
    trex: master === undefined || latency === undefined || workers.length === 0 ? null : { master, latency, workers },
  }
}
