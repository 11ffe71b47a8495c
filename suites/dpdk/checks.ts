/** The checks of the DPDK checkup. */
import type { CheckDeclaration } from '../../helpers/run/checkup-contract.ts'

/** Below this share of the asked rate nothing is known about that rate. */
export const validRateShare = 0.9
/** Below this share of the asked rate the generator is too slow to tell. */
export const reachedRateShare = 0.99

const generatorRemediation =
  'Look at the counters of the virtual functions on the node of the traffic generator, the state of the link, and the MTU of the network against frameBytes.'
const dropRemediation =
  'Check that the CPUs of the VM under test are dedicated and isolated (static CPU manager, isolcpus, no interrupts on them), that hugepages and NIC are on the same NUMA node, and look for CPU throttling; then lower trafficGenPacketsPerSecond or search the limit with mode: ndr.'
const pathRemediation =
  'Packets vanish without either VM counting them: look at drops of the physical and virtual functions on both nodes, at the switch ports between them, at flow control, and at spoof check, trust and VLAN of the virtual functions.'
const latencyRemediation =
  'Look for interrupts and other work on the CPUs that forward, power saving of the CPUs, and buffering in the switch between the nodes.'

const counted = { operator: '<=', limitParameter: null, defaultLimit: '0 packets' } as const
const optional = { defaultLimit: null, defaultLimitSource: 'not judged unless given' } as const
const documentedRule = 'documented behaviour'

