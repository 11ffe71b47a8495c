/** What the realtime checkup says about its measurements: every check of the case. */
import type { CheckResult } from '../../helpers/run/case-record.ts'
import { formatCpuList, parseCpuList } from '../../helpers/tools/cpu-list.ts'
import { type Judge, judgeOf } from '../statements.ts'
import { realtimeChecks } from './checks.ts'
import type { RealtimeFindings } from './findings.ts'
import { measuredCpus, type RealtimeParameters } from './parameters.ts'
import { oslatPercentiles } from './percentiles.ts'
import { type Value, valuesOf } from './recording.ts'

export function judgeRealtime(
  findings: RealtimeFindings,
  of: RealtimeParameters,
  sources: Record<string, string>,
): CheckResult[] {
  const judge = judgeOf({ name: 'realtime', checks: realtimeChecks }, sources)
  return [...machine(findings, of, judge), ...guest(findings, of, judge), ...measured(findings, of, judge)]
}

function machine({ machine: facts }: RealtimeFindings, of: RealtimeParameters, judge: Judge): CheckResult[] {
  const cpus = facts.dedicatedCpus ? 'dedicated CPUs' : 'shared CPUs'
  return [
    judge({
      id: 'realtime.placement',
      subject: '',
      metric: 'node of the VM:',
      actual: facts.node,
      limit: of.vmUnderTestTargetNodeName ?? null,
      unit: '',
    }),
    judge({
      id: 'realtime.dedicated-cpus',
      subject: '',
      metric: 'the VM has',
      actual: facts.qosClass === null ? null : `${cpus}, ${facts.qosClass}`,
      limit: 'dedicated CPUs, Guaranteed',
      unit: '',
    }),
    judge({
      id: 'realtime.hugepages',
      subject: '',
      metric: 'hugepages of the VM:',
      actual: facts.hugepageSize ?? 'none',
      limit: of.hugepageSize,
      unit: '',
    }),
  ]
}

function guest({ guest: facts }: RealtimeFindings, of: RealtimeParameters, judge: Judge): CheckResult[] {
  const asked = parseCpuList(measuredCpus(of))
  const cpus = (id: string, argument: string, actual: readonly number[]) => {
    const has = asked.filter((cpu) => actual.includes(cpu))
    return judge({
      id: `realtime.${id}`,
      subject: '',
      metric: `${argument} of the guest`,
      actual: `has ${has.length === 0 ? 'none' : formatCpuList(has)}`,
      limit: of.requireIsolatedCpus ? `has ${formatCpuList(asked)}` : null,
      unit: '',
    })
  }
  return [
    judge({
      id: 'realtime.kernel',
      subject: '',
      metric: 'kernel of the guest:',
      actual: facts.isRealtimeKernel ? 'PREEMPT_RT' : facts.kernel,
      limit: of.requireRealtimeKernel ? 'PREEMPT_RT' : null,
      unit: '',
    }),
    cpus('isolated-cpus', 'isolcpus', facts.isolatedCpus),
    cpus('tickless-cpus', 'nohz_full', facts.nohzFullCpus),
    cpus('rcu-offloaded-cpus', 'rcu_nocbs', facts.rcuNocbsCpus),
    judge({
      id: 'realtime.tuned-profile',
      subject: '',
      metric: 'active tuned profile:',
      actual: facts.tunedProfile ?? 'none',
      limit: of.tunedProfile === 'none' ? null : of.tunedProfile,
      unit: '',
    }),
    judge({
      id: 'realtime.no-swap',
      subject: '',
      metric: 'guestSwapAreas',
      measurement: 'guestSwapAreas',
      actual: facts.swapAreas,
      limit: 0,
      unit: 'count',
    }),
  ]
}

function measured(findings: RealtimeFindings, of: RealtimeParameters, judge: Judge): CheckResult[] {
  const values = valuesOf(findings, of)
  /** One for each CPU; none where no tool was asked for it. */
  const each = (id: string, name: string, limit: number | undefined): CheckResult[] =>
    values
      .filter((value) => value.name === name)
      .map(({ subject, value, unit }) =>
        judge({
          id: `realtime.${id}`,
          subject,
          metric: name,
          measurement: name,
          actual: value,
          limit: limit ?? null,
          unit,
        }),
      )
  return [
    ...fullDuration(findings, values, judge),
    ...each('max-latency', 'oslatMaxLatencyMicroSeconds', of.oslatLatencyThresholdMicroSeconds),
    ...each('min-latency', 'oslatMinLatencyMicroSeconds', of.oslatMinLatencyLimitMicroSeconds),
    ...each('average-latency', 'oslatAvgLatencyMicroSeconds', of.oslatAvgLatencyLimitMicroSeconds),
    ...oslatPercentiles.flatMap(({ id, result, parameter }) => each(id, result, of[parameter])),
    ...each('spikes', 'oslatSpikes', of.oslatMaxSpikes),
    ...each('cyclictest-max', 'cyclictestMaxLatencyMicroSeconds', of.cyclictestLatencyThresholdMicroSeconds),
    ...each('cyclictest-average', 'cyclictestAvgLatencyMicroSeconds', of.cyclictestAvgLatencyLimitMicroSeconds),
    ...each('hardware-latency', 'hwlatSamples', 0),
  ]
}

/** A run that was cut short has proven nothing, whatever its numbers are. */
function fullDuration(
  { oslat, cyclictest, hwlatdetect }: RealtimeFindings,
  values: readonly Value[],
  judge: Judge,
): CheckResult[] {
  const tools = [
    ['oslat', 'oslatRuntimeSeconds', oslat],
    ['cyclictest', 'cyclictestRuntimeSeconds', cyclictest],
    ['hwlatdetect', 'hwlatRuntimeSeconds', hwlatdetect],
  ] as const
  return tools.flatMap(([subject, name, run]) => {
    if (run === null) return []
    const result = judge({
      id: 'realtime.full-duration',
      subject,
      metric: name,
      measurement: name,
      actual: values.find((value) => value.name === name)?.value ?? null,
      limit: run.askedSeconds,
      unit: 's',
    })
    return [result.verdict === 'failed' ? { ...result, verdict: 'invalid' as const } : result]
  })
}
