/** How traffic is sent through the VM under test and what is counted meanwhile. */
import type { Clock } from '../../helpers/clock/clock.ts'
import type { FrameSize } from '../../helpers/tools/packet-rate.ts'
import type { SearchFindings, TrafficFindings } from './findings.ts'
import { type RateFound, searchRate, type SearchTrial, type Trial } from './ndr-search.ts'
import type { Testpmd, UnderTestCounters } from './testpmd.ts'
import { trafficCounts } from './traffic-counts.ts'
import type { Direction, GeneratorCounters, TrafficGenerator } from './traffic-generator.ts'
import { reachedRateShare } from './checks.ts'

export interface Bench {
  generator: TrafficGenerator
  testpmd: Testpmd
  clock: Clock
  signal: AbortSignal
  /** What is left of the case's timeout, in milliseconds of the cluster's time. */
  remainingMilliseconds: () => Promise<number>
  keepRawOutput: (name: string, content: string) => Promise<string>
}

export interface Traffic {
  direction: Direction
  packetsPerSecond: number
  frameBytes: FrameSize
  durationSeconds: number
  /** 0: no samples. */
  sampleIntervalSeconds: number
  latency: boolean
  /** Names the raw outputs of this traffic; '' keeps none. */
  outputName: string
}

/** Frames are still under way, and NICs tell their counters about once a second: equal within that would prove nothing. */
const restIntervalMilliseconds = 2_000
const restMilliseconds = 30_000
/** Reading the counters and ending everything must fit into the timeout as well. */
const reserveMilliseconds = 45_000

interface Counters {
  generator: GeneratorCounters
  vmUnderTest: UnderTestCounters
}

/**
 * Sends traffic in one direction and reads all counters before it, and after it when they have come to rest. When the
 * timeout of the case comes first, it is ended early and the findings say how long it ran.
 * @throws ToolOutputError when the generator refuses, or a tool says what cannot be read; GuestError
 */
export async function sendTraffic(traffic: Traffic, bench: Bench): Promise<TrafficFindings> {
  const { generator, testpmd, clock } = bench
  const { direction, packetsPerSecond, durationSeconds, outputName } = traffic
  await testpmd.clear()
  await generator.clear()
  const before = await readCounters(bench)
  await generator.transmit(traffic)
  // Traffic runs since some time within transmit; counted from its end, a slow console is no overtime.
  const startedAt = await clock.now()
  const { samples, endedEarly } = await untilTheEnd(traffic, bench, startedAt)
  if (endedEarly) await generator.stop()
  const endedAt = await clock.now()
  const { counters, atRest, sendingUntil } = await countersAtRest(bench)
  // A generator that is slower than asked goes on until it has sent what it was told.
  const overtime = sendingUntil === null ? 0 : sendingUntil - endedAt
  const measuredSeconds = endedEarly ? (endedAt - startedAt) / 1000 : durationSeconds + overtime / 1000
  const keep = (what: string, content: string) => bench.keepRawOutput(`${outputName} ${what}.txt`, content)
  return {
    direction,
    asked: { packetsPerSecond, durationSeconds },
    measuredSeconds,
    generator: { before: before.generator, after: counters.generator },
    vmUnderTest: { before: before.vmUnderTest.forward, after: counters.vmUnderTest.forward },
    atRest,
    samples,
    rawOutputs:
      outputName === ''
        ? {}
        : {
            generator: await keep(generator.name, counters.generator.rawOutput),
            vmUnderTest: await keep('testpmd', counters.vmUnderTest.rawOutput),
          },
  }
}

async function untilTheEnd(
  { durationSeconds, sampleIntervalSeconds }: Traffic,
  { generator, clock, signal, remainingMilliseconds }: Bench,
  startedAt: number,
): Promise<Pick<TrafficFindings, 'samples'> & { endedEarly: boolean }> {
  const samples: TrafficFindings['samples'] = []
  const endsAt = startedAt + durationSeconds * 1000
  for (;;) {
    const now = await clock.now()
    const allowed = (await remainingMilliseconds()) - reserveMilliseconds
    if (now >= endsAt) return { samples, endedEarly: false }
    if (allowed <= 0) return { samples, endedEarly: true }
    const interval = sampleIntervalSeconds === 0 ? endsAt - now : sampleIntervalSeconds * 1000
    await clock.sleep(Math.min(interval, endsAt - now, allowed), signal)
    const at = await clock.now()
    // At the very end the rates are on their way down and would say nothing.
    if (sampleIntervalSeconds > 0 && at < endsAt)
      samples.push({ atSeconds: (at - startedAt) / 1000, sample: await generator.sample() })
  }
}

