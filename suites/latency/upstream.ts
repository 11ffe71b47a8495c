/** The documented latency checkup as an engine: what it is given, and what its results decide. */
import type { CheckResult, Unit } from '../../helpers/run/case-record.ts'
import { nanosecondsFromMilliseconds } from '../../helpers/units/milliseconds.ts'
import { parseDuration } from '../../helpers/units/duration.ts'
import type { Judge } from '../statements.ts'
import type { UpstreamCheckup } from '../upstream-engine.ts'
import { numberOf, textOf, type UpstreamOutcome } from '../upstream-outcome.ts'
import { upstreamImages } from '../upstream-parameters.ts'
import { latencyContract, type LatencyParameters } from './contract.ts'
import { placement } from './judgement.ts'
import { upstreamRoles } from './requirements.ts'

export function upstreamLatency(of: LatencyParameters, namespace: string): UpstreamCheckup {
  const { maxDesiredLatencyMilliseconds: limit } = of
  return {
    contract: latencyContract,
    job: 'kubevirt-vm-latency-checkup',
    image: of.upstreamImage ?? upstreamImages.latency,
    roles: upstreamRoles(of, namespace),
    timeout: of.timeout,
    parameters: {
      networkAttachmentDefinitionNamespace: of.networkAttachmentDefinitionNamespace,
      networkAttachmentDefinitionName: of.networkAttachmentDefinitionName,
      sampleDurationSeconds: String(of.sampleDurationSeconds),
      maxDesiredLatencyMilliseconds: limit === undefined ? undefined : String(limit),
      sourceNode: of.sourceNode,
      targetNode: of.targetNode,
    },
    measuringMilliseconds: of.sampleDurationSeconds * 1000,
    aboveZero: ['minLatencyNanoSec', 'avgLatencyNanoSec', 'maxLatencyNanoSec'],
    subject,
    judge: (outcome, judge) => judgeOutcome(outcome, of, judge),
  }
}

const subject = (outcome: UpstreamOutcome): string =>
  `${textOf(outcome, 'sourceNode') ?? '?'} -> ${textOf(outcome, 'targetNode') ?? '?'}`

/** Its words for it, of all its versions. */
const totalLoss = /100% packet loss|\b0 packets received/

function judgeOutcome(outcome: UpstreamOutcome, of: LatencyParameters, judge: Judge): CheckResult[] {
  const checks: CheckResult[] = []
  const [sourceNode, targetNode] = [textOf(outcome, 'sourceNode'), textOf(outcome, 'targetNode')]
  if (sourceNode !== null && targetNode !== null) checks.push(placement({ sourceNode, targetNode }, of, judge))
  const check = (id: string, name: string, actual: number | null, limit: number | null, unit: Unit) => {
    if (actual === null) return
    checks.push(judge({ id, subject: subject(outcome), metric: name, measurement: name, actual, limit, unit }))
  }
  const lost = totalLoss.test(outcome.failureReason)
  const answered = numberOf(outcome, 'maxLatencyNanoSec') === null ? null : 1
  // How many were answered it does not tell: at least the one that has a round-trip time.
  check('latency.connectivity', 'packetsReceived', lost ? 0 : answered, 1, 'packets')
  check('latency.packet-loss', 'packetLossPercent', lost ? 100 : null, of.maxPacketLossPercent, '%')
  const { maxDesiredLatencyMilliseconds: desired, maxAverageLatency: average } = of
  check(
    'latency.max',
    'maxLatencyNanoSec',
    numberOf(outcome, 'maxLatencyNanoSec'),
    desired === undefined ? null : nanosecondsFromMilliseconds(desired),
    'ns',
  )
  check(
    'latency.average',
    'avgLatencyNanoSec',
    numberOf(outcome, 'avgLatencyNanoSec'),
    average === undefined ? null : Number(parseDuration(average)),
    'ns',
  )
  return checks
}
