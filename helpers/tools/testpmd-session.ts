/** Reads what dpdk-testpmd says of itself: when it starts and ends, how it forwards, and which ports it has. */
import { OutputReader } from './tool-output.ts'

const prompt = /^testpmd>$/

export interface TestpmdStart {
  /** Number and MAC address of each port, in lower case. */
  ports: { port: number; macAddress: string }[]
  /** What it warned about. */
  warnings: string[]
}

const configured = /^Port (\d+): ((?:[\da-fA-F]{2}:){5}[\da-fA-F]{2})$/
const warning = /^(?:EAL: |testpmd: )?Warning\b.*$/i
const failure = /^(?:EAL: Error - exiting with code: \d+|EAL: FATAL: .*|.*: (?:command )?not found)$/
/** Said before the failure, and often the better reason for it. */
const reason = /^(?:EAL|testpmd): (?!FATAL|Error - )(.*\b(?:No probed|not enough|cannot|unavailable|invalid|fail).*)$/i
const cause = /^ *Cause: (.*)$/

/**
 * @param output of dpdk-testpmd from its command line up to its first prompt
 * @throws ToolOutputError when it ended, with the reason that it gave, or when no prompt came
 */
export function parseTestpmdStart(output: string): TestpmdStart {
  const reader = new OutputReader('testpmd', output)
  const started: TestpmdStart = { ports: [], warnings: [] }
  const reasons: string[] = []
  while (!reader.take(prompt)) {
    if (reader.atEnd) reader.unexpected('the prompt of testpmd')
    const port = reader.take(configured)
    const warned = port ? null : reader.take(warning)
    const told = port || warned ? null : reader.take(reason)
    if (port)
      started.ports.push({ port: reader.count(port[1], 'the port number'), macAddress: `${port[2]}`.toLowerCase() })
    else if (warned) started.warnings.push(warned[0])
    else if (told) reasons.push(`${told[1]}`)
    else if (reader.take(failure)) refuse(reader, reasons)
    else reader.expect(/^/, 'a line')
  }
  if (started.ports.length === 0) throw reader.error('refused', ['testpmd has no port', ...reasons].join('; '))
  return started
}

function refuse(reader: OutputReader, reasons: readonly string[]): never {
  const failed = reader.error('refused', '')
  while (!reader.atEnd) {
    const found = reader.take(cause)
    if (found) throw reader.error('refused', ['testpmd ended', ...new Set(reasons), `${found[1]}`].join('; '))
    reader.expect(/^/, 'a line')
  }
  throw reader.error('refused', ['testpmd ended', ...new Set(reasons), failed.line].join('; '))
}

interface ForwardLink {
  rxPort: number
  rxQueue: number
  txPort: number
  txQueue: number
  /** Destination MAC address of what is sent, in lower case. */
  peerMacAddress: string
}

export interface ForwardConfiguration {
  /** `mac`, `io`, ... */
  mode: string
  ports: number
  /** Links of each forwarding lcore. */
  cores: { lcore: number; links: ForwardLink[] }[]
}

const echo = /^(?:testpmd> *)*(?:start|show config fwd)$/
const modeLine = /^(\S+)(?: \S+)? packet forwarding(?: with retry)? - ports=(\d+) - cores=(\d+) - streams=(\d+) - .+$/
const retryLine = /^TX retry num: \d+, delay between TX retries: \d+us$/
const coreLine = /^Logical Core (\d+) \(socket \d+\) forwards packets on (\d+) streams?:$/
const linkLine =
  /^ {2}RX P=(\d+)\/Q=(\d+) \(socket -?\d+\) -> TX P=(\d+)\/Q=(\d+) \(socket -?\d+\) peer=((?:[\da-fA-F]{2}:){5}[\da-fA-F]{2})$/
/** Burst size, descriptors and offloads follow `start`, always set in. */
const detail = /^ {2,}\S/
const refusal =
  /^(?:Bad arguments|Command not found|Not all ports were started|Packet forwarding (?:already started|is not ready))/

/**
 * @param output of `start` or `show config fwd`
 * @throws ToolOutputError when testpmd does not forward, or when the output is not complete
 */
