import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBaseline, snapshotName } from './baseline.ts'

let runs: string
beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), 'kubevirt-acceptance-test-'))
})
afterEach(() => rmSync(runs, { recursive: true }))

const runId = '20261120T101500Z-bcdfg'
const search = { runId, cluster: 'ours', given: undefined }

function leave(id: string, verdict: string, snapshot: unknown): string {
  const root = join(runs, id)
  mkdirSync(root)
  if (snapshot !== undefined) writeFileSync(join(root, snapshotName), JSON.stringify(snapshot))
  const record = {
    id: 'platform/workloads',
    checkup: 'platform',
    title: '',
    verdict,
    attempt: 0,
    checks: [],
    measurements: [],
    phases: [],
    evidence: [],
    errors: [],
    leftovers: [],
    validity: { valid: true, problems: [] },
    parameters: {},
    results: {},
    rawOutputs: [{ name: snapshotName, path: snapshotName, mediaType: 'application/json' }],
  }
  writeFileSync(join(root, 'run.json'), JSON.stringify({ id, cases: [record] }))
  return join(root, 'run.json')
}

const of = (cluster: string) => ({ schemaVersion: 1, takenAt: '', cluster, machines: [], instances: [] })

test('the baseline is the newest earlier run of the same cluster in which the case passed', () => {
  leave('20261116T101500Z-bcdfg', 'passed', of('ours'))
  leave('20261117T101500Z-bcdfg', 'passed', of('ours'))
  leave('20261118T101500Z-bcdfg', 'failed', of('ours'))
  leave('20261119T101500Z-bcdfg', 'passed', of('theirs'))
  leave('20261120T090000Z-bcdfg', 'passed', undefined)
  leave('20261121T101500Z-bcdfg', 'passed', of('ours'))
  expect(findBaseline({ ...search, runsDirectory: runs })?.runId).toBe('20261117T101500Z-bcdfg')
  expect(findBaseline({ ...search, runsDirectory: runs, cluster: 'another' })).toBeUndefined()
})

test('a run that is named serves whatever came of it', () => {
  const path = leave('20261118T101500Z-bcdfg', 'failed', of('ours'))
  expect(findBaseline({ ...search, runsDirectory: runs, given: path })?.runId).toBe('20261118T101500Z-bcdfg')
})

test('a run that is named and cannot serve is an error that says why', () => {
  const theirs = leave('20261118T101500Z-bcdfg', 'passed', of('theirs'))
  expect(() => findBaseline({ ...search, runsDirectory: runs, given: theirs })).toThrow(
    `baselineRun ${theirs} is of another cluster: theirs, and this is ours; name a run of this cluster`,
  )
  const odd = leave('20261117T101500Z-bcdfg', 'passed', { machines: 'many' })
  expect(() => findBaseline({ ...search, runsDirectory: runs, given: odd })).toThrow(
    `${odd}: workloads.json of platform/workloads is no snapshot of VMs`,
  )
  const other = leave('20261116T101500Z-bcdfg', 'passed', of('ours'))
  writeFileSync(other, JSON.stringify({ id: 'x', cases: [] }))
  expect(() => findBaseline({ ...search, runsDirectory: runs, given: other })).toThrow(
    'no case of the platform checkup kept workloads.json in it; name a run with area workloads',
  )
})
