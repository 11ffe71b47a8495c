/** The numbers of a DPDK case for its record, and whether they may be judged. */
import type { Recording } from '../../fixtures/case-recorder.ts'
import type { Measurement, Unit, ValueSearch } from '../../helpers/run/case-record.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { gigabitsPerSecondOnWire } from '../../helpers/tools/packet-rate.ts'
import { validRateShare } from './checks.ts'
import { askedSearches, lineRatePercent, searchSubject, type AskedSearch } from './asked-search.ts'
import { counterTable } from './counter-table.ts'
import { searchTables } from './search-tables.ts'
import type { DpdkFindings, SearchFindings, TrafficFindings } from './findings.ts'
import type { DpdkParameters } from './parameters.ts'
import { trafficCounts, type TrafficCounts } from './traffic-counts.ts'
import { trafficPlan } from './traffic-plan.ts'
import type { FlowLatency, GeneratorSample } from './traffic-generator.ts'

/** A missing measurement is in it as null: nothing that was asked for is left out. */
export function dpdkRecording(findings: DpdkFindings, parameters: DpdkParameters): Required<Recording> {
  const traffic = askedTraffic(findings, parameters).map((each) => measureTraffic(each, parameters))
  const searches = askedSearches(findings, parameters)
  const problems = [...traffic.flatMap(trafficProblems), ...searches.flatMap(searchProblems)]
  const measurements = [
    ...traffic.flatMap(trafficMeasurements),
    ...searches.flatMap((each) => searchMeasurements(each, searches)),
  ]
  const results: Record<string, string | null> = {
    trafficGenActualNodeName: findings.trafficGeneratorNode,
    vmUnderTestActualNodeName: findings.vmUnderTestNode,
  }
  // The documented results are those of the first direction, and of the first frame size of a search.
  for (const { name, value } of measurements)
    if (!(name in results)) results[name] = value === null ? null : String(value)
  const tables = [...traffic.map(counterTable), ...searchTables(searches)]
  return { measurements, tables, results, validity: { valid: problems.length === 0, problems } }
}

/** Findings of one direction with what follows from them. */
export interface MeasuredTraffic extends TrafficFindings {
  counts: TrafficCounts
  latency: FlowLatency | null
  /** Packets per second; null when it is not known how many were sent. */
  achievedPacketsPerSecond: number | null
  /** The whole time, and counters that stood still. */
  complete: boolean
}

/** One for each direction that the case asks for, also where nothing was found out. */
export function askedTraffic(findings: DpdkFindings, parameters: DpdkParameters): TrafficFindings[] {
  if (parameters.mode === 'ndr') return []
  const { packetsPerSecond, durationSeconds, directions } = trafficPlan(parameters)
  return directions.map(
    (direction) =>
      findings.traffic.find((each) => each.direction === direction) ?? {
        direction,
        asked: { packetsPerSecond, durationSeconds },
        measuredSeconds: 0,
        generator: null,
        vmUnderTest: null,
        atRest: false,
        samples: [],
        rawOutputs: {},
      },
  )
}

export function measureTraffic(traffic: TrafficFindings, parameters: DpdkParameters): MeasuredTraffic {
  const { networkAttachmentDefinitionName: east, westNetworkAttachmentDefinitionName: west = east } = parameters
  const counts = trafficCounts(traffic, east === west)
  const { asked, measuredSeconds, atRest, generator, vmUnderTest } = traffic
  return {
    ...traffic,
    counts,
    latency: generator?.after.latency ?? null,
    achievedPacketsPerSecond: counts.sent === null || measuredSeconds <= 0 ? null : counts.sent / measuredSeconds,
    complete: measuredSeconds >= asked.durationSeconds && atRest && generator !== null && vmUnderTest !== null,
  }
}

