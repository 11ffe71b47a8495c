/** The `cluster.embedded` part of a cluster profile: what the simulated cluster consists of, and what is wrong with it. */
import { z } from 'zod'
import { durationText } from './duration-text.ts'
import { embeddedProcessors, processorFaults } from './embedded-processors.ts'
import { guestStorageFaults } from './embedded-guest-storage.ts'
import { embeddedStorage, storageFaults } from './embedded-storage.ts'
import { lifecycleFaults } from './embedded-lifecycle.ts'
import { guestSelector } from './guest-selector.ts'
import { quantityText } from './quantity-text.ts'

/** How frames travel over one network: the model behind every ping of a scripted guest and every frame of a real one. */
export const linkModel = z.strictObject({
  latency: durationText('One-way delay added to each frame, before jitter.').default('150us'),
  jitter: durationText('Standard deviation of the one-way delay; delays never fall below half of `latency`.').default(
    '20us',
  ),
  firstPacketDelay: durationText(
    'Extra round-trip time of the first packet between two guests (address resolution).',
  ).default('1ms'),
  lossPercent: z.number().min(0).max(100).default(0).describe('Share of the frames that vanish, per direction.'),
  duplicatePercent: z.number().min(0).max(100).default(0).describe('Share of the frames that arrive twice.'),
  reorderPercent: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe('Share of the frames that are overtaken by the next one.'),
  connected: z.boolean().default(true).describe('false: nothing gets through; the peer never answers.'),
})
export type LinkModel = z.infer<typeof linkModel>

const own = linkModel.shape
/** Values for one path. Nothing has a default here: what an entry does not say is as on the rest of the network. */
const linkOverride = z.strictObject({
  between: z.tuple([z.string(), z.string()]),
  latency: own.latency.removeDefault().optional(),
  jitter: own.jitter.removeDefault().optional(),
  firstPacketDelay: own.firstPacketDelay.removeDefault().optional(),
  lossPercent: own.lossPercent.removeDefault().optional(),
  duplicatePercent: own.duplicatePercent.removeDefault().optional(),
  reorderPercent: own.reorderPercent.removeDefault().optional(),
  connected: own.connected.removeDefault().optional(),
})

export const embeddedNode = z.strictObject({
  name: z.string().min(1),
  cpus: z.int().positive().default(8),
  memory: quantityText('Allocatable memory.').default('32Gi'),
  schedulable: z.boolean().default(true),
  cpuManager: z.boolean().default(true).describe('Static CPU manager policy; needed for dedicatedCpuPlacement.'),
  hugepages1Gi: z.int().nonnegative().default(0).describe('Number of 1 GiB huge pages.'),
  hugepages2Mi: z.int().nonnegative().default(0).describe('Number of 2 MiB huge pages.'),
  resources: z
    .record(z.string(), z.int().nonnegative())
    .default({})
    .describe('Extended resources, e.g. SR-IOV virtual functions by resource name.'),
  labels: z.record(z.string(), z.string()).default({}),
})
export type EmbeddedNode = z.infer<typeof embeddedNode>

export const embeddedNetwork = z.strictObject({
  name: z.string().min(1).describe('Name of the NetworkAttachmentDefinition.'),
  namespace: z
    .string()
    .min(1)
    .optional()
    .describe('Namespace of the NetworkAttachmentDefinition; default: the namespace of the run.'),
  type: z
    .enum(['bridge', 'cnv-bridge', 'sriov', 'ovn-k8s-cni-overlay'])
    .default('bridge')
    .describe('CNI plugin type written into spec.config.'),
  conflist: z.boolean().default(false).describe('Write spec.config as a list of plugins instead of a single one.'),
  config: z.string().optional().describe('spec.config as it stands, instead of one made from `type`.'),
  resourceName: z
    .string()
    .optional()
    .describe('Value of the k8s.v1.cni.cncf.io/resourceName annotation of an SR-IOV network.'),
  link: linkModel.prefault({}),
  links: z.array(linkOverride).default([]).describe('Other values for the path between two nodes.'),
})
export type EmbeddedNetwork = z.infer<typeof embeddedNetwork>

const packetShare = (description: string, standard: number) =>
  z.number().gt(0).max(100).default(standard).describe(`${description}, in percent of the packets.`)

