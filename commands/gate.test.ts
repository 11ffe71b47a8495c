import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { CaseRecord, Measurement } from '../helpers/run/case-record.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { sealed } from '../helpers/run/run-seal.ts'
import type { GateResult } from '../reports/gate/gate-result.ts'
import { judgeRun, verdictExitCode } from '../reports/run-verdict.ts'
import { check, failedRecord, invalidRecord, record } from '../reports/testdata/child-run/sample-record.ts'
import { document } from '../reports/testdata/sample-document.ts'
import { embeddedProfile, repository } from '../tests/acceptance-run.ts'
import { inProcess } from '../tests/in-process.ts'

const reports = mkdtempSync(join(tmpdir(), 'gate-'))
afterAll(() => rmSync(reports, { recursive: true }))

const caseId = 'sample/blue/a-b'
let count = 0

/** A run as the reporter would have written it. */
function leave(
  cases: CaseRecord[],
  changes: Partial<RunDocument> = {},
  edit: (text: string) => string = (text) => text,
) {
  count += 1
  const id = `20261120T10${String(count).padStart(4, '0')}Z-bcdfg`
  const judged = { ...document({ id, ...changes, cases }) }
  const { verdict, reason } = judgeRun(judged)
  const whole = sealed({ ...judged, verdict, reason, exitCode: verdictExitCode(verdict, judged) })
  mkdirSync(join(reports, 'runs', id), { recursive: true })
  writeFileSync(join(reports, 'runs', id, 'run.json'), edit(`${JSON.stringify(whole, null, 2)}\n`))
  return id
}

function profileWith(gate: Record<string, unknown>): string {
  count += 1
  const path = join(reports, `profile-${count}.yaml`)
  const checkups = { latency: { required: false, cases: [{ networkAttachmentDefinitionName: 'blue' }] } }
  writeFileSync(path, stringify({ ...embeddedProfile(), name: 'lab', checkups, gate }))
  return path
}

const gate = (...args: string[]) => inProcess('gate', ...args, '--reports', reports)
const judged = async (...args: string[]) => {
  const { exitCode, json } = await gate(...args, '--json')
  const result = json() as GateResult
  return { ...result, exitCode, told: result.exitCode }
}
const withPolicy = (id: string, policy: Record<string, unknown>) => judged(id, '--profile', profileWith(policy))

const preflightRun = (phase: string) => leave([], { errors: [{ phase, message: 'no' }], plannedCases: [] })
const rate = (value: number | null): Measurement => ({ name: 'rate', value, unit: 'pps', better: 'higher' })

describe('exit codes', () => {
  test.each([
    [0, () => leave([record(caseId)])],
    [1, () => leave([failedRecord(caseId)])],
    [2, () => preflightRun('profile')],
    [3, () => preflightRun('preflight')],
    [4, () => leave([invalidRecord(caseId)])],
    [6, () => leave([record(caseId, { verdict: 'broken', reason: 'no shell' })])],
    [6, () => leave([record(caseId, { verdict: 'skipped', reason: 'no hugepages' }), record('sample/red/a-b')])],
    [6, () => leave([])],
    [6, () => leave([record(caseId)], { cancelledBy: 'SIGTERM' })],
    [7, () => preflightRun('lock')],
  ])('%i', async (code, make) => {
    const { exitCode, told, verdict } = await judged(make())
    expect({ exitCode, told }).toEqual({ exitCode: code, told: code })
    expect(verdict === 'passed').toBe(code === 0)
  })

  test('all of them stand in the README', () => {
    const readme = readFileSync(join(repository, 'README.md'), 'utf8')
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7]) expect(readme).toMatch(new RegExp(`^\\| ${code} +\\| \\w`, 'm'))
  })

  test('5: a regression against a baseline, with the metric, and how much is tolerated', async () => {
    const [before, after] = [1000, 800].map((value) => leave([record(caseId, { measurements: [rate(value)] })])) as [string, string] // prettier-ignore
    const result = await judged(after, '--baseline', before)
    expect(result).toMatchObject({ exitCode: 5, verdict: 'regression', reason: `${caseId} rate: worse by 20.0 %, more than 10 % (default)` }) // prettier-ignore
    const tolerant = await judged(after, '--baseline', before, '--profile', profileWith({ regressions: { rate: 25 } }))
    expect(tolerant).toMatchObject({ exitCode: 0, verdict: 'passed' })
    const fromProfile = await withPolicy(after, { baseline: before, regressions: { rate: 15 } })
    expect(fromProfile.reason).toMatch(/more than 15 % \(.*profile-\d+\.yaml:\d+:\d+ gate\.regressions\.rate\)/)
  })

  test('4: a measurement that the baseline has, and the run has not', async () => {
    const [before, after] = [1000, null].map((value) => leave([record(caseId, { measurements: [rate(value)] })])) as [string, string] // prettier-ignore
    expect(await judged(after, '--baseline', before)).toMatchObject({ exitCode: 4, verdict: 'invalid' })
  })

  test('a missed limit goes before what broke, and that before what is invalid', async () => {
    const broken = record('sample/red/a-b', { verdict: 'broken', reason: 'no shell' })
    expect((await judged(leave([failedRecord(caseId), broken]))).exitCode).toBe(1)
    expect((await judged(leave([invalidRecord(caseId), broken]))).exitCode).toBe(6)
  })
})