export const dpdkChecks: readonly CheckDeclaration[] = [
  {
    id: 'dpdk.placement',
    title: 'The VMs run where they were asked to',
    proves: 'The measured path is the one that was asked for.',
    measuredBy:
      'status.nodeName of both VMIs equals trafficGenTargetNodeName and vmUnderTestTargetNodeName, or differs between them when no nodes are given and requireDifferentNodes is true.',
    results: ['trafficGenActualNodeName', 'vmUnderTestActualNodeName'],
    operator: '==',
    limitParameter: 'requireDifferentNodes',
    defaultLimit: 'different nodes',
    defaultLimitSource: 'traffic within one node does not prove the network between nodes',
    remediation:
      'Check node labels, taints and free SR-IOV devices, hugepages and CPUs of the asked nodes, and the affinity of the VMIs in the evidence.',
  },
  {
    id: 'dpdk.full-duration',
    title: 'Traffic ran for as long as it was asked to',
    proves: 'The counters are those of a complete run, and stood still when they were read.',
    measuredBy: 'The time from the start of the traffic to its end, and two equal readings of all counters after it.',
    results: ['trafficDurationSeconds'],
    operator: '>=',
    limitParameter: 'testDuration',
    defaultLimit: '300 s',
    defaultLimitSource: documentedRule,
    remediation: 'Raise timeout, and look in both transcripts for what ended the run.',
  },
  {
    id: 'dpdk.rate',
    title: 'The traffic generator reached the asked rate',
    proves: 'What was proven was proven at that rate.',
    measuredBy:
      'Sent packets divided by the time of traffic, at least 0.99 of the asked rate. Below 0.9 the whole measurement is invalid.',
    results: ['achievedPacketsPerSecond'],
    operator: '>=',
    limitParameter: 'trafficGenPacketsPerSecond',
    defaultLimit: '7,920,000 pps',
    defaultLimitSource: '0.99 of the asked rate',
    remediation:
      'The traffic generator itself is too slow: check that its CPUs are dedicated and its hugepages local, give it more cpuCores, or ask for a lower rate.',
  },
  {
    id: 'dpdk.sent',
    title: 'The traffic generator sends',
    proves: 'There was traffic at all.',
    measuredBy: 'Packets that left the sending port of the traffic generator.',
    results: ['trafficGenSentPackets'],
    operator: '>=',
    limitParameter: null,
    defaultLimit: '1 packets',
    defaultLimitSource: documentedRule,
    remediation: generatorRemediation,
  },
  {
    ...counted,
    id: 'dpdk.generator-errors',
    title: 'The traffic generator has no errors',
    proves: 'Its ports sent and received every packet in good shape.',
    measuredBy: 'Output errors of the sending port and input errors of the receiving port together.',
    results: ['trafficGenOutputErrorPackets', 'trafficGenInputErrorPackets'],
    defaultLimitSource: documentedRule,
    remediation: generatorRemediation,
  },
  {
    ...counted,
    id: 'dpdk.no-rx-drops',
    title: 'The VM under test drops no packet that arrives',
    proves: 'It fetches packets as fast as they come.',
    measuredBy: 'RX-dropped of testpmd, both ports together.',
    results: ['vmUnderTestRxDroppedPackets'],
    defaultLimitSource: documentedRule,
    remediation: dropRemediation,
  },
  {
    ...counted,
    id: 'dpdk.no-tx-drops',
    title: 'The VM under test drops no packet that it sends',
    proves: 'Its NIC takes packets as fast as they are forwarded.',
    measuredBy: 'TX-dropped of testpmd with the send errors of the NICs, both ports together.',
    results: ['vmUnderTestTxDroppedPackets'],
    defaultLimitSource: documentedRule,
    remediation: dropRemediation,
  },
  {
    ...counted,
    id: 'dpdk.no-rx-errors',
    title: 'The VM under test has neither receive errors nor too few buffers',
    proves: 'Packets arrive in good shape, and testpmd has room for them.',
    measuredBy: 'Receive errors and packets without a buffer, both ports together.',
    results: ['vmUnderTestRxErrors', 'vmUnderTestRxNoMbufs'],
    defaultLimitSource: 'a packet in bad shape or without a buffer is lost',
    remediation: `${dropRemediation} Receive errors point to the cable, the transceiver or the MTU.`,
  },
  {
    id: 'dpdk.all-received',
    title: 'Every packet that was sent reaches the VM under test',
    proves: 'Nothing is lost on the way to the VM under test.',
    measuredBy: 'Packets that reached the VM under test, less stray ones, equal those that the traffic generator sent.',
    results: ['trafficGenSentPackets', 'vmUnderTestReceivedPackets'],
    operator: '==',
    limitParameter: null,
    defaultLimit: 'all packets sent',
    defaultLimitSource: documentedRule,
    remediation: pathRemediation,
  },
  {
    id: 'dpdk.all-returned',
    title: 'Every packet that the VM under test sends on comes back',
    proves: 'Nothing is lost on the way back either.',
    measuredBy:
      'Packets that came back to the traffic generator are at least those that the VM under test sent on; stray ones may add to them.',
    results: ['vmUnderTestTransmittedPackets', 'trafficGenReceivedPackets'],
    operator: '>=',
    limitParameter: null,
    defaultLimit: 'all packets sent on',
    defaultLimitSource: 'a packet lost on the way back is lost',
    remediation: pathRemediation,
  },
  {
    ...optional,
    id: 'dpdk.latency-max',
    title: 'The largest latency stays within its limit',
    proves: 'No timed packet took longer than allowed.',
    measuredBy: 'Largest latency of the packets that TRex timed.',
    results: ['maxLatencyNanoSec'],
    operator: '<=',
    limitParameter: 'maxLatency',
    remediation: latencyRemediation,
  },
  {
    ...optional,
    id: 'dpdk.latency-average',
    title: 'The mean latency stays within its limit',
    proves: 'Packets are forwarded as fast as they should be.',
    measuredBy: 'Mean latency of the packets that TRex timed.',
    results: ['avgLatencyNanoSec'],
    operator: '<=',
    limitParameter: 'maxAverageLatency',
    remediation: latencyRemediation,
  },
  {
    ...optional,
    id: 'dpdk.latency-jitter',
    title: 'The jitter stays within its limit',
    proves: 'Packets are forwarded evenly.',
    measuredBy: 'Jitter of the packets that TRex timed.',
    results: ['jitterNanoSec'],
    operator: '<=',
    limitParameter: 'maxJitter',
    remediation: latencyRemediation,
  },
  {
    id: 'dpdk.ndr-found',
    title: 'There is a rate without loss',
    proves: 'The VM under test forwards without loss at some rate.',
    measuredBy: 'The highest rate of the search (mode: ndr) that passed; 0 when none did.',
    results: ['ndrPacketsPerSecond'],
    operator: '>=',
    limitParameter: null,
    defaultLimit: '1 pps',
    defaultLimitSource: 'fixed: a path that always loses packets is not usable',
    remediation: pathRemediation,
  },
  {
    ...optional,
    id: 'dpdk.ndr',
    title: 'The rate without loss is at least its minimum',
    proves: 'The VM under test forwards as much without loss as it should.',
    measuredBy: 'The highest rate without loss (mode: ndr), in per cent of the line rate, for each frame size.',
    results: ['ndrLineRatePercent'],
    operator: '>=',
    limitParameter: 'ndrMinLineRatePercent',
    remediation: dropRemediation,
  },
]

/** @throws Error for an id that is not declared */
