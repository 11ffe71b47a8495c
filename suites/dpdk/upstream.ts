/** The documented DPDK checkup as an engine: what it is given, and what its results decide. */
import type { CheckResult } from '../../helpers/run/case-record.ts'
import { parseWholeSeconds } from '../../helpers/units/duration.ts'
import type { Judge } from '../statements.ts'
import type { UpstreamCheckup } from '../upstream-engine.ts'
import { numberOf, textOf, type UpstreamOutcome } from '../upstream-outcome.ts'
import { upstreamImages } from '../upstream-parameters.ts'
import { dpdkContract } from './contract.ts'
import { placement } from './judgement.ts'
import type { DpdkParameters } from './parameters.ts'
import { upstreamRoles } from './requirements.ts'
import type { Direction } from './traffic-generator.ts'

/** It has no other. */
const direction: Direction = 'east-to-west'

export function upstreamDpdk(of: DpdkParameters, namespace: string): UpstreamCheckup {
  const { testDuration = '0s' } = of
  return {
    contract: dpdkContract,
    job: 'dpdk-checkup',
    image: of.upstreamImage ?? upstreamImages.dpdk,
    roles: upstreamRoles(namespace),
    timeout: of.timeout ?? '0s',
    parameters: {
      networkAttachmentDefinitionName: of.networkAttachmentDefinitionName,
      trafficGenContainerDiskImage: of.trafficGenContainerDiskImage,
      vmUnderTestContainerDiskImage: of.vmUnderTestContainerDiskImage,
      trafficGenTargetNodeName: of.trafficGenTargetNodeName,
      vmUnderTestTargetNodeName: of.vmUnderTestTargetNodeName,
      trafficGenPacketsPerSecond: of.trafficGenPacketsPerSecond,
      testDuration,
      portBandwidthGbps: String(of.portBandwidthGbps),
      verbose: String(of.verbose),
    },
    measuringMilliseconds: parseWholeSeconds(testDuration) * 1000,
    aboveZero: [],
    higherIsBetter: ['trafficGenSentPackets', 'vmUnderTestReceivedPackets'],
    subject: () => direction,
    judge: (outcome, judge) => judgeOutcome(outcome, of, judge),
  }
}

/** The documented rules, in its order. */
function judgeOutcome(outcome: UpstreamOutcome, of: DpdkParameters, judge: Judge): CheckResult[] {
  const checks: CheckResult[] = []
  const trafficGeneratorNode = textOf(outcome, 'trafficGenActualNodeName')
  const vmUnderTestNode = textOf(outcome, 'vmUnderTestActualNodeName')
  if (trafficGeneratorNode !== null && vmUnderTestNode !== null)
    checks.push(placement({ trafficGeneratorNode, vmUnderTestNode }, of, judge))
  const check = (id: string, name: string, limit: number | null) => {
    const actual = numberOf(outcome, name)
    if (actual === null || limit === null) return
    checks.push(judge({ id, subject: direction, metric: name, measurement: name, actual, limit, unit: 'packets' }))
  }
  const sent = numberOf(outcome, 'trafficGenSentPackets')
  check('dpdk.sent', 'trafficGenSentPackets', 1)
  check('dpdk.generator-errors', 'trafficGenOutputErrorPackets', 0)
  check('dpdk.generator-errors', 'trafficGenInputErrorPackets', 0)
  check('dpdk.no-rx-drops', 'vmUnderTestRxDroppedPackets', 0)
  check('dpdk.no-tx-drops', 'vmUnderTestTxDroppedPackets', 0)
  check('dpdk.all-received', 'vmUnderTestReceivedPackets', sent)
  return checks
}