describe('a document that is not whole is never green', () => {
  const passed = (edit: (text: string) => string) => leave([record(caseId), record('sample/red/a-b')], {}, edit)
  test.each<[string, (text: string) => string, string]>([
    ['cut', (text) => text.slice(0, text.length / 2), 'cannot be read as the document of a run'],
    ['empty', () => '', 'cannot be read as the document of a run'],
    ['another JSON', () => '{"verdict":"passed","exitCode":0}', 'not the document of a run: it has no id or no cases'],
    ['a number edited', (text) => text.replace('522000', '1'), 'its checksum does not match its content'],
    ['without its checksum', (text) => text.replace(/,\s*"sha256": "[0-9a-f]{64}"\n}/, '\n}'), 'it has no checksum'],
    [
      'without a part',
      (text) => JSON.stringify({ ...JSON.parse(text), notSelected: undefined }),
      'it lacks notSelected',
    ],
  ])('%s', async (_, edit, message) => {
    const { exitCode, verdict, reason } = await judged(passed(edit))
    expect({ exitCode, verdict }).toEqual({ exitCode: 6, verdict: 'broken' })
    expect(reason).toContain(message)
  })

  const resealed = (change: (whole: RunDocument) => Partial<RunDocument>) =>
    passed((text) => {
      const whole = JSON.parse(text) as RunDocument
      return JSON.stringify(sealed({ ...whole, ...change(whole) }))
    })
  test.each<[string, (whole: RunDocument) => Partial<RunDocument>, string]>([
    [
      'a planned case without a result',
      ({ cases }) => ({ cases: cases.slice(1) }),
      `planned cases have no result: ${caseId}`,
    ],
    ['a case twice', ({ cases }) => ({ cases: [...cases, cases[0]!] }), 'cases have more than one result'],
    [
      'other totals',
      () => ({ verdictCounts: { ...document().verdictCounts, passed: 9 } }),
      'it counts 9 cases as passed, but has 2',
    ],
    [
      'a verdict of its own',
      () => ({ errors: [{ phase: 'set-up', message: 'x' }] }),
      'it says "passed", but its cases say "broken"',
    ],
    [
      'a passed case with a failed check',
      ({ cases }) => ({ cases: cases.map((each) => ({ ...each, checks: [check({ verdict: 'failed' })] })) }),
      `the verdict "passed" of ${caseId} contradicts its checks`,
    ],
  ])('%s, even with a new checksum', async (_, change, message) => {
    // prettier-ignore
    const { exitCode, reason } = await judged(resealed(change))
    expect(exitCode).toBe(6)
    expect(reason).toContain(message)
  })

  test('a run without run.json: it was killed', async () => {
    const id = '20261121T101500Z-bcdfg'
    mkdirSync(join(reports, 'runs', id, 'cases'), { recursive: true })
    expect(await judged(id)).toMatchObject({
      exitCode: 6,
      reason: expect.stringContaining('has no run.json: it was killed'),
    })
    expect(await judged('latest')).toMatchObject({ exitCode: 6 })
    rmSync(join(reports, 'runs', id), { recursive: true })
  })

  test('one shard alone', async () => {
    const id = leave([record(caseId)], { shard: { index: 1, count: 2 } })
    expect(await judged(id)).toMatchObject({ exitCode: 6, reason: expect.stringContaining('merge all of them first') })
  })
})

