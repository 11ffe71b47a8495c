/** The latency checkup: the one source of its parameters, results and checks. */
import { isIPv4, isIPv6 } from 'node:net'
import { z } from 'zod'
import {
  decimalNumber,
  imageReference,
  latencyMilliseconds,
  objectName,
  positiveDuration,
  someOf,
  truthValue,
  wholeNumber,
} from '../../helpers/profile/parameter-text.ts'
import type {
  CheckDeclaration,
  CheckupContract,
  ParameterProblem,
  ResultDeclaration,
  RuleContext,
} from '../../helpers/run/checkup-contract.ts'
import { durationMilliseconds, formatDuration, parseDuration } from '../../helpers/units/duration.ts'
import { networksAxis, nodePairsAxis } from '../matrix.ts'
import { declared } from '../result-declarations.ts'
import { problemReport, requireBothNodes, warnOfUnknownNetworks, warnOfUnknownNodes } from '../rules.ts'
import { networkAttachmentDefinitionNamespace, networkDefaults } from '../network-parameters.ts'
import { upstreamImage, upstreamParameters, upstreamRules } from '../upstream-parameters.ts'
import { packetPlan } from './packet-plan.ts'
import { latencyRequirements } from './requirements.ts'

/** What a case takes besides sampling: two VMs to boot, two logins, clean-up. On real clusters 12 s to 24 s were seen. */
const setUpMargin = '30s'

const subnet = (isAddress: (text: string) => boolean, widest: number, narrowest: number, example: string) => {
  const allowed = `a subnet with a prefix length of ${widest} to ${narrowest}, such as ${example}`
  return z.string({ error: allowed }).refine((text) => {
    const [address = '', length = ''] = text.split('/')
    return isAddress(address) && /^\d{1,3}$/.test(length) && Number(length) >= widest && Number(length) <= narrowest
  }, allowed)
}

const fields = z.strictObject({
  ...upstreamParameters('latency'),
  networkAttachmentDefinitionNamespace,
  networkAttachmentDefinitionName: objectName('name').describe(
    'The NetworkAttachmentDefinition that connects both VMs. Its plugin type chooses the binding: sriov or bridge.',
  ),
  sourceNode: objectName('node name')
    .optional()
    .describe('Node of the VM that pings. Both nodes or neither; with neither the VMs run on different nodes.'),
  targetNode: objectName('node name').optional().describe('Node of the VM that is pinged.'),
  allowSameNode: truthValue()
    .prefault(false)
    .describe('Allow the same node as source and target; otherwise that is an error.'),
  timeout: positiveDuration()
    .default('5m')
    .describe('Limit for the whole case except tear down (`spec.timeout` of the ConfigMap), as a Go duration.'),
  sampleDurationSeconds: wholeNumber({ min: 1, max: 86_400, unit: 'seconds' })
    .prefault(5)
    .describe('How long each measurement samples, in seconds.'),
  sampleIntervalMilliseconds: decimalNumber({ min: 2, max: 60_000, unit: 'milliseconds' })
    .prefault(1000)
    .describe('Time between two packets in milliseconds. iputils wants root below 200 ms; the guests log in as root.'),
  sampleCount: wholeNumber({ min: 1, max: 1_000_000, unit: 'packets' })
    .optional()
    .describe('Number of judged packets per measurement; default: sampleDurationSeconds / sampleIntervalMilliseconds.'),
  warmUpPackets: wholeNumber({ min: 0, max: 1000, unit: 'packets' })
    .prefault(1)
    .describe(
      'Packets sent first that are recorded but not judged: they pay for address resolution. 0 judges as upstream does.',
    ),
  maxDesiredLatencyMilliseconds: latencyMilliseconds()
    .optional()
    .describe(
      'Largest allowed round-trip time in milliseconds, fractions allowed (or text such as 500us). 0 is kept by no packet, as in the documented checkup. Default: no limit.',
    ),
  maxPacketLossPercent: decimalNumber({ min: 0, max: 100, unit: 'percent' })
    .prefault(0)
    .describe('Largest allowed packet loss in percent of the judged packets; 100 allows any.'),
  maxAverageLatency: positiveDuration().optional().describe('Largest allowed mean round-trip time. Default: no limit.'),
  maxP99Latency: positiveDuration()
    .optional()
    .describe('Largest allowed 99th percentile (nearest rank) of the round-trip times. Default: no limit.'),
  maxJitter: positiveDuration()
    .optional()
    .describe('Largest allowed mean absolute difference of consecutive round-trip times. Default: no limit.'),
  maxDuplicatePackets: wholeNumber({ min: 0, max: 1_000_000, unit: 'packets' })
    .optional()
    .describe('Largest allowed number of duplicate replies per measurement. Default: no limit.'),
  pingFamily: z
    .enum(['auto', 'busybox', 'iputils'], { error: 'auto, busybox or iputils' })
    .default('auto')
    .describe('Which ping the guest must have. auto: whichever is installed; the one used is reported.'),
  ipFamilies: someOf(['IPv4', 'IPv6']).prefault(['IPv4']).describe('Address families to measure, one after the other.'),
  bothDirections: truthValue()
    .prefault(true)
    .describe('Measure target to source too, and judge both. false measures source to target only, as upstream does.'),
  ipv4Subnet: subnet(isIPv4, 8, 30, '192.168.100.0/24')
    .default('192.168.100.0/24')
    .describe('Addresses of the two VMs; nothing else on the network may use it.'),
  ipv6Subnet: subnet(isIPv6, 16, 126, 'fd4c:6174:656e::/64')
    .default('fd4c:6174:656e::/64')
    .describe('Addresses of the two VMs when ipFamilies has IPv6.'),
  guestAccess: z
    .enum(['console', 'ssh'], { error: 'console or ssh' })
    .default('console')
    .describe('How commands reach the guests. ssh adds a pod network interface to the VMs.'),
  containerDiskImage: imageReference()
    .default(
      'quay.io/kubevirtci/alpine-with-test-tooling-container-disk@sha256:a40c4a7bb9644098740ad5f8aa64040b0a64bb84cc4e3b42d633bb752ab4b9ce',
    )
    .describe('containerDisk that both VMs boot from. It needs a root login on the serial console and ping.'),
  documentedManifest: truthValue()
    .default(false)
    .describe(
      'Create the very VMIs of the documented checkup: 5 s of grace at the end, and no userData, with which its image boots in seconds rather than minutes.',
    ),
})
const parameters = fields.overwrite((of) => ({ ...of, ...upstreamImage('latency', of) }))
export type LatencyParameters = z.output<typeof parameters>

