/** The documented fio profiles, and those that users write. */
import { readFioJobFile } from '../../helpers/tools/fio/job-file-reader.ts'
import { formatFioBytes, formatFioSeconds } from '../../helpers/tools/fio/amounts.ts'
import {
  inEveryDirection,
  type FioJobFile,
  type FioOptions,
  type FioSection,
} from '../../helpers/tools/fio/job-file.ts'

export const documentedProfiles = [
  'sequential-rw',
  'random-rw',
  'mixed-70-30',
  'db-oltp',
  'app-server',
  'data-pipeline',
] as const
/** The one with a limited rate, for the scale ramp and the sweep over queue depths. */
export const ratedProfile = 'mixed-70-30-rated'
export type DocumentedProfile = (typeof documentedProfiles)[number] | typeof ratedProfile

/** What stands in the matrix for the block size of profiles that bring their own. */
export const nativeBlockSize = 'native'

export interface ProfileSettings {
  /** Bytes. Profiles with block sizes of their own do not look at it. */
  blockSize: number
  runtimeSeconds: number
  rampSeconds: number
  iodepth: number
  numjobs: number
  /** Of each file. */
  fileBytes: number
  /** Reads and writes of one VM together; null: no limit. Only the rated profile looks at it. */
  rateIops: number | null
}

const kibibyte = 1024
const mebibyte = 1024 ** 2
const gibibyte = 1024 ** 3

/** Without a block size and a size of files, which depend on the permutation and on the PVC. */
export const documentedSettings = {
  runtimeSeconds: 120,
  rampSeconds: 10,
  iodepth: 32,
  numjobs: 4,
  rateIops: null,
} as const
/** Of the scale ramp and of the sweep over queue depths. */
export const documentedScaleSettings = {
  ...documentedSettings,
  blockSize: 4 * kibibyte,
  numjobs: 1,
  fileBytes: 10 * gibibyte,
  rateIops: 500,
} as const
const sharedFile = 'fio-testfile'
const mixOfRated = 70

/** A section that waits for those before it. */
const section = (name: string, options: FioOptions): FioSection => ({ name, options: { ...options, stonewall: true } })
const block = (bytes: number) => ({ bs: inEveryDirection(bytes) })

const ownBlockSizes: Partial<Record<DocumentedProfile, (of: ProfileSettings) => FioSection[]>> = {
  'db-oltp': ({ iodepth, numjobs }) => [
    section('db-data-read', { rw: 'randread', ...block(8 * kibibyte), iodepth: 16, numjobs }),
    section('db-wal-write', { rw: 'write', ...block(8 * kibibyte), iodepth: 1, numjobs: 1, fsync: 1 }),
    section('db-oltp-mixed', { rw: 'randrw', rwmixread: 80, ...block(8 * kibibyte), iodepth, numjobs }),
    section('db-point-query', { rw: 'randread', ...block(4 * kibibyte), iodepth: 1, numjobs: 1 }),
  ],
  'app-server': ({ numjobs }) => [
    section('app-log-write', { rw: 'write', ...block(16 * kibibyte), iodepth: 4, numjobs: 2, fsync: 4 }),
    section('app-config-read', { rw: 'randread', ...block(4 * kibibyte), iodepth: 4, numjobs: 2 }),
    section('app-temp-io', { rw: 'randrw', rwmixread: 60, ...block(16 * kibibyte), iodepth: 8, numjobs }),
    section('app-session-write', { rw: 'randwrite', ...block(4 * kibibyte), iodepth: 8, numjobs: 2 }),
  ],
  'data-pipeline': ({ iodepth, numjobs }) => [
    section('pipeline-ingest', { rw: 'write', ...block(mebibyte), iodepth: 32, numjobs }),
    section('pipeline-scan', { rw: 'read', ...block(mebibyte), iodepth: 32, numjobs }),
    section('pipeline-shuffle', { rw: 'randread', ...block(256 * kibibyte), iodepth: 16, numjobs }),
    section('pipeline-checkpoint', { rw: 'write', ...block(512 * kibibyte), iodepth: 8, numjobs: 2 }),
    section('pipeline-etl', { rw: 'randrw', rwmixread: 70, ...block(128 * kibibyte), iodepth, numjobs }),
  ],
}

