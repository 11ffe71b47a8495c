/**
 * What the procedure asks of a traffic generator. Its two ports are port 0, nic-east, and port 1, nic-west, of the
 * generator VM; the VM under test forwards each frame from its one interface to the other.
 */

/** Port 0 sends and port 1 gets the frames back, or the other way round. */
export const directions = ['east-to-west', 'west-to-east'] as const
export type Direction = (typeof directions)[number]

export const generatorPorts = [0, 1] as const
export type GeneratorPort = (typeof generatorPorts)[number]

/** The port that sends, and the port that the frames come back to. */
export const portsOf = (direction: Direction): { sending: GeneratorPort; receiving: GeneratorPort } =>
  direction === 'east-to-west' ? { sending: 0, receiving: 1 } : { sending: 1, receiving: 0 }

/** Since the last `clear()`. Non-negative safe integers: a counter that is none is an error of the parser. */
export interface PortCounters {
  /** Packets that the port sent. */
  opackets: number
  /** Packets that the port received, whoever sent them. */
  ipackets: number
  /** Packets that the port could not send. */
  oerrors: number
  /** Packets that the port received in bad shape. */
  ierrors: number
  /** Bytes sent and received. Whether they include the 4 bytes of FCS is up to the generator. */
  obytes: number
  ibytes: number
}

/** Times between sending a packet and getting it back. */
export interface FlowLatency {
  /** Packets that were timed. */
  packets: number
  /** All in nanoseconds. */
  minNanoseconds: number
  averageNanoseconds: number
  maxNanoseconds: number
  /** As the generator computes it, from the differences of consecutive latencies. */
  jitterNanoseconds: number
}

export interface GeneratorCounters {
  ports: Record<GeneratorPort, PortCounters>
  /** null: not asked for, or the generator cannot tell. */
  latency: FlowLatency | null
  /** What the counters were read from. */
  rawOutput: string
}

/** Rates at one moment while traffic runs, as the generator itself tells them. */
export interface GeneratorSample {
  /** Packets per second sent and received by both ports together. */
  txPps: number
  rxPps: number
  /** Bits per second; null when the generator does not tell. */
  txBps: number | null
  rxBps: number | null
  /** Bits per second that were sent and did not come back; null when the generator does not tell. */
  rxDropBps: number | null
  /** Per cent of the generator's own processor time; null when it does not tell. Near 100 it is the bottleneck. */
  cpuPercent: number | null
  rawOutput: string
}

export interface Transmission {
  direction: Direction
  packetsPerSecond: number
  /** Ethernet frame with its 4 bytes of FCS, or the mix of sizes that is called IMIX. */
  frameBytes: number | 'IMIX'
  durationSeconds: number
  /** Time a small flow of packets besides. */
  latency?: boolean
}

export interface TrafficGenerator {
  readonly name: 'trex' | 'pktgen'
  /** Until it is ready for `transmit`. @throws when it does not get ready in time; the error quotes what it said */
  prepare(): Promise<void>
  /** Sets all counters to 0. */
  clear(): Promise<void>
  /**
   * Returns as soon as traffic runs, which ends by itself after its duration.
   * @throws when the generator refuses, for example a rate beyond that of the port; the error quotes it
   */
  transmit(transmission: Transmission): Promise<void>
  sample(): Promise<GeneratorSample>
  /** Ends the traffic, if any runs. */
  stop(): Promise<void>
  counters(): Promise<GeneratorCounters>
}
