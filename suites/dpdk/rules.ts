/** What one parameter of a DPDK case alone cannot tell. */
import { gigabitsPerSecondOnWire, lineRate, parsePacketRate } from '../../helpers/tools/packet-rate.ts'
import type { ParameterProblem, RuleContext } from '../../helpers/run/checkup-contract.ts'
import { formatDuration, parseDuration, parseWholeSeconds } from '../../helpers/units/duration.ts'
import {
  type ProblemReport,
  problemReport,
  requireBothNodes,
  requireDedicatedCpus,
  requireWholeHugepages,
  warnOfUnknownNetworks,
  warnOfUnknownNodes,
} from '../rules.ts'
import { upstreamRules } from '../upstream-parameters.ts'
import { cpuCount, trexMinimumCpus } from './cpu-plan.ts'
import type { DpdkParameters } from './parameters.ts'
import { measurementSeconds } from './traffic-plan.ts'

/** What a case takes besides traffic: a readiness probe that waits 90 s, two boots each, logins and the generator's start. */
const setUpMargin = '3m'

type Report = ProblemReport<DpdkParameters>

export function dpdkRules(of: DpdkParameters, context: RuleContext): ParameterProblem[] {
  const report = problemReport<DpdkParameters>()
  nodes(of, context, report)
  warnOfUnknownNetworks(
    of,
    ['networkAttachmentDefinitionName', 'westNetworkAttachmentDefinitionName'],
    context.world,
    report,
  )
  traffic(of, context, report)
  latency(of, context, report)
  machines(of, report)
  upstream(of, context, report)
  return report.problems
}

function upstream(of: DpdkParameters, context: RuleContext, report: Report): void {
  upstreamRules(of, context, report, {
    known: [
      'networkAttachmentDefinitionNamespace',
      'networkAttachmentDefinitionName',
      'trafficGenContainerDiskImage',
      'vmUnderTestContainerDiskImage',
      'trafficGenTargetNodeName',
      'vmUnderTestTargetNodeName',
      'requireDifferentNodes',
      'mode',
      'trafficGenPacketsPerSecond',
      'testDuration',
      'portBandwidthGbps',
      'verbose',
    ],
    measuringMilliseconds: of.testDuration === undefined ? 0 : parseWholeSeconds(of.testDuration) * 1000,
  })
  if (of.engine !== 'upstream') return
  if (of.mode === 'ndr')
    report.error('mode', 'the upstream checkup searches no rate; use another mode, or engine: ours')
  if (of.networkAttachmentDefinitionNamespace !== context.world.namespace)
    report.error(
      'networkAttachmentDefinitionNamespace',
      `the upstream checkup looks for its network in the namespace of the run, ${context.world.namespace}, only`,
    )
}

function nodes(of: DpdkParameters, { world, isGiven }: RuleContext, report: Report): void {
  const pair = ['trafficGenTargetNodeName', 'vmUnderTestTargetNodeName'] as const
  requireBothNodes(of, pair, report)
  const { trafficGenTargetNodeName: generator, vmUnderTestTargetNodeName: underTest } = of
  if (
    generator !== undefined &&
    generator === underTest &&
    of.requireDifferentNodes &&
    isGiven('requireDifferentNodes')
  )
    report.error(
      'vmUnderTestTargetNodeName',
      `both VMs are to run on "${generator}", but requireDifferentNodes is true`,
    )
  warnOfUnknownNodes(of, pair, world, report)
}

function traffic(of: DpdkParameters, { isGiven }: RuleContext, { error, warn }: Report): void {
  const { mode, trafficGenPacketsPerSecond, frameBytes, portBandwidthGbps } = of
  if (mode === 'custom' && of.testDuration === undefined)
    error('mode', 'mode: custom has no duration of its own; give testDuration')
  if (mode !== 'ndr' && trafficGenPacketsPerSecond !== undefined) {
    const rate = parsePacketRate(trafficGenPacketsPerSecond)
    const wire = gigabitsPerSecondOnWire(rate, frameBytes)
    if (wire > portBandwidthGbps)
      error(
        isGiven('trafficGenPacketsPerSecond') ? 'trafficGenPacketsPerSecond' : 'frameBytes',
        `${trafficGenPacketsPerSecond} packets/s of ${frameBytes} bytes are ${Number(wire.toPrecision(6))} Gbit/s on the wire, more than portBandwidthGbps: ${portBandwidthGbps}; at most ${lineRate(frameBytes, portBandwidthGbps)} packets/s fit`,
      )
  }
  for (const parameter of Object.keys(of) as (keyof DpdkParameters)[])
    if (mode !== 'ndr' && parameter.startsWith('ndr') && isGiven(parameter))
      warn(parameter, `${parameter} is for mode: ndr; mode: ${mode} does not use it`)
  for (const parameter of ['testDuration', 'frameBytes'] as const)
    if (mode === 'ndr' && isGiven(parameter))
      warn(
        parameter,
        `mode: ndr does not use ${parameter}; it has ${parameter === 'frameBytes' ? 'ndrFrameSizes' : 'ndrTrialDuration'}`,
      )
  if (of.ndrPdrLossPercent !== undefined && of.ndrPdrLossPercent <= of.ndrMaxLossPercent)
    error(
      'ndrPdrLossPercent',
      `${of.ndrPdrLossPercent}% is not above ndrMaxLossPercent: ${of.ndrMaxLossPercent}; both would find the same rate`,
    )
  timeout(of, { error })
}

function timeout(of: DpdkParameters, { error }: Pick<Report, 'error'>): void {
  const nanoseconds = (seconds: number) => BigInt(seconds) * 1_000_000_000n
  const seconds = measurementSeconds(of)
  const needed = nanoseconds(seconds) + parseDuration(setUpMargin)
  if (of.timeout === undefined || parseDuration(of.timeout) >= needed) return
  const measuring = formatDuration(nanoseconds(seconds))
  const what =
    of.mode === 'ndr'
      ? `searching ${of.ndrFrameSizes.length} frame sizes takes up to ${measuring}`
      : `traffic in ${of.directions.join(' and ')} direction takes ${measuring}`
  error(
    'timeout',
    `${of.timeout} is too short: ${what}, and with ${setUpMargin} for set-up the case needs ${formatDuration(needed)}`,
  )
}

function latency(of: DpdkParameters, { isGiven }: RuleContext, { error, warn }: Report): void {
  if (of.measureLatency && of.trafficGenerator === 'pktgen')
    error('measureLatency', 'pktgen cannot time packets; use trafficGenerator: trex, or leave measureLatency out')
  if (of.measureLatency && of.mode === 'ndr' && isGiven('measureLatency'))
    warn('measureLatency', 'mode: ndr does not time packets')
  for (const parameter of ['maxLatency', 'maxAverageLatency', 'maxJitter'] as const)
    if (of[parameter] !== undefined && !of.measureLatency)
      error(parameter, `${parameter} needs something to judge; set measureLatency: true`)
}

function machines(of: DpdkParameters, report: Report): void {
  const cpus = cpuCount({ sockets: of.cpuSockets, cores: of.cpuCores, threads: of.cpuThreads })
  const minimum = of.trafficGenerator === 'trex' ? trexMinimumCpus : 0
  const use = `TRex needs at least ${minimum}: one each for the system, its master, its latency thread and a worker`
  requireDedicatedCpus(cpus, { minimum, use }, report)
  if (of.eastPciAddress === of.westPciAddress)
    report.error('westPciAddress', `both interfaces are at ${of.eastPciAddress}; give each an address of its own`)
  requireWholeHugepages(of, report)
}
