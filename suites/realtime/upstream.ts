/** The documented realtime checkup as an engine: what it is given, and what its results decide. */
import type { CheckResult } from '../../helpers/run/case-record.ts'
import { parseWholeSeconds } from '../../helpers/units/duration.ts'
import type { Judge } from '../statements.ts'
import type { UpstreamCheckup } from '../upstream-engine.ts'
import { numberOf, textOf, type UpstreamOutcome } from '../upstream-outcome.ts'
import { upstreamImages } from '../upstream-parameters.ts'
import { realtimeContract } from './contract.ts'
import { caseTimeout, oslatDuration, type RealtimeParameters } from './parameters.ts'
import { upstreamRoles } from './requirements.ts'

/** An hour: it has to have a limit, also where none is judged. */
const noThresholdMicroseconds = 3_600_000_000

export function upstreamRealtime(of: RealtimeParameters, namespace: string): UpstreamCheckup {
  return {
    contract: realtimeContract,
    job: 'realtime-checkup',
    image: of.upstreamImage ?? upstreamImages.realtime,
    roles: upstreamRoles(namespace),
    timeout: caseTimeout(of),
    parameters: {
      vmUnderTestContainerDiskImage: of.vmUnderTestContainerDiskImage,
      vmUnderTestTargetNodeName: of.vmUnderTestTargetNodeName,
      oslatDuration: oslatDuration(of),
      oslatLatencyThresholdMicroSeconds: String(of.oslatLatencyThresholdMicroSeconds ?? noThresholdMicroseconds),
    },
    measuringMilliseconds: parseWholeSeconds(oslatDuration(of)) * 1000,
    // An empty line of maxima is read as 0 µs.
    aboveZero: ['oslatMaxLatencyMicroSeconds'],
    subject: () => '',
    judge: (outcome, judge) => judgeOutcome(outcome, of, judge),
  }
}

function judgeOutcome(outcome: UpstreamOutcome, of: RealtimeParameters, judge: Judge): CheckResult[] {
  const node = textOf(outcome, 'vmUnderTestActualNodeName')
  const measurement = 'oslatMaxLatencyMicroSeconds'
  const latency = numberOf(outcome, measurement)
  return [
    ...(node === null
      ? []
      : [
          judge({
            id: 'realtime.placement',
            subject: '',
            metric: 'node of the VM:',
            actual: node,
            limit: of.vmUnderTestTargetNodeName ?? null,
            unit: '',
          }),
        ]),
    ...(latency === null
      ? []
      : [
          judge({
            id: 'realtime.max-latency',
            subject: '',
            metric: measurement,
            measurement,
            actual: latency,
            limit: of.oslatLatencyThresholdMicroSeconds ?? null,
            unit: 'us',
          }),
        ]),
  ]
}