function trafficProblems(traffic: MeasuredTraffic): string[] {
  const { direction, asked, measuredSeconds, generator, vmUnderTest, atRest, achievedPacketsPerSecond: rate } = traffic
  const problems: string[] = []
  if (measuredSeconds < asked.durationSeconds) problems.push(measuredShare(traffic))
  if (generator === null) problems.push('the counters of the traffic generator could not be read')
  if (vmUnderTest === null) problems.push('the counters of the VM under test could not be read')
  if (generator !== null && vmUnderTest !== null && !atRest)
    problems.push('the counters were still moving when they were read last')
  if (rate !== null && rate < validRateShare * asked.packetsPerSecond)
    problems.push(
      `the traffic generator reached ${withUnit(Math.round(rate), 'pps')} of ${withUnit(asked.packetsPerSecond, 'pps')}, less than ${validRateShare} of it`,
    )
  return problems.map((problem) => `${direction}: ${problem}`)
}

/** `measured 4 s of 20 s` */
export const measuredShare = ({ measuredSeconds, asked }: TrafficFindings): string =>
  `measured ${withUnit(Math.floor(measuredSeconds * 10) / 10, 's')} of ${withUnit(asked.durationSeconds, 's')}`

type Row = [name: string, value: number | null, unit: Unit, better: Measurement['better']]

function trafficMeasurements(traffic: MeasuredTraffic): Measurement[] {
  const { counts, latency, rawOutputs } = traffic
  const rate = traffic.achievedPacketsPerSecond
  const sampled: Record<string, Samples> = {
    achievedPacketsPerSecond: { ...samplesOf(traffic, ({ txPps }) => txPps), asked: traffic.asked.packetsPerSecond },
    returnedPacketsPerSecond: samplesOf(traffic, ({ rxPps }) => rxPps),
    maxRxDropBitsPerSecond: samplesOf(traffic, ({ rxDropBps }) => rxDropBps),
  }
  const drops = sampled['maxRxDropBitsPerSecond']?.samples ?? []
  const ofGenerator: Row[] = [
    ['trafficGenSentPackets', counts.sent, 'packets', 'higher'],
    ['trafficGenOutputErrorPackets', counts.outputErrors, 'packets', 'lower'],
    ['trafficGenInputErrorPackets', counts.inputErrors, 'packets', 'lower'],
    ['trafficGenReceivedPackets', counts.returned, 'packets', 'higher'],
    ['achievedPacketsPerSecond', rate === null ? null : Math.round(rate), 'pps', 'higher'],
    ['returnedPacketsPerSecond', returnedPacketsPerSecond(traffic), 'pps', 'higher'],
    ['trafficDurationSeconds', traffic.measuredSeconds, 's', 'higher'],
    ['maxRxDropBitsPerSecond', drops.length === 0 ? null : Math.max(...drops), 'bit/s', 'lower'],
    ['minLatencyNanoSec', latency?.minNanoseconds ?? null, 'ns', 'lower'],
    ['avgLatencyNanoSec', latency?.averageNanoseconds ?? null, 'ns', 'lower'],
    ['maxLatencyNanoSec', latency?.maxNanoseconds ?? null, 'ns', 'lower'],
    ['jitterNanoSec', latency?.jitterNanoseconds ?? null, 'ns', 'lower'],
  ]
  const ofVmUnderTest: Row[] = [
    ['vmUnderTestReceivedPackets', counts.received, 'packets', 'higher'],
    ['vmUnderTestRxDroppedPackets', counts.rxDropped, 'packets', 'lower'],
    ['vmUnderTestTxDroppedPackets', counts.txDropped, 'packets', 'lower'],
    ['vmUnderTestTransmittedPackets', counts.transmitted, 'packets', 'higher'],
    ['vmUnderTestRxErrors', counts.rxErrors, 'packets', 'lower'],
    ['vmUnderTestRxNoMbufs', counts.rxNoBuffers, 'packets', 'lower'],
    ['vmUnderTestTxErrors', counts.txErrors, 'packets', 'lower'],
    ['strayPackets', counts.stray, 'packets', 'lower'],
  ]
  const measurement =
    (rawOutput: string | undefined) =>
    ([name, value, unit, better]: Row): Measurement => ({
      name,
      subject: traffic.direction,
      value,
      unit,
      better,
      ...sampled[name],
      ...(rawOutput !== undefined && { rawOutput }),
    })
  return [
    ...ofGenerator.map(measurement(rawOutputs.generator)),
    ...ofVmUnderTest.map(measurement(rawOutputs.vmUnderTest)),
  ]
}

