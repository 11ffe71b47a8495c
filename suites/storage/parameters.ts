/** The parameters of the storage checkup: names, defaults and what is allowed. */
import { z } from 'zod'
import {
  decimalNumber,
  holds,
  imageReference,
  memoryQuantity,
  objectName,
  positiveDuration,
  truthValue,
  wholeNumber,
  wholeSeconds,
} from '../../helpers/profile/parameter-text.ts'
import { isRunId } from '../../helpers/run/run-directory.ts'
import { parseFioBytes } from '../../helpers/tools/fio/amounts.ts'
import { parseWholeSeconds } from '../../helpers/units/duration.ts'
import { parseQuantity } from '../../helpers/units/quantity.ts'
import { documentedMatrix, storageModes } from './matrix.ts'
import { numberList, optionalTextList, textList } from './parameter-lists.ts'
import { defaultPoolName, parsePool, poolAllowed, poolText } from './pools.ts'
import { documentedProfiles, documentedScaleSettings, documentedSettings, isDocumentedProfile } from './profiles.ts'
import { parseSelector } from './selection.ts'
import { vmsAtOnce } from './plan.ts'
import { caseTimeout } from './timing.ts'
import { documentedVmSizes, parseVmSize, vmSizeAllowed } from './vm-size-text.ts'

const procedures = ['fio', 'preflight', 'clone', 'snapshot', 'hotplug', 'bootstorm', 'migration'] as const
export type Procedure = (typeof procedures)[number]

/** Alpine with fio: what kubestr itself runs as its pods, for amd64, arm64 and ppc64le. */
export const defaultPodImage = 'ghcr.io/kastenhq/kubestr:v0.4.49'

const durationAllowed = 'a Go duration of whole seconds, such as 0s, 30s or 5m'
const seconds = () =>
  z.string({ error: durationAllowed }).refine((text) => text === '0s' || holds(() => parseWholeSeconds(text) > 0), {
    error: durationAllowed,
    abort: true,
  })

const latencyRange = { min: 0, max: 3_600_000, unit: 'ms' } as const
const latencyLimit = () => decimalNumber(latencyRange)
const runId = () => z.string().refine(isRunId, { error: 'a run id such as 20261120T101500Z-x7k2p', abort: true })
const blockSizeAllowed = 'a block size of fio such as 4k, 64k or 1M'
const filterAllowed =
  'six globs with colons between them, pool:size:pvc:concurrency:profile:block size, such as rep*:small:*:1:random-rw:4k'

