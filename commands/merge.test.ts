import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { CaseRecord } from '../helpers/run/case-record.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { sealed } from '../helpers/run/run-seal.ts'
import { runResultId } from '../reports/allure/run-result.ts'
import { judgeRun, verdictExitCode } from '../reports/run-verdict.ts'
import { failedRecord, record } from '../reports/testdata/child-run/sample-record.ts'
import { document } from '../reports/testdata/sample-document.ts'
import { inProcess } from '../tests/in-process.ts'

const reports = mkdtempSync(join(tmpdir(), 'merge-'))
afterAll(() => rmSync(reports, { recursive: true }))
const [one, other, third] = ['sample/blue/a-b', 'sample/blue/b-a', 'sample/red/a-b'] as const
let count = 0

/** A shard as the reporter writes it: it knows all planned cases, and which of them it left to others. */
function shard(index: number, cases: CaseRecord[], changes: Partial<RunDocument> = {}): string {
  count += 1
  const id = `20261120T10${String(count).padStart(4, '0')}Z-bcdfg`
  const planned = [one, other]
  const mine = new Set(cases.map((each) => each.id))
  const base = document({
    id,
    plannedCases: planned,
    notSelected: planned
      .filter((each) => !mine.has(each))
      .map((caseId) => ({ caseId, reason: `is not part of shard ${index}/2` })),
    shard: { index, count: 2 },
    ...changes,
    cases,
  })
  const root = join(reports, 'runs', id)
  mkdirSync(join(root, 'raw', String(index)), { recursive: true })
  mkdirSync(join(root, 'allure-results'))
  writeFileSync(join(root, 'raw', String(index), 'ping.txt'), id)
  writeFileSync(join(root, 'allure-results', `case-${id}-result.json`), '{}')
  writeFileSync(join(root, 'allure-results', `${runResultId(id)}-result.json`), '{}')
  const whole = sealed({ ...base, ...judgeRun(base), exitCode: verdictExitCode(judgeRun(base).verdict, base) })
  writeFileSync(join(root, 'run.json'), JSON.stringify(whole))
  return id
}

async function merge(...ids: string[]) {
  const result = await inProcess('merge', ...ids, '--reports', reports, '--json')
  if (result.exitCode === 2) return { ...result, run: undefined, directory: '' }
  const { directory } = result.json() as { directory: string }
  return { ...result, directory, run: JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as RunDocument }
}

test('complete shards become one run with everything of each, which the gate takes', async () => {
  const parts = [shard(2, [record(other)]), shard(1, [record(one)])]
  const { run, directory, exitCode } = await merge(...parts)
  expect(run).toMatchObject({
    verdict: 'passed',
    exitCode: 0,
    plannedCases: [one, other],
    notSelected: [],
    mergedFrom: parts,
  })
  expect(run!.cases.map(({ id }) => id)).toEqual([one, other])
  expect(run!.shard).toBeUndefined()
  expect(exitCode).toBe(0)
  expect(readdirSync(join(directory, 'raw')).toSorted()).toEqual(['1', '2'])
  const results = readdirSync(join(directory, 'allure-results'))
  expect(results.filter((name) => name.startsWith('case-'))).toHaveLength(2)
  expect(results.filter((name) => name.endsWith('-result.json'))).toHaveLength(2)
  for (const name of ['junit.xml', 'summary.md']) expect(existsSync(join(directory, name))).toBe(true)
  expect((await inProcess('gate', directory, '--reports', reports)).exitCode).toBe(0)
})

test('a failure in one of them is a failure of the whole', async () => {
  const { run, exitCode } = await merge(shard(1, [failedRecord(one)]), shard(2, [record(other)]))
  expect(run).toMatchObject({ verdict: 'failed', verdictCounts: { failed: 1, passed: 1 } })
  expect(exitCode).toBe(1)
})

describe('is never green', () => {
  const never = async (message: string, ...ids: string[]) => {
    const { run, directory, exitCode } = await merge(...ids)
    expect(exitCode).toBe(6)
    expect(run!.verdict).toBe('broken')
    expect(JSON.stringify([run!.errors, run!.cases.map(({ reason }) => reason)])).toContain(message)
    expect((await inProcess('gate', directory, '--reports', reports)).exitCode).toBe(6)
  }

  test('with a shard missing', () => {
    const alone = { shard: { index: 1, count: 3 } }
    return never('shard 3/3 is missing', shard(1, [record(one)], alone), shard(2, [record(other)], { shard: { index: 2, count: 3 } })) // prettier-ignore
  })
  test('with a shard twice', () =>
    never('shard 1/2 is there 2 times', shard(1, [record(one)]), shard(1, [record(other)])))
  test('with shards of different divisions', () =>
    never('the shards do not belong together: 1/2, 2/3', shard(1, [record(one)]), shard(2, [record(other)], { shard: { index: 2, count: 3 } }))) // prettier-ignore
  test('with a whole run among shards', () =>
    never('some of the runs are shards, others are not', shard(1, [record(one)]), shard(2, [record(other)], { shard: undefined }))) // prettier-ignore
  test('with a case that each left to the other', () =>
    never('no result: every part left it to another', shard(1, [record(one)]), shard(2, [])))
  test('with a case in both', () =>
    never(`case ${one} has a result in more than one part`, shard(1, [record(one)]), shard(2, [record(one), record(other)]))) // prettier-ignore
  test('with a part that was cancelled', async () => {
    const { run } = await merge(shard(1, [record(one)], { cancelledBy: 'SIGTERM' }), shard(2, [record(other)]))
    expect(run).toMatchObject({ verdict: 'cancelled', exitCode: 143 })
  })
  test('with an error outside of any case', () =>
    never('a dead worker', shard(1, [record(one)], { errors: [{ phase: 'worker', message: 'a dead worker' }] }), shard(2, [record(other)]))) // prettier-ignore
})

test('a shard that got no case is as it should be', async () => {
  const changes = (index: number) => ({ shard: { index, count: 3 } })
  const idle = { ...changes(3), errors: [{ phase: 'usage', message: 'no case is selected' }] }
  const { run } = await merge(shard(1, [record(one)], changes(1)), shard(2, [record(other)], changes(2)), shard(3, [], idle)) // prettier-ignore
  expect(run).toMatchObject({ verdict: 'passed', errors: [] })
})

test('what a common filter left out stays left out', async () => {
  const filter = { caseId: third, reason: 'does not match -t blue' }
  const of = (index: number, mine: string, others: string) =>
    shard(index, [record(mine)], {
      plannedCases: [one, other, third],
      notSelected: [{ caseId: others, reason: `is not part of shard ${index}/2` }, filter],
    })
  expect((await merge(of(1, one, other), of(2, other, one))).run).toMatchObject({
    verdict: 'passed',
    notSelected: [filter],
  })
})

test.each([
  ['another profile', { profile: { ...document().profile, sha256: 'f'.repeat(64) } }, 'profile differs'],
  [
    'another version',
    { versions: { ...document().versions, kubevirtAcceptance: '9.9.9' } },
    'kubevirt-acceptance differs',
  ],
  ['an edited document', { verdictCounts: { ...document().verdictCounts, passed: 7 } }, 'a part is not whole'],
])('runs of %s are refused', async (_, changes, message) => {
  const { exitCode, stderr } = await merge(shard(1, [record(one)]), shard(2, [record(other)], changes))
  expect(exitCode).toBe(2)
  expect(stderr).toContain(message)
})
