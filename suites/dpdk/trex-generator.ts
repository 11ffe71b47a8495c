/** TRex in the traffic generator VM, talked to through its console. */
import type { Clock } from '../../helpers/clock/clock.ts'
import type { Guest } from '../../helpers/guest/guest.ts'
import { confirmTrexCommand, isTrexReady, trexConsole, trexShellCommand } from '../../helpers/tools/trex-console.ts'
import { parseTrexGlobalStatistics, parseTrexLatency, parseTrexPortStatistics } from '../../helpers/tools/trex-stats.ts'
import { ClearedCounters, type PortReading } from './cleared-counters.ts'
import {
  type FlowLatency,
  type GeneratorCounters,
  type GeneratorPort,
  type GeneratorSample,
  portsOf,
  type TrafficGenerator,
  type Transmission,
} from './traffic-generator.ts'
import { streamFilePath } from './trex-files.ts'

export interface TrexGeneratorOptions {
  guest: Guest
  clock: Clock
  signal: AbortSignal
}

const serviceStartMilliseconds = 30_000
const readyMilliseconds = 60_000
const readyIntervalMilliseconds = 5_000
const commandMilliseconds = 60_000

export class TrexGenerator implements TrafficGenerator {
  readonly name = 'trex'
  readonly #options: TrexGeneratorOptions
  readonly #counters = new ClearedCounters((port) => this.#port(port))
  #measuresLatency = false

  constructor(options: TrexGeneratorOptions) {
    this.#options = options
  }

  async prepare(): Promise<void> {
    const { guest, clock, signal } = this.#options
    const started = await guest.run('systemctl start trex.service', {
      timeoutMilliseconds: serviceStartMilliseconds,
      signal,
    })
    if (started.exitCode !== 0)
      throw new Error(
        `the TRex service of VMI "${guest.vmi}" does not start: systemctl ended with exit code ${started.exitCode} and said ${JSON.stringify(started.stdout.trim())}. Look at journalctl -u trex.service in its guest`,
      )
    const giveUpAt = (await clock.now()) + readyMilliseconds
    for (;;) {
      const { stdout } = await this.#run(trexConsole.help)
      if (isTrexReady(stdout)) return
      if ((await clock.now()) >= giveUpAt)
        throw new Error(
          `the TRex server of VMI "${guest.vmi}" is not ready ${readyMilliseconds / 1000} s after its service was started; its console last said ${JSON.stringify(stdout.trim().slice(-300))}. Look at hugepages, at the binding of both NICs to vfio-pci, and at journalctl -u trex.service in its guest`,
        )
      await clock.sleep(readyIntervalMilliseconds, signal)
    }
  }

  async clear(): Promise<void> {
    confirmTrexCommand('clear', (await this.#run(trexConsole.clear)).stdout)
    await this.#counters.clear()
  }

  async transmit(transmission: Transmission): Promise<void> {
    const { packetsPerSecond, durationSeconds, direction, frameBytes: frame, latency = false } = transmission
    this.#measuresLatency = latency
    const line = trexConsole.start({
      profileFile: streamFilePath({ direction, frame, latency }),
      packetsPerSecond,
      port: portsOf(direction).sending,
      durationSeconds,
    })
    confirmTrexCommand('start', (await this.#run(line)).stdout)
  }

  async sample(): Promise<GeneratorSample> {
    const { stdout } = await this.#run(trexConsole.globalStatistics, true)
    const read = parseTrexGlobalStatistics(stdout)
    return {
      txPps: read.txPacketsPerSecond,
      rxPps: read.rxPacketsPerSecond,
      txBps: read.txBitsPerSecond,
      rxBps: read.rxBitsPerSecond,
      rxDropBps: read.rxDropBitsPerSecond,
      cpuPercent: read.cpuPercent,
      rawOutput: stdout,
    }
  }

  async stop(): Promise<void> {
    confirmTrexCommand('stop', (await this.#run(trexConsole.stop)).stdout)
  }

  async counters(): Promise<GeneratorCounters> {
    const { ports, outputs } = await this.#counters.read()
    const latency = this.#measuresLatency ? await this.#latency(outputs) : null
    return { ports, latency, rawOutput: outputs.join('\n') }
  }

  async #port(port: GeneratorPort): Promise<PortReading> {
    const { stdout } = await this.#run(trexConsole.portStatistics(port), true)
    const { opackets, ipackets, oerrors, ierrors, obytes, ibytes } = parseTrexPortStatistics(stdout, port)
    return { counters: { opackets, ipackets, oerrors, ierrors, obytes, ibytes }, rawOutput: stdout }
  }

  async #latency(outputs: string[]): Promise<FlowLatency | null> {
    const { stdout } = await this.#run(trexConsole.latencyStatistics, true)
    outputs.push(stdout)
    const [flow] = parseTrexLatency(stdout)
    if (!flow?.times) return null
    const nanoseconds = (microseconds: number) => Math.round(microseconds * 1000)
    return {
      packets: flow.rxPackets,
      minNanoseconds: nanoseconds(flow.times.minMicroseconds),
      averageNanoseconds: nanoseconds(flow.times.averageMicroseconds),
      maxNanoseconds: nanoseconds(flow.times.maxMicroseconds),
      jitterNanoseconds: nanoseconds(flow.times.jitterMicroseconds),
    }
  }

  #run(line: string, quiet = false): ReturnType<Guest['run']> {
    const { guest, signal } = this.#options
    return guest.run(trexShellCommand(line, quiet), { timeoutMilliseconds: commandMilliseconds, signal })
  }
}
