/** The parameters of the realtime checkup: those of the documented one, and what ours may be told besides. */
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
import { formatCpuList, parseCpuList } from '../../helpers/tools/cpu-list.ts'
import { formatDuration, parseDuration, parseWholeSeconds } from '../../helpers/units/duration.ts'
import { upstreamImage, upstreamParameters } from '../upstream-parameters.ts'
import { oslatPercentiles } from './percentiles.ts'

/** How long oslat measures in each mode where the case does not say otherwise. */
const durations = { gate: '5m', smoke: '1m', soak: '12h', 'measure-only': '5m' } as const
/** In µs. */
const documentedThreshold = 40

const procedures = ['oslat', 'cyclictest', 'hwlatdetect'] as const

/** Beside the measuring: images that have to be pulled, two boots, a readiness probe that waits 90 s, the login. */
const standardMargin = '15m'

const microseconds = { max: 60_000_000, unit: 'µs' } as const
const limit = (what: string) =>
  decimalNumber({ min: 0, ...microseconds })
    .optional()
    .describe(`Largest allowed ${what} of each CPU, in µs. Default: no limit.`)

const cpuListAllowed = 'CPUs as the kernel writes them, such as 2-3 or 2,4-6'
const cpuList = () =>
  z
    .union([z.string(), z.int().nonnegative()], { error: cpuListAllowed })
    .transform(String)
    .refine((text) => holds(() => parseCpuList(text).length > 0), { error: cpuListAllowed, abort: true })
    .transform((text) => formatCpuList(parseCpuList(text)))

const profileNameAllowed = 'a tuned profile such as realtime-virtual-guest, or none'
const memoryBlockAllowed = 'an amount of memory for oslat such as 4K or 1M'

const fields = z.strictObject({
  ...upstreamParameters('realtime'),
  vmUnderTestContainerDiskImage: imageReference()
    .default('quay.io/kiagnose/kubevirt-realtime-checkup-vm:main')
    .describe('containerDisk of the VM under test: a realtime kernel, tuned and rt-tests.'),
  vmUnderTestTargetNodeName: objectName('node name')
    .optional()
    .describe('Node of the VM under test. Default: any node that promises realtime.'),
  mode: z
    .enum(['gate', 'smoke', 'soak', 'measure-only'], { error: 'gate, smoke, soak or measure-only' })
    .default('gate')
    .describe('gate: 5m. smoke: 1m. soak: 12h. measure-only: 5m, and no latency is judged unless its limit is given.'),
  oslatDuration: wholeSeconds()
    .optional()
    .describe('How long oslat measures, in whole seconds; default: that of the mode.'),
  oslatLatencyThresholdMicroSeconds: wholeNumber({ min: 1, ...microseconds })
    .optional()
    .describe('Largest allowed latency of oslat in µs; equal passes. Default: 40, and none with mode: measure-only.'),
  timeout: positiveDuration()
    .optional()
    .describe(
      `Limit for the whole case except tear down (\`spec.timeout\` of the ConfigMap), as a Go duration. Default: the time of all procedures and ${standardMargin}.`,
    ),
  procedures: someOf(procedures)
    .prefault(['oslat'])
    .describe('What measures, one after the other: oslat, cyclictest, hwlatdetect.'),
  oslatMinLatencyLimitMicroSeconds: limit('smallest latency'),
  oslatAvgLatencyLimitMicroSeconds: limit('mean latency'),
  ...(Object.fromEntries(
    oslatPercentiles.map(({ percent, parameter }) => [parameter, limit(`${percent}th percentile of the latencies`)]),
  ) as Record<(typeof oslatPercentiles)[number]['parameter'], ReturnType<typeof limit>>),
  oslatMaxSpikes: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER, unit: 'observations' })
    .optional()
    .describe('Largest allowed number of observations above oslatSpikeMicroSeconds of each CPU. Default: no limit.'),
  oslatSpikeMicroSeconds: wholeNumber({ min: 1, ...microseconds })
    .prefault(20)
    .describe('Observations above this many µs are counted as spikes.'),
  oslatRtPriority: wholeNumber({ min: 1, max: 99, unit: '' }).prefault(1).describe('Realtime priority of oslat.'),
  oslatWorkload: z
    .enum(['memmove', 'no'], { error: 'memmove or no' })
    .default('memmove')
    .describe('What oslat does besides looking at the clock.'),
  oslatWorkloadMemory: z
    .string({ error: memoryBlockAllowed })
    .regex(/^[1-9]\d*[KMG]?$/, memoryBlockAllowed)
    .default('4K')
    .describe('Memory that the workload of oslat moves.'),
  oslatBuckets: wholeNumber({ min: 5, max: 1024, unit: 'buckets' })
    .prefault(64)
    .describe(
      'Buckets of the histogram of oslat, one for each µs from 1. Above the last one only the maximum is known.',
    ),
  cyclictestDuration: wholeSeconds().default('1m').describe('How long cyclictest measures, in whole seconds.'),
  cyclictestLatencyThresholdMicroSeconds: wholeNumber({ min: 1, ...microseconds })
    .optional()
    .describe(
      'Largest allowed latency of cyclictest in µs; equal passes. Default: 40, and none with mode: measure-only.',
    ),
  cyclictestAvgLatencyLimitMicroSeconds: limit('mean latency of cyclictest'),
  cyclictestIntervalMicroSeconds: wholeNumber({ min: 10, max: 1_000_000, unit: 'µs' })
    .prefault(100)
    .describe('Time between two wake-ups of cyclictest, in µs.'),
  cyclictestRtPriority: wholeNumber({ min: 1, max: 99, unit: '' })
    .prefault(95)
    .describe('Realtime priority of cyclictest.'),
  hwlatDuration: wholeSeconds().default('1m').describe('How long hwlatdetect looks, in whole seconds.'),
  hwlatThresholdMicroSeconds: wholeNumber({ min: 1, ...microseconds })
    .prefault(10)
    .describe('Gaps up to this many µs are allowed; hwlatdetect reports only longer ones.'),
  requireRealtimeKernel: truthValue()
    .prefault(true)
    .describe('Whether the guest must run a realtime kernel. false: its kernel is only recorded.'),
  tunedProfile: z
    .string({ error: profileNameAllowed })
    .regex(/^[a-z0-9][a-z0-9_-]*$/i, profileNameAllowed)
    .default('realtime-virtual-guest')
    .describe(
      'tuned profile that the guest sets at its first boot, and must have. none: neither; for images without tuned.',
    ),
  requireIsolatedCpus: truthValue()
    .prefault(true)
    .describe('Whether the measured CPUs must be in isolcpus, nohz_full and rcu_nocbs of the guest.'),
  measuredCpus: cpuList()
    .optional()
    .describe('Virtual CPUs that are isolated and measured. Default: all but the first two.'),
  cpuSockets: wholeNumber({ min: 1, max: 8, unit: 'sockets' }).prefault(1).describe('Virtual sockets of the VM.'),
  cpuCores: wholeNumber({ min: 1, max: 128, unit: 'cores' }).prefault(4).describe('Virtual cores per socket.'),
  cpuThreads: wholeNumber({ min: 1, max: 2, unit: 'threads' }).prefault(1).describe('Virtual threads per core.'),
  cpuModel: z.string({ error: 'a CPU model' }).min(1).default('host-passthrough').describe('CPU model of the VM.'),
  realtimeMask: z
    .string({ error: 'a mask such as 0-3,^1' })
    .regex(/^\^?\d+(-\d+)?(,\^?\d+(-\d+)?)*$/, 'a mask such as 0-3,^1')
    .optional()
    .describe('Virtual CPUs with realtime scheduling on the host, such as 0-3,^1. Default: all.'),
  guestMemory: memoryQuantity().default('4Gi').describe('Memory of the VM, out of hugepages.'),
  hugepageSize: z.enum(['1Gi', '2Mi'], { error: '1Gi or 2Mi' }).default('1Gi').describe('Hugepages of the node.'),
  isolateEmulatorThread: truthValue()
    .prefault(true)
    .describe('A physical CPU more for the emulator thread, so that it does not disturb the others.'),
  readyDelaySeconds: wholeNumber({ min: 0, max: 3600, unit: 'seconds' })
    .prefault(90)
    .describe('Time after which the guest is asked for the first time whether it is ready, in seconds.'),
})

