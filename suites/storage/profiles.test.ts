import { describe, expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { readFioJobFile } from '../../helpers/tools/fio/job-file-reader.ts'
import {
  activeDirections,
  fioJobs,
  jobFileSeconds,
  jobFileSpace,
  renderFioJobFile,
} from '../../helpers/tools/fio/job-file.ts'
import {
  asksForBlockSize,
  customJobFile,
  documentedProfiles,
  documentedScaleSettings,
  documentedSettings,
  hasOwnBlockSizes,
  isDocumentedProfile,
  profileJobFile,
  ratedProfile,
  rateLimits,
  type ProfileSettings,
} from './profiles.ts'
import { documentedFileBytes, fittingFileBytes, spaceProblems } from './space.ts'

const gibibyte = 1024 ** 3
const documented: ProfileSettings = {
  ...documentedSettings,
  blockSize: 65_536,
  fileBytes: documentedFileBytes,
  rateIops: 500,
}

test.each([
  ['sequential-rw', ['seq-read read 65536 32 4', 'seq-write write 65536 32 4'], 4, 260],
  ['random-rw', ['rand-read randread 65536 32 4', 'rand-write randwrite 65536 32 4'], 4, 260],
  ['mixed-70-30', ['mixed-70-30 randrw 65536 32 4'], 4, 130],
  [ratedProfile, ['mixed-70-30-rated randrw 65536 32 4'], 4, 130],
  [
    'db-oltp',
    [
      'db-data-read randread 8192 16 4',
      'db-wal-write write 8192 1 1',
      'db-oltp-mixed randrw 8192 32 4',
      'db-point-query randread 4096 1 1',
    ],
    40,
    520,
  ],
  [
    'app-server',
    [
      'app-log-write write 16384 4 2',
      'app-config-read randread 4096 4 2',
      'app-temp-io randrw 16384 8 4',
      'app-session-write randwrite 4096 8 2',
    ],
    40,
    520,
  ],
  [
    'data-pipeline',
    [
      'pipeline-ingest write 1048576 32 4',
      'pipeline-scan read 1048576 32 4',
      'pipeline-shuffle randread 262144 16 4',
      'pipeline-checkpoint write 524288 8 2',
      'pipeline-etl randrw 131072 32 4',
    ],
    72,
    650,
  ],
] as const)('%s is as documented', (profile, jobs, gibibytes, seconds) => {
  const file = profileJobFile(profile, documented)
  expect(
    fioJobs(file).map(({ name, rw, bs, iodepth, numjobs }) => `${name} ${rw} ${bs.read} ${iodepth} ${numjobs}`),
  ).toEqual(jobs)
  expect(fioJobs(file).every((job) => job.direct && job.time_based && job.group_reporting)).toBe(true)
  expect(jobFileSpace(file)).toMatchObject({ bytes: gibibytes * gibibyte, unsized: [] })
  expect(jobFileSeconds(file)).toBe(seconds)
  expect(readFioJobFile(renderFioJobFile(file))).toEqual(file)
  expect(hasOwnBlockSizes(profile)).toBe(['db-oltp', 'app-server', 'data-pipeline'].includes(profile))
})

test('writes to logs are made durable, and mixes are those of the names', () => {
  const jobs = documentedProfiles.flatMap((profile) => fioJobs(profileJobFile(profile, documented)))
  expect(jobs.filter(({ fsync }) => fsync > 0).map(({ name, fsync }) => [name, fsync])).toEqual([
    ['db-wal-write', 1],
    ['app-log-write', 4],
  ])
  expect(
    jobs
      .filter((job) => activeDirections(job).length > 1 && job.fsync === 0)
      .map(({ name, rwmixread }) => [name, rwmixread]),
  ).toEqual([
    ['mixed-70-30', 70],
    ['db-oltp-mixed', 80],
    ['app-temp-io', 60],
    ['pipeline-etl', 70],
  ])
  expect(isDocumentedProfile(ratedProfile)).toBe(true)
  expect(isDocumentedProfile('mine')).toBe(false)
})

test('the rate of a VM is shared by its jobs and directions', () => {
  const [job] = fioJobs(profileJobFile(ratedProfile, documentedScaleSettings))
  expect(job?.rate_iops).toEqual({ read: 350, write: 150, trim: 150 })
  expect(fioJobs(profileJobFile('mixed-70-30', documented))[0]?.rate_iops.read).toBeNull()
  expect(renderFioJobFile(profileJobFile(ratedProfile, { ...documented, rateIops: null }))).not.toContain('rate_iops')
  expect(rateLimits(500, 4, 70)).toEqual({ read: 88, write: 37 })
})

property.prop([fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 99 })])(
  'a shared rate is exact in total and true to the mix, or refused',
  (total, numjobs, readPercent) => {
    try {
      const { read, write } = rateLimits(total, numjobs, readPercent)
      expect((read + write) * numjobs).toBe(total)
      expect(Math.min(read, write)).toBeGreaterThan(0)
      expect(Math.abs((read / (read + write)) * 100 - readPercent)).toBeLessThanOrEqual(1)
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
    }
  },
)

