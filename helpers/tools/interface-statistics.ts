/** Reads the counters that the Linux kernel keeps of a network interface, from either place where it shows them. */
import { OutputReader } from './tool-output.ts'

/** Since the interface was made. Frames that the machine sends of its own, such as IPv6 solicitations, count as well. */
export interface InterfaceStatistics {
  rxPackets: number
  rxBytes: number
  /** In bad shape. */
  rxErrors: number
  /** Received well, and dropped by the kernel. */
  rxDropped: number
  /** Dropped by the NIC, since nobody fetched them in time. */
  rxMissed: number
  txPackets: number
  txBytes: number
  txErrors: number
  txDropped: number
}

const folder = '/sys/class/net'

/** For `parseInterfaceStatistics`. @throws RangeError for a name that no interface can have */
export const interfaceStatisticsCommand = (interfaceName: string): string =>
  `grep -H . ${folder}/${checkedName(interfaceName)}/statistics/*`

const fields = {
  rx_packets: 'rxPackets',
  rx_bytes: 'rxBytes',
  rx_errors: 'rxErrors',
  rx_dropped: 'rxDropped',
  rx_missed_errors: 'rxMissed',
  tx_packets: 'txPackets',
  tx_bytes: 'txBytes',
  tx_errors: 'txErrors',
  tx_dropped: 'txDropped',
} as const satisfies Record<string, keyof InterfaceStatistics>

/**
 * @param output of `interfaceStatisticsCommand(interfaceName)`
 * @throws ToolOutputError when a counter is missing or no number, or when it is one of another interface
 */
export function parseInterfaceStatistics(output: string, interfaceName: string): InterfaceStatistics {
  const reader = new OutputReader(`statistics of ${interfaceName}`, output)
  const counters = new Map<string, number>()
  while (!reader.atEnd) {
    const [, owner, name = '', value] = reader.expect(
      /^\/sys\/class\/net\/([^/]+)\/statistics\/(\w+):(\S+)$/,
      'a counter',
    )
    if (owner !== interfaceName) throw reader.error('inconsistent', `this is a counter of ${owner}`)
    if (counters.has(name)) throw reader.error('inconsistent', `${name} comes twice`)
    counters.set(name, reader.count(value, name))
  }
  return complete(reader, (name) => counters.get(name))
}

function complete(reader: OutputReader, counter: (name: string) => number | undefined): InterfaceStatistics {
  const read: Partial<InterfaceStatistics> = {}
  for (const [name, field] of Object.entries(fields)) {
    const value = counter(name)
    if (value === undefined) throw reader.error('truncated', `it ends without ${name}`)
    read[field] = value
  }
  return read as InterfaceStatistics
}

/** For `parseIpLink`. @throws RangeError for a name that no interface can have */
export const ipLinkCommand = (interfaceName: string): string => `ip -s -s link show dev ${checkedName(interfaceName)}`

/** What `ip` calls the counters of `fields`. Old versions show `missed` among the errors. */
const columns = new Map([
  ['packets', 'packets'],
  ['bytes', 'bytes'],
  ['errors', 'errors'],
  ['dropped', 'dropped'],
  ['missed', 'missed_errors'],
])

const groupHead = /^ +([RT]X)(?: errors)?: +([a-z ]+)$/

/**
 * @param output of `ipLinkCommand(interfaceName)`
 * @throws ToolOutputError when it is about another interface, or when a counter is missing
 */
export function parseIpLink(output: string, interfaceName: string): InterfaceStatistics {
  const reader = new OutputReader(`ip link of ${interfaceName}`, output)
  const [, owner] = reader.expect(/^\d+: ([^:@]+)(?:@[^:]+)?: <[^>]*> /, 'the interface')
  if (owner !== interfaceName) throw reader.error('inconsistent', `these are the counters of ${owner}`)
  const counters = new Map<string, number>()
  while (!reader.atEnd) {
    const group = reader.take(groupHead)
    if (group) readGroup(reader, group, counters)
    else reader.expect(/^ {4}(?![RT]X)\S/, 'counters')
  }
  return complete(reader, (name) => counters.get(name))
}

function readGroup(
  reader: OutputReader,
  [, way = '', titles = '']: RegExpExecArray,
  counters: Map<string, number>,
): void {
  const names = titles.trim().split(/ +/)
  const values = reader
    .expect(/^ +\S.*$/, `the values of ${way}`)[0]
    .trim()
    .split(/ +/)
  if (names.length !== values.length)
    throw reader.error('inconsistent', `${names.length} counters have ${values.length} values`)
  for (const [index, title] of names.entries()) {
    const value = reader.count(values[index], `${way} ${title}`)
    const name = columns.get(title)
    if (name !== undefined) counters.set(`${way.toLowerCase()}_${name}`, value)
  }
}

function checkedName(interfaceName: string): string {
  if (!/^[\w.-]{1,15}$/.test(interfaceName))
    throw new RangeError(`invalid interface name ${JSON.stringify(interfaceName)}`)
  return interfaceName
}