type Samples = Pick<Measurement, 'samples' | 'sampleTimesSeconds' | 'asked'>

/** What the generator told while traffic ran; a sample in which it did not tell is none. */
function samplesOf({ samples }: TrafficFindings, of: (sample: GeneratorSample) => number | null): Samples {
  const told = samples.flatMap(({ atSeconds, sample }) => {
    const value = of(sample)
    return value === null ? [] : [{ atSeconds, value }]
  })
  if (told.length === 0) return {}
  return { samples: told.map(({ value }) => value), sampleTimesSeconds: told.map(({ atSeconds }) => atSeconds) }
}

function returnedPacketsPerSecond({ counts: { returned }, measuredSeconds }: MeasuredTraffic): number | null {
  return returned === null || measuredSeconds <= 0 ? null : Math.round(returned / measuredSeconds)
}

function searchProblems(search: AskedSearch): string[] {
  const where = `${searchSubject(search)}, ${search.kind.toUpperCase()}`
  if (search.done === null) return [`${where}: not searched`]
  const { found } = search.done
  if (found.converged) return []
  return [
    `${where}: the search was not settled after ${found.trials.length} trials; raise ndrMaxTrials or ndrPrecisionPercent`,
  ]
}

function searchMeasurements(search: AskedSearch, searches: readonly AskedSearch[]): Measurement[] {
  const { done, kind, frame } = search
  const rate = done?.found.packetsPerSecond ?? null
  const percent = lineRatePercent(search)
  const rows: Row[] = [
    [`${kind}PacketsPerSecond`, rate, 'pps', 'higher'],
    [
      `${kind}BitsPerSecond`,
      rate === null ? null : Math.round(gigabitsPerSecondOnWire(rate, frame) * 1e9),
      'bit/s',
      'higher',
    ],
    [`${kind}LineRatePercent`, percent === null ? null : Math.round(percent * 1000) / 1000, '%', 'higher'],
    ...(kind === 'ndr' ? [['ndrTrials', done?.found.trials.length ?? null, 'count', 'lower'] satisfies Row] : []),
  ]
  return rows.map(([name, value, unit, better]) => ({
    name,
    subject: searchSubject(search),
    value,
    unit,
    better,
    ...(done && name === `${kind}PacketsPerSecond` && { search: trialsOf(search, done, searches) }),
    ...(done?.rawOutput !== undefined && { rawOutput: done.rawOutput }),
  }))
}

/** With the trials of the NDR search on the same path, which the PDR search does not repeat. */
function trialsOf(search: AskedSearch, done: SearchFindings, searches: readonly AskedSearch[]): ValueSearch {
  const known = searches.filter(
    ({ direction, frame, kind }) => kind !== search.kind && direction === search.direction && frame === search.frame,
  )
  const before = search.kind === 'pdr' ? known.flatMap((each) => each.done?.found.trials ?? []) : []
  return {
    top: search.lineRate,
    trials: [...before, ...done.found.trials].map(({ packetsPerSecond, sent, received, lossPercent, outcome }) => ({
      tried: packetsPerSecond,
      sentPackets: sent,
      receivedPackets: received,
      lossPercent,
      outcome:
        outcome === 'invalid' || lossPercent === null
          ? 'invalid'
          : lossPercent <= done.maxLossPercent
            ? 'passed'
            : 'lost',
    })),
  }
}
