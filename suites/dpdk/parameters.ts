/** The parameters of the DPDK checkup: those of the documented one, and what ours may be told besides. */
import { z } from 'zod'
import {
  decimalNumber,
  holds,
  imageReference,
  memoryQuantity,
  objectName,
  positiveDuration,
  someOf,
  truthValue,
  wholeNumber,
  wholeSeconds,
} from '../../helpers/profile/parameter-text.ts'
import { parsePacketRate, type FrameSize } from '../../helpers/tools/packet-rate.ts'
import { networkAttachmentDefinitionNamespace } from '../network-parameters.ts'
import { upstreamImage, upstreamParameters } from '../upstream-parameters.ts'
import { directions } from './traffic-generator.ts'

/** What each mode stands for where the case does not say otherwise; null: the mode has none of its own. */
const modes = {
  gate: { testDuration: '5m', trafficGenPacketsPerSecond: '8m', timeout: '30m' },
  smoke: { testDuration: '30s', trafficGenPacketsPerSecond: '1m', timeout: '20m' },
  soak: { testDuration: '30m', trafficGenPacketsPerSecond: '8m', timeout: '90m' },
  ndr: { testDuration: null, trafficGenPacketsPerSecond: null, timeout: '3h' },
  custom: { testDuration: null, trafficGenPacketsPerSecond: '8m', timeout: '30m' },
} as const

/** Sizes of RFC 2544 for Ethernet, and the mix. */
const frameSizes = [64, 128, 256, 512, 1024, 1280, 1518, 'IMIX'] as const
const smallestFrame = 64
const largestFrame = 9216

const rateAllowed = 'a whole number of packets per second above 0, with k or m for thousands or millions, such as 8m'
const packetRate = () =>
  z
    .union([z.string(), z.int().positive()], { error: rateAllowed })
    .transform(String)
    .refine((text) => holds(() => parsePacketRate(text) > 0), rateAllowed)

const pciAllowed = 'a PCI address such as 0000:06:00.0'
const pciAddress = (fallback: string) =>
  z
    .string({ error: pciAllowed })
    .regex(/^[\da-f]{4}:[\da-f]{2}:[01][\da-f]\.[0-7]$/, pciAllowed)
    .default(fallback)

const sizesAllowed = `frame sizes of ${smallestFrame} to ${largestFrame} bytes and IMIX, each once`
const frameSizeList = () =>
  z
    .union([z.array(z.union([z.number(), z.string()], { error: sizesAllowed })), z.string(), z.number()], {
      error: sizesAllowed,
    })
    .transform((value) => (Array.isArray(value) ? value : String(value).split(',')).map(frameSize))
    .refine(
      (sizes) => sizes.length > 0 && sizes.every((size) => size !== null) && new Set(sizes).size === sizes.length,
      sizesAllowed,
    )
    .transform((sizes) => sizes.filter((size) => size !== null))

function frameSize(value: string | number): FrameSize | null {
  const text = String(value).trim()
  if (text === 'IMIX') return text
  return /^\d{1,5}$/.test(text) && Number(text) >= smallestFrame && Number(text) <= largestFrame ? Number(text) : null
}