describe('waivers', () => {
  const failed = () => leave([failedRecord(caseId), record('sample/red/a-b')])
  const waiver = {
    check: 'sample.max',
    case: 'sample/blue/**',
    until: '2999-12-31',
    reason: 'switch is replaced',
    owner: 'net',
  }

  test('a waived failure is shown as such, and never as passed', async () => {
    const id = failed()
    const result = await withPolicy(id, { waivers: [waiver] })
    expect(result).toMatchObject({ exitCode: 0, verdict: 'passed', run: { verdict: 'failed' } })
    expect(result.reason).toMatch(/1 missed and waived$/)
    expect(result.rules.filter(({ outcome }) => outcome === 'waived')).toMatchObject([
      { caseId, rule: 'sample.max', message: expect.stringContaining('waived until 2999-12-31 (switch is replaced, owner net): sample.max: 1.6 ms > 1 ms') }, // prettier-ignore
    ])
    expect((await gate(id, '--profile', profileWith({ waivers: [waiver] }))).stdout).toMatch(
      /waived: waived until 2999/,
    )
  })

  test('past its date it is exit code 2, with its line in the profile', async () => {
    const path = profileWith({ waivers: [{ ...waiver, until: '2020-02-28' }] })
    const { exitCode, stderr, stdout } = await gate(failed(), '--profile', path)
    const line =
      readFileSync(path, 'utf8')
        .split('\n')
        .findIndex((text) => text.includes('2020-02-28')) + 1
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain(`profile-`)
    expect(stderr).toContain(`:${line}:14 gate.waivers[0].until: the waiver of sample.max ended on 2020-02-28 (switch is replaced, owner net); correct what it was about, or agree on a new date`) // prettier-ignore
  })

  test('that nothing needs is a warning', async () => {
    const result = await withPolicy(leave([record(caseId)]), { waivers: [waiver] })
    expect(result.exitCode).toBe(0)
    expect(result.warnings).toEqual([
      expect.stringMatching(/:\d+:\d+ gate\.waivers\[0\]: nothing needs the waiver of sample\.max/),
    ])
  })

  test.each([
    ['another case', { case: 'sample/red/**' }],
    ['another check', { check: 'sample.p99' }],
  ])('of %s does not help', async (_, change) => {
    expect((await withPolicy(failed(), { waivers: [{ ...waiver, ...change }] })).exitCode).toBe(1)
  })

  test('what is broken or invalid cannot be waived', async () => {
    const all = { waivers: [{ ...waiver, check: '**', case: '**' }] }
    expect((await withPolicy(leave([invalidRecord(caseId)]), all)).exitCode).toBe(4)
    expect((await withPolicy(leave([record(caseId, { verdict: 'broken', reason: 'no shell' })]), all)).exitCode).toBe(6)
  })
})

