import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Journal, journalledLeftovers, readJournal } from './journal.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'))
  path = join(folder, 'runs', 'created.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const cluster = 'https://192.0.2.1:6443'
const vmi = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', namespace: 'a', name: 'x' }

test('what was created, or about to be, and not removed is left over', () => {
  const journal = new Journal(path, 'r1', cluster)
  journal.append({ event: 'intent', ...vmi })
  expect(journalledLeftovers(readJournal(path))).toEqual([{ runId: 'r1', cluster, ...vmi }])
  journal.append({ event: 'created', ...vmi, uid: 'u1' })
  journal.append({ event: 'intent', ...vmi, name: 'refused' })
  journal.append({ event: 'refused', ...vmi, name: 'refused', reason: 'quota' })
  new Journal(path, 'r2', cluster).append({ event: 'intent', ...vmi })
  journal.append({ event: 'left', ...vmi, reason: 'finalizer' })
  expect(journalledLeftovers(readJournal(path))).toEqual([
    { runId: 'r1', cluster, ...vmi, uid: 'u1' },
    { runId: 'r2', cluster, ...vmi },
  ])
  journal.append({ event: 'removed', ...vmi, uid: 'u1' })
  expect(journalledLeftovers(readJournal(path))).toEqual([{ runId: 'r2', cluster, ...vmi }])
})

test('a line that a killed run did not finish is passed over, one in the middle is not', () => {
  const journal = new Journal(path, 'r1', cluster)
  journal.append({ event: 'intent', ...vmi })
  appendFileSync(path, '{"at":"2026-11-20T10:00:00Z","event":"cre')
  expect(readJournal(path)).toHaveLength(1)
  appendFileSync(path, '\n')
  expect(() => readJournal(path)).toThrow(`${path}:2: not a journal entry: "{\\"at\\":\\"2026-11-20T10:00:00Z\\"`)
})

test('each entry is a line of JSON that names the run and the time', () => {
  new Journal(path, 'r1', cluster).append({ event: 'intent', ...vmi })
  const text = readFileSync(path, 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  expect(JSON.parse(text)).toEqual({
    at: expect.stringMatching(/^\d{4}-.*Z$/),
    event: 'intent',
    runId: 'r1',
    cluster,
    ...vmi,
  })
})
