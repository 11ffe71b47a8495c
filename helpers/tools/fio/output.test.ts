import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { ToolOutputError } from '../tool-output.ts'
import { readFioJobFile } from './job-file-reader.ts'
import { fioPercentile, parseFioOutput } from './output.ts'
import { readFioResult, type FioAsked } from './validity.ts'

const folder = new URL('testdata/', import.meta.url)
const capture = (name: string) => readFileSync(new URL(name, folder), 'utf8')
const unknown: FioAsked = { jobFile: null }

const reports: Record<
  string,
  { job: string; direction: 'read' | 'write'; iops: number; p99: number; samples: number }[]
> = {
  'console-noisy-randrw.json.console.txt': [
    { job: 'mix', direction: 'read', iops: 6360.213262, p99: 2_703_360, samples: 19_087 },
    { job: 'mix', direction: 'write', iops: 2702.432522, p99: 2_670_592, samples: 8110 },
  ],
  'jobfile-two-stonewall.json': [
    { job: 'rand-read', direction: 'read', iops: 7660.113296, p99: 2_375_680, samples: 22_988 },
    { job: 'rand-write', direction: 'write', iops: 6655.114962, p99: 5_210_112, samples: 19_972 },
  ],
  'jsonplus-randread.json': [
    { job: 'randread', direction: 'read', iops: 6116.294568, p99: 7_110_656, samples: 18_355 },
  ],
}
const problems: Record<string, string[]> = {
  'err-no-such-file.txt': ['job rr: fio reports error 22 (EINVAL: invalid argument), expected 0'],
  'err-readonly.json': ['job rr: fio reports error 1 (EPERM: not permitted), expected 0'],
  'status-interval.txt': ['there are 3 reports of fio, expected one'],
}
const refused: Record<string, string> = {
  'err-bad-option.txt': 'fio output: fio failed and wrote no report, in line 15: "fio: failed parsing rw=nosuch"',
  'human-randrw.txt':
    'fio output: this is the output of fio for people; run fio with --output-format=json+, in line 1: "mixed: (g=0): rw=randrw, bs=(R) 4096B-4096B, (W) 4096B-4096B, (T) 4096B-4096B, ioengine=libaio, iodepth=8"',
  'terse.txt':
    'fio output: this is the terse output of fio; run fio with --output-format=json+, in line 1: "3;fio-3.33;rr;',
  'version.txt': 'fio output: this is the version of fio; run fio with --output-format=json+, in line 1: "fio-3.33"',
}

test.each(readdirSync(folder))('%s is read or refused as its name says', (name) => {
  const output = capture(name)
  const refusal = refused[name]
  if (refusal !== undefined) {
    expect(() => readFioResult(output, unknown)).toThrow(refusal)
    return
  }
  const result = readFioResult(output, unknown)
  expect(result.problems.map(({ message }) => message)).toEqual(problems[name] ?? [])
  expect(result.version).toBe('fio-3.33')
  for (const expected of reports[name] ?? []) {
    const direction = result.jobs.find(({ job }) => job === expected.job)?.[expected.direction] ?? null
    expect(direction).toMatchObject({ iops: expected.iops, totalIos: expected.samples })
    expect(direction?.clat).toMatchObject({ samples: expected.samples })
    expect(fioPercentile(direction!.clat, 99)).toBe(expected.p99)
  }
})

test('what was not measured is null', () => {
  const [job] = readFioResult(capture('randread-4k-qd16.json'), unknown).jobs
  expect(job).toMatchObject({ job: 'randread', error: 0, write: null, trim: null, sync: null })
  expect(job?.read?.clat?.bins).toBeNull()
  expect(job?.read?.lat?.percentiles).toBeNull()
  expect(fioPercentile(job?.read?.clat ?? null, 42)).toBeNull()
  expect(fioPercentile(null, 99)).toBeNull()
})

test('the time of fsync stands apart from that of writes', () => {
  const [job] = readFioResult(capture('write-fsync1-sync-lat.json'), unknown).jobs
  expect(job?.sync).toMatchObject({ totalIos: 3472, lat: { mean: 756447.050691, samples: 3472 } })
  expect(fioPercentile(job?.sync?.lat ?? null, 99)).toBe(3_293_184)
  expect(fioPercentile(job?.write?.clat ?? null, 99)).toBe(252_928)
  expect(job).toMatchObject({ userCpuPercent: expect.any(Number), systemCpuPercent: expect.any(Number) })
})

