/** Reads the counters that dpdk-testpmd prints, strictly: what is not understood is an error that quotes the line. */
import { OutputReader } from './tool-output.ts'

interface ForwardedPackets {
  packets: number
  dropped: number
  /** packets + dropped. */
  total: number
}

export interface ForwardPort {
  port: number
  /** Dropped: the NIC had packets that testpmd did not fetch in time (`imissed`). */
  rx: ForwardedPackets
  /** Dropped: testpmd had packets that the NIC had no room for. */
  tx: ForwardedPackets
  /** Since the port was started: `clear fwd stats all` leaves it. */
  rxErrors: number
  /** Packets that found no free buffer. */
  rxNoBuffers: number
}

/** One stream: a receive queue and the transmit queue that its packets go to. */
export interface ForwardStream {
  rxPort: number
  rxQueue: number
  txPort: number
  txQueue: number
  rxPackets: number
  txPackets: number
  txDropped: number
}

/** All since the last `start` or `clear fwd stats`, except where it says otherwise. */
export interface ForwardStatistics {
  /** Only with more than one queue per port, and only those that moved a packet. */
  streams: ForwardStream[]
  /** In the order printed, which is that of the port numbers. */
  ports: ForwardPort[]
  accumulated: {
    rx: ForwardedPackets
    /** `dropped` holds `txErrors`, too, which those of the ports do not. */
    tx: ForwardedPackets
    rxNoBuffers: number
  }
  /** Packets that the NICs failed to send, all ports together. Printed nowhere else in these statistics. */
  txErrors: number
}

const end = String.raw`\s*$`
const streamHead = /^ *-+ Forward Stats for RX Port= *(\d+)\/Queue= *(\d+) -> TX Port= *(\d+)\/Queue= *(\d+) -+$/
const streamCounts = new RegExp(String.raw`^ *RX-packets: (\S+) +TX-packets: (\S+) +TX-dropped: (\S+)${end}`)
const portHead = /^ *-+ Forward statistics for port (\d+) +-+$/
const accumulatedHead = /^ *\++ Accumulated forward statistics for all ports\++$/
// Where a number fills its column nothing keeps it from the next name.
const counts = (way: 'RX' | 'TX') =>
  new RegExp(String.raw`^ *${way}-packets: (\S+?) *${way}-dropped: (\S+?) *${way}-total: (\S+)${end}`)
const rxCounts = counts('RX')
const txCounts = counts('TX')
const rxError = /^ *RX-error: (\S+)$/
const rxNoBuffers = /^ *RX-nombufs: (\S+)$/
const bursts = /^ *[RT]X-bursts ?: \d+ \[.*\]$/
const portFoot = /^ *-{40,}$/
const accumulatedFoot = /^ *\+{40,}$/
const cycles = /^ *CPU cycles\/packet=\S+ \(.*\) at \d+ MHz Clock$/
const stopping = /^(?:Telling cores to stop\.\.\.|Waiting for lcores to finish\.\.\.|Done\.)$/
const prompt = /^testpmd>$/
const forwardEcho = /^(?:testpmd> *)*(?:show fwd stats all|stop)$/
const refusal =
  /^(?:Bad arguments|Command not found|Ambiguous command|Invalid port|Packet forwarding not started|.*Error: failed to get stats)/

/**
 * @param output of `show fwd stats all` or of `stop`; lines may end in \n or \r\n
 * @throws ToolOutputError when it is not complete and consistent
 */
export function parseForwardStatistics(output: string): ForwardStatistics {
  const reader = new OutputReader('testpmd', output)
  beginning(reader, forwardEcho)
  while (reader.take(stopping));
  const streams: ForwardStream[] = []
  for (let head = reader.take(streamHead); head; head = reader.take(streamHead)) streams.push(readStream(reader, head))
  const ports: ForwardPort[] = []
  for (let head = reader.take(portHead); head; head = reader.take(portHead)) {
    const port = reader.count(head[1], 'the port number')
    if (ports.some((other) => other.port === port)) throw reader.error('inconsistent', `port ${port} comes twice`)
    ports.push(readPort(reader, port))
  }
  if (ports.length === 0) refuse(reader, 'the statistics of a port')
  refuseUnless(reader, accumulatedHead, 'the accumulated statistics')
  const statistics = readAccumulated(reader, streams, ports)
  reader.take(cycles)
  while (reader.take(stopping));
  ending(reader)
  return statistics
}

