import { quote } from './shell-quote.ts'
import { wholeNumbersOf } from './whole-number.ts'

const whole = wholeNumbersOf('testpmd')

interface TestpmdPort {
  /** `0000:06:00.0` */
  pciAddress: string
  /** Destination MAC address of the frames that this port sends. */
  peerMacAddress: string
}

export interface TestpmdOptions {
  /** CPUs that the main lcore, which only reads commands, may run on. */
  mainCpus: readonly number[]
  /** A CPU for each forwarding lcore, of its own. */
  forwardingCpus: readonly number[]
  /** In the order of testpmd's port numbers. testpmd pairs 0 with 1, 2 with 3. */
  ports: readonly TestpmdPort[]
  /** Hugepage memory that is taken at the start, in MiB; of NUMA node 0, 1, ... */
  socketMemoryMebibytes: readonly number[]
  /** Where hugetlbfs is mounted. */
  hugepageFolder: string
  /** Receive and transmit queues of each port; more than one needs a NIC that can spread packets (RSS). */
  queues: number
  /** Descriptors of each receive and transmit queue. */
  descriptors: number
  /** Packet buffers. Default: testpmd's own, which do not fit into the hugepages of a small guest. */
  totalBuffers?: number
}

/**
 * The command line of an interactive dpdk-testpmd that forwards between the ports and sets MAC addresses, quoted for a
 * POSIX shell.
 * @throws RangeError for options that testpmd would refuse or misread
 */
export function testpmdCommand(options: TestpmdOptions): string {
  const { mainCpus, forwardingCpus, ports, socketMemoryMebibytes, hugepageFolder, queues, descriptors, totalBuffers } =
    options
  checkCpus(mainCpus, forwardingCpus)
  if (ports.length === 0 || ports.length % 2 === 1)
    throw new RangeError(`testpmd forwards between pairs of ports, but there are ${ports.length}`)
  if (socketMemoryMebibytes.length === 0) throw new RangeError('testpmd needs memory of at least one NUMA node')
  const words = ['dpdk-testpmd', '--lcores', lcores(mainCpus, forwardingCpus)]
  for (const { pciAddress } of ports) words.push('-a', checked('PCI address', pciAddress, pci))
  words.push('--socket-mem', socketMemoryMebibytes.map((size) => whole('socketMemoryMebibytes', size, 0)).join(','))
  words.push('--huge-dir', hugepageFolder, '--', '-i', `--nb-cores=${forwardingCpus.length}`)
  if (totalBuffers !== undefined) words.push(`--total-num-mbufs=${whole('totalBuffers', totalBuffers, 1024)}`)
  const [count, depth] = [whole('queues', queues, 1), whole('descriptors', descriptors, 1)]
  words.push(`--rxd=${depth}`, `--txd=${depth}`, `--rxq=${count}`, `--txq=${count}`, '--forward-mode=mac')
  for (const [port, { peerMacAddress }] of ports.entries())
    words.push(`--eth-peer=${port},${checked('MAC address', peerMacAddress, unicastMac)}`)
  return words.map(quote).join(' ')
}

const pci = /^[\da-f]{4}:[\da-f]{2}:[01][\da-f]\.[0-7]$/i
/** The lowest bit of the first byte marks a group. */
const unicastMac = /^[\da-f][02468ace](?::[\da-f]{2}){5}$/i

function checked(name: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value)) throw new RangeError(`invalid ${name} for testpmd: ${JSON.stringify(value)}`)
  return value
}

/** `0@2-3,1@4,2@5`: lcore 0 is the main one. */
function lcores(mainCpus: readonly number[], forwardingCpus: readonly number[]): string {
  return [`0@${cpuSet(mainCpus)}`, ...forwardingCpus.map((cpu, index) => `${index + 1}@${cpu}`)].join(',')
}

function cpuSet(cpus: readonly number[]): string {
  const ascending = cpus.toSorted((one, other) => one - other)
  const [first = 0] = ascending
  if (ascending.length === 1) return String(first)
  const contiguous = ascending.every((cpu, index) => cpu === first + index)
  return contiguous ? `${first}-${ascending.at(-1)}` : `(${ascending.join(',')})`
}

function checkCpus(mainCpus: readonly number[], forwardingCpus: readonly number[]): void {
  if (mainCpus.length === 0 || forwardingCpus.length === 0)
    throw new RangeError('testpmd needs a CPU for its main lcore and at least one for forwarding')
  const all = [...mainCpus, ...forwardingCpus].map((cpu) => whole('CPU', cpu, 0))
  const twice = all.find((cpu, index) => all.indexOf(cpu) !== index)
  if (twice !== undefined)
    throw new RangeError(`CPU ${twice} is given to testpmd twice; forwarding needs CPUs of its own`)
}
