import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { readFioResult } from '../../helpers/tools/fio/validity.ts'
import { compareRuns } from './comparison.ts'
import { csv } from './csv.ts'
import { deriveResults, measuredReadPercent, startSkewMilliseconds, type DerivedResult } from './derived.ts'
import { derivedCsv, recordsCsv, storageJson } from './export-rows.ts'
import { rankPools } from './ranking.ts'
import { storageRecords, type RecordContext, type StorageRecord } from './records.ts'

const context: RecordContext = {
  runId: 'run-1',
  clusterProfile: 'lab',
  pool: 'rep3',
  storageClass: 'ceph-rbd',
  provisioner: null,
  volumeMode: 'Block',
  accessMode: 'ReadWriteOnce',
  vmSize: 'small',
  vcpu: 2,
  memoryGi: 4,
  pvcGi: 150,
  pvcSize: '150Gi',
  concurrency: 2,
  vmIndex: 1,
  vmName: 'vm-1',
  node: 'worker1',
  profile: 'random-rw',
  blockSize: '4k',
}
const capture = (name: string) =>
  readFioResult(readFileSync(new URL(`../../helpers/tools/fio/testdata/${name}`, import.meta.url), 'utf8'), {
    jobFile: null,
  })
const recordsOf = (name: string, more: Partial<RecordContext> = {}) =>
  storageRecords({ ...context, ...more }, capture(name), () => 1)

test('a record for each direction with I/O, and for fsync', () => {
  const [write, sync, ...rest] = recordsOf('write-fsync1-sync-lat.json')
  expect(rest).toEqual([])
  expect(write).toMatchObject({
    ...context,
    job: 'wal',
    direction: 'write',
    iops: 1156.947684,
    bwBytes: 4_738_857,
    latAvgNs: 76_828.257488,
    clatP50Ns: 54_016,
    clatP95Ns: 109_056,
    clatP99Ns: 252_928,
    clatP999Ns: 1_794_048,
    clatMaxNs: 10_033_840,
    samples: 3472,
    runtimeMs: 3001,
    fioVersion: 'fio-3.33',
    bins: null,
  })
  expect(sync).toMatchObject({
    job: 'wal',
    direction: 'sync',
    iops: null,
    bwBytes: null,
    latAvgNs: 756_447.050691,
    clatP99Ns: 3_293_184,
    shortIos: null,
  })
})

const record = (more: Partial<StorageRecord>): StorageRecord => ({
  ...recordsOf('jsonplus-randread.json')[0]!,
  ...more,
})

describe('derived', () => {
  test('totals, percentiles of all I/Os together, fairness, completeness', () => {
    const slow = {
      bins: [[9e6, 100]] as const,
      iops: 100,
      bwBytes: 409_600,
      samples: 100,
      latAvgNs: 9e6,
      clatMaxNs: 9e6,
    }
    const [result, ...rest] = deriveResults([
      record({ bins: [[1e6, 300]], iops: 300, bwBytes: 1_228_800, samples: 300, latAvgNs: 1e6, clatMaxNs: 1.1e6 }),
      record({ ...slow, vmName: 'vm-2', vmIndex: 2 }),
    ])
    expect(rest).toEqual([])
    expect(result).toMatchObject({
      key: 'rep3:small:150Gi:2:random-rw:4k',
      job: 'randread',
      direction: 'read',
      totalIops: 400,
      totalBwBytes: 1_638_400,
      latAvgNs: 3e6,
      latMaxNs: 9e6,
      p50: { nanoseconds: 1e6, approximate: false },
      p99: { nanoseconds: 9e6, approximate: false },
      fairness: { jainIndex: expect.closeTo(0.8), minMaxRatio: 1 / 3, coefficientOfVariation: expect.closeTo(0.5) },
      vms: 2,
      completeness: 1,
    })
  })

  test('without bins of a VM the largest percentile, marked', () => {
    const [result] = deriveResults([
      record({ bins: [[1e6, 300]], clatP99Ns: 1e6 }),
      record({ bins: null, clatP99Ns: 7e6, vmName: 'vm-2' }),
    ])
    expect(result?.p99).toEqual({ nanoseconds: 7e6, approximate: true })
  })

  test('a VM that is missing is missing, and not a slower pool', () => {
    expect(deriveResults([record({})])[0]).toMatchObject({ vms: 1, completeness: 0.5 })
    expect(deriveResults([])).toEqual([])
    const [result] = deriveResults([record({}), record({ vmName: 'vm-2', iops: null, latAvgNs: null, usrCpu: null })])
    expect(result).toMatchObject({ totalIops: null, fairness: null, latAvgNs: null, cpuPer1kIops: null })
  })

  test('phases and directions stay apart; CPU is that of the whole job', () => {
    const mixed = (more: Partial<StorageRecord>) => record({ job: 'mix', usrCpu: 10, sysCpu: 15, numjobs: 4, ...more })
    const results = deriveResults([
      mixed({ direction: 'read', iops: 1400 }),
      mixed({ direction: 'write', iops: 600 }),
      record({ job: 'other', iops: 5 }),
    ])
    expect(results.map(({ job, direction, totalIops }) => [job, direction, totalIops])).toEqual([
      ['mix', 'read', 1400],
      ['mix', 'write', 600],
      ['other', 'read', 5],
    ])
    expect(results.slice(0, 2).map(({ cpuPer1kIops }) => cpuPer1kIops)).toEqual([50, 50])
  })

  test('jobs that are not reported as a group count for their VM together', () => {
    const two = recordsOf('randread-4k-numjobs2-ungrouped.json', { concurrency: 1 })
    expect(two).toHaveLength(2)
    expect(deriveResults(two)).toMatchObject([{ vms: 1, completeness: 1, fairness: { jainIndex: 1 } }])
  })

  test('start skew and mix', () => {
    const started = (timestampMs: number | null, vmName: string) =>
      record({ timestampMs, jobRuntimeMs: 480_000, numjobs: 4, vmName })
    expect(startSkewMilliseconds([started(1_000_000, 'a'), started(1_002_500, 'b')])).toBe(2500)
    expect(startSkewMilliseconds([started(1_000_000, 'a'), started(null, 'b')])).toBeNull()
    expect(startSkewMilliseconds([])).toBeNull()
    expect(measuredReadPercent(recordsOf('console-noisy-randrw.json.console.txt'))).toBeCloseTo(70.18, 2)
    expect(measuredReadPercent(recordsOf('randread-4k-qd16.json'))).toBeNull()
  })
})