function readStream(reader: OutputReader, head: RegExpExecArray): ForwardStream {
  const [, rxPort, rxQueue, txPort, txQueue] = head
  const place = {
    rxPort: reader.count(rxPort, 'the receiving port'),
    rxQueue: reader.count(rxQueue, 'the receiving queue'),
    txPort: reader.count(txPort, 'the sending port'),
    txQueue: reader.count(txQueue, 'the sending queue'),
  }
  const [, received, sent, dropped] = reader.expect(streamCounts, 'the counters of a queue')
  const stream = {
    ...place,
    rxPackets: reader.count(received, 'RX-packets'),
    txPackets: reader.count(sent, 'TX-packets'),
    txDropped: reader.count(dropped, 'TX-dropped'),
  }
  while (reader.take(bursts));
  return stream
}

function readPort(reader: OutputReader, port: number): ForwardPort {
  const rx = readCounts(reader, rxCounts, 'RX')
  const errors = reader.take(rxError)
  const read = {
    port,
    rx,
    rxErrors: errors ? reader.count(errors[1], 'RX-error') : 0,
    rxNoBuffers: readNoBuffers(reader),
    tx: readCounts(reader, txCounts, 'TX'),
  }
  while (reader.take(bursts));
  reader.expect(portFoot, `the end of the statistics of port ${port}`)
  return read
}

function readCounts(reader: OutputReader, pattern: RegExp, way: string): ForwardedPackets {
  const [, packets, dropped, total] = reader.expect(pattern, `${way}-packets, ${way}-dropped and ${way}-total`)
  const read = {
    packets: reader.count(packets, `${way}-packets`),
    dropped: reader.count(dropped, `${way}-dropped`),
    total: reader.count(total, `${way}-total`),
  }
  if (read.packets + read.dropped !== read.total)
    throw reader.error(
      'inconsistent',
      `${way}-total is ${read.total}, but ${way}-packets and ${way}-dropped are ${read.packets + read.dropped} together`,
    )
  return read
}

function readNoBuffers(reader: OutputReader): number {
  const found = reader.take(rxNoBuffers)
  return found ? reader.count(found[1], 'RX-nombufs') : 0
}

function readAccumulated(reader: OutputReader, streams: ForwardStream[], ports: ForwardPort[]): ForwardStatistics {
  const sum = (of: (port: ForwardPort) => number) => ports.reduce((total, port) => total + of(port), 0)
  const same = (name: string, printed: number, summed: number) => {
    if (printed !== summed)
      throw reader.error('inconsistent', `the accumulated ${name} are ${printed}, but ${summed} by the ports`)
  }
  const rx = readCounts(reader, rxCounts, 'RX')
  same(
    'RX-packets',
    rx.packets,
    sum((port) => port.rx.packets),
  )
  same(
    'RX-dropped',
    rx.dropped,
    sum((port) => port.rx.dropped),
  )
  const tx = readCounts(reader, txCounts, 'TX')
  same(
    'TX-packets',
    tx.packets,
    sum((port) => port.tx.packets),
  )
  const txErrors = tx.dropped - sum((port) => port.tx.dropped)
  if (txErrors < 0)
    throw reader.error('inconsistent', `the accumulated TX-dropped are ${-txErrors} less than those of the ports`)
  const noBuffers = readNoBuffers(reader)
  same(
    'RX-nombufs',
    noBuffers,
    sum((port) => port.rxNoBuffers),
  )
  checkStreams(reader, streams, ports)
  reader.expect(accumulatedFoot, 'the end of the accumulated statistics')
  return { streams, ports, accumulated: { rx, tx, rxNoBuffers: noBuffers }, txErrors }
}

/** Those of the port are the same counters, read a moment later; while packets are dropped they are ahead. */
function checkStreams(reader: OutputReader, streams: readonly ForwardStream[], ports: readonly ForwardPort[]): void {
  for (const { port, tx } of ports) {
    let dropped = 0
    for (const { txPort, txDropped } of streams) if (txPort === port) dropped += txDropped
    if (dropped > tx.dropped)
      throw reader.error('inconsistent', `the queues of port ${port} dropped ${dropped}, but the port ${tx.dropped}`)
  }
}

/** The counters of a port since it was started, or since `clear port stats`. */
export interface PortStatistics {
  port: number
  rxPackets: number
  /** Packets that the NIC dropped since nobody fetched them in time. */
  rxMissed: number
  rxBytes: number
  rxErrors: number
  /** Packets that found no free buffer. */
  rxNoBuffers: number
  txPackets: number
  txErrors: number
  txBytes: number
  /** Mean since the last `show port stats` of the port; 0 the first time. */
  rxPacketsPerSecond: number
  txPacketsPerSecond: number
  /** null: versions of DPDK before 20.11 do not print it. */
  rxBitsPerSecond: number | null
  txBitsPerSecond: number | null
}