const fields = z.strictObject({
  ...upstreamParameters('dpdk'),
  networkAttachmentDefinitionNamespace,
  networkAttachmentDefinitionName: objectName('name').describe(
    'NetworkAttachmentDefinition of the SR-IOV network that both interfaces of both VMs are on.',
  ),
  westNetworkAttachmentDefinitionName: objectName('name')
    .optional()
    .describe('Another NetworkAttachmentDefinition for the west interfaces. Default: the same as for the east ones.'),
  trafficGenContainerDiskImage: imageReference()
    .default('quay.io/kiagnose/kubevirt-dpdk-checkup-traffic-gen:main')
    .describe('containerDisk of the traffic generator VM.'),
  vmUnderTestContainerDiskImage: imageReference()
    .default('quay.io/kiagnose/kubevirt-dpdk-checkup-vm:main')
    .describe('containerDisk of the VM under test.'),
  trafficGenTargetNodeName: objectName('node name')
    .optional()
    .describe('Node of the traffic generator VM. Both nodes or neither.'),
  vmUnderTestTargetNodeName: objectName('node name').optional().describe('Node of the VM under test.'),
  requireDifferentNodes: truthValue()
    .prefault(true)
    .describe(
      'Without node names, keep the VMs on different nodes. false: only prefer it, as the documented checkup does.',
    ),
  mode: z
    .enum(['gate', 'smoke', 'soak', 'ndr', 'custom'], { error: 'gate, smoke, soak, ndr or custom' })
    .default('gate')
    .describe(
      'gate: 5m at 8m packets/s. smoke: 30s at 1m. soak: 30m at 8m. ndr: search the highest rate without loss. custom: testDuration must be given.',
    ),
  trafficGenPacketsPerSecond: packetRate()
    .optional()
    .describe(
      'Packets per second, with k for thousands or m for millions; default: that of the mode. With mode: ndr the highest rate to try; default: line rate.',
    ),
  testDuration: wholeSeconds()
    .optional()
    .describe('How long traffic runs in each direction, in whole seconds; default: that of the mode.'),
  timeout: positiveDuration()
    .optional()
    .describe(
      'Limit for the whole case except tear down (`spec.timeout` of the ConfigMap), as a Go duration. Default: 30m with mode: gate or custom, 20m smoke, 90m soak, 3h ndr.',
    ),
  portBandwidthGbps: wholeNumber({ min: 1, max: 1600, unit: 'Gbit/s' })
    .prefault(10)
    .describe('Bandwidth of each SR-IOV port in Gbit/s.'),
  verbose: truthValue().prefault(false).describe('Keep the kernel command lines of both guests, too.'),
  directions: someOf(directions)
    .prefault([...directions])
    .describe('Directions of the traffic, one after the other. The documented checkup has east-to-west only.'),
  frameBytes: wholeNumber({ min: smallestFrame, max: largestFrame, unit: 'bytes' })
    .prefault(64)
    .describe('Size of each Ethernet frame with its 4 bytes of FCS. Beyond 1518 needs jumbo frames on the network.'),
  sampleIntervalSeconds: wholeNumber({ min: 1, max: 3600, unit: 'seconds' })
    .prefault(10)
    .describe('Time between two samples of rates and drops while traffic runs, in seconds.'),
  trafficGenerator: z
    .enum(['trex', 'pktgen'], { error: 'trex or pktgen' })
    .default('trex')
    .describe(
      'trex: the documented one. pktgen: that of the Linux kernel, which needs no special image and is slower.',
    ),
  measureLatency: truthValue()
    .prefault(false)
    .describe('Time a small flow of packets through the VM under test besides (TRex only).'),
  maxLatency: positiveDuration().optional().describe('Largest allowed latency of a timed packet. Default: no limit.'),
  maxAverageLatency: positiveDuration()
    .optional()
    .describe('Largest allowed mean latency of the timed packets. Default: no limit.'),
  maxJitter: positiveDuration()
    .optional()
    .describe('Largest allowed jitter of the timed packets, as TRex computes it. Default: no limit.'),
  ndrFrameSizes: frameSizeList()
    .prefault([...frameSizes])
    .describe('Frame sizes to search the rate for, in bytes with FCS, and IMIX (64, 594 and 1518 bytes as 7:4:1).'),
  ndrMaxLossPercent: decimalNumber({ min: 0, max: 50, unit: 'percent' })
    .prefault(0)
    .describe('Share of lost packets that still counts as no loss. 0: not one.'),
  ndrPdrLossPercent: decimalNumber({ min: 0, max: 50, unit: 'percent' })
    .optional()
    .describe('Search the rate with this share of lost packets (PDR), too. Default: not searched.'),
  ndrTrialDuration: wholeSeconds().default('10s').describe('How long one trial of the search runs, in whole seconds.'),
  ndrMaxTrials: wholeNumber({ min: 2, max: 100, unit: 'trials' })
    .prefault(15)
    .describe('Limit for the trials of one search: one direction, one frame size, one loss limit.'),
  ndrPrecisionPercent: decimalNumber({ min: 0.01, max: 20, unit: 'percent' })
    .prefault(0.5)
    .describe('How close the found rate is to the next one with loss, in per cent of it.'),
  ndrMinLineRatePercent: decimalNumber({ min: 0, max: 100, unit: 'percent' })
    .optional()
    .describe(
      'Smallest allowed rate without loss, in per cent of the line rate, for each frame size. Default: no limit.',
    ),
  cpuSockets: wholeNumber({ min: 1, max: 8, unit: 'sockets' }).prefault(1).describe('Virtual sockets of each VM.'),
  cpuCores: wholeNumber({ min: 1, max: 128, unit: 'cores' }).prefault(4).describe('Virtual cores per socket.'),
  cpuThreads: wholeNumber({ min: 1, max: 2, unit: 'threads' }).prefault(2).describe('Virtual threads per core.'),
  guestMemory: memoryQuantity().default('4Gi').describe('Memory of each VM, out of hugepages.'),
  hugepageSize: z.enum(['1Gi', '2Mi'], { error: '1Gi or 2Mi' }).default('1Gi').describe('Hugepages of the nodes.'),
  isolateEmulatorThread: truthValue()
    .prefault(true)
    .describe('A physical CPU more for the emulator thread of each VM, so that it does not disturb the others.'),
  numaPassthrough: truthValue()
    .prefault(false)
    .describe('Show the NUMA topology of the node to the guests (guestMappingPassthrough).'),
  testpmdQueues: wholeNumber({ min: 1, max: 64, unit: 'queues' })
    .optional()
    .describe('Queues of each port of the VM under test. Default: one for each CPU that forwards.'),
  testpmdDescriptors: wholeNumber({ min: 64, max: 32_768, unit: 'descriptors' })
    .prefault(2048)
    .describe('Descriptors of each queue of the VM under test.'),
  testpmdSocketMemoryMebibytes: wholeNumber({ min: 16, max: 1_048_576, unit: 'MiB' })
    .prefault(1024)
    .describe('Hugepage memory that testpmd takes, in MiB.'),
  testpmdBuffers: wholeNumber({ min: 1024, max: 16_777_216, unit: 'buffers' })
    .optional()
    .describe(
      'Packet buffers of testpmd. Default: its own number, which does not fit into the memory of small guests.',
    ),
  testpmdRetry: truthValue()
    .prefault(false)
    .describe(
      'Have testpmd try again when a NIC takes no more packets, in place of dropping them. For emulated NICs, which pause now and then.',
    ),
  readyDelaySeconds: wholeNumber({ min: 0, max: 3600, unit: 'seconds' })
    .prefault(90)
    .describe('Time after which the guests are asked for the first time whether they are ready, in seconds.'),
  eastPciAddress: pciAddress('0000:06:00.0').describe('Where both guests find their east interface.'),
  westPciAddress: pciAddress('0000:07:00.0').describe('Where both guests find their west interface.'),
  managementInterface: truthValue()
    .prefault(false)
    .describe('Give both VMs an interface on the pod network besides, for people who want to look inside.'),
})

/** Fills in what the mode stands for, so that a record of the case has it. */
export const parameters = fields.overwrite((of) => {
  const { testDuration, trafficGenPacketsPerSecond, timeout } = modes[of.mode]
  return {
    ...of,
    ...upstreamImage('dpdk', of),
    timeout: of.timeout ?? timeout,
    ...(of.testDuration === undefined && testDuration !== null && { testDuration }),
    ...(of.trafficGenPacketsPerSecond === undefined &&
      trafficGenPacketsPerSecond !== null && { trafficGenPacketsPerSecond }),
  }
})

export type DpdkParameters = z.output<typeof parameters>
