/** What the DPDK checkup says about its measurements: every check of the case. */
import type { CheckResult } from '../../helpers/run/case-record.ts'
import { parseDuration } from '../../helpers/units/duration.ts'
import { type Judge, judgeOf, type Statement } from '../statements.ts'
import { dpdkChecks, reachedRateShare, validRateShare } from './checks.ts'
import type { DpdkFindings } from './findings.ts'
import type { DpdkParameters } from './parameters.ts'
import { askedSearches, lineRatePercent, searchSubject, type AskedSearch } from './asked-search.ts'
import { askedTraffic, measuredShare, measureTraffic, type MeasuredTraffic } from './recording.ts'

export function judgeDpdk(
  findings: DpdkFindings,
  parameters: DpdkParameters,
  sources: Record<string, string>,
): CheckResult[] {
  const judge = judgeOf({ name: 'dpdk', checks: dpdkChecks }, sources)
  return [
    placement(findings, parameters, judge),
    ...askedTraffic(findings, parameters).flatMap((traffic) =>
      judgeTraffic(measureTraffic(traffic, parameters), parameters, judge),
    ),
    ...askedSearches(findings, parameters)
      .filter(({ kind }) => kind === 'ndr')
      .flatMap((search) => judgeSearch(search, parameters, judge)),
  ]
}

export function placement(
  { trafficGeneratorNode, vmUnderTestNode }: Pick<DpdkFindings, 'trafficGeneratorNode' | 'vmUnderTestNode'>,
  parameters: DpdkParameters,
  judge: Judge,
): CheckResult {
  const { trafficGenTargetNodeName: generator, vmUnderTestTargetNodeName: underTest } = parameters
  const named = generator !== undefined
  const apart = trafficGeneratorNode === vmUnderTestNode ? `both on ${vmUnderTestNode}` : 'different nodes'
  const anywhere = !named && !parameters.requireDifferentNodes
  return judge({
    id: 'dpdk.placement',
    subject: '',
    metric: 'nodes of the VMs:',
    actual: named ? `${trafficGeneratorNode} and ${vmUnderTestNode}` : apart,
    limit: named ? `${generator} and ${underTest}` : anywhere ? null : 'different nodes',
    unit: '',
  })
}

/** Numbers of a run that was cut short can still be too high, but never good enough. */
type WhenIncomplete = 'invalid' | 'may fail'

function judgeTraffic(traffic: MeasuredTraffic, parameters: DpdkParameters, judge: Judge): CheckResult[] {
  const { counts, direction, latency, complete, achievedPacketsPerSecond: achieved } = traffic
  const check = (whenIncomplete: WhenIncomplete, statement: Omit<Statement, 'subject'>): CheckResult => {
    const result = tooSlow(traffic, judge({ subject: direction, ...statement }))
    const stands = complete || result.verdict === 'skipped' || result.verdict === 'invalid'
    if (stands || (whenIncomplete === 'may fail' && result.verdict === 'failed')) return result
    return {
      ...result,
      verdict: 'invalid',
      message: `${statement.id} (${direction}): ${statement.metric} cannot be judged: ${whyIncomplete(traffic)}.`,
    }
  }
  const count = (
    whenIncomplete: WhenIncomplete,
    id: string,
    name: string,
    actual: number | null,
    limit: number | string,
  ) => check(whenIncomplete, { id, metric: name, measurement: name, actual, limit, unit: 'packets' })
  const none = (id: string, name: string, actual: number | null) => count('may fail', id, name, actual, 0)
  /** Two counters, neither of which may be above 0. */
  const noneOf = (id: string, [one, two]: [string, string], first: number | null, second: number | null) =>
    check('may fail', {
      id,
      metric: `${one} ${first ?? '?'} + ${two} ${second ?? '?'} =`,
      actual: first === null || second === null ? null : first + second,
      limit: 0,
      unit: 'packets',
    })
  const timed = (id: string, name: string, actual: number | undefined, limit: string | undefined) =>
    check('may fail', {
      id,
      metric: name,
      measurement: name,
      actual: actual ?? null,
      limit: limit === undefined ? null : Number(parseDuration(limit)),
      unit: 'ns',
    })
  return [
    fullDuration(traffic, judge),
    check('invalid', {
      id: 'dpdk.rate',
      metric: 'achievedPacketsPerSecond',
      measurement: 'achievedPacketsPerSecond',
      actual: achieved === null ? null : Math.round(achieved),
      limit: Math.floor(reachedRateShare * traffic.asked.packetsPerSecond),
      unit: 'pps',
    }),
    count('invalid', 'dpdk.sent', 'trafficGenSentPackets', counts.sent, 1),
    noneOf(
      'dpdk.generator-errors',
      ['trafficGenOutputErrorPackets', 'trafficGenInputErrorPackets'],
      counts.outputErrors,
      counts.inputErrors,
    ),
    none('dpdk.no-rx-drops', 'vmUnderTestRxDroppedPackets', counts.rxDropped),
    none('dpdk.no-tx-drops', 'vmUnderTestTxDroppedPackets', counts.txDropped),
    noneOf('dpdk.no-rx-errors', ['vmUnderTestRxErrors', 'vmUnderTestRxNoMbufs'], counts.rxErrors, counts.rxNoBuffers),
    // Against another counter: without it there is nothing to compare with.
    count(
      'invalid',
      'dpdk.all-received',
      'vmUnderTestReceivedPackets',
      counts.sent === null ? null : counts.received,
      counts.sent ?? 'all packets sent',
    ),
    count(
      'invalid',
      'dpdk.all-returned',
      'trafficGenReceivedPackets',
      counts.transmitted === null ? null : counts.returned,
      counts.transmitted ?? 'all packets sent on',
    ),
    timed('dpdk.latency-max', 'maxLatencyNanoSec', latency?.maxNanoseconds, parameters.maxLatency),
    timed('dpdk.latency-average', 'avgLatencyNanoSec', latency?.averageNanoseconds, parameters.maxAverageLatency),
    timed('dpdk.latency-jitter', 'jitterNanoSec', latency?.jitterNanoseconds, parameters.maxJitter),
  ]
}

