import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CaseRecord } from './case-record.ts'
import { earlierRuns, readEarlierRun, readRawOutput } from './earlier-run.ts'

let runs: string
beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), 'kubevirt-acceptance-test-'))
})
afterEach(() => rmSync(runs, { recursive: true }))

const ids = ['20261118T101500Z-bcdfg', '20261119T101500Z-bcdfg', '20261120T101500Z-bcdfg'] as const

function leave(id: string, content: string): string {
  mkdirSync(join(runs, id), { recursive: true })
  writeFileSync(join(runs, id, 'run.json'), content)
  return join(runs, id, 'run.json')
}
const document = (id: string): string => JSON.stringify({ id, cases: [] })

test('runs before this one come newest first, without those that were killed', () => {
  leave(ids[0], document(ids[0]))
  leave(ids[1], '{"id": "20261119T1015')
  mkdirSync(join(runs, '20261117T101500Z-bcdfg'))
  leave(ids[2], document(ids[2]))
  const found = [...earlierRuns(runs, '20261120T101500Z-bcdfh')].map((run) => run.document.id)
  expect(found).toEqual([ids[2], ids[0]])
  expect([...earlierRuns(runs, ids[2])].map((run) => run.document.id)).toEqual([ids[0]])
})

test('a run is found by its id and by the path of its document', () => {
  const path = leave(ids[0], document(ids[0]))
  expect(readEarlierRun(ids[0], runs)).toMatchObject({ path, document: { id: ids[0] } })
  expect(readEarlierRun(path, '/nowhere').document.id).toBe(ids[0])
})

test('what cannot serve as a run is named, with what is wrong with it', () => {
  expect(() => readEarlierRun(ids[0], runs)).toThrow(/run\.json: cannot be read as the document of a run: ENOENT/)
  const path = leave(ids[1], '{"id": 1}')
  expect(() => readEarlierRun(path, runs)).toThrow(`${path}: not the document of a run: it has no id or no cases`)
})

test('raw outputs are read from the folder of the run, and from nowhere else', () => {
  const path = leave(ids[0], document(ids[0]))
  mkdirSync(join(runs, ids[0], 'raw'))
  writeFileSync(join(runs, ids[0], 'raw/workloads.json'), '{}')
  const run = readEarlierRun(path, runs)
  const record = (outputPath: string) =>
    ({ id: 'platform/workloads', rawOutputs: [{ name: 'workloads.json', path: outputPath, mediaType: '' }] }) as never
  expect(readRawOutput(run, record('raw/workloads.json'), 'workloads.json')).toBe('{}')
  expect(readRawOutput(run, record('raw/workloads.json'), 'other.json')).toBeUndefined()
  const outside: CaseRecord = record('../../../etc/passwd')
  expect(() => readRawOutput(run, outside, 'workloads.json')).toThrow('is outside of the folder of the run')
})