test('without group_reporting each of the jobs is reported', () => {
  const output = capture('randread-4k-numjobs2-ungrouped.json')
  const { jobs } = readFioResult(output, unknown)
  expect(jobs.map(({ job }) => job)).toEqual([jobs[0]!.job, jobs[0]!.job])
  const asked = (more: string) => ({ jobFile: readFioJobFile(`[${jobs[0]!.job}]\nrw=randread\nruntime=3\n${more}`) })
  expect(readFioResult(output, asked('numjobs=2')).problems).toEqual([])
  expect(readFioResult(output, asked('numjobs=2\ngroup_reporting')).problems).toMatchObject([
    { kind: 'repeated-job', message: `job ${jobs[0]!.job}: the report holds 2, expected 1` },
  ])
  expect(readFioResult(output, asked('numjobs=4')).problems).toMatchObject([{ kind: 'missing-job' }])
})

describe('several reports', () => {
  const interval = capture('status-interval.txt')

  test('of --status-interval the last one counts, where that is asked', () => {
    const { jobs, problems: none } = readFioResult(interval, { jobFile: null, reports: 'last' })
    expect(none).toEqual([])
    expect(jobs).toHaveLength(1)
    expect(jobs[0]!.read?.runtimeMilliseconds).toBeGreaterThan(3900)
    const cut = interval.slice(0, interval.indexOf('\n}\n{') + 3)
    expect(readFioResult(cut, { jobFile: null, reports: 'last' }).problems.map(({ kind }) => kind)).toEqual([
      'unfinished',
      'short-run',
    ])
  })

  test('of several files all count, each asked job once', () => {
    const jobFile = readFioJobFile('[randread]\nrw=randread\nruntime=5\n[randwrite]\nrw=randwrite\nruntime=5\n')
    const both = capture('randread-4k-qd16.json') + capture('randwrite-4k-qd16.json')
    const asked: FioAsked = { jobFile, reports: 'all' }
    expect(readFioResult(both, asked)).toMatchObject({
      problems: [],
      jobs: [{ job: 'randread' }, { job: 'randwrite' }],
    })
    expect(readFioResult(both, { jobFile }).problems.map(({ kind }) => kind)).toEqual([
      'several-reports',
      'missing-job',
    ])
    expect(readFioResult(capture('randread-4k-qd16.json'), asked).problems).toEqual([
      { kind: 'missing-job', job: 'randwrite', direction: null, message: 'job randwrite: the report holds 0 of 1' },
    ])
    expect(readFioResult(both + both, asked).problems.map(({ kind }) => kind)).toEqual(['repeated-job', 'repeated-job'])
  })
})

const two = capture('jobfile-two-stonewall.json')
const twoJobs = (more = '') =>
  readFioJobFile(
    `[global]\nruntime=3\ngroup_reporting\n${more}[rand-read]\nrw=randread\n[rand-write]\nrw=randwrite\nstonewall\n`,
  )