const derived = (more: Partial<DerivedResult>): DerivedResult => ({ ...deriveResults([record({})])[0]!, ...more })

describe('comparison', () => {
  const before = derived({ totalIops: 1000, totalBwBytes: 4e6, p99: { nanoseconds: 1e6, approximate: false } })
  const row = (more: Partial<DerivedResult>, limits?: Parameters<typeof compareRuns>[2]) =>
    compareRuns([before], [{ ...before, ...more }], limits).rows[0]!

  test('says by how much, and what is worse than it may be', () => {
    expect(row({}).changes.iops).toEqual({ before: 1000, after: 1000, deltaPercent: 0, unchanged: true })
    expect(row({ totalIops: 1009 }).changes.iops.unchanged).toBe(true)
    expect(row({ totalIops: 1010 }).changes.iops.unchanged).toBe(false)
    expect(row({ totalIops: 900 }).regressions).toEqual([])
    expect(row({ totalIops: 899, totalBwBytes: 3.5e6 }).regressions).toEqual(['iops', 'bandwidth'])
    expect(row({ p99: { nanoseconds: 1_200_001, approximate: false } }).regressions).toEqual(['p99'])
    expect(row({ p99: { nanoseconds: 500_000, approximate: true } }).regressions).toEqual([])
    const loose = () => ({ regressionPercent: 50, latencyRegressionPercent: 50 })
    expect(row({ totalIops: 600 }, loose).regressions).toEqual([])
  })

  test('has no difference where there is nothing to compare, and says what vanished', () => {
    const none = compareRuns([{ ...before, totalIops: 0 }], [before]).rows[0]!
    expect(none.changes.iops).toEqual({ before: 0, after: 1000, deltaPercent: null, unchanged: false })
    expect(row({ p99: null })).toMatchObject({ vanished: ['p99'], regressions: [] })
    expect(compareRuns([before], [{ ...before, job: 'new' }])).toEqual({
      rows: [],
      onlyBefore: ['rep3:small:150Gi:2:random-rw:4k randread read'],
      onlyAfter: ['rep3:small:150Gi:2:random-rw:4k new read'],
    })
  })
})