export function parseForwardConfiguration(output: string): ForwardConfiguration {
  const reader = new OutputReader('testpmd', output)
  while (reader.take(prompt));
  reader.take(echo)
  const told = reader.take(refusal)
  if (told) throw reader.error('refused', `testpmd does not forward: ${told[0]}`)
  const [, mode = '', ports, coreCount, linkCount] = reader.expect(modeLine, 'the forwarding mode')
  reader.take(retryLine)
  const [expectedCores, expectedLinks] = [reader.count(coreCount, 'cores'), reader.count(linkCount, 'streams')]
  const configuration: ForwardConfiguration = { mode, ports: reader.count(ports, 'ports'), cores: [] }
  for (let core = reader.take(coreLine); core; core = reader.take(coreLine)) {
    const links: ForwardLink[] = []
    const expected = reader.count(core[2], 'streams')
    while (links.length < expected) links.push(readLink(reader))
    configuration.cores.push({ lcore: Number(core[1]), links })
  }
  const links = configuration.cores.flatMap((core) => core.links).length
  if (configuration.cores.length < expectedCores || links < expectedLinks) reader.unexpected('all streams of all cores')
  if (configuration.cores.length !== expectedCores || links !== expectedLinks)
    throw reader.error(
      'inconsistent',
      `${configuration.cores.length} cores with ${links} streams are listed, but ${expectedCores} with ${expectedLinks} announced`,
    )
  while (reader.take(detail));
  while (reader.take(prompt));
  if (!reader.atEnd) reader.unexpected('the prompt of testpmd')
  return configuration
}

function readLink(reader: OutputReader): ForwardLink {
  const [, rxPort, rxQueue, txPort, txQueue, peer = ''] = reader.expect(linkLine, 'a stream')
  return {
    rxPort: Number(rxPort),
    rxQueue: Number(rxQueue),
    txPort: Number(txPort),
    txQueue: Number(txQueue),
    peerMacAddress: peer.toLowerCase(),
  }
}

export interface PortSummary {
  port: number
  /** In lower case. */
  macAddress: string
  /** PCI address, or the name of a virtual device. */
  name: string
  driver: string
  up: boolean
  /** `10 Gbps`, `Unknown`, ... */
  linkSpeed: string
}

const summaryEcho = /^(?:testpmd> *)*show port summary (?:all|\d+)$/
const summaryRow = /^(\d+) +((?:[\da-fA-F]{2}:){5}[\da-fA-F]{2}) (\S+) +(\S+) +(up|down) +(\S.*)$/

/**
 * @param output of `show port summary all`
 * @throws ToolOutputError when it is not complete
 */
export function parsePortSummary(output: string): PortSummary[] {
  const reader = new OutputReader('testpmd', output)
  while (reader.take(prompt));
  reader.take(summaryEcho)
  const available = reader.expect(/^Number of available ports: (\d+)$/, 'the number of ports')
  const expected = reader.count(available[1], 'the number of ports')
  reader.expect(/^Port MAC Address +Name +Driver +Status +Link$/, 'the head of the table of ports')
  const ports: PortSummary[] = []
  while (ports.length < expected) {
    const [, port, mac = '', name = '', driver = '', status, linkSpeed = ''] = reader.expect(summaryRow, 'a port')
    ports.push({ port: Number(port), macAddress: mac.toLowerCase(), name, driver, up: status === 'up', linkSpeed })
  }
  while (reader.take(prompt));
  if (!reader.atEnd) reader.unexpected('the prompt of testpmd')
  return ports
}

/**
 * @param output of `quit`, the prompt of the shell after it or not
 * @returns the ports that were closed
 * @throws ToolOutputError when testpmd did not take its leave
 */
export function parseTestpmdQuit(output: string): number[] {
  const reader = new OutputReader('testpmd', output)
  const closed: number[] = []
  while (!reader.take(/^Bye\.\.\.$/)) {
    if (reader.atEnd) reader.unexpected('its farewell')
    const port = reader.take(/^Port (\d+) is closed$/)
    if (port) closed.push(Number(port[1]))
    else reader.expect(/^/, 'a line')
  }
  return closed
}