const nicHead = /^ *#+ NIC statistics for port (\d+) +#+$/
const nicRx = new RegExp(String.raw`^ *RX-packets: (\S+) +RX-missed: (\S+) +RX-bytes: +(\S+)${end}`)
const nicErrors = /^ *RX-errors: (\S+)$/
const nicNoBuffers = /^ *RX-nombuf: +(\S+)$/
const nicTx = new RegExp(String.raw`^ *TX-packets: (\S+) +TX-errors: (\S+) +TX-bytes: +(\S+)${end}`)
const nicRates = (way: 'Rx' | 'Tx') => new RegExp(String.raw`^ *${way}-pps: +(\S+)(?: +${way}-bps: +(\S+))?${end}`)
const nicRxRates = nicRates('Rx')
const nicTxRates = nicRates('Tx')
const nicThroughput = /^ *Throughput \(since last show\)$/
const nicFoot = /^ *#{40,}$/
const nicEcho = /^(?:testpmd> *)*show port stats (?:all|\d+)$/

/**
 * @param output of `show port stats all`; lines may end in \n or \r\n
 * @returns at least one port, in the order printed
 * @throws ToolOutputError when it is not complete
 */
export function parsePortStatistics(output: string): PortStatistics[] {
  const reader = new OutputReader('testpmd', output)
  beginning(reader, nicEcho)
  const ports: PortStatistics[] = []
  for (let head = reader.take(nicHead); head; head = reader.take(nicHead)) {
    const port = reader.count(head[1], 'the port number')
    if (ports.some((other) => other.port === port)) throw reader.error('inconsistent', `port ${port} comes twice`)
    ports.push(readNic(reader, port))
  }
  if (ports.length === 0) refuse(reader, 'the statistics of a port')
  ending(reader)
  return ports
}

function readNic(reader: OutputReader, port: number): PortStatistics {
  const [, rxPackets, rxMissed, rxBytes] = reader.expect(nicRx, 'RX-packets, RX-missed and RX-bytes')
  const rx = {
    rxPackets: reader.count(rxPackets, 'RX-packets'),
    rxMissed: reader.count(rxMissed, 'RX-missed'),
    rxBytes: reader.count(rxBytes, 'RX-bytes'),
  }
  const rxErrors = reader.count(reader.expect(nicErrors, 'RX-errors')[1], 'RX-errors')
  const noBuffers = reader.count(reader.expect(nicNoBuffers, 'RX-nombuf')[1], 'RX-nombuf')
  const [, txPackets, txErrors, txBytes] = reader.expect(nicTx, 'TX-packets, TX-errors and TX-bytes')
  const tx = {
    txPackets: reader.count(txPackets, 'TX-packets'),
    txErrors: reader.count(txErrors, 'TX-errors'),
    txBytes: reader.count(txBytes, 'TX-bytes'),
  }
  reader.expect(nicThroughput, 'the throughput')
  const received = readRates(reader, nicRxRates, 'Rx')
  const sent = readRates(reader, nicTxRates, 'Tx')
  reader.expect(nicFoot, `the end of the statistics of port ${port}`)
  return {
    port,
    ...rx,
    rxErrors,
    rxNoBuffers: noBuffers,
    ...tx,
    rxPacketsPerSecond: received.packets,
    txPacketsPerSecond: sent.packets,
    rxBitsPerSecond: received.bits,
    txBitsPerSecond: sent.bits,
  }
}

function readRates(reader: OutputReader, pattern: RegExp, way: string): { packets: number; bits: number | null } {
  const [, packets, bits] = reader.expect(pattern, `${way}-pps and ${way}-bps`)
  return {
    packets: reader.count(packets, `${way}-pps`),
    bits: bits === undefined ? null : reader.count(bits, `${way}-bps`),
  }
}

/** Past the prompt and the echo of the command, which a console may have left. */
function beginning(reader: OutputReader, echo: RegExp): void {
  while (reader.take(prompt));
  reader.take(echo)
}

function ending(reader: OutputReader): void {
  while (reader.take(prompt));
  if (!reader.atEnd) reader.unexpected('the prompt of testpmd')
}

function refuseUnless(reader: OutputReader, pattern: RegExp, what: string): void {
  if (!reader.take(pattern)) refuse(reader, what)
}

/** Instead of `what` testpmd wrote why it has none, or something that is not understood. */
function refuse(reader: OutputReader, what: string): never {
  const told = reader.take(refusal)
  if (told) throw reader.error('refused', `instead of ${what} it says: ${told[0]}`)
  reader.unexpected(what)
}
