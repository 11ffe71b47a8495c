/**
 * The packet generator of the Linux kernel: files under /proc/net/pktgen, one for each kernel thread and each device.
 * Described in the kernel's Documentation/networking/pktgen.rst.
 */
import { isIPv4 } from 'node:net'
import { averageFrameBytes } from './packet-rate.ts'
import { quote } from './shell-quote.ts'
import { OutputReader } from './tool-output.ts'
import { wholeNumbersOf } from './whole-number.ts'

const whole = wholeNumbersOf('pktgen')

const folder = '/proc/net/pktgen'

export interface PktgenOptions {
  interfaceName: string
  /** The kernel thread of this CPU sends. */
  cpu: number
  /** It stops by itself after so many. pktgen reads ten digits and no more. */
  packets: number
  /**
   * pktgen waits whole nanoseconds between packets, rounded down, so that it sends up to 0.1 % more at 1,000,000
   * packets/s.
   */
  packetsPerSecond: number | 'unlimited'
  /** Ethernet frame with its 4 bytes of FCS. */
  frameBytes: number
  destinationMacAddress: string
  /** Of the UDP packets; nobody needs to own them. */
  sourceAddress: string
  destinationAddress: string
}

/** Random UDP source ports, so that a NIC with several queues spreads the packets. */
const udpSourcePorts = [1000, 1100] as const
const fcsBytes = 4

/**
 * Shell commands that set everything up and send nothing. Devices of all threads that were there before are gone,
 * since starting starts all.
 * @throws RangeError for options that pktgen would misread
 */
export function pktgenSetup(options: PktgenOptions): string[] {
  const { interfaceName, cpu, packets, packetsPerSecond, frameBytes } = options
  const thread = `${folder}/kpktgend_${whole('CPU', cpu, 0, 65_535)}`
  const device = devicePath(interfaceName)
  if (!/^[\da-f][02468ace](?::[\da-f]{2}){5}$/i.test(options.destinationMacAddress))
    throw new RangeError(`invalid MAC address for pktgen: ${JSON.stringify(options.destinationMacAddress)}`)
  for (const address of [options.sourceAddress, options.destinationAddress])
    if (!isIPv4(address)) throw new RangeError(`invalid IPv4 address for pktgen: ${JSON.stringify(address)}`)
  const pace =
    packetsPerSecond === 'unlimited'
      ? 'delay 0'
      : `ratep ${whole('packets per second', packetsPerSecond, 1, 1_000_000_000)}`
  const settings = [
    `count ${whole('packets', packets, 1, 9_999_999_999)}`,
    'clone_skb 0',
    `pkt_size ${averageFrameBytes(frameBytes) - fcsBytes}`,
    pace,
    `src_min ${options.sourceAddress}`,
    `src_max ${options.sourceAddress}`,
    `dst ${options.destinationAddress}`,
    `dst_mac ${options.destinationMacAddress}`,
    `udp_src_min ${udpSourcePorts[0]}`,
    `udp_src_max ${udpSourcePorts[1]}`,
    'flag UDPSRC_RND',
  ]
  return [
    'modprobe pktgen',
    write('reset', `${folder}/pgctrl`),
    write(`add_device ${interfaceName}`, thread),
    ...settings.map((setting) => write(setting, device)),
  ]
}

/** All devices of all threads. Returns when all have sent their packets. */
export const pktgenRun: string = `echo start > ${folder}/pgctrl`

/** As `pktgenRun`, but in the background of the guest, and without the messages of a shell about its jobs. */
export const pktgenStart: string = `(${pktgenRun} 2>/dev/null </dev/null &)`

export const pktgenStop: string = `echo stop > ${folder}/pgctrl`

/** For `parsePktgenDevice`. */
export const pktgenShow = (interfaceName: string): string => `cat ${devicePath(interfaceName)}`

const write = (text: string, path: string) => `echo ${quote(text)} > ${path}`

function devicePath(interfaceName: string): string {
  if (!/^[\w.-]{1,15}$/.test(interfaceName))
    throw new RangeError(`invalid interface name for pktgen: ${JSON.stringify(interfaceName)}`)
  return `${folder}/${interfaceName}`
}

export interface PktgenDevice {
  interfaceName: string
  /** To send; 0 for ever. */
  packets: number
  /** Without FCS. */
  packetBytes: number
  /** Between packets; 0 for as fast as it can. */
  delayNanoseconds: number
  /** That were sent so far, in this run or the last one. */
  sentPackets: number
  /** Packets that the device did not take. */
  errors: number
  /** idle: not started since it was set up. */
  state: 'idle' | 'running' | 'finished'
  /** So far. */
  elapsedMicroseconds: number
  /** Of a run that is finished; null otherwise. */
  packetsPerSecond: number | null
}