describe('no result', () => {
  test('when a signal ended fio, which reports no error', () => {
    const cut = `\nfio: terminating on signal 15\n${two}`
    const { problems: found, diagnostics } = readFioResult(cut, { jobFile: twoJobs(), exitCode: 128 })
    expect(found.map(({ message }) => message)).toEqual([
      'fio ended with 128, as it does when a signal ends it, expected 0',
      'fio was ended by a signal: "fio: terminating on signal 15"',
    ])
    expect(diagnostics).toEqual(['fio: terminating on signal 15'])
  })

  test('when I/O did not run for 95 % of the time', () => {
    expect(readFioResult(two, { jobFile: twoJobs() }).problems).toEqual([])
    const longer = readFioJobFile('[rand-read]\nrw=randread\nruntime=120\n[rand-write]\nrw=randwrite\nruntime=3\n')
    expect(readFioResult(two, { jobFile: longer }).problems).toEqual([
      {
        kind: 'short-run',
        job: 'rand-read',
        direction: 'read',
        message: 'job rand-read, read: I/O ran for 3001 ms of 120000 ms, expected at least 114000 ms',
      },
    ])
  })

  test.each([
    ['3158ms', []],
    ['3160ms', ['short-run', 'short-run']],
  ])('3001 ms of %s', (runtime, kinds) => {
    const jobFile = readFioJobFile(
      `[global]\nruntime=${runtime}\n[rand-read]\nrw=randread\n[rand-write]\nrw=randwrite\nstonewall\n`,
    )
    expect(readFioResult(two, { jobFile }).problems.map(({ kind }) => kind)).toEqual(kinds)
  })

  test('when the disk is full', () => {
    const full = `fio: ENOSPC on laying out file, stopping\nfio: pid=0, err=28/file:filesetup.c:240\n${capture('err-readonly.json').replace('"error" : 1', '"error" : 28')}`
    const { problems: found, diagnostics } = readFioResult(full, { jobFile: null, exitCode: 2 })
    expect(found.map(({ message }) => message)).toEqual([
      'fio ended with 2, expected 0',
      'job rr: fio reports error 28 (ENOSPC: no space left), expected 0',
    ])
    expect(diagnostics[0]).toBe('fio: ENOSPC on laying out file, stopping')
  })

  test('when jobs or directions are missing, or others are there', () => {
    const other = readFioJobFile('[rand-read]\nrw=randrw\nfsync=1\nruntime=3\n[other]\nrw=read\nruntime=3\n')
    expect(readFioResult(two, { jobFile: other }).problems.map(({ kind, message }) => [kind, message])).toEqual([
      ['missing-job', 'job other: the report holds 0 of 1'],
      ['unasked-job', 'job rand-write was not asked for'],
      ['missing-direction', 'job rand-read, write: the report holds no I/O'],
      ['missing-direction', 'job rand-read, sync: the report holds no I/O'],
    ])
    const empty = '{\n  "fio version" : "fio-3.33",\n  "jobs" : [ ]\n}\n'
    expect(readFioResult(empty, unknown).problems.map(({ message }) => message)).toEqual([
      'the report of fio holds no job',
    ])
  })

  test('when numbers contradict each other', () => {
    const changed = (from: string, to: string) => readFioResult(two.replace(from, to), unknown).problems
    expect(changed('"iops" : 7660', '"iops" : 766')).toMatchObject([
      { kind: 'inconsistent', message: 'job rand-read, read: 766.113296 IOPS do not fit 22988 I/Os in 3001 ms' },
    ])
    expect(changed('"bw_bytes" : 31375824', '"bw_bytes" : 3137582')).toMatchObject([
      { message: 'job rand-read, read: 3137582 B/s do not fit 94158848 bytes in 3001 ms' },
    ])
    expect(changed('"min" : 190840', '"min" : 999999')).toMatchObject([
      { message: 'job rand-read, read: clat mean 936317.789716 ns is not between min 999999 ns and max 11107260 ns' },
    ])
    expect(changed('"1.000000" : 378880', '"1.000000" : 878880')).toMatchObject([
      { message: 'job rand-read, read: clat percentile 5 is below the one before it' },
    ])
    const bins = capture('jsonplus-randread.json').replace('"272384" : 9', '"272384" : 8')
    expect(readFioResult(bins, unknown).problems).toMatchObject([
      { message: 'job randread, read: clat bins hold 18354 of 18355 samples' },
    ])
  })
})

test('sections that are reported as one group count as one job by the name of the first', () => {
  const jobFile = (last: string) =>
    readFioJobFile(
      `[global]\nruntime=3\ngroup_reporting\n[rand-read]\nrw=randread\n[more]\nrw=randread\n[rand-write]\nrw=randwrite\n${last}\n`,
    )
  expect(readFioResult(two, { jobFile: jobFile('stonewall') }).problems).toEqual([])
  expect(readFioResult(two, { jobFile: jobFile('new_group') }).problems).toEqual([])
  expect(readFioResult(two, { jobFile: jobFile('') }).problems.map(({ kind }) => kind)).toEqual([
    'unasked-job',
    'missing-direction',
  ])
})

