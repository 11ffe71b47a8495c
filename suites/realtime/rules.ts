/** What one parameter of a realtime case alone cannot tell. */
import type { ParameterProblem, RuleContext } from '../../helpers/run/checkup-contract.ts'
import { parseCpuList } from '../../helpers/tools/cpu-list.ts'
import { formatDuration, parseDuration, parseWholeSeconds } from '../../helpers/units/duration.ts'
import {
  problemReport,
  type ProblemReport,
  requireDedicatedCpus,
  requireWholeHugepages,
  warnOfUnknownNodes,
} from '../rules.ts'
import { upstreamRules } from '../upstream-parameters.ts'
import {
  caseTimeout,
  cpuCount,
  measuredCpus,
  measurementSeconds,
  oslatDuration,
  type RealtimeParameters,
} from './parameters.ts'
import { oslatPercentiles } from './percentiles.ts'

/** What a case takes besides measuring: a readiness probe that waits 90 s, two boots, the login. */
const setUpMargin = '3m'

type Report = ProblemReport<RealtimeParameters>

export function realtimeRules(of: RealtimeParameters, context: RuleContext): ParameterProblem[] {
  const report = problemReport<RealtimeParameters>()
  warnOfUnknownNodes(of, ['vmUnderTestTargetNodeName'], context.world, report)
  machine(of, report)
  limits(of, report)
  timeout(of, report)
  upstream(of, context, report)
  return report.problems
}

function upstream(of: RealtimeParameters, context: RuleContext, report: Report): void {
  upstreamRules(of, context, report, {
    known: [
      'vmUnderTestContainerDiskImage',
      'vmUnderTestTargetNodeName',
      'mode',
      'procedures',
      'oslatDuration',
      'oslatLatencyThresholdMicroSeconds',
    ],
    measuringMilliseconds: parseWholeSeconds(oslatDuration(of)) * 1000,
  })
  if (of.engine !== 'upstream') return
  if (of.procedures.join(',') !== 'oslat')
    report.error('procedures', 'the upstream checkup has oslat only; use procedures: [oslat], or engine: ours')
  // It hands the duration on as Go writes it, and oslat reads the first number and its unit.
  const written = formatDuration(parseDuration(oslatDuration(of)))
  if (!/^\d+[hms](0m)?(0s)?$/.test(written))
    report.error(
      'oslatDuration',
      `the upstream checkup gives oslat ${written}, of which it takes the first part only; use whole hours, minutes below an hour, or seconds below a minute`,
    )
}

function machine(of: RealtimeParameters, report: Report): void {
  const count = cpuCount(of)
  const use = 'at least 4 are needed: two for the operating system, two to measure'
  requireDedicatedCpus(count, { minimum: 4, use }, report)
  const measured = parseCpuList(measuredCpus(of))
  const beyond = measured.filter((cpu) => cpu >= count)
  if (beyond.length > 0)
    report.error(
      'measuredCpus',
      `the VM has no CPU ${beyond.join(', ')}: cpuSockets x cpuCores x cpuThreads is ${count}, so they are 0-${count - 1}`,
    )
  else if (measured.length >= count)
    report.error(
      'measuredCpus',
      `${measuredCpus(of)} are all CPUs of the VM; leave at least one to the operating system`,
    )
  requireWholeHugepages(of, report)
}

function limits(of: RealtimeParameters, { warn }: Report): void {
  const ascending = [
    ['oslatMinLatencyLimitMicroSeconds', of.oslatMinLatencyLimitMicroSeconds],
    ...oslatPercentiles.map(({ parameter }) => [parameter, of[parameter]] as const),
    ['oslatLatencyThresholdMicroSeconds', of.oslatLatencyThresholdMicroSeconds],
  ] as const
  for (const [index, [name, limit]] of ascending.entries())
    for (const [looser, above] of ascending.slice(index + 1))
      if (limit !== undefined && above !== undefined && limit > above)
        warn(name, `${limit} µs never decides: ${looser} is ${above} µs already`)
  // What lies above all buckets is known by its number only, and bounded by the maximum.
  const inBuckets = [
    ...oslatPercentiles.map(({ parameter }) => [parameter, of[parameter]] as const),
    ['oslatMaxSpikes', of.oslatMaxSpikes === undefined ? undefined : of.oslatSpikeMicroSeconds],
  ] as const
  for (const [name, limit] of inBuckets)
    if (limit !== undefined && limit >= of.oslatBuckets)
      warn(name, `${limit} µs lies above the last of oslatBuckets: ${of.oslatBuckets}; give at least ${limit + 1}`)
}

function timeout(of: RealtimeParameters, { error }: Report): void {
  const measuring = BigInt(measurementSeconds(of)) * 1_000_000_000n
  const needed = measuring + parseDuration(setUpMargin)
  if (parseDuration(caseTimeout(of)) < needed)
    error(
      'timeout',
      `${caseTimeout(of)} is too short: ${of.procedures.join(', ')} ${of.procedures.length === 1 ? 'takes' : 'take'} ${formatDuration(measuring)}, and with ${setUpMargin} for set-up the case needs ${formatDuration(needed)}`,
    )
}
