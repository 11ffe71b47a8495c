/** The results of the DPDK checkup. */
import type { ResultDeclaration } from '../../helpers/run/checkup-contract.ts'
import { declared } from '../result-declarations.ts'

export const dpdkResults: readonly ResultDeclaration[] = [
  ...declared('documented', [
    ['trafficGenSentPackets', 'packets', 'Packets that the traffic generator sent.'],
    [
      'trafficGenOutputErrorPackets',
      'packets',
      'Packets that the sending port of the traffic generator could not send.',
    ],
    [
      'trafficGenInputErrorPackets',
      'packets',
      'Packets that arrived in bad shape at the receiving port of the traffic generator.',
    ],
    ['vmUnderTestReceivedPackets', 'packets', 'Packets that reached the VM under test, less stray ones.'],
    [
      'vmUnderTestRxDroppedPackets',
      'packets',
      'Packets that the NIC of the VM under test dropped, since testpmd did not fetch them in time.',
    ],
    [
      'vmUnderTestTxDroppedPackets',
      'packets',
      'Packets that testpmd dropped, since the NIC did not take or did not send them.',
    ],
    ['trafficGenActualNodeName', '', 'Node on which the traffic generator VM ran.'],
    ['vmUnderTestActualNodeName', '', 'Node on which the VM under test ran.'],
  ]),
  ...declared('addition', [
    ['trafficGenReceivedPackets', 'packets', 'Packets that came back to the receiving port of the traffic generator.'],
    ['vmUnderTestTransmittedPackets', 'packets', 'Packets that the VM under test sent on to the traffic generator.'],
    ['vmUnderTestRxErrors', 'packets', 'Packets that arrived in bad shape at the VM under test.'],
    ['vmUnderTestRxNoMbufs', 'packets', 'Packets that found no free buffer in testpmd.'],
    ['vmUnderTestTxErrors', 'packets', 'Packets that the NICs of the VM under test failed to send.'],
    ['strayPackets', 'packets', 'Packets that reached the VM under test against the direction of the traffic.'],
    ['achievedPacketsPerSecond', 'pps', 'Packets that the traffic generator sent, divided by the time it sent for.'],
    ['returnedPacketsPerSecond', 'pps', 'Packets that came back to the traffic generator, divided by that time.'],
    ['trafficDurationSeconds', 's', 'How long traffic ran.'],
    ['maxRxDropBitsPerSecond', 'bit/s', 'Largest sampled rate of traffic that did not come back, as TRex tells it.'],
    ['minLatencyNanoSec', 'ns', 'Smallest latency of the timed packets, from the traffic generator back to it.'],
    ['avgLatencyNanoSec', 'ns', 'Mean latency of the timed packets.'],
    ['maxLatencyNanoSec', 'ns', 'Largest latency of the timed packets.'],
    ['jitterNanoSec', 'ns', 'Jitter of the timed packets, as TRex computes it.'],
    ['ndrPacketsPerSecond', 'pps', 'Highest rate without loss (mode: ndr).'],
    ['ndrBitsPerSecond', 'bit/s', 'That rate as bits on the wire, preambles and gaps between frames included.'],
    ['ndrLineRatePercent', '%', 'That rate in per cent of the line rate.'],
    ['ndrTrials', 'count', 'Trials that the search took.'],
    ['pdrPacketsPerSecond', 'pps', 'Highest rate with no more loss than ndrPdrLossPercent.'],
    ['pdrBitsPerSecond', 'bit/s', 'That rate as bits on the wire.'],
    ['pdrLineRatePercent', '%', 'That rate in per cent of the line rate.'],
  ]),
]

/**
 * Names of the same results in version 0.1 of the documented checkup, for those who read old reports. They are not
 * written any more.
 */
export const formerResultNames: Readonly<Record<string, string>> = {
  trafficGeneratorTxPackets: 'trafficGenSentPackets',
  trafficGeneratorOutputErrorPackets: 'trafficGenOutputErrorPackets',
  trafficGeneratorInErrorPackets: 'trafficGenInputErrorPackets',
  trafficGeneratorNode: 'trafficGenActualNodeName',
  DPDKVMNode: 'vmUnderTestActualNodeName',
  DPDKRxTestPackets: 'vmUnderTestReceivedPackets',
  DPDKRxPacketDrops: 'vmUnderTestRxDroppedPackets',
  DPDKTxPacketDrops: 'vmUnderTestTxDroppedPackets',
}