const askedBlockSizes: Partial<Record<DocumentedProfile, readonly FioSection[]>> = {
  'sequential-rw': [section('seq-read', { rw: 'read' }), section('seq-write', { rw: 'write' })],
  'random-rw': [section('rand-read', { rw: 'randread' }), section('rand-write', { rw: 'randwrite' })],
  'mixed-70-30': [{ name: 'mixed-70-30', options: { rw: 'randrw', rwmixread: 70 } }],
  [ratedProfile]: [{ name: ratedProfile, options: { rw: 'randrw', rwmixread: mixOfRated } }],
}

export const isDocumentedProfile = (name: string): name is DocumentedProfile =>
  name === ratedProfile || documentedProfiles.some((known) => known === name)

/** Whether its block sizes are its own, so that it is measured once and not for each block size. */
export const hasOwnBlockSizes = (profile: DocumentedProfile): boolean => ownBlockSizes[profile] !== undefined

/** @throws RangeError as `rateLimits` */
export function profileJobFile(profile: DocumentedProfile, settings: ProfileSettings): FioJobFile {
  const { blockSize, runtimeSeconds, rampSeconds, iodepth, numjobs, fileBytes, rateIops } = settings
  const global: FioOptions = {
    ioengine: 'libaio',
    direct: true,
    time_based: true,
    group_reporting: true,
    runtime: runtimeSeconds,
    ramp_time: rampSeconds,
    size: fileBytes,
  }
  const own = ownBlockSizes[profile]
  if (own !== undefined) return { global, sections: own(settings) }
  const rate = profile === ratedProfile && rateIops !== null ? rateLimits(rateIops, numjobs, mixOfRated) : null
  return {
    global: {
      ...global,
      ...block(blockSize),
      iodepth,
      numjobs,
      filename: sharedFile,
      ...(rate !== null && { rate_iops: { ...rate, trim: rate.write } }),
    },
    sections: askedBlockSizes[profile] ?? [],
  }
}

/**
 * What each of the jobs of a VM may do in each direction. fio limits both directions of each job apart: with one number,
 * a VM would do twice `numjobs` times as much, in equal parts.
 * @param totalIops reads and writes of all jobs of the VM
 * @throws RangeError when it cannot be shared so that the total is exact and the mix within one percentage point
 */
export function rateLimits(totalIops: number, numjobs: number, readPercent: number): { read: number; write: number } {
  const each = totalIops / numjobs
  const read = Math.round((each * readPercent) / 100)
  const write = each - read
  const mix = `${readPercent} % reads`
  if (!Number.isSafeInteger(each) || each < 1)
    throw new RangeError(
      `a rate of ${totalIops} I/Os per second cannot be shared equally by ${numjobs} jobs; take a multiple of ${numjobs}`,
    )
  if (read < 1 || write < 1 || Math.abs((read / each) * 100 - readPercent) > 1)
    throw new RangeError(
      `a rate of ${totalIops} I/Os per second is too low to be ${mix} in each of ${numjobs} jobs; take a higher rate, or fewer jobs`,
    )
  return { read, write }
}

/** What `${NAME}` stands for in job files that users write. */
const variablesOf = (of: ProfileSettings): Record<string, string> => ({
  RUNTIME: formatFioSeconds(of.runtimeSeconds),
  RAMP_TIME: formatFioSeconds(of.rampSeconds),
  IODEPTH: String(of.iodepth),
  NUMJOBS: String(of.numjobs),
  FILE_SIZE: formatFioBytes(of.fileBytes),
  BLOCK_SIZE: formatFioBytes(of.blockSize),
})

/**
 * A job file of a user, with variables such as `${BLOCK_SIZE}` in it. The line `${RATE_IOPS_LINE}` is for mixes of 70 % reads.
 * @throws FioJobFileError
 * @throws RangeError as `rateLimits`
 */
export function customJobFile(text: string, settings: ProfileSettings): FioJobFile {
  const rate = settings.rateIops === null ? null : rateLimits(settings.rateIops, settings.numjobs, mixOfRated)
  return readFioJobFile(text, {
    ...variablesOf(settings),
    RATE_IOPS_LINE: rate === null ? '' : `rate_iops=${rate.read},${rate.write}`,
  })
}

/** Whether a job file of a user is to be measured for each block size. */
export const asksForBlockSize = (text: string): boolean => text.includes('${BLOCK_SIZE}')