const results: ResultDeclaration[] = [
  ...declared('documented', [
    ['minLatencyNanoSec', 'ns', 'Smallest round-trip time of the judged packets.'],
    ['avgLatencyNanoSec', 'ns', 'Mean round-trip time of the judged packets.'],
    ['maxLatencyNanoSec', 'ns', 'Largest round-trip time of the judged packets.'],
    ['measurementDurationSec', 's', 'How long the ping command took, in whole seconds, rounded down.'],
    ['sourceNode', '', 'Node on which the source VM ran.'],
    ['targetNode', '', 'Node on which the target VM ran.'],
  ]),
  ...declared('addition', [
    ['p50LatencyNanoSec', 'ns', 'Median round-trip time (nearest rank).'],
    ['p95LatencyNanoSec', 'ns', '95th percentile of the round-trip times (nearest rank).'],
    ['p99LatencyNanoSec', 'ns', '99th percentile of the round-trip times (nearest rank).'],
    ['mdevNanoSec', 'ns', 'Standard deviation of the round-trip times, as the mdev of iputils.'],
    ['jitterNanoSec', 'ns', 'Mean absolute difference of the round-trip times of consecutive replies.'],
    ['packetLossPercent', '%', 'Share of the judged packets that no reply came for.'],
    ['packetsTransmitted', 'packets', 'Judged packets that were sent.'],
    ['packetsReceived', 'packets', 'Judged packets that were answered.'],
    ['duplicatePackets', 'packets', 'Replies beyond the first to the same packet.'],
    ['reorderedPackets', 'packets', 'Replies that came after a reply to a later packet (RFC 4737).'],
  ]),
]

const networkRemediation =
  'Compare with a case on the same node and with other networks to tell the fabric from the node; look at MTU, bridge, bond and switch port counters between the two nodes, and at CPU contention of the launcher pods.'