describe('ranking', () => {
  const p99 = (nanoseconds: number) => ({ nanoseconds, approximate: false })
  const pool = (name: string, factor: number, latency: number) => [
    derived({
      pool: name,
      key: `${name}:r`,
      job: 'rand-read',
      profile: 'random-rw',
      totalIops: 1000 * factor,
      p99: p99(latency),
    }),
    derived({
      pool: name,
      key: `${name}:s`,
      job: 'seq-read',
      profile: 'sequential-rw',
      totalBwBytes: 1e9 * factor,
      p99: p99(latency),
    }),
    derived({
      pool: name,
      key: `${name}:m`,
      job: 'mix',
      direction: 'read',
      profile: 'mixed-70-30',
      totalIops: 70 * factor,
      p99: p99(latency),
    }),
    derived({
      pool: name,
      key: `${name}:m`,
      job: 'mix',
      direction: 'write',
      profile: 'mixed-70-30',
      totalIops: 30 * factor,
      p99: p99(latency),
    }),
  ]

  test('weighs IOPS, bandwidth, mix and latency', () => {
    const ranked = rankPools([...pool('slow', 0.5, 1e6), ...pool('fast', 1, 2e6)])
    expect(ranked).toMatchObject([
      {
        pool: 'fast',
        rank: 1,
        score: expect.closeTo(95),
        values: { randomIops: 1000, mixedIops: 100 },
        scores: { p99: 50 },
        missing: [],
      },
      { pool: 'slow', rank: 2, score: expect.closeTo(50), scores: { randomIops: 50, p99: 50 } },
    ])
  })

  test('what is missing is skipped, and no zero', () => {
    const [read] = pool('a', 1, 1e6)
    const write = { ...read!, job: 'rand-write', totalIops: 500, p99: null }
    const [a] = rankPools([read!, write])
    expect(a).toMatchObject({
      score: 100,
      values: { randomIops: 750, sequentialBandwidth: null, p99: 1e6 },
      missing: ['sequentialBandwidth', 'mixedIops'],
    })
    expect(rankPools([{ ...write, totalIops: null, totalBwBytes: null }])).toMatchObject([{ score: null, rank: 1 }])
    expect(rankPools([...pool('b', 1, 1e6), ...pool('a', 1, 1e6)]).map(({ pool: name, rank }) => [name, rank])).toEqual(
      [
        ['a', 1],
        ['b', 1],
      ],
    )
  })
})

describe('exports', () => {
  test('have a row per record and per result, with empty cells for what is missing', () => {
    const records = recordsOf('write-fsync1-sync-lat.json')
    expect(recordsCsv(records).split('\r\n').slice(1, 3)).toEqual([
      'run-1,lab,rep3,ceph-rbd,,Block,ReadWriteOnce,small,2,4,150,2,1,vm-1,worker1,random-rw,4k,wal,write,1156.947684,4738857,76828.257488,54016,109056,252928,1794048,10033840,3472,0,0,' +
        `${records[0]!.usrCpu},${records[0]!.sysCpu},3001,fio-3.33`,
      'run-1,lab,rep3,ceph-rbd,,Block,ReadWriteOnce,small,2,4,150,2,1,vm-1,worker1,random-rw,4k,wal,sync,,,756447.050691,618496,1515520,3293184,7241728,13480050,3472,,,' +
        `${records[0]!.usrCpu},${records[0]!.sysCpu},3001,fio-3.33`,
    ])
    const results = deriveResults(records)
    expect(derivedCsv(results).split('\r\n')[2]).toMatch(
      /^rep3,small,150Gi,2,random-rw,4k,wal,sync,,,756447\.05069\d*,13480050,618496,1515520,3293184,7241728,true,,,,[\d.]+,1,0\.5$/,
    )
    expect(JSON.parse(storageJson(records, results))).toMatchObject({
      records: [{ job: 'wal', provisioner: null }, {}],
    })
  })

  test.each([
    ['=1+1', "'=1+1"],
    ['@x', "'@x"],
    ['-2', "'-2"],
    ['a,b', '"a,b"'],
    ['say "no"', '"say ""no"""'],
    ['=a\r\n"b"', '"\'=a\r\n""b"""'],
    [-2, '-2'],
    [true, 'true'],
    [null, ''],
  ])('writes %j as %j', (value, text) => {
    expect(csv(['a'], [{ a: value }])).toBe(`a\r\n${text}\r\n`)
  })

  /** By RFC 4180. */
  function parse(text: string): string[][] {
    const rows: string[][] = [[]]
    for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
      rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
      if (end === '\r\n') rows.push([])
    }
    return rows.slice(0, -1)
  }

  property.prop([
    fc.array(fc.tuple(fc.string(), fc.oneof(fc.string(), fc.constantFrom('=a', '\r\n', '"', ',', '@')), fc.integer())),
  ])('any text comes back as it was, with no cell of text that is a formula', (rows) => {
    const [, ...read] = parse(
      csv(
        ['a', 'b', 'c'],
        rows.map(([a, b, c]) => ({ a, b, c })),
      ),
    )
    const unquoted = (text: string) => (/^'[=+\-@\t\r\n]/.test(text) ? text.slice(1) : text)
    expect(read.map(([a, b, c]) => [unquoted(a!), unquoted(b!), Number(c)])).toEqual(
      rows.map(([a, b, c]) => [unquoted(a), unquoted(b), c]),
    )
    for (const [a, b] of read) for (const text of [a!, b!]) expect(text).not.toMatch(/^[=+\-@\t\r\n]/)
  })
})