/** Things that go wrong with packets at high rates, in guests that run testpmd or TRex. */
const dataPlaneFaults = [
  z.strictObject({
    fault: z.literal('rx-drops'),
    vmi: guestSelector,
    percent: packetShare('What the NICs of the VM under test drop although it keeps up (RX-dropped)', 0.001),
  }),
  z.strictObject({
    fault: z.literal('tx-drops'),
    vmi: guestSelector,
    percent: packetShare('What the VM under test cannot send on (TX-dropped)', 0.001),
  }),
  z.strictObject({
    fault: z.literal('rx-errors'),
    vmi: guestSelector,
    percent: packetShare('What the NICs of the VM under test receive with errors (RX-error)', 0.001),
  }),
  z.strictObject({
    fault: z.literal('rx-no-buffers'),
    vmi: guestSelector,
    percent: packetShare('What the VM under test has no buffers for (RX-nombufs)', 0.001),
  }),
  z.strictObject({
    fault: z.literal('return-leg-loss'),
    vmi: guestSelector,
    percent: packetShare('What is lost between the VM under test and the receiving port of the generator', 0.001),
  }),
  z.strictObject({
    fault: z.literal('generator-output-errors'),
    vmi: guestSelector,
    percent: packetShare('What the traffic generator fails to send (oerrors)', 0.001),
  }),
  z.strictObject({
    fault: z.literal('generator-input-errors'),
    vmi: guestSelector,
    percent: packetShare('What the traffic generator receives with errors (ierrors)', 0.001),
  }),
  z.strictObject({
    fault: z.literal('generator-rate-limited'),
    vmi: guestSelector,
    reachedPercent: z.number().gt(0).max(100).default(80).describe('Share of the asked rate that is really sent.'),
  }),
  z.strictObject({
    fault: z.literal('stray-frames'),
    vmi: guestSelector,
    perSecond: z.number().positive().default(1).describe('Broadcast frames from elsewhere, at each port of the VM.'),
  }),
  z.strictObject({
    fault: z.literal('counters-settle-late'),
    vmi: guestSelector,
    after: durationText(
      'How long after they were sent by this generator packets are counted by their receivers.',
    ).default('2s'),
  }),
  z.strictObject({ fault: z.literal('trex-never-starts'), vmi: guestSelector }),
  z.strictObject({
    fault: z.literal('trex-statistics-truncated'),
    vmi: guestSelector,
    bytes: z
      .int()
      .nonnegative()
      .default(0)
      .describe('The console of TRex stops after this many bytes whenever it is asked for statistics.'),
  }),
] as const