const checks: CheckDeclaration[] = [
  {
    id: 'latency.connectivity',
    title: 'The target answers',
    proves: 'The network connects the two VMs at all.',
    measuredBy:
      'At least one judged packet is answered, and ping reports neither an unreachable network nor a bad address.',
    results: ['packetsReceived'],
    operator: '>=',
    limitParameter: null,
    defaultLimit: '1 packets',
    defaultLimitSource: 'fixed: without an answer there is no latency',
    remediation:
      'Check that the NetworkAttachmentDefinition uses the same bridge or VLAN on both nodes, that the addresses are not in use elsewhere, and that no network policy or MAC filter drops the frames.',
  },
  {
    id: 'latency.placement',
    title: 'The VMs run where they were asked to',
    proves: 'The measured path is the one that was asked for.',
    measuredBy:
      'status.nodeName of both VMIs equals sourceNode and targetNode, or differs between them when no nodes are given.',
    results: ['sourceNode', 'targetNode'],
    operator: '==',
    limitParameter: 'sourceNode',
    defaultLimit: 'different nodes',
    defaultLimitSource: 'documented behaviour: VMs on different nodes unless nodes are given',
    remediation:
      'Check node labels, taints and free memory of the asked nodes, and the affinity of the VMIs in the evidence.',
  },
  {
    id: 'latency.packet-loss',
    title: 'Packet loss stays within its limit',
    proves: 'Frames are not lost between the two VMs.',
    measuredBy: 'Judged packets without a reply, in percent of the judged packets.',
    results: ['packetLossPercent'],
    operator: '<=',
    limitParameter: 'maxPacketLossPercent',
    defaultLimit: '0%',
    defaultLimitSource: 'a quiet network between two idle VMs loses nothing',
    remediation: networkRemediation,
  },
  {
    id: 'latency.max',
    title: 'The largest round-trip time stays within its limit',
    proves: 'No packet took longer than desired; the verdict of the documented checkup.',
    measuredBy: 'Largest round-trip time of the judged packets, compared in nanoseconds; equality passes.',
    results: ['maxLatencyNanoSec'],
    operator: '<=',
    limitParameter: 'maxDesiredLatencyMilliseconds',
    defaultLimit: null,
    defaultLimitSource: 'documented behaviour: no limit unless given',
    remediation: networkRemediation,
  },
  {
    id: 'latency.average',
    title: 'The mean round-trip time stays within its limit',
    proves: 'The path is as fast as it should be for most traffic.',
    measuredBy: 'Mean round-trip time of the judged packets.',
    results: ['avgLatencyNanoSec'],
    operator: '<=',
    limitParameter: 'maxAverageLatency',
    defaultLimit: null,
    defaultLimitSource: 'not judged unless given',
    remediation: networkRemediation,
  },
  {
    id: 'latency.p99',
    title: 'The 99th percentile of the round-trip times stays within its limit',
    proves: 'Slow packets are rare. Below 100 packets it is the largest round-trip time.',
    measuredBy: '99th percentile of the judged packets by nearest rank.',
    results: ['p99LatencyNanoSec'],
    operator: '<=',
    limitParameter: 'maxP99Latency',
    defaultLimit: null,
    defaultLimitSource: 'not judged unless given',
    remediation: networkRemediation,
  },
  {
    id: 'latency.jitter',
    title: 'The jitter stays within its limit',
    proves: 'The path is steady enough for media and timing traffic.',
    measuredBy: 'Mean absolute difference of the round-trip times of consecutive replies.',
    results: ['jitterNanoSec'],
    operator: '<=',
    limitParameter: 'maxJitter',
    defaultLimit: null,
    defaultLimitSource: 'not judged unless given',
    remediation: networkRemediation,
  },
  {
    id: 'latency.duplicates',
    title: 'Duplicate replies stay within their limit',
    proves: 'There is one path between the VMs, and nothing uses their addresses a second time.',
    measuredBy: 'Replies beyond the first to the same judged packet.',
    results: ['duplicatePackets'],
    operator: '<=',
    limitParameter: 'maxDuplicatePackets',
    defaultLimit: null,
    defaultLimitSource: 'not judged unless given',
    remediation:
      'Look for loops in the bridges, for bonds that mirror frames, and for a second machine with the same address.',
  },
]