const fields = z.strictObject({
  procedure: z
    .enum(procedures, { error: procedures.join(', ') })
    .default('fio')
    .describe(
      'What the case does. fio: measures the matrix. The others look at what storage offers, at clones, snapshots, hot-plugged volumes, many VMs that boot at once, and migrations.',
    ),
  mode: z
    .enum(storageModes, { error: storageModes.join(', ') })
    .default('quick')
    .describe(
      'Matrix of procedure fio. quick: 4 permutations, overview: 2, rank: 3 for the ranking of pools, full: all, scale: doubles VMs until the latency breaks latencySlaMilliseconds, qd: a sweep over queueDepths.',
    ),
  pools: textList(poolAllowed, parsePool, (text) => poolText(parsePool(text)))
    .prefault([defaultPoolName])
    .describe(`Pools under test, each ${poolAllowed}. default: the default class of the cluster.`),
  vmSizes: textList(vmSizeAllowed, parseVmSize)
    .prefault(documentedVmSizes)
    .describe(`VM sizes, each ${vmSizeAllowed}.`),
  pvcSizes: textList('a Kubernetes quantity such as 150Gi', (text) => {
    if (!/^[1-9]\d*([KMGTPE]i?|k)?$/.test(text)) throw new RangeError('no size')
    return parseQuantity(text)
  })
    .prefault([...documentedMatrix.pvcSizes])
    .describe('Sizes of the data disk.'),
  concurrencyLevels: numberList({ min: 1, max: 500, unit: 'VMs' })
    .prefault([...documentedMatrix.concurrency])
    .describe('VMs of a group, which are measured at the same time.'),
  fioProfiles: textList('the name of a profile', (text) => {
    if (!/^[a-z\d][a-z\d-]*$/.test(text)) throw new RangeError('no name')
  })
    .prefault([...documentedProfiles])
    .describe(`What fio does, one after the other: ${documentedProfiles.join(', ')}, or names of fioJobFiles.`),
  fioJobFiles: z
    .union([
      z.record(z.string().regex(/^[a-z\d][a-z\d-]*$/, 'a name of letters a-z, digits and -'), z.string().min(1)),
      z.string(),
    ])
    .transform((value, context): Record<string, string> => {
      if (typeof value !== 'string') return value
      const read = z.record(z.string(), z.string()).safeParse(jsonOf(value))
      if (read.success) return read.data
      context.addIssue({ code: 'custom', message: 'an object of names and fio job files, as JSON' })
      return z.NEVER
    })
    .default({})
    .describe(
      'Own fio job files by name, for fioProfiles; they may have ${RUNTIME}, ${RAMP_TIME}, ${IODEPTH}, ${NUMJOBS}, ${FILE_SIZE}, ${BLOCK_SIZE} and ${RATE_IOPS_LINE}.',
    ),
  fioBlockSizes: textList(blockSizeAllowed, (text) => parseFioBytes(text))
    .prefault([...documentedMatrix.blockSizes])
    .describe('Block sizes of the profiles that have none of their own.'),
  fioRuntime: wholeSeconds()
    .optional()
    .describe('How long each section of a profile measures. Default: 2m, and 1m with mode rank.'),
  fioRampTime: seconds().default(`${documentedSettings.rampSeconds}s`).describe('Time before it that does not count.'),
  fioIodepth: wholeNumber({ min: 1, max: 4096, unit: '' })
    .prefault(documentedSettings.iodepth)
    .describe('I/Os under way of each job, where the profile does not say.'),
  fioNumjobs: wholeNumber({ min: 1, max: 256, unit: 'jobs' })
    .optional()
    .describe('Jobs of each section, where the profile does not say. Default: 4, and 1 with mode scale or qd.'),
  fioFileSize: memoryQuantity()
    .optional()
    .describe('Size of each file. Default: 4Gi (scale and qd: 10Gi), or what fits onto the data disk.'),
  podBaseline: truthValue()
    .prefault(false)
    .describe(
      'true: afterwards the same is measured in plain pods, as many as VMs, to tell what virtualisation costs; modes quick, overview, rank and full.',
    ),
  podImage: imageReference()
    .optional()
    .describe(`Image of these pods, with a POSIX shell, fio and mountpoint. Default: ${defaultPodImage}.`),
  filters: optionalTextList(filterAllowed, parseSelector)
    .prefault([])
    .describe(`Only permutations that one of these matches; each ${filterAllowed}.`),
  excludes: optionalTextList(filterAllowed, parseSelector).prefault([]).describe('Permutations that are left out.'),
  rateIops: wholeNumber({ min: 0, max: 10_000_000, unit: 'I/Os per second' })
    .prefault(documentedScaleSettings.rateIops)
    .describe(
      'Limit for each VM with mode scale or qd and profile mixed-70-30-rated, reads and writes together; 0: none.',
    ),
  latencySlaMilliseconds: latencyLimit().prefault(5).describe('p99 of writes up to which mode scale and qd go.'),
  maxScaleVms: wholeNumber({ min: 1, max: 1000, unit: 'VMs' })
    .prefault(documentedMatrix.maxVms)
    .describe('Most VMs of mode scale.'),
  minScaleVms: wholeNumber({ min: 1, max: 1000, unit: 'VMs' })
    .optional()
    .describe('VMs that mode scale must reach within the latency. Default: not judged.'),
  fixedVms: wholeNumber({ min: 1, max: 500, unit: 'VMs' })
    .prefault(documentedMatrix.fixedVms)
    .describe('VMs of mode qd.'),
  queueDepths: numberList({ min: 1, max: 4096, unit: '' })
    .prefault([...documentedMatrix.queueDepths])
    .describe('Depths of mode qd.'),
  dataSourceName: objectName('DataSource').default('centos-stream9').describe('DataSource of the root disks.'),
  dataSourceNamespace: objectName('namespace')
    .default('openshift-virtualization-os-images')
    .describe('Namespace of the DataSource.'),
  rootDiskImage: imageReference().optional().describe('containerDisk for the root disks, in place of the DataSource.'),
  rootDiskUrl: z
    .string()
    .regex(/^(https?|docker):\/\/\S+$/, 'a URL such as https://... or docker://...')
    .optional()
    .describe('Image that CDI imports for the root disks, in place of the DataSource: https://... or docker://...'),
  rootDiskSize: memoryQuantity().default('30Gi').describe('Size of the root disks.'),
  rootStorageClass: objectName('StorageClass')
    .optional()
    .describe('Class of the root disks. Default: the default class for VMs, whatever pool is under test.'),
  guestUser: z
    .string()
    .regex(/^[a-z_][a-z\d_-]*$/, 'a user name')
    .default('cloud-user')
    .describe('User of the guests, who is made by cloud-init and logs in with a key of the case.'),
  guestPackages: optionalTextList('a package', (text) => {
    if (!/^[A-Za-z\d][\w.+-]*$/.test(text)) throw new RangeError('no package')
  })
    .prefault(['fio', 'jq', 'sysstat', 'nvme-cli', 'util-linux', 'openssh-server'])
    .describe('Packages that cloud-init installs; none for images that have fio.'),
  vmReadyTimeout: positiveDuration().default('15m').describe('Until all VMs of a group run.'),
  sshTimeout: positiveDuration().default('5m').describe('From there until they let us in over SSH.'),
  fioStartTimeout: positiveDuration()
    .default('10m')
    .describe('From there until cloud-init has started the first job of fio: packages have to be installed.'),
  fioCompletionTimeout: wholeSeconds()
    .default('30m')
    .describe('Until fio has ended in all VMs of a permutation; also TimeoutStartSec of its service.'),
  pollInterval: positiveDuration().default('10s').describe('Time between two looks at what is awaited in guests.'),
  bootBarrier: seconds()
    .default('3m')
    .describe('With several VMs: time after their creation at which they begin together; 0s: each when it is ready.'),
  startBarrier: seconds()
    .default('15s')
    .describe('With several VMs: time after later permutations are set up at which they begin together.'),
  maxDvRestarts: wholeNumber({ min: 0, max: 1000, unit: 'restarts' })
    .prefault(3)
    .describe('Restarts of an import or clone after which it is given up.'),
  random4kP99LimitMilliseconds: latencyLimit()
    .optional()
    .describe(
      'Largest p99 of random I/O of 4 KiB, reads and writes apart. Default, to be tuned: 20 ms for each VM at once.',
    ),
  sequential1MP99LimitMilliseconds: latencyLimit()
    .optional()
    .describe('Largest p99 of sequential I/O of 1 MiB. Default, to be tuned: 200 ms for each VM at once.'),
  syncP99LimitMilliseconds: latencyLimit().prefault(20).describe('Largest p99 of fsync. A default to be tuned.'),
  p99LimitMilliseconds: latencyLimit().optional().describe('Largest p99 of all other I/O. Default: no limit.'),
  minIops: decimalNumber({ min: 0, max: 1e9, unit: 'I/Os per second' })
    .optional()
    .describe('Fewest I/Os per second of all VMs of a permutation together, in each direction. Default: no limit.'),
  minBandwidth: memoryQuantity()
    .optional()
    .describe('Fewest bytes per second of all VMs of a permutation together, in each direction. Default: no limit.'),
  minPodIopsPercent: decimalNumber({ min: 0, max: 1000, unit: '%' })
    .optional()
    .describe('With podBaseline: fewest I/Os per second of VMs, by those of the pods. Default: only measured.'),
  minJainIndex: decimalNumber({ min: 0, max: 1, unit: '' })
    .prefault(0.9)
    .describe('How evenly VMs must share the pool: index of Jain over their I/Os per second.'),
  maxMixDeviationPercent: decimalNumber({ min: 0, max: 100, unit: '%' })
    .prefault(2)
    .describe('By how many percentage points the share of reads may differ from what was asked.'),
  minCompletenessPercent: decimalNumber({ min: 0, max: 100, unit: '%' })
    .prefault(100)
    .describe('VMs that must have a valid result. Without them the others are not judged.'),
  maxClockOffsetSeconds: decimalNumber({ min: 0, max: 86_400, unit: 's' })
    .prefault(2)
    .describe('By how much the clocks of guests may differ from ours, where VMs begin together.'),
  maxStartSkewSeconds: decimalNumber({ min: 0, max: 86_400, unit: 's' })
    .optional()
    .describe('How far apart VMs may begin, where they begin together. Default: only measured.'),
  baselineRun: runId().optional().describe('Earlier run to compare with, on this machine. Default: none.'),
  regressionPercent: decimalNumber({ min: 0, max: 100, unit: '%' })
    .prefault(10)
    .describe('By how much I/Os per second and bandwidth may fall below those of baselineRun.'),
  latencyRegressionPercent: decimalNumber({ min: 0, max: 10_000, unit: '%' })
    .prefault(20)
    .describe('By how much p99 may grow above that of baselineRun.'),
  resume: runId()
    .optional()
    .describe('Interrupted run whose results are taken over. KUBEVIRT_ACCEPTANCE_RESUME sets it for all cases.'),
  dryRun: truthValue().prefault(false).describe('Skip the case; `plan` shows what it would do.'),
  cloneTypes: textList('snapshot, csi-clone or copy', (text) => {
    if (!['snapshot', 'csi-clone', 'copy'].includes(text)) throw new RangeError('no clone type')
  })
    .prefault(['snapshot', 'csi-clone'])
    .describe('How procedure clone may be cloned by CDI.'),
  cloneTimeout: positiveDuration().default('10m').describe('Limit for a clone of the root disk to be ready.'),
  cloneTimeLimit: positiveDuration().optional().describe('Longest time of the clone. Default: only measured.'),
  claimTimeout: positiveDuration().default('1m').describe('Limit for a blank volume of 10Mi to be bound.'),
  snapshotTimeout: positiveDuration().default('5m').describe('Limit for a snapshot to be ready, and for a restore.'),
  hotplugTimeout: positiveDuration().default('5m').describe('Limit for a volume to be plugged, and to be gone.'),
  migrationTimeout: positiveDuration().default('10m').describe('Limit for a live migration.'),
  maxMigrationGapSeconds: decimalNumber({ min: 0, max: 3600, unit: 's' })
    .prefault(10)
    .describe('Longest time without an answer over SSH during a migration.'),
  requireMigratable: truthValue()
    .prefault(false)
    .describe('false: a cluster or VM that cannot migrate skips the case; true: it fails.'),
  bootStormVms: wholeNumber({ min: 1, max: 100, unit: 'VMs' }).prefault(10).describe('VMs of procedure bootstorm.'),
  maxBootStormRatio: decimalNumber({ min: 1, max: 1000, unit: 'times' })
    .prefault(3)
    .describe('How many times longer the slowest VM may boot when all boot at once than alone.'),
  timeout: positiveDuration()
    .optional()
    .describe('Limit for the whole case except tear down. Default: what its permutations take at most.'),
})

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** With one VM. Each VM keeps as many I/Os under way: at a pool that is at its limit, those of N VMs take N times as long. */
const p99OfOneVm = { random4k: 20, sequential1M: 200 }

/** Fills in what follows from other parameters, so that a record of the case has it. */
export const parameters = fields.overwrite((of) => ({
  ...of,
  ...(of.podBaseline && { podImage: of.podImage ?? defaultPodImage }),
  random4kP99LimitMilliseconds: of.random4kP99LimitMilliseconds ?? p99OfOneVm.random4k * vmsAtOnce(of),
  sequential1MP99LimitMilliseconds: of.sequential1MP99LimitMilliseconds ?? p99OfOneVm.sequential1M * vmsAtOnce(of),
  timeout: of.timeout ?? caseTimeout(of),
}))

export type StorageParameters = z.output<typeof fields>

/** Profiles that nobody has. */
export const unknownProfiles = (of: StorageParameters): string[] =>
  of.fioProfiles.filter((name) => !isDocumentedProfile(name) && of.fioJobFiles[name] === undefined)
