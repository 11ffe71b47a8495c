import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { resumedStore, ResultStore } from './checkpoint.ts'
import type { PermutationResult } from './permutation-result.ts'

const runId = '20261120T101500Z-x7k2p'
const folder = mkdtempSync(join(tmpdir(), 'storage-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const result = (key: string): PermutationResult => ({
  key,
  profile: 'random-rw',
  blockSize: '4k',
  concurrency: 1,
  runId,
  startedAt: '2026-11-20T10:15:00.000Z',
  durationMilliseconds: 1,
  vms: [],
  records: [],
  jobs: [],
  mixes: [],
  startSkewMilliseconds: null,
  clockOffsetSeconds: null,
})
const keys = ['rep3:small:150Gi:1:random-rw:4k', 'rep3:small:150Gi:1:random-rw:1M']

test('what is saved is there again, for a process that knows the run alone', () => {
  const store = new ResultStore(folder, runId)
  expect(store.loadAll()).toEqual([])
  for (const key of keys) store.save(result(key))
  expect(new ResultStore(folder, runId).loadAll()).toEqual(keys.map(result))
})

test('a line that was being written when the run was killed does not count', () => {
  const store = new ResultStore(folder, runId)
  store.save(result(keys[0]!))
  appendFileSync(join(folder, runId, 'storage/checkpoint'), keys[1]!.slice(0, 20))
  expect([...store.done()]).toEqual([keys[0]])
})

test('a run that is not there is told, and none that is resumed is none', () => {
  expect(resumedStore(folder, undefined)).toBeNull()
  expect(() => resumedStore(folder, runId)).toThrow(`there is no run ${runId} to resume in ${folder}`)
})

test('a line without its result is told', () => {
  const store = new ResultStore(folder, runId)
  store.save(result(keys[0]!))
  appendFileSync(join(folder, runId, 'storage/checkpoint'), `${keys[1]}\n`)
  expect(() => store.loadAll()).toThrow(`the checkpoint of run ${runId} has ${keys[1]}`)
})