function whyIncomplete(traffic: MeasuredTraffic): string {
  if (traffic.measuredSeconds < traffic.asked.durationSeconds) return measuredShare(traffic)
  return traffic.atRest ? 'some counters could not be read' : 'the counters were still moving when they were read last'
}

function fullDuration(traffic: MeasuredTraffic, judge: Judge): CheckResult {
  const { direction: subject, measuredSeconds, asked } = traffic
  const metric = 'trafficDurationSeconds'
  const result = judge({
    id: 'dpdk.full-duration',
    subject,
    metric,
    measurement: metric,
    actual: measuredSeconds,
    limit: asked.durationSeconds,
    unit: 's',
  })
  if (traffic.complete) return result
  return {
    ...result,
    verdict: 'invalid',
    message: `dpdk.full-duration (${subject}): ${whyIncomplete(traffic)} (${result.limitSource}). ${result.remediation}`,
  }
}

/** Far below the asked rate nothing is known about it: the rate is not missed, it was not tried. */
function tooSlow({ asked, achievedPacketsPerSecond: achieved }: MeasuredTraffic, result: CheckResult): CheckResult {
  const tried = achieved === null || achieved >= validRateShare * asked.packetsPerSecond
  return result.id !== 'dpdk.rate' || tried ? result : { ...result, verdict: 'invalid' }
}

function judgeSearch(search: AskedSearch, parameters: DpdkParameters, judge: Judge): CheckResult[] {
  const subject = searchSubject(search)
  const found = search.done?.found
  const percent = lineRatePercent(search)
  /** What the generator could not reach says nothing about the VM under test. */
  const notReached = (result: CheckResult): CheckResult =>
    result.verdict === 'failed' && found?.boundedBy === 'generator'
      ? {
          ...result,
          verdict: 'invalid',
          message: `${result.id} (${subject}): ${result.measurement} may be higher: the traffic generator sends no faster. Give it more cpuCores, or lower the highest rate with trafficGenPacketsPerSecond.`,
        }
      : result
  return [
    notReached(
      judge({
        id: 'dpdk.ndr-found',
        subject,
        metric: 'ndrPacketsPerSecond',
        measurement: 'ndrPacketsPerSecond',
        actual: found?.packetsPerSecond ?? null,
        limit: 1,
        unit: 'pps',
      }),
    ),
    notReached(
      judge({
        id: 'dpdk.ndr',
        subject,
        metric: 'ndrLineRatePercent',
        measurement: 'ndrLineRatePercent',
        actual: percent === null ? null : Math.round(percent * 1000) / 1000,
        limit: parameters.ndrMinLineRatePercent ?? null,
        unit: '%',
      }),
    ),
  ]
}