const parameters = /^Params: count (\S+) +min_pkt_size: (\S+) +max_pkt_size: (\S+)$/
const device = /^ +frags: \S+ +delay: (\S+) +clone_skb: \S+ +ifname: (\S+?)(?:@\d+)?$/
const progress = /^ +pkts-sofar: (\S+) +errors: (\S+)$/
const moments = /^ +started: (\d+)us +stopped: (\d+)us +idle: (\d+)us$/
const other = /^ {5}\w/
const result = /^Result: (.+)$/
const finished = /^OK: (\d+)\(c(\d+)\+d(\d+)\) usec, (\d+) \(\d+byte,-?\d+frags\)$/
const summary = /^ +(\d+)pps (\d+)Mb\/sec \((\d+)bps\) errors: (\d+)$/

/**
 * @param output the file of the device: `pktgenShow`
 * @throws ToolOutputError when it is not complete and consistent, and when pktgen refused a setting or to start
 */
export function parsePktgenDevice(output: string): PktgenDevice {
  const reader = new OutputReader('pktgen', output)
  const [, count, minSize, maxSize] = reader.expect(parameters, 'the parameters of pktgen')
  const packets = reader.count(count, 'count')
  const packetBytes = reader.count(minSize, 'min_pkt_size')
  if (packetBytes !== reader.count(maxSize, 'max_pkt_size'))
    throw reader.error('inconsistent', 'packets of several sizes were not asked for')
  const [, delay, interfaceName = ''] = reader.expect(device, 'delay and ifname')
  const delayNanoseconds = reader.count(delay, 'delay')
  while (reader.take(other));
  reader.expect(/^Current:$/, 'the current counters')
  const [, sofar, failed] = reader.expect(progress, 'pkts-sofar and errors')
  const sentPackets = reader.count(sofar, 'pkts-sofar')
  const errors = reader.count(failed, 'errors')
  const [, started, stopped] = reader.expect(moments, 'the times of start and stop')
  const elapsedMicroseconds = reader.count(stopped, 'stopped') - reader.count(started, 'started')
  while (reader.take(other));
  const [, text = ''] = reader.expect(result, 'the result')
  const read = { interfaceName, packets, packetBytes, delayNanoseconds, sentPackets, errors, elapsedMicroseconds }
  const counted = finished.exec(text)
  if (counted) return { ...read, state: 'finished', ...readRun(reader, counted, read) }
  if (/^OK:(?: \d|$)/.test(text)) throw reader.error('truncated', 'it ends in the midst of the result')
  // Each setting leaves its own result: `OK: count=5000`.
  if (!reader.atEnd || !/^(?:OK: |Idle$|Starting$)/.test(text)) throw reader.error('refused', `pktgen says ${text}`)
  return { ...read, state: text === 'Starting' ? 'running' : 'idle', packetsPerSecond: null }
}

/** The file has some numbers twice, and what follows from them. All are cut to whole numbers. */
function readRun(
  reader: OutputReader,
  [, elapsed, busy, idle, sent]: RegExpExecArray,
  { packetBytes, sentPackets, errors }: Pick<PktgenDevice, 'packetBytes' | 'sentPackets' | 'errors'>,
): { elapsedMicroseconds: number; packetsPerSecond: number } {
  const elapsedMicroseconds = reader.count(elapsed, 'the time in usec')
  const parts = reader.count(busy, 'the time in use') + reader.count(idle, 'the time idle')
  if (parts !== elapsedMicroseconds && parts !== elapsedMicroseconds - 1)
    throw reader.error('inconsistent', `it took ${elapsedMicroseconds} us, but ${parts} us by its parts`)
  if (reader.count(sent, 'the packets') !== sentPackets)
    throw reader.error('inconsistent', `the result counts ${sent} packets, but pkts-sofar is ${sentPackets}`)
  const [, pps, megabits, bits, failed] = reader.expect(summary, 'the rate of the result')
  const packetsPerSecond = reader.count(pps, 'pps')
  const fastest = (sentPackets * 1e6) / elapsedMicroseconds
  const slowest = (sentPackets * 1e6) / (elapsedMicroseconds + 1) - 1
  if (elapsedMicroseconds > 0 && (packetsPerSecond > fastest || packetsPerSecond < slowest))
    throw reader.error(
      'inconsistent',
      `${sentPackets} packets in ${elapsedMicroseconds} us are no ${packetsPerSecond} pps`,
    )
  const bitsPerSecond = packetsPerSecond * 8 * packetBytes
  if (
    reader.count(bits, 'bps') !== bitsPerSecond ||
    reader.count(megabits, 'Mb/sec') !== Math.floor(bitsPerSecond / 1e6)
  )
    throw reader.error('inconsistent', `${packetsPerSecond} pps of ${packetBytes} bytes are ${bitsPerSecond} bps`)
  if (reader.count(failed, 'errors') !== errors)
    throw reader.error('inconsistent', `the result counts ${failed} errors, but the current counters ${errors}`)
  if (!reader.atEnd) reader.unexpected('the end of the result')
  return { elapsedMicroseconds, packetsPerSecond }
}
