import { describe, expect, test } from 'vitest'
import type { Clock } from '../../helpers/clock/clock.ts'
import type { ForwardStatistics } from '../../helpers/tools/testpmd-stats.ts'
import { type Bench, searchRates, sendTraffic, type Traffic } from './procedure.ts'
import type { Testpmd } from './testpmd.ts'
import type { GeneratorCounters, TrafficGenerator, Transmission } from './traffic-generator.ts'
import { trafficCounts } from './traffic-counts.ts'

/** Time passes only when somebody sleeps. */
class ManualClock implements Clock {
  time = 0
  now = () => Promise.resolve(this.time)
  sleep = (milliseconds: number) => {
    this.time += milliseconds
    return Promise.resolve()
  }
  deadline = () => ({ signal: new AbortController().signal, [Symbol.dispose]: () => undefined })
}

/** Traffic from port 0 through a VM that forwards up to a capacity, and back to port 1. */
class Simulation {
  readonly clock = new ManualClock()
  readonly calls: string[] = []
  capacity = Infinity
  /** Share of the asked rate that the generator reaches. */
  reaches = 1
  /** Milliseconds after the traffic until the last packets are counted. */
  settles = 0
  transmission: (Transmission & { startedAt: number; stoppedAt: number }) | undefined

  #sent(): number {
    if (!this.transmission) return 0
    const { startedAt, stoppedAt, packetsPerSecond } = this.transmission
    const seconds = Math.max(0, Math.min(this.clock.time, stoppedAt) - startedAt) / 1000
    return Math.floor(seconds * packetsPerSecond * this.reaches)
  }

  #forwarded(): number {
    const sent = this.#sent()
    if (!this.transmission) return 0
    const { packetsPerSecond, stoppedAt } = this.transmission
    const late = this.clock.time < stoppedAt + this.settles ? 1 : 0
    const share = Math.min(1, this.capacity / (packetsPerSecond * this.reaches))
    return Math.max(0, Math.floor(sent * share) - (sent > 0 ? late : 0))
  }

  readonly generator: TrafficGenerator = {
    name: 'trex',
    prepare: () => Promise.resolve(),
    clear: () => {
      this.calls.push('clear')
      this.transmission = undefined
      return Promise.resolve()
    },
    transmit: (transmission) => {
      this.calls.push(`transmit ${transmission.packetsPerSecond}`)
      const startedAt = this.clock.time
      this.transmission = { ...transmission, startedAt, stoppedAt: startedAt + transmission.durationSeconds * 1000 }
      return Promise.resolve()
    },
    sample: () => {
      this.calls.push('sample')
      const pps = this.transmission?.packetsPerSecond ?? 0
      return Promise.resolve({
        txPps: pps,
        rxPps: pps,
        txBps: null,
        rxBps: null,
        rxDropBps: null,
        cpuPercent: null,
        rawOutput: '',
      })
    },
    stop: () => {
      this.calls.push('stop')
      if (this.transmission) this.transmission.stoppedAt = this.clock.time
      return Promise.resolve()
    },
    counters: () => {
      const none = { opackets: 0, ipackets: 0, oerrors: 0, ierrors: 0, obytes: 0, ibytes: 0 }
      const counters: GeneratorCounters = {
        ports: { 0: { ...none, opackets: this.#sent() }, 1: { ...none, ipackets: this.#forwarded() } },
        latency: null,
        rawOutput: `sent ${this.#sent()}`,
      }
      return Promise.resolve(counters)
    },
  }

  readonly testpmd = {
    clear: () => Promise.resolve(),
    counters: () => {
      const packets = (count: number) => ({ packets: count, dropped: 0, total: count })
      const [received, forwarded] = [this.#forwarded(), this.#forwarded()]
      const port = (number: number, rx: number, tx: number) => ({
        port: number,
        rx: packets(rx),
        tx: packets(tx),
        rxErrors: 0,
        rxNoBuffers: 0,
      })
      const forward: ForwardStatistics = {
        streams: [],
        ports: [port(0, received, 0), port(1, 0, forwarded)],
        accumulated: { rx: packets(received), tx: packets(forwarded), rxNoBuffers: 0 },
        txErrors: 0,
      }
      return Promise.resolve({ forward, rawOutput: `received ${received}` })
    },
  } as unknown as Testpmd

  bench(timeoutSeconds = 3600): Bench & { kept: Record<string, string> } {
    const kept: Record<string, string> = {}
    return {
      generator: this.generator,
      testpmd: this.testpmd,
      clock: this.clock,
      signal: new AbortController().signal,
      remainingMilliseconds: () => Promise.resolve(timeoutSeconds * 1000 - this.clock.time),
      keepRawOutput: (name, content) => {
        kept[name] = content
        return Promise.resolve(name)
      },
      kept,
    }
  }
}

const traffic: Traffic = {
  direction: 'east-to-west',
  packetsPerSecond: 1000,
  frameBytes: 64,
  durationSeconds: 20,
  sampleIntervalSeconds: 5,
  latency: false,
  outputName: 'east-to-west',
}

describe('sendTraffic', () => {
  test('clears, sends, samples while traffic runs, and counts when everything is at rest', async () => {
    const simulation = new Simulation()
    const bench = simulation.bench()
    const findings = await sendTraffic(traffic, bench)
    expect(simulation.calls).toEqual(['clear', 'transmit 1000', 'sample', 'sample', 'sample'])
    expect(findings).toMatchObject({
      measuredSeconds: 20,
      atRest: true,
      samples: [{ atSeconds: 5 }, { atSeconds: 10 }, { atSeconds: 15 }],
      rawOutputs: { generator: 'east-to-west trex.txt', vmUnderTest: 'east-to-west testpmd.txt' },
    })
    expect(trafficCounts(findings, true)).toMatchObject({ sent: 20_000, received: 20_000, returned: 20_000 })
    expect(bench.kept['east-to-west trex.txt']).toBe('sent 20000')
  })

  test('waits for counters that settle late', async () => {
    const simulation = new Simulation()
    simulation.settles = 1500
    const findings = await sendTraffic(traffic, simulation.bench())
    expect(findings.atRest).toBe(true)
    expect(trafficCounts(findings, true)).toMatchObject({ sent: 20_000, returned: 20_000 })
  })

  test('ends early when the timeout of the case comes first, and says how long it ran', async () => {
    const simulation = new Simulation()
    const findings = await sendTraffic(traffic, simulation.bench(49))
    expect(simulation.calls).toContain('stop')
    expect(findings.measuredSeconds).toBe(4)
    expect(findings.asked.durationSeconds).toBe(20)
    expect(trafficCounts(findings, true).sent).toBe(4000)
  })

  test('sees loss as the difference between what was sent and what came back', async () => {
    const simulation = new Simulation()
    simulation.capacity = 900
    expect(trafficCounts(await sendTraffic(traffic, simulation.bench()), true)).toMatchObject({
      sent: 20_000,
      returned: 18_000,
    })
  })
})

describe('searchRates', () => {
  const search = {
    direction: 'east-to-west',
    frame: 64,
    lineRate: 14_880_952,
    highestRate: 14_880_952,
    trialSeconds: 10,
    maxTrials: 30,
    precisionPercent: 0.5,
    maxLossPercent: 0,
    pdrLossPercent: undefined,
    oneNetwork: true,
  } as const

  test('finds the capacity within its precision and keeps every trial', async () => {
    const simulation = new Simulation()
    simulation.capacity = 9_300_000
    const bench = simulation.bench()
    const [found] = await searchRates(search, bench)
    expect(found?.kind).toBe('ndr')
    expect(found?.found.converged).toBe(true)
    expect(found!.found.packetsPerSecond).toBeLessThanOrEqual(9_300_000)
    expect(found!.found.packetsPerSecond).toBeGreaterThan(9_300_000 * 0.99)
    expect(JSON.parse(bench.kept['trials ndr east-to-west 64.json']!)).toMatchObject({ frame: 64 })
  })

  test('a generator that is too slow proves nothing about the rate that was asked for', async () => {
    const simulation = new Simulation()
    simulation.reaches = 0.5
    const [found] = await searchRates(search, simulation.bench())
    expect(found!.found.trials[0]).toMatchObject({ outcome: 'invalid' })
  })

  test('searches a second rate with a tolerated loss, which is not below the first', async () => {
    const simulation = new Simulation()
    simulation.capacity = 5_000_000
    const [ndr, pdr] = await searchRates({ ...search, pdrLossPercent: 5 }, simulation.bench())
    expect([ndr?.kind, pdr?.kind]).toEqual(['ndr', 'pdr'])
    expect(pdr!.found.packetsPerSecond).toBeGreaterThan(ndr!.found.packetsPerSecond)
  })
})
