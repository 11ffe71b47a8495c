import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fc, test as property } from '@fast-check/vitest'
import { expect, onTestFinished, test } from 'vitest'
import type { CaseRecord } from './case-record.ts'
import {
  createRunId,
  isRunId,
  listRuns,
  readAttempts,
  readCaseRecords,
  runDirectory,
  safeFileName,
  writeAtomically,
  writeCaseRecord,
} from './run-directory.ts'

function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'run-directory-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

const record: CaseRecord = {
  checkup: 'latency',
  id: 'latency/blue/worker1-worker2',
  title: 'latency on blue',
  verdict: 'passed',
  reason: '',
  attempt: 0,
  startedAt: '2026-11-20T10:15:00.000Z',
  completedAt: '2026-11-20T10:15:05.000Z',
  parameters: {},
  results: { sourceNode: 'worker1' },
  measurements: [],
  validity: { valid: true, problems: [] },
  checks: [],
  phases: [],
  apiRequests: {},
  rawOutputs: [],
  evidence: [],
  errors: [],
  leftovers: [],
}

property.prop([
  fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
  fc.uint8Array({ minLength: 5, maxLength: 5 }),
])('every run id is recognised as one', (date, random) => {
  expect(isRunId(createRunId(date, random))).toBe(true)
})

test('run ids sort by time', () => {
  const early = createRunId(new Date('2026-11-20T10:15:00Z'))
  const late = createRunId(new Date('2026-11-20T10:15:01Z'))
  expect(early).toMatch(/^20261120T101500Z-[a-z0-9]{5}$/)
  expect([late, early].toSorted()).toEqual([early, late])
})

test('refuses to build paths from what is no run id', () => {
  expect(() => runDirectory('reports/runs', '../../etc')).toThrow(
    "run id '../../etc' is not of the form 20261120T101500Z-x7k2p",
  )
})

test('lists runs newest first, and nothing when there is no directory', () => {
  const runs = temporaryDirectory()
  const ids = ['20261120T101500Z-x7k2p', '20261121T101500Z-x7k2p']
  for (const id of ids) writeAtomically(join(runs, id, 'run.json'), '{}')
  writeAtomically(join(runs, 'notes.txt'), '')
  expect(listRuns(runs)).toEqual(ids.toReversed())
  expect(listRuns(join(runs, 'nowhere'))).toEqual([])
})

test('file names of case ids stay readable', () => {
  expect(safeFileName('latency/blue/worker1-worker2')).toBe('latency--blue--worker1-worker2')
})

property.prop([fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })])(
  'different case ids get different, safe file names',
  (a, b) => {
    expect(safeFileName(a)).toMatch(/^[\w.-]{1,125}$/)
    expect(safeFileName(a)).not.toMatch(/^\.+$/)
    expect(safeFileName(a) === safeFileName(b)).toBe(a === b)
  },
)

test('case records are written without secrets and read back by attempt', () => {
  const directory = runDirectory(temporaryDirectory(), '20261120T101500Z-x7k2p')
  writeCaseRecord(directory, { ...record, attempt: 1, verdict: 'passed' })
  writeCaseRecord(directory, { ...record, attempt: 0, verdict: 'failed', reason: 'login with hunter2-hunter2' }, [
    'hunter2-hunter2',
  ])
  writeCaseRecord(directory, { ...record, id: 'latency/blue' })
  expect(readAttempts(directory, record.id).map(({ attempt, reason }) => ({ attempt, reason }))).toEqual([
    { attempt: 0, reason: 'login with [redacted]' },
    { attempt: 1, reason: '' },
  ])
  expect(readCaseRecords(directory)).toHaveLength(3)
  expect(readdirSync(directory.cases).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

test('a file that is no case record is an error, not an empty result', () => {
  const directory = runDirectory(temporaryDirectory(), '20261120T101500Z-x7k2p')
  const path = writeCaseRecord(directory, record)
  writeFileSync(path, '{"id":"latency/blue/worker1-worker2"}')
  expect(() => readCaseRecords(directory)).toThrow(`${path}: not a case record`)
})