/** Fills in what the mode and the number of CPUs stand for, so that a record of the case has it. */
export const parameters = fields.overwrite((of) => ({
  ...of,
  ...upstreamImage('realtime', of),
  oslatDuration: oslatDuration(of),
  ...(of.mode !== 'measure-only' && {
    oslatLatencyThresholdMicroSeconds: of.oslatLatencyThresholdMicroSeconds ?? documentedThreshold,
    cyclictestLatencyThresholdMicroSeconds: of.cyclictestLatencyThresholdMicroSeconds ?? documentedThreshold,
  }),
  measuredCpus: measuredCpus(of),
  timeout: caseTimeout(of),
}))

export type RealtimeParameters = z.output<typeof parameters>

export const cpuCount = ({ cpuSockets, cpuCores, cpuThreads }: RealtimeParameters): number =>
  cpuSockets * cpuCores * cpuThreads

/** As the kernel writes them. The first two are left to the operating system. */
export function measuredCpus(of: RealtimeParameters): string {
  const cpus = Array.from({ length: cpuCount(of) }, (_, cpu) => cpu)
  // With fewer than three CPUs there is nothing to measure; a rule says so.
  return of.measuredCpus ?? formatCpuList(cpus.length > 2 ? cpus.slice(2) : cpus.slice(-1))
}

export const oslatDuration = (of: RealtimeParameters): string => of.oslatDuration ?? durations[of.mode]

/** How long all procedures of a case measure, in seconds. */
export function measurementSeconds(of: RealtimeParameters): number {
  const each = { oslat: oslatDuration(of), cyclictest: of.cyclictestDuration, hwlatdetect: of.hwlatDuration }
  return of.procedures.reduce((sum, procedure) => sum + parseWholeSeconds(each[procedure]), 0)
}

/** A Go duration. */
export const caseTimeout = (of: RealtimeParameters): string =>
  of.timeout ?? formatDuration(BigInt(measurementSeconds(of)) * 1_000_000_000n + parseDuration(standardMargin))