test('a rate that cannot be shared is refused', () => {
  expect(() => rateLimits(500, 3, 70)).toThrow(
    'a rate of 500 I/Os per second cannot be shared equally by 3 jobs; take a multiple of 3',
  )
  expect(() => rateLimits(8, 4, 70)).toThrow(
    'a rate of 8 I/Os per second is too low to be 70 % reads in each of 4 jobs; take a higher rate, or fewer jobs',
  )
})

test('job files of users take the settings of the run', () => {
  const text =
    '[global]\nruntime=${RUNTIME}\nramp_time=${RAMP_TIME}\nbs=${BLOCK_SIZE}\nsize=${FILE_SIZE}\n${RATE_IOPS_LINE}\n[mine]\nrw=randrw\nrwmixread=70\nnumjobs=${NUMJOBS}\niodepth=${IODEPTH}\n'
  expect(asksForBlockSize(text)).toBe(true)
  expect(fioJobs(customJobFile(text, documented))[0]).toMatchObject({
    runtime: 120,
    ramp_time: 10,
    bs: { read: 65_536 },
    size: 4 * gibibyte,
    numjobs: 4,
    iodepth: 32,
    rate_iops: { read: 88, write: 37 },
  })
  expect(fioJobs(customJobFile(text, { ...documented, rateIops: null }))[0]?.rate_iops.read).toBeNull()
  expect(() => customJobFile('[mine]\nbs=${BLOCKSIZE}\n', documented)).toThrow(
    'fio job file: ${BLOCKSIZE} is not known; known are RUNTIME, RAMP_TIME, IODEPTH, NUMJOBS, FILE_SIZE, BLOCK_SIZE, RATE_IOPS_LINE, in line 2: "bs=${BLOCKSIZE}"',
  )
})

describe('space', () => {
  const pvc = (gibibytes: number) => BigInt(gibibytes * gibibyte)

  test('files that are more than 90 % of the PVC are refused', () => {
    const pipeline = profileJobFile('data-pipeline', documented)
    expect(spaceProblems(pipeline, pvc(80))).toEqual([])
    expect(spaceProblems(pipeline, pvc(50))).toEqual([
      'fio lays out 18 files of 72Gi together, more than 90 % of the PVC of 50Gi; take smaller files, fewer jobs, or a larger PVC',
    ])
    expect(spaceProblems(profileJobFile('random-rw', documented), pvc(10))).toEqual([])
  })

  test('so are files without size, and those below a block', () => {
    expect(spaceProblems(readFioJobFile('[a]\nrw=read\n'), pvc(1))).toEqual([
      'job a has no size, so that its space cannot be known; add size=',
    ])
    expect(spaceProblems(readFioJobFile('[a]\nsize=64k\nbs=1M\n'), pvc(1))).toEqual([
      'job a has files of 64k, less than one block of 1M',
    ])
  })

  test('files are as large as documented where there is room', () => {
    expect(fittingFileBytes(pvc(150), 18)).toBe(4 * gibibyte)
    expect(fittingFileBytes(pvc(10), 10)).toBe(819 * 1024 ** 2)
    expect(fittingFileBytes(pvc(100), 1, 10 * gibibyte)).toBe(10 * gibibyte)
    expect(fittingFileBytes(1000n, 4)).toBe(0)
  })

  property.prop([
    fc.constantFrom(...documentedProfiles),
    fc.integer({ min: 1, max: 1000 }),
    fc.integer({ min: 1, max: 8 }),
  ])('files of the fitting size fit', (profile, gibibytes, numjobs) => {
    const { files } = jobFileSpace(profileJobFile(profile, { ...documented, numjobs }))
    const fileBytes = fittingFileBytes(pvc(gibibytes), files)
    expect(spaceProblems(profileJobFile(profile, { ...documented, numjobs, fileBytes }), pvc(gibibytes))).toEqual([])
  })
})