describe('the policy of the profile', () => {
  test('only what must pass decides; the rest is shown', async () => {
    const id = leave([failedRecord(caseId), record('sample/red/a-b')])
    const result = await withPolicy(id, { mustPass: ['sample/red/**'] })
    expect(result.exitCode).toBe(0)
    expect(result.rules.find(({ outcome }) => outcome === 'ignored')?.message).toContain('failed, and not asked for by gate.mustPass: sample.max') // prettier-ignore
    expect((await withPolicy(id, { mustPass: ['sample.*'] })).exitCode).toBe(1)
  })

  test('a pattern that matches nothing is exit code 2', async () => {
    const { exitCode, stderr } = await gate(
      leave([record(caseId)]),
      '--profile',
      profileWith({ mustPass: ['sampel.*'] }),
    )
    expect(exitCode).toBe(2)
    expect(stderr).toContain('gate.mustPass[0]: "sampel.*" is neither a check nor a case of this run')
  })

  test('cases may be skipped or left out only where it says so', async () => {
    const skipped = record(caseId, { verdict: 'skipped', reason: 'no hugepages', checks: [] })
    const id = leave([skipped, record('sample/red/a-b')], {
      plannedCases: [caseId, 'sample/red/a-b', 'sample/green/a-b'],
      notSelected: [{ caseId: 'sample/green/a-b', reason: 'does not match -t red' }],
    })
    expect(await judged(id)).toMatchObject({ exitCode: 6, reason: expect.stringContaining('was left out of the run: it does not match -t red') }) // prettier-ignore
    expect((await withPolicy(id, { allowSkipped: [caseId] })).exitCode).toBe(6)
    expect((await withPolicy(id, { allowSkipped: [caseId, 'sample/green/*'] })).exitCode).toBe(0)
  })

  test('a case that passed only when repeated fails, unless allowed', async () => {
    const id = leave([record(caseId)], { flakyCases: [caseId] })
    expect((await judged(id)).exitCode).toBe(1)
    expect((await withPolicy(id, { allowFlaky: true })).exitCode).toBe(0)
  })

  test('a required checkup must have run, or be named away', async () => {
    const checkups = [{ name: 'sample', required: true }, { name: 'other', required: true }] // prettier-ignore
    const id = leave([record(caseId)], { profile: { ...document().profile, effective: { checkups } } })
    expect(await judged(id)).toMatchObject({ exitCode: 6, reason: expect.stringContaining('checkup other is required by the profile, and judged nothing in this run') }) // prettier-ignore
    expect((await judged(id, '--project', 'sample')).exitCode).toBe(0)
    expect((await gate(id, '--project', 'nothing')).exitCode).toBe(2)
  })

  test('it is that of the very profile', async () => {
    const id = leave([record(caseId)], { profile: { ...document().profile, name: 'other' } })
    const { exitCode, stderr } = await gate(id, '--profile', profileWith({}))
    expect(exitCode).toBe(2)
    expect(stderr).toContain('is profile lab, but run')
  })

  test.each([
    [{ waivers: [{ check: 'x', until: 'soon', reason: 'y' }] }, 'gate.waivers[0].until', 'a date such as 2026-12-31'],
    [{ mustPass: [] }, 'gate.mustPass', 'at least one; a gate without checks lets everything pass'],
    [{ regressions: { rate: '10' } }, 'gate.regressions.rate', 'a percentage such as 10, or false'],
  ])('mistakes in it are found: %j', async (policy, path, message) => {
    const { exitCode, stderr } = await gate(leave([record(caseId)]), '--profile', profileWith(policy))
    expect(exitCode).toBe(2)
    expect(stderr).toContain(path)
    expect(stderr).toContain(message)
  })
})

describe('baselines', () => {
  test('are saved when the gate passes, and then compared with by name', async () => {
    const id = leave([record(caseId, { measurements: [rate(1000)] })])
    expect((await gate(id, '--save-baseline', 'before')).stderr).toContain(`baseline before: saved as ${join(reports, 'baselines/before', id)}`) // prettier-ignore
    const worse = leave([record(caseId, { measurements: [rate(500)] })])
    expect((await judged(worse, '--baseline', 'before')).exitCode).toBe(5)
    expect((await gate(worse, '--baseline', 'before', '--save-baseline', 'before')).stderr).toContain('not saved, since the gate did not pass') // prettier-ignore
    expect(existsSync(join(reports, 'baselines/before', worse))).toBe(false)
    expect((await judged(id, '--baseline', 'before')).exitCode).toBe(0)
  })

  test('that are not there, and names that are none, are exit code 2', async () => {
    const id = leave([record(caseId)])
    expect(await gate(id, '--baseline', 'nowhere')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('there is no run "nowhere"') }) // prettier-ignore
    expect((await gate(id, '--save-baseline', '../x')).exitCode).toBe(2)
  })
})

test('without a run it is exit code 2', async () => {
  expect((await gate()).exitCode).toBe(2)
  expect((await gate('20201120T101500Z-bcdfg')).stderr).toContain('there is no run "20201120T101500Z-bcdfg"')
})

test('Markdown, HTML and annotations escape what comes from the cluster', async () => {
  const id = leave([
    failedRecord(caseId, { checks: [check({ verdict: 'failed', message: 'a <script>|x\n::error::100%' })] }),
  ])
  expect((await gate(id, '--format', 'markdown')).stdout).toContain(String.raw`a &lt;script&gt;\|x ::error::100%`)
  expect((await gate(id, '--format', 'html')).stdout).not.toContain('<script')
  const { stderr } = await gate(id, '--annotations')
  expect(stderr).toBe(`::error title=failed%3A ${caseId} sample.max::a <script>|x ::error::100%25\n`)
})
