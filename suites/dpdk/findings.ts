/** What the procedure of a DPDK case finds out. */
import type { FrameSize } from '../../helpers/tools/packet-rate.ts'
import type { ForwardStatistics } from '../../helpers/tools/testpmd-stats.ts'
import type { RateFound } from './ndr-search.ts'
import type { Direction, GeneratorCounters, GeneratorSample } from './traffic-generator.ts'

export interface DpdkFindings {
  /** status.nodeName of both VMIs. */
  trafficGeneratorNode: string
  vmUnderTestNode: string
  /** Traffic at one rate, in the order it was sent; the first gives the documented results. Empty with mode: ndr. */
  traffic: TrafficFindings[]
  /** Searches of mode: ndr; empty otherwise. */
  searches: SearchFindings[]
}

/** Counters before traffic and after it; null when they could not be read. */
export interface Readings<Counters> {
  before: Counters
  after: Counters
}

export interface TrafficFindings {
  direction: Direction
  asked: { packetsPerSecond: number; durationSeconds: number }
  /** From the start of the traffic to its end, or to when it was given up, in the cluster's time. */
  measuredSeconds: number
  generator: Readings<GeneratorCounters> | null
  /** By `show fwd stats all`, port 0 being east. */
  vmUnderTest: Readings<ForwardStatistics> | null
  /** Whether the last two readings of all counters were equal. */
  atRest: boolean
  samples: { atSeconds: number; sample: GeneratorSample }[]
  /** Names of the raw outputs that the counters were read from. */
  rawOutputs: { generator?: string; vmUnderTest?: string }
}

export interface SearchFindings {
  direction: Direction
  frame: FrameSize
  /** Packets per second. */
  lineRate: number
  maxLossPercent: number
  /** ndr: judged. pdr: with ndrPdrLossPercent. */
  kind: 'ndr' | 'pdr'
  found: RateFound
  rawOutput?: string
}
