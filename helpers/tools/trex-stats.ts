/** Reads what TRex's server counts, from the output of a console with `verbose on`: the answers, not the tables. */
import { z } from 'zod'
import { checkAnswer, lastTrexAnswer, trexAnswers, type TrexAnswer } from './trex-answers.ts'

/** The server counts with 64 bits. What a JavaScript number cannot hold is an error, since a rounded one is no count. */
const count = z
  .number(`expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`)
  .refine(
    (value) => Number.isSafeInteger(value) && value >= 0,
    `expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
  )
const rate = z.number('expected a number')

/** Since the daemon started; rates over the last half second or so. */
export interface TrexPortStatistics {
  /** Sent and received packets, bytes, and packets with errors. */
  opackets: number
  ipackets: number
  obytes: number
  ibytes: number
  oerrors: number
  ierrors: number
  txPacketsPerSecond: number
  rxPacketsPerSecond: number
  /** Frames with their FCS, without preamble and gap. */
  txBitsPerSecond: number
  rxBitsPerSecond: number
  /** Of the cores that send from this port. */
  cpuPercent: number
}

const portShape = z.looseObject({
  opackets: count,
  ipackets: count,
  obytes: count,
  ibytes: count,
  oerrors: count,
  ierrors: count,
  m_total_tx_pps: rate,
  m_total_rx_pps: rate,
  m_total_tx_bps: rate,
  m_total_rx_bps: rate,
  m_cpu_util: rate,
})

/**
 * @param output of a console that was asked for `trexConsole.portStatistics(port)`
 * @throws ToolOutputError when it holds no complete answer about this port
 */
export function parseTrexPortStatistics(output: string, port: number): TrexPortStatistics {
  const answer = lastTrexAnswer(output, 'get_port_stats', `port ${port}`, (params) => params['port_id'] === port)
  const result = checkAnswer(portShape, answer)
  return {
    opackets: result.opackets,
    ipackets: result.ipackets,
    obytes: result.obytes,
    ibytes: result.ibytes,
    oerrors: result.oerrors,
    ierrors: result.ierrors,
    txPacketsPerSecond: result.m_total_tx_pps,
    rxPacketsPerSecond: result.m_total_rx_pps,
    txBitsPerSecond: result.m_total_tx_bps,
    rxBitsPerSecond: result.m_total_rx_bps,
    cpuPercent: result.m_cpu_util,
  }
}

/** Of all ports together; counters since the daemon started. */
export interface TrexGlobalStatistics {
  txPackets: number
  rxPackets: number
  txBytes: number
  rxBytes: number
  txPacketsPerSecond: number
  rxPacketsPerSecond: number
  txBitsPerSecond: number
  rxBitsPerSecond: number
  /** Sent and not received. A rate of a moment: packets under way count as well. */
  rxDropBitsPerSecond: number
  /** What the running streams should send. */
  expectedTxPacketsPerSecond: number
  /** Near 100 the generator itself is the bottleneck. */
  cpuPercent: number
  rxCpuPercent: number
  /** How often a packet found its transmit queue full, was dropped there, or found no buffer. */
  queueFull: number
  queueDrop: number
  allocationErrors: number
}

const globalShape = z.looseObject({
  m_total_tx_pkts: count,
  m_total_rx_pkts: count,
  m_total_tx_bytes: count,
  m_total_rx_bytes: count,
  m_tx_pps: rate,
  m_rx_pps: rate,
  m_tx_bps: rate,
  m_rx_bps: rate,
  m_rx_drop_bps: rate,
  m_tx_expected_pps: rate,
  m_cpu_util: rate,
  m_rx_cpu_util: rate,
  m_total_queue_full: count,
  m_total_queue_drop: count,
  m_total_alloc_error: count,
})

/**
 * @param output of a console that was asked for `trexConsole.globalStatistics`
 * @throws ToolOutputError when it holds no complete answer
 */
export function parseTrexGlobalStatistics(output: string): TrexGlobalStatistics {
  const result = checkAnswer(globalShape, lastTrexAnswer(output, 'get_global_stats'))
  return {
    txPackets: result.m_total_tx_pkts,
    rxPackets: result.m_total_rx_pkts,
    txBytes: result.m_total_tx_bytes,
    rxBytes: result.m_total_rx_bytes,
    txPacketsPerSecond: result.m_tx_pps,
    rxPacketsPerSecond: result.m_rx_pps,
    txBitsPerSecond: result.m_tx_bps,
    rxBitsPerSecond: result.m_rx_bps,
    rxDropBitsPerSecond: result.m_rx_drop_bps,
    expectedTxPacketsPerSecond: result.m_tx_expected_pps,
    cpuPercent: result.m_cpu_util,
    rxCpuPercent: result.m_rx_cpu_util,
    queueFull: result.m_total_queue_full,
    queueDrop: result.m_total_queue_drop,
    allocationErrors: result.m_total_alloc_error,
  }
}

/** The packets of one latency stream, since it was added. */
export interface TrexFlowLatency {
  /** `pg_id` of the stream. */
  packetGroup: number
  /** Of all ports together. */
  txPackets: number
  rxPackets: number
  /** null: no packet came back. */
  times: {
    minMicroseconds: number
    averageMicroseconds: number
    /** TRex leaves out the first ten packets, so that it can be below the least when there are few. */
    maxMicroseconds: number
    /** In the last sampling period. */
    lastMaxMicroseconds: number
    /** Smoothed, by RFC 3550 section 6.4.1. */
    jitterMicroseconds: number
  } | null
  /** Ascending. From 0 to 10 one class, then 10 to 20, 20 to 30, ... 100 to 200, ... each up to the next step. */
  histogram: { fromMicroseconds: number; packets: number }[]
  errors: {
    dropped: number
    outOfOrder: number
    duplicates: number
    sequenceTooHigh: number
    sequenceTooLow: number
  }
}

const byPort = z.record(z.string().regex(/^\d+$/), count)
const flowShape = z.looseObject({ tp: byPort, rp: byPort })
const latencyShape = z.looseObject({
  lat: z
    .looseObject({
      average: rate,
      total_min: rate,
      total_max: rate,
      last_max: rate,
      jit: rate,
      histogram: z.record(z.string().regex(/^\d+$/), count).default({}),
    })
    .optional(),
  er: z
    .looseObject({
      drp: count.default(0),
      ooo: count.default(0),
      dup: count.default(0),
      sth: count.default(0),
      stl: count.default(0),
    })
    .default({ drp: 0, ooo: 0, dup: 0, sth: 0, stl: 0 }),
})
/** Next to the packet groups stands `g` with what belongs to none. */
const groupShape = z.looseObject({
  flow_stats: z.record(z.string(), z.unknown()).nullish(),
  latency: z.record(z.string(), z.unknown()).nullish(),
})

/**
 * @param output of a console that was asked for `trexConsole.latencyStatistics`
 * @returns by packet group, ascending; none when no stream measures latency
 * @throws ToolOutputError when it holds no complete answer
 */
export function parseTrexLatency(output: string): TrexFlowLatency[] {
  const groups = new Map<number, TrexFlowLatency>()
  for (const answer of trexAnswers(output, 'get_pgid_stats')) {
    const { flow_stats: flows, latency } = checkAnswer(groupShape, answer)
    for (const [group, measured] of Object.entries(latency ?? {}))
      if (/^\d+$/.test(group)) groups.set(Number(group), readGroup(Number(group), flows?.[group], measured, answer))
  }
  return [...groups.values()].toSorted((one, other) => one.packetGroup - other.packetGroup)
}

function readGroup(packetGroup: number, flow: unknown, measured: unknown, answer: TrexAnswer): TrexFlowLatency {
  const { tp, rp } = checkAnswer(flowShape, { ...answer, result: flow })
  const { lat, er } = checkAnswer(latencyShape, { ...answer, result: measured })
  const histogram = Object.entries(lat?.histogram ?? {})
    .map(([from, packets]) => ({ fromMicroseconds: Number(from), packets }))
    .toSorted((one, other) => one.fromMicroseconds - other.fromMicroseconds)
  return {
    packetGroup,
    txPackets: sum(Object.values(tp)),
    rxPackets: sum(Object.values(rp)),
    times:
      lat === undefined || histogram.every(({ packets }) => packets === 0)
        ? null
        : {
            minMicroseconds: lat.total_min,
            averageMicroseconds: lat.average,
            maxMicroseconds: lat.total_max,
            lastMaxMicroseconds: lat.last_max,
            jitterMicroseconds: lat.jit,
          },
    histogram,
    errors: {
      dropped: er.drp,
      outOfOrder: er.ooo,
      duplicates: er.dup,
      sequenceTooHigh: er.sth,
      sequenceTooLow: er.stl,
    },
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