function rules(of: LatencyParameters, context: RuleContext): ParameterProblem[] {
  const { world, isGiven } = context
  const report = problemReport<LatencyParameters>()
  const { error, warn } = report
  requireBothNodes(of, ['sourceNode', 'targetNode'], report)
  if (of.sourceNode !== undefined && of.sourceNode === of.targetNode && !of.allowSameNode)
    error('targetNode', `source and target are both "${of.sourceNode}"; name two nodes, or set allowSameNode: true`)

  const plan = packetPlan(of)
  if (isGiven('sampleDurationSeconds')) {
    const needed = (plan.judged * of.sampleIntervalMilliseconds) / 1000
    if (isGiven('sampleCount') && needed > of.sampleDurationSeconds)
      error(
        'sampleCount',
        `${plan.judged} packets every ${of.sampleIntervalMilliseconds}ms take ${needed}s, more than sampleDurationSeconds: ${of.sampleDurationSeconds}; lower sampleCount or sampleIntervalMilliseconds, or leave sampleDurationSeconds out`,
      )
    else if (of.sampleIntervalMilliseconds > of.sampleDurationSeconds * 1000)
      error(
        'sampleIntervalMilliseconds',
        `${of.sampleIntervalMilliseconds}ms is longer than sampleDurationSeconds: ${of.sampleDurationSeconds}; not one interval fits`,
      )
  }

  const measurements = of.ipFamilies.length * (of.bothDirections ? 2 : 1)
  const sampling = BigInt(Math.ceil(plan.durationMilliseconds * measurements)) * 1_000_000n
  const needed = sampling + parseDuration(setUpMargin)
  if (parseDuration(of.timeout) < needed)
    error(
      'timeout',
      `${of.timeout} is too short: ${measurements} measurements of ${formatDuration(sampling / BigInt(measurements))} and ${setUpMargin} for set-up need ${formatDuration(needed)}`,
    )

  const limits = [
    ['maxAverageLatency', of.maxAverageLatency && durationMilliseconds(of.maxAverageLatency)],
    ['maxP99Latency', of.maxP99Latency && durationMilliseconds(of.maxP99Latency)],
    ['maxDesiredLatencyMilliseconds', of.maxDesiredLatencyMilliseconds],
  ] as const
  for (const [index, [name, limit]] of limits.entries())
    for (const [looser, above] of limits.slice(index + 1))
      if (typeof limit === 'number' && typeof above === 'number' && limit > above)
        warn(name, `${limit}ms never decides: ${looser} is ${above}ms already`)

  if (of.maxDesiredLatencyMilliseconds === 0)
    warn('maxDesiredLatencyMilliseconds', '0 is a limit that no packet keeps; leave it out for no limit')

  if (of.documentedManifest && of.guestAccess === 'ssh')
    error('documentedManifest', 'the documented VMIs have no pod network, and SSH needs one; use guestAccess: console')

  upstreamRules(of, context, report, {
    known: [
      'networkAttachmentDefinitionNamespace',
      'networkAttachmentDefinitionName',
      'sourceNode',
      'targetNode',
      'allowSameNode',
      'sampleDurationSeconds',
      'maxDesiredLatencyMilliseconds',
      'maxAverageLatency',
      'maxPacketLossPercent',
    ],
    measuringMilliseconds: of.sampleDurationSeconds * 1000,
  })
  const { maxDesiredLatencyMilliseconds: desired = 0 } = of
  if (of.engine === 'upstream' && !Number.isInteger(desired))
    error('maxDesiredLatencyMilliseconds', `${desired} is no whole number, and the upstream checkup takes no other`)

  warnOfUnknownNodes(of, ['sourceNode', 'targetNode'], world, report)
  warnOfUnknownNetworks(of, ['networkAttachmentDefinitionName'], world, report)
  return report.problems
}

export const latencyContract: CheckupContract<typeof parameters> = {
  name: 'latency',
  title: 'VM network latency',
  description:
    'Two VMs on one secondary network: one pings the other. Shows that the network connects them, how long packets take, how evenly, and that none are lost.',
  parameters,
  deprecatedNames: {
    network_attachment_definition_namespace: 'networkAttachmentDefinitionNamespace',
    network_attachment_definition_name: 'networkAttachmentDefinitionName',
    sample_duration_seconds: 'sampleDurationSeconds',
    max_desired_latency_milliseconds: 'maxDesiredLatencyMilliseconds',
    source_node: 'sourceNode',
    target_node: 'targetNode',
  },
  imageParameters: ['containerDiskImage', 'upstreamImage'],
  results,
  checks,
  axes: {
    networkAttachmentDefinitionNames: networksAxis,
    nodePairs: nodePairsAxis(['sourceNode', 'targetNode'], 'source and target node'),
  },
  profileDefaults: networkDefaults,
  rules,
  requirements: latencyRequirements,
  caseName: (of) =>
    [
      of.networkAttachmentDefinitionName,
      ...(of.sourceNode === undefined ? [] : [`${of.sourceNode}-${of.targetNode}`]),
      ...(of.engine === 'ours' ? [] : [of.engine]),
    ].join('/'),
  caseTitle: (of) => {
    const where = of.sourceNode === undefined ? 'two nodes' : `${of.sourceNode} and ${of.targetNode}`
    const limit = of.maxDesiredLatencyMilliseconds === undefined ? '' : ` within ${of.maxDesiredLatencyMilliseconds}ms`
    const loss = of.maxPacketLossPercent === 0 ? ' without loss' : ''
    return `VMs on ${where} reach each other over ${of.networkAttachmentDefinitionName}${limit}${loss}`
  },
}
