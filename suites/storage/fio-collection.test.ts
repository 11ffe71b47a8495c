import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readFioJobFile } from '../../helpers/tools/fio/job-file-reader.ts'
import { readCollected } from './fio-collection.ts'
import type { RecordContext } from './records.ts'

const capture = (name: string): string =>
  readFileSync(new URL(`../../helpers/tools/fio/testdata/${name}`, import.meta.url), 'utf8')

const jobFile = (changes: Record<string, string> = {}) => {
  const options = { rw: 'randread', bs: '4k', iodepth: '16', direct: '1', runtime: '5', size: '256M', ...changes }
  return readFioJobFile(
    `[randread]\n${Object.entries(options)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('')}`,
  )
}

const context: RecordContext = {
  runId: 'r',
  clusterProfile: 'p',
  pool: 'rep3',
  storageClass: 'c',
  provisioner: null,
  volumeMode: 'Block',
  accessMode: 'ReadWriteOnce',
  vmSize: 'small',
  vcpu: 2,
  memoryGi: 4,
  pvcGi: 150,
  pvcSize: '150Gi',
  concurrency: 1,
  vmIndex: 1,
  vmName: 'vm-1',
  node: null,
  profile: 'random-rw',
  blockSize: '4k',
}

test('a whole report of the job that was asked for is a result', () => {
  const read = readCollected(capture('randread-4k-qd16.json'), jobFile(), 0, context)
  expect(read).toMatchObject({ problems: [], hasFioError: false, shortIos: 0 })
  expect(read.runtimePercent).toBeCloseTo(100.02)
  expect(read.records.map(({ job, direction, vmName }) => [job, direction, vmName])).toEqual([
    ['randread', 'read', 'vm-1'],
  ])
})

test.each<[string, Record<string, string>, RegExp]>([
  ['block size', { bs: '1M' }, /the report is about bs=4096, asked was 1048576: it is of another job/],
  ['pattern', { rw: 'read' }, /rw=randread, asked was read/],
  ['depth', { iodepth: '32' }, /iodepth=16, asked was 32/],
])('a report with another %s is of the permutation before, and no result', (_what, changes, problem) => {
  const read = readCollected(capture('randread-4k-qd16.json'), jobFile(changes), 0, context)
  expect(read.problems.join()).toMatch(problem)
  expect(read.records).toEqual([])
})

test.each(['err-no-such-file.txt', 'err-bad-option.txt', 'human-randrw.txt', 'terse.txt', 'version.txt'])(
  '%s is no result, and says why',
  (name) => {
    const read = readCollected(capture(name), jobFile(), 1, context)
    expect(read).toMatchObject({ records: [], hasFioError: true })
    expect(read.problems.join()).toMatch(/fio output: |fio ended with 1, expected 0/)
  },
)

test('fio that ended otherwise than with 0 has no result, however its report looks', () => {
  const read = readCollected(capture('randread-4k-qd16.json'), jobFile(), 128, context)
  expect(read.records).toEqual([])
  expect(read.hasFioError).toBe(true)
})