/** Things that go wrong. Each must turn a check of some suite red; tests/faults.test.ts is the table. */
export const fault = z.discriminatedUnion('fault', [
  z.strictObject({
    fault: z.literal('console-drops-after-login'),
    vmi: guestSelector,
    times: z
      .int()
      .positive()
      .default(1000)
      .describe('How many connections are dropped at the first command after login.'),
  }),
  z.strictObject({
    fault: z.literal('slow-login'),
    vmi: guestSelector,
    delay: durationText('Extra time from power-on to the login prompt.'),
  }),
  z.strictObject({
    fault: z.literal('kernel-messages'),
    vmi: guestSelector,
    every: durationText('A kernel message lands on the console this often, also inside lines and prompts.').default(
      '1s',
    ),
  }),
  z.strictObject({ fault: z.literal('no-guest-agent'), vmi: guestSelector }),
  z.strictObject({ fault: z.literal('never-boots'), vmi: guestSelector }),
  z.strictObject({ fault: z.literal('login-refused'), vmi: guestSelector }),
  z.strictObject({
    fault: z.literal('guest-crashes'),
    vmi: guestSelector,
    after: durationText('Time from power-on to the crash.'),
  }),
  z.strictObject({
    fault: z.literal('command-missing'),
    vmi: guestSelector,
    command: z.string().min(1).describe('The shell answers `not found` with exit code 127.'),
  }),
  z.strictObject({
    fault: z.literal('truncated-output'),
    vmi: guestSelector,
    command: z.string().min(1),
    bytes: z.int().nonnegative().describe('Output of the command stops after this many bytes.'),
  }),
  z.strictObject({ fault: z.literal('command-hangs'), vmi: guestSelector, command: z.string().min(1) }),
  z.strictObject({ fault: z.literal('network-unreachable'), vmi: guestSelector, network: z.string().default('*') }),
  z.strictObject({ fault: z.literal('image-pull-fails'), vmi: guestSelector }),
  z.strictObject({
    fault: z.literal('boot-commands-hang'),
    vmi: guestSelector.describe(
      'Glob over VMI names. The bootcmd of their cloud-init data never ends, nor does their boot.',
    ),
  }),
  z.strictObject({
    fault: z.literal('smt-alignment'),
    vmi: guestSelector.describe(
      'Glob over VMI names. Kubelets give out whole cores of two threads: a launcher pod with an odd number of dedicated CPUs is refused.',
    ),
  }),
  ...dataPlaneFaults,
  ...processorFaults,
  ...storageFaults,
  ...guestStorageFaults,
  ...lifecycleFaults,
  z.strictObject({
    fault: z.literal('wrong-node'),
    vmi: guestSelector,
    node: z.string().min(1).describe('The VMI runs here, whatever its affinity says.'),
  }),
  z.strictObject({
    fault: z.literal('create-refused'),
    resource: z.string().min(1).describe('Plural, e.g. virtualmachineinstances.'),
    message: z.string().default('exceeded quota: compute, requested: pods=1, used: pods=10, limited: pods=10'),
  }),
  z.strictObject({ fault: z.literal('delete-refused'), resource: z.string().min(1) }),
  z.strictObject({
    fault: z.literal('never-deleted'),
    resource: z.string().min(1).describe('A finalizer that nobody removes.'),
  }),
  z.strictObject({
    fault: z.literal('api-errors'),
    code: z.int().min(400).max(599).default(503),
    percent: z.number().min(0).max(100).describe('Share of the requests answered with this code.'),
  }),
  z.strictObject({
    fault: z.literal('watch-drops'),
    after: durationText('Watch connections are reset after this time.'),
  }),
])
export type Fault = z.infer<typeof fault>

const release = (description: string) =>
  z
    .string()
    .regex(/^v\d+\.\d+\.\d+$/, 'expected a release such as v1.36.2')
    .describe(description)

const packetRate = (description: string) =>
  z
    .string()
    .regex(/^[1-9]\d*[km]?$/, 'expected packets per second such as 12m, 500k or 2000')
    .describe(description)

/** What guests with testpmd and TRex are capable of. */
export const embeddedDataPlane = z.strictObject({
  forwardingCapacity: packetRate(
    'Packets per second that a scripted VM under test forwards without loss, both directions together.',
  ).default('12m'),
  forwardingDelay: durationText('Added by the VM under test to the latency of a packet.').default('8us'),
  trexStart: durationText('From the start of the TRex service until its console is answered.').default('12s'),
})
export type EmbeddedDataPlane = z.infer<typeof embeddedDataPlane>

export const embeddedCluster = z.strictObject({
  guests: z
    .enum(['scripted', 'qemu'])
    .default('scripted')
    .describe('scripted: simulated guests, in process. qemu: real guests under QEMU; see docs for what it needs.'),
  time: z
    .enum(['skipping', 'wall'])
    .default('skipping')
    .describe(
      'skipping: what only waits is skipped over. wall: everything takes as long as it takes. qemu guests always run on wall time.',
    ),
  seed: z.int().nonnegative().default(1).describe('Seed of everything random in the simulation.'),
  kubernetesVersion: release('Kubernetes release that nodes and /version report.').default('v1.36.2'),
  kubevirtVersion: release('KubeVirt release that the KubeVirt resource reports.').default('v1.9.0'),
  boot: durationText('From power-on to the login prompt of a scripted guest.').default('7s'),
  nodes: z
    .array(embeddedNode)
    .min(1)
    .prefault([{ name: 'worker1' }, { name: 'worker2' }]),
  networks: z.array(embeddedNetwork).default([]),
  dataPlane: embeddedDataPlane.prefault({}),
  processors: embeddedProcessors.prefault({}),
  storage: embeddedStorage.prefault({}),
  faults: z.array(fault).default([]),
})
export type EmbeddedClusterProfile = z.infer<typeof embeddedCluster>
