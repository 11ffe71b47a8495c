import { describe, expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { formatFioBytes, formatFioSeconds, parseFioBytes, parseFioSeconds } from './amounts.ts'
import { FioJobFileError, readFioJobFile } from './job-file-reader.ts'
import {
  activeDirections,
  fioJobs,
  fioPatterns,
  inEveryDirection,
  jobFileSeconds,
  jobFileSpace,
  renderFioJobFile,
  type FioJobFile,
  type FioOptions,
} from './job-file.ts'

const gibibyte = 1024 ** 3

test.each([
  ['4k', 4096],
  ['4K', 4096],
  ['64kb', 65_536],
  ['1M', 1_048_576],
  ['1Mi', 1_000_000],
  ['2KiB', 2000],
  ['4G', 4 * gibibyte],
  ['512', 512],
])('fio reads the size %s as %i bytes', (text, bytes) => {
  expect(parseFioBytes(text)).toBe(bytes)
})

test.each(['', '50%', '4.5k', '-1', '4 k', '4kk', 'banana', '1e3', '9999999P', '0x10'])(
  'the size %j is refused',
  (text) => {
    expect(() => parseFioBytes(text)).toThrow(
      new RangeError(
        `invalid size ${JSON.stringify(text)}: expected bytes as fio reads them, such as 4k, 64M or 4G, up to 2^53 - 1`,
      ),
    )
  },
)

property.prop([fc.maxSafeNat()])('a written size is read as the same bytes', (bytes) => {
  expect(parseFioBytes(formatFioBytes(bytes))).toBe(bytes)
})

test('times are read and written in seconds', () => {
  expect(['120', '90s', '2m', '1h', '1d', '500ms', '250us'].map(parseFioSeconds)).toEqual([
    120, 90, 120, 3600, 86_400, 0.5, 0.000_25,
  ])
  expect([120, 0.5, 0.000_25, 0].map(formatFioSeconds)).toEqual(['120', '500ms', '250us', '0'])
  expect(() => parseFioSeconds('1.5')).toThrow(/^invalid time "1\.5": expected a whole number of seconds/)
  expect(() => formatFioSeconds(1e-8)).toThrow(/^invalid time 1e-8 s/)
})

const oltp = `; a comment
[global]
ioengine=libaio
direct=1
runtime=\${RUNTIME}
ramp_time = 10   # seconds
time_based
size=4G
\${RATE}
randrepeat=0

[wal]
rw=write
blocksize=8k
numjobs=1   ; one by design
fsync=1
stonewall

[mixed]
readwrite=randrw
rwmixwrite=20
bs=8k,16k
iodepth=32
numjobs=4
rate_iops=140,60
norandommap
stonewall=1
`

test('a job file is read with types, and what is not known goes through', () => {
  const file = readFioJobFile(oltp.replaceAll('\n', '\r\n'), { RUNTIME: '2m', RATE: '' })
  expect(file.global).toEqual({
    ioengine: 'libaio',
    direct: true,
    runtime: 120,
    ramp_time: 10,
    time_based: true,
    size: 4 * gibibyte,
    others: [['randrepeat', '0']],
  })
  expect(file.sections).toEqual([
    { name: 'wal', options: { rw: 'write', bs: inEveryDirection(8192), numjobs: 1, fsync: 1, stonewall: true } },
    {
      name: 'mixed',
      options: {
        rw: 'randrw',
        rwmixread: 80,
        bs: { read: 8192, write: 16_384, trim: 16_384 },
        iodepth: 32,
        numjobs: 4,
        rate_iops: { read: 140, write: 60, trim: 60 },
        stonewall: true,
        others: [['norandommap', null]],
      },
    },
  ])
  expect(jobFileSeconds(file)).toBe(260)
  expect(jobFileSpace(file)).toEqual({ bytes: 20 * gibibyte, files: 5, unsized: [] })
  const [wal, both] = fioJobs(file)
  expect(activeDirections(wal!)).toEqual(['write', 'sync'])
  expect(activeDirections(both!)).toEqual(['read', 'write'])
  expect(both).toMatchObject({
    runtime: 120,
    direct: true,
    iodepth: 32,
    others: [
      ['randrepeat', '0'],
      ['norandommap', null],
    ],
  })
  expect(wal).toMatchObject({ iodepth: 1, rate_iops: { read: null, write: null, trim: null } })
})

test.each([
  ['rw=read', 1, 'an option stands before the first [section]'],
  ['[a]\nrw=nosuch', 2, `invalid rw: expected one of ${fioPatterns.join(', ')}`],
  [
    '[a]\n\n# x\nbs=banana',
    4,
    'invalid bs: invalid size "banana": expected bytes as fio reads them, such as 4k, 64M or 4G, up to 2^53 - 1',
  ],
  ['[a]\nbs=0', 2, 'invalid bs: expected at least 1 bytes'],
  ['[a]\nbs=4k,4k,4k,4k', 2, 'invalid bs: expected one value, or up to three with commas: for reads, writes, trims'],
  ['[a]\niodepth=0', 2, 'invalid iodepth: expected a whole number from 1 to 65536'],
  ['[a]\nnumjobs', 2, 'invalid numjobs: expected a whole number from 1 to 4096'],
  [
    '[a]\nsize=50%',
    2,
    'invalid size: invalid size "50%": expected bytes as fio reads them, such as 4k, 64M or 4G, up to 2^53 - 1',
  ],
  ['[a]\nrate_iops=-5', 2, `invalid rate_iops: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`],
  ['[a]\nstonewall=yes', 2, 'invalid stonewall: expected a whole number from 0 to 1'],
  ['[a]\nfilename=', 2, 'invalid filename: expected a value'],
  ['[a]\nrw=read\nreadwrite=write', 3, 'rw stands twice in this section'],
  ['[a]\nrwmixread=70\nrwmixwrite=40', 3, 'invalid rwmixwrite: expected rwmixread and rwmixwrite to be 100 together'],
  ['[a]\nrwmixwrite=40\nrwmixread=70', 3, 'invalid rwmixread: expected rwmixread and rwmixwrite to be 100 together'],
  [
    '[a]\nkb_base=1000',
    2,
    'sizes are read with kb_base=1024 only; write them in bytes, or with k, M, G for powers of 1024',
  ],
  [
    '[a]\npercentile_list=50:101',
    2,
    'invalid percentile_list: expected up to 20 percentages above 0 with colons between them, such as 50:95:99.9',
  ],
  ['[a]\nruntime=${RUNTIM}', 2, '${RUNTIM} is not known; known are RUNTIME'],
  [
    '[a]\nrw=read\n[a]\nrw=write',
    3,
    'there are two sections a, whose results could not be told apart; give them different names',
  ],
  ['[a]\nrw=read\n[global]\nbs=4k', 3, '[global] has to come first, and once, so that it holds for all sections'],
  ['[a', 1, 'expected a section such as [rand-read]'],
  ['[a]\ninclude other.fio', 2, 'expected an option such as rw=randread'],
  ['[global]\nrw=read', 2, 'there is no section besides [global]'],
])('line by line, %j is refused', (text, lineNumber, explanation) => {
  const line = text.split('\n')[lineNumber - 1]!
  expect(() => readFioJobFile(text, { RUNTIME: '5' })).toThrow(new FioJobFileError(explanation, lineNumber, line))
})

const value = fc.stringMatching(/^[\w./:-]{1,12}$/)
const options: fc.Arbitrary<FioOptions> = fc.record(
  {
    rw: fc.constantFrom(...fioPatterns),
    rwmixread: fc.nat(100),
    bs: fc.record({ read: fc.integer({ min: 1 }), write: fc.integer({ min: 1 }), trim: fc.integer({ min: 1 }) }),
    iodepth: fc.integer({ min: 1, max: 65_536 }),
    numjobs: fc.integer({ min: 1, max: 4096 }),
    size: fc.integer({ min: 1, max: 2 ** 52 }),
    runtime: fc.nat(1_000_000),
    ramp_time: fc.nat(1_000_000_000).map((ms) => ms / 1000),
    rate_iops: fc.record({
      read: fc.option(fc.integer({ min: 1 })),
      write: fc.option(fc.integer({ min: 1 })),
      trim: fc.option(fc.integer({ min: 1 })),
    }),
    fsync: fc.nat(),
    filename: value,
    stonewall: fc.boolean(),
    time_based: fc.boolean(),
    group_reporting: fc.boolean(),
    direct: fc.boolean(),
    ioengine: value,
    percentile_list: fc.array(fc.constantFrom(1, 50, 99.9, 100), { minLength: 1, maxLength: 20 }),
    others: fc.array(fc.tuple(fc.stringMatching(/^x_[a-z]{1,6}$/), fc.oneof(value, fc.constant(null))), {
      minLength: 1,
      maxLength: 3,
    }),
  },
  { requiredKeys: [] },
)
const jobFiles: fc.Arbitrary<FioJobFile> = fc.record({
  global: options,
  sections: fc
    .uniqueArray(
      fc.stringMatching(/^[a-z][\w -]{0,8}\w$/).filter((name) => name !== 'global'),
      { minLength: 1, maxLength: 4 },
    )
    .chain((names) => fc.tuple(...names.map((name) => options.map((of) => ({ name, options: of }))))),
})

property.prop([jobFiles])('a rendered job file is read as the same job file', (file) => {
  expect(readFioJobFile(renderFioJobFile(file))).toEqual(file)
})

property.prop([fc.string()])('any other text is read, or refused with its line', (text) => {
  try {
    expect(readFioJobFile(text).sections.length).toBeGreaterThan(0)
  } catch (error) {
    expect(error).toBeInstanceOf(FioJobFileError)
    expect(text.split(/\r?\n/)[(error as FioJobFileError).lineNumber - 1]).toBe((error as FioJobFileError).line)
  }
})

describe('rendering', () => {
  test('writes ini text as people write it', () => {
    expect(
      renderFioJobFile({
        global: { ioengine: 'libaio', direct: true, bs: inEveryDirection(4096), size: 4 * gibibyte, runtime: 120 },
        sections: [
          {
            name: 'mix',
            options: { rw: 'randrw', rwmixread: 70, rate_iops: { read: 70, write: 30, trim: 30 }, stonewall: true },
          },
        ],
      }),
    ).toBe(
      '[global]\nioengine=libaio\ndirect=1\nbs=4k\nsize=4G\nruntime=120\n\n' +
        '[mix]\nrw=randrw\nrwmixread=70\nrate_iops=70,30\nstonewall\n',
    )
  })

  test.each(['a;b', 'a#b', 'a\nb', '', ' a'])('refuses the value %j, which no job file can hold', (filename) => {
    expect(() => renderFioJobFile({ global: {}, sections: [{ name: 'a', options: { filename } }] })).toThrow(
      `${JSON.stringify(filename)} cannot stand in a fio job file`,
    )
  })
})

test('room: own files per job, one for those that share it, none for devices', () => {
  const file = readFioJobFile(
    '[global]\nsize=1G\n[a]\nfilename=t\nnumjobs=4\n[b]\nfilename=t\nsize=2G\n[c]\nnumjobs=3\n[d]\nfilename=/dev/vdb\n',
  )
  expect(jobFileSpace(file)).toEqual({ bytes: 5 * gibibyte, files: 4, unsized: [] })
  expect(jobFileSpace(readFioJobFile('[a]\nrw=read\n')).unsized).toEqual(['a'])
})

test('sections without stonewall run together', () => {
  expect(
    jobFileSeconds(readFioJobFile('[a]\nruntime=10\n[b]\nruntime=20\nramp_time=5\n[c]\nruntime=7\nstonewall\n')),
  ).toBe(32)
  expect(jobFileSeconds(readFioJobFile('[a]\nrw=read\n'))).toBeNull()
})

test('a mix of nothing but one direction has only that one', () => {
  const job = { rw: 'randrw', rwmixread: 100, fsync: 1 } as const
  expect(activeDirections(job)).toEqual(['read'])
  expect(activeDirections({ ...job, rwmixread: 0 })).toEqual(['write', 'sync'])
  expect(activeDirections({ ...job, rw: 'randtrimwrite', rwmixread: 100, fsync: 0 })).toEqual(['write', 'trim'])
})