/** `sendingUntil`: when the generator was last seen to have sent more; null when it had ended already. */
async function countersAtRest(
  bench: Bench,
): Promise<{ counters: Counters; atRest: boolean; sendingUntil: number | null }> {
  const { clock, signal } = bench
  const giveUpAt = (await clock.now()) + restMilliseconds
  let last = await readCounters(bench)
  let sendingUntil: number | null = null
  for (;;) {
    await clock.sleep(restIntervalMilliseconds, signal)
    const at = await clock.now()
    const next = await readCounters(bench)
    if (sentPackets(next) !== sentPackets(last)) sendingUntil = at
    if (atRestBetween(last, next)) return { counters: next, atRest: true, sendingUntil }
    if (at >= giveUpAt) return { counters: next, atRest: false, sendingUntil }
    last = next
  }
}

const sentPackets = ({ generator }: Counters): number => generator.ports[0].opackets + generator.ports[1].opackets

const readCounters = async ({ generator, testpmd }: Bench): Promise<Counters> => ({
  generator: await generator.counters(),
  vmUnderTest: await testpmd.counters(),
})

/** Frames of others, such as router advertisements, never cease; what is left of the traffic comes in thousands, or not at all. */
const strayPackets = 10

/** Whether nothing of the traffic was counted between two readings. */
function atRestBetween(one: Counters, other: Counters): boolean {
  const [before, after] = [one, other].map(counted)
  if (!before || !after || sentPackets(one) !== sentPackets(other)) return false
  return after.every((value, index) => Math.abs(value - (before[index] ?? 0)) <= strayPackets)
}

const counted = ({ generator, vmUnderTest }: Counters): number[] => [
  ...[generator.ports[0], generator.ports[1]].flatMap(({ ipackets, oerrors, ierrors }) => [ipackets, oerrors, ierrors]),
  ...vmUnderTest.forward.ports.flatMap(({ rx, tx, rxErrors, rxNoBuffers }) => [
    rx.total,
    tx.total,
    rxErrors,
    rxNoBuffers,
  ]),
  vmUnderTest.forward.txErrors,
]

export interface Search {
  direction: Direction
  frame: FrameSize
  lineRate: number
  highestRate: number
  trialSeconds: number
  maxTrials: number
  precisionPercent: number
  maxLossPercent: number
  /** Also searched when given; trials of the first search are not repeated. */
  pdrLossPercent: number | undefined
  /** Whether both interfaces of the VM under test are on one network. */
  oneNetwork: boolean
}

/** Searches the highest rates that come through and back, for one direction and frame size. */
export async function searchRates(search: Search, bench: Bench): Promise<SearchFindings[]> {
  const { direction, frame, lineRate, maxLossPercent, pdrLossPercent } = search
  const trial = async (packetsPerSecond: number): Promise<Trial> => {
    const findings = await sendTraffic(
      {
        direction,
        packetsPerSecond,
        frameBytes: frame,
        durationSeconds: search.trialSeconds,
        sampleIntervalSeconds: 0,
        latency: false,
        outputName: '',
      },
      bench,
    )
    const { sent, returned } = trafficCounts(findings, search.oneNetwork)
    const achievedPacketsPerSecond = (sent ?? 0) / findings.measuredSeconds
    const complete = findings.atRest && findings.measuredSeconds >= search.trialSeconds
    return {
      sent: sent ?? 0,
      received: returned ?? 0,
      valid: complete && achievedPacketsPerSecond >= packetsPerSecond * reachedRateShare,
      achievedPacketsPerSecond,
    }
  }
  const run = (percent: number, known: readonly SearchTrial[]): Promise<RateFound> =>
    searchRate({
      lineRate: search.highestRate,
      maxLossPercent: percent,
      precisionPercent: search.precisionPercent,
      maxTrials: search.maxTrials,
      trial,
      known,
    })
  const keep = (kind: string, found: RateFound) =>
    bench.keepRawOutput(
      `trials ${kind} ${direction} ${frame}.json`,
      `${JSON.stringify({ direction, frame, lineRate, ...found }, null, 2)}\n`,
    )
  const ndr = await run(maxLossPercent, [])
  const common = { direction, frame, lineRate }
  const results: SearchFindings[] = [
    { ...common, maxLossPercent, kind: 'ndr', found: ndr, rawOutput: await keep('ndr', ndr) },
  ]
  if (pdrLossPercent === undefined) return results
  const pdr = await run(pdrLossPercent, ndr.trials)
  return [
    ...results,
    { ...common, maxLossPercent: pdrLossPercent, kind: 'pdr', found: pdr, rawOutput: await keep('pdr', pdr) },
  ]
}