describe('refused', () => {
  const refusal = (output: string) => {
    try {
      return parseFioOutput(output)
    } catch (error) {
      return error as ToolOutputError
    }
  }

  test.each([
    [
      '"total_ios" : 22988',
      '"total_ios" : -1',
      `jobs.0.read.total_ios: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
    ],
    [
      '"total_ios" : 22988',
      '"total_ios" : 9007199254740993',
      `jobs.0.read.total_ios: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
    ],
    ['"iops" : 7660.113296', '"iops" : "7660"', 'jobs.0.read.iops: expected a number from 0'],
    [
      '"1.000000" : 378880',
      '"first" : 378880',
      'jobs.0.read.clat_ns.percentile.first: expected percentages such as 99.900000',
    ],
  ])('%s as %s, with its line', (from, to, explanation) => {
    const error = refusal(two.replace(from, to))
    expect(error).toBeInstanceOf(ToolOutputError)
    expect((error as ToolOutputError).message).toContain(explanation)
    expect((error as ToolOutputError).line).toContain(to)
  })

  test('text that is no JSON, with its line', () => {
    const error = refusal(two.replace('"iops" : 7660.113296', '"iops" : nan'))
    expect(error).toMatchObject({ problem: 'unreadable', line: '        "iops" : nan,' })
  })

  test.each([
    ['', 'there is no report: no line is just {, it holds no line'],
    ['nothing here\n', 'there is no report: no line is just {, in line 1: "nothing here"'],
    [
      'fio: /mnt/data is not a directory\n',
      'fio failed and wrote no report, in line 1: "fio: /mnt/data is not a directory"',
    ],
    [
      '{\n  "fio version" : "fio-3.33",\n',
      'it ends within a report, in line 2: "  \\"fio version\\" : \\"fio-3.33\\","',
    ],
    ['{\n  "jobs" : [\n{\n}\n', 'the report before this one has no end, in line 3: "{"'],
  ])('%j', (output, message) => {
    expect(refusal(output)).toMatchObject({ message: `fio output: ${message}` })
  })
})

const whole = [
  'console-noisy-randrw.json.console.txt',
  'jobfile-two-stonewall.json',
  'jsonplus-randread.json',
  'status-interval.txt',
  'write-fsync1-sync-lat.json',
]
const outcome = (output: string, asked: FioAsked) => {
  try {
    const { problems: found, jobs } = readFioResult(output, asked)
    return found.length > 0 ? 'problem' : JSON.stringify(jobs)
  } catch (error) {
    if (error instanceof ToolOutputError) return 'refused'
    throw error
  }
}

property.prop([fc.constantFrom(...whole), fc.double({ min: 0, max: 1, noNaN: true })], { numRuns: 300 })(
  'a cut output is refused, a problem, or the same result',
  (name, share) => {
    const output = capture(name)
    const asked: FioAsked = { jobFile: null, reports: 'last' }
    const cut = outcome(output.slice(0, Math.floor(share * output.length)), asked)
    expect(['refused', 'problem', outcome(output, asked)]).toContain(cut)
  },
)

property.prop([fc.constantFrom(...whole), fc.nat(), fc.nat(40)], { numRuns: 300 })(
  'lost lines never change a rate',
  (name, at, count) => {
    const asked: FioAsked = { jobFile: null, reports: 'last' }
    const lines = capture(name).split('\n')
    const lost = outcome(lines.toSpliced(at % lines.length, count).join('\n'), asked)
    if (lost === 'refused' || lost === 'problem') return
    const rates = (jobs: string) =>
      (JSON.parse(jobs) as ReturnType<typeof readFioResult>['jobs']).map(({ job, read, write }) => [
        job,
        read?.iops,
        write?.iops,
      ])
    expect(rates(lost)).toEqual(rates(outcome(lines.join('\n'), asked)))
  },
)

property.prop([fc.string(), fc.string()])('text around a report is kept and does not change it', (before, after) => {
  const clean = (text: string) => text.replaceAll(/[{}]/g, '').replaceAll(/terminating on signal/g, '')
  const output = `${clean(before)}\n${two}${clean(after)}`
  expect(parseFioOutput(output).documents).toEqual(parseFioOutput(two).documents)
})
