/** The packet generator of the Linux kernel, in any guest that has its module. It counts what its interfaces count. */
import type { Clock } from '../../helpers/clock/clock.ts'
import type { CommandResult, Guest } from '../../helpers/guest/guest.ts'
import {
  type InterfaceStatistics,
  interfaceStatisticsCommand,
  parseInterfaceStatistics,
} from '../../helpers/tools/interface-statistics.ts'
import {
  parsePktgenDevice,
  type PktgenDevice,
  pktgenSetup,
  pktgenShow,
  pktgenStart,
  pktgenStop,
} from '../../helpers/tools/pktgen.ts'
import { ClearedCounters, type PortReading } from './cleared-counters.ts'
import {
  type GeneratorCounters,
  type GeneratorPort,
  generatorPorts,
  type GeneratorSample,
  type PortCounters,
  portsOf,
  type TrafficGenerator,
  type Transmission,
} from './traffic-generator.ts'

export interface PktgenGeneratorOptions {
  guest: Guest
  clock: Clock
  signal: AbortSignal
  /** MAC addresses of the generator's own interfaces, by port. */
  macAddresses: Record<GeneratorPort, string>
  /** MAC addresses of the VM under test that each port sends to. */
  peerMacAddresses: Record<GeneratorPort, string>
  /** CPU whose kernel thread sends. */
  cpu: number
}

const commandMilliseconds = 30_000
/** Of RFC 2544, for tests of devices; nobody owns them. */
const addresses = { sourceAddress: '198.18.0.1', destinationAddress: '198.19.0.1' }

export class PktgenGenerator implements TrafficGenerator {
  readonly name = 'pktgen'
  readonly #options: PktgenGeneratorOptions
  #interfaces: Record<GeneratorPort, string> | undefined
  readonly #counters = new ClearedCounters((port) => this.#port(port))
  #sending: GeneratorPort = 0
  /** pktgen knows no device before the first transmission. */
  #hasSent = false
  #last: { at: number; sent: number; received: number } | undefined

  constructor(options: PktgenGeneratorOptions) {
    this.#options = options
  }

  async prepare(): Promise<void> {
    const { macAddresses } = this.#options
    this.#interfaces = { 0: await this.#interfaceOf(macAddresses[0]), 1: await this.#interfaceOf(macAddresses[1]) }
    for (const port of generatorPorts) {
      const name = this.#interfaceName(port)
      // Frames of the kernel's own would be counted with those of the test.
      await this.#succeed(`echo 1 > /proc/sys/net/ipv6/conf/${name}/disable_ipv6; ip link set ${name} up promisc on`)
    }
  }

  async clear(): Promise<void> {
    this.#hasSent = false
    await this.#counters.clear()
  }

  async transmit({ direction, packetsPerSecond, frameBytes, durationSeconds }: Transmission): Promise<void> {
    if (frameBytes === 'IMIX')
      throw new Error('pktgen sends frames of one size only; leave IMIX out of ndrFrameSizes, or use TRex')
    const { cpu, peerMacAddresses } = this.#options
    this.#sending = portsOf(direction).sending
    this.#last = undefined
    const lines = pktgenSetup({
      interfaceName: this.#interfaceName(this.#sending),
      cpu,
      packets: Math.round(packetsPerSecond * durationSeconds),
      packetsPerSecond,
      frameBytes,
      destinationMacAddress: peerMacAddresses[this.#sending],
      ...addresses,
    })
    for (const line of lines) await this.#succeed(line)
    this.#hasSent = true
    await this.#succeed(pktgenStart)
  }

  async sample(): Promise<GeneratorSample> {
    const { clock } = this.#options
    const { device, rawOutput } = await this.#device()
    const received = (await this.#port(portsOf(this.#sending === 0 ? 'east-to-west' : 'west-to-east').receiving))
      .counters.ipackets
    const now = { at: await clock.now(), sent: device.sentPackets, received }
    const before = this.#last ?? { at: now.at - device.elapsedMicroseconds / 1000, sent: 0, received: this.#received() }
    this.#last = now
    const seconds = (now.at - before.at) / 1000
    const rate = (count: number) => (seconds > 0 ? Math.max(0, count) / seconds : 0)
    return {
      txPps: rate(now.sent - before.sent),
      rxPps: rate(now.received - before.received),
      txBps: null,
      rxBps: null,
      rxDropBps: null,
      cpuPercent: null,
      rawOutput,
    }
  }

  async stop(): Promise<void> {
    await this.#succeed(pktgenStop)
  }

  async counters(): Promise<GeneratorCounters> {
    const { ports, outputs } = await this.#counters.read()
    if (this.#hasSent) {
      const { device, rawOutput } = await this.#device()
      outputs.push(rawOutput)
      // The interface does not know what it never got.
      ports[this.#sending] = { ...ports[this.#sending], oerrors: ports[this.#sending].oerrors + device.errors }
    }
    return { ports, latency: null, rawOutput: outputs.join('\n') }
  }

  #received(): number {
    return this.#counters.whenCleared?.[this.#sending === 0 ? 1 : 0].ipackets ?? 0
  }

  async #device(): Promise<{ device: PktgenDevice; rawOutput: string }> {
    const { stdout } = await this.#succeed(pktgenShow(this.#interfaceName(this.#sending)))
    return { device: parsePktgenDevice(stdout), rawOutput: stdout }
  }

  async #port(port: GeneratorPort): Promise<PortReading> {
    const name = this.#interfaceName(port)
    const { stdout } = await this.#succeed(interfaceStatisticsCommand(name))
    return { counters: countersOf(parseInterfaceStatistics(stdout, name)), rawOutput: stdout }
  }

  #interfaceName(port: GeneratorPort): string {
    const name = this.#interfaces?.[port]
    if (name === undefined) throw new Error('the traffic generator was used before it was prepared')
    return name
  }

  async #interfaceOf(macAddress: string): Promise<string> {
    const { stdout } = await this.#succeed(`grep -il ${macAddress} /sys/class/net/*/address`)
    const names = [...stdout.matchAll(/^\/sys\/class\/net\/([\w.-]+)\/address$/gm)].map(([, name]) => name)
    const [name] = names
    if (name === undefined || names.length > 1)
      throw new Error(
        `VMI "${this.#options.guest.vmi}" has ${names.length} interfaces with MAC address ${macAddress}; one is needed to send from`,
      )
    return name
  }

  /** @throws Error when the command fails in the guest */
  async #succeed(command: string): Promise<CommandResult> {
    const { guest, signal } = this.#options
    const result = await guest.run(command, { timeoutMilliseconds: commandMilliseconds, signal })
    if (result.exitCode !== 0)
      throw new Error(
        `VMI "${guest.vmi}": ${command} ended with exit code ${result.exitCode} and said ${JSON.stringify(result.stdout.trim().slice(-300))}. The guest needs root and the pktgen module of its kernel`,
      )
    return result
  }
}

function countersOf(statistics: InterfaceStatistics): PortCounters {
  return {
    opackets: statistics.txPackets,
    ipackets: statistics.rxPackets,
    oerrors: statistics.txErrors + statistics.txDropped,
    ierrors: statistics.rxErrors,
    obytes: statistics.txBytes,
    ibytes: statistics.rxBytes,
  }
}
