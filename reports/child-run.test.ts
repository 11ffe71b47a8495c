/** Runs Vitest as a child process on small projects that go wrong in every way, and reads what the reporters left. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestResult } from 'allure-js-commons'
import { afterAll, describe, expect, test } from 'vitest'
import { runDirectory } from '../helpers/run/run-directory.ts'
import type { RunDirectory } from '../helpers/run/run-directory.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'

const vitestBinary = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
const config = join(import.meta.dirname, 'testdata/child-run/vitest.config.ts')

const leftBehind: string[] = []
afterAll(() => {
  for (const path of leftBehind) rmSync(path, { recursive: true, force: true })
})

interface ChildRun {
  exitCode: number | null
  output: string
  directory: RunDirectory
  document: RunDocument
  allure: TestResult[]
  junit: string
  summary: string
}

interface ChildOptions {
  planned?: number
  args?: string[]
  environment?: Record<string, string>
  /** Sent as soon as the child has printed READY. */
  signal?: NodeJS.Signals
}

async function runChild(scenario: string, options: ChildOptions = {}): Promise<ChildRun> {
  const { planned = 1, args = [], environment = {}, signal } = options
  const runs = mkdtempSync(join(tmpdir(), 'child-run-'))
  leftBehind.push(runs)
  const directory = runDirectory(runs, '20261120T101500Z-x7k2p')
  const {
    VITEST: _vitest,
    VITEST_POOL_ID: _pool,
    VITEST_WORKER_ID: _worker,
    NODE_OPTIONS: _options,
    ...inherited
  } = process.env
  const child = spawn(process.execPath, [vitestBinary, 'run', '--config', config, ...args], {
    env: {
      ...inherited,
      SCENARIO: scenario,
      RUNS: runs,
      RUN_ID: directory.id,
      PLANNED: String(planned),
      NO_COLOR: '1',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const read = (chunk: Buffer) => {
    const before = output
    output += chunk.toString('utf8')
    if (signal !== undefined && !before.includes('READY') && output.includes('READY')) child.kill(signal)
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const textOf = (path: string) => readFileSync(path, 'utf8')
  return {
    exitCode,
    output,
    directory,
    document: JSON.parse(textOf(directory.runJson)) as RunDocument,
    allure: readdirSync(directory.allureResults)
      .filter((name) => name.endsWith('-result.json'))
      .map((name) => JSON.parse(textOf(join(directory.allureResults, name))) as TestResult)
      .toSorted((a, b) => (a.fullName ?? '').localeCompare(b.fullName ?? '') || (a.start ?? 0) - (b.start ?? 0)),
    junit: textOf(directory.junit),
    summary: textOf(directory.summary),
  }
}

const verdictsOf = ({ document }: ChildRun) =>
  Object.fromEntries(document.cases.map(({ id, verdict }) => [id, verdict]))
const statusesOf = ({ allure }: ChildRun) =>
  allure.map(({ fullName = '', status }) => `${fullName.replace('kubevirt-acceptance:', '')} ${status}`)

const [first, second, third] = ['sample/blue/a-b', 'sample/blue/b-a', 'sample/red/a-b'] as const

describe.concurrent('a run of which', { timeout: 120_000 }, () => {
  test('every case passes is green and leaves everything that was measured', async () => {
    const run = await runChild('passed')
    expect(run.exitCode).toBe(0)
    expect(run.document).toMatchObject({
      verdict: 'passed',
      exitCode: 0,
      plannedCases: [first],
      errors: [],
      cancelledBy: null,
    })
    expect(statusesOf(run)).toEqual([`${first} passed`])
    const [result] = run.allure
    expect(result!.steps.map(({ name, status }) => [name, status])).toEqual([
      ['measure', 'passed'],
      ['check sample.max: the slowest round trip is within the limit', 'passed'],
    ])
    const attachments = result!.attachments.map(({ name }) => name)
    expect(attachments).toEqual(
      expect.arrayContaining(['measurements', 'samples of roundTripTimes', 'case record', 'ping.txt']),
    )
    const files = readdirSync(run.directory.allureResults)
    for (const { source } of result!.attachments) expect(files).toContain(source)
    expect(files).toEqual(expect.arrayContaining(['categories.json', 'environment.properties', 'executor.json']))
    expect(result!.labels).toEqual(
      expect.arrayContaining([
        { name: 'epic', value: 'sample' },
        { name: 'feature', value: 'blue' },
        { name: 'story', value: 'a-b' },
        { name: 'severity', value: 'critical' },
      ]),
    )
    expect(run.junit).toContain('tests="1" failures="0" errors="0" skipped="0"')
    expect(run.summary).toContain('✅ KubeVirt acceptance: passed')
    expect(run.output).toContain('| sample/blue/a-b | provision | CREATE   | DONE | VirtualMachineInstance acceptance/')
    expect(run.output.trimEnd()).toMatch(/verdict: passed, exit code 0: 1 passed$/)
  })

  test('no file holds a secret, neither a registered one nor one of a known shape', async () => {
    const run = await runChild('passed')
    for (const name of readdirSync(run.directory.allureResults))
      expect(readFileSync(join(run.directory.allureResults, name), 'utf8')).not.toMatch(/registered-secret|hunter2/)
  })

  test('one limit is missed ends with 1, whatever passed besides', async () => {
    const run = await runChild('failed', { planned: 2 })
    expect(run.exitCode).toBe(1)
    expect(verdictsOf(run)).toEqual({ [first]: 'failed', [second]: 'passed' })
    expect(run.document.reason).toBe(
      '1 of 2 cases failed; sample/blue/a-b: sample.max: 1.6 ms > 1 ms (profiles/lab.yaml:12:5 maxLatency)',
    )
    expect(statusesOf(run)).toEqual([`${first} failed`, `${second} passed`])
    expect(run.allure[0]!.statusDetails.message).toBe(
      'sample.max: 1.6 ms > 1 ms (profiles/lab.yaml:12:5 maxLatency)\nNext: look at the switch',
    )
    expect(run.allure[0]!.statusDetails).toMatchObject({ actual: '1.6 ms', expected: '<= 1 ms' })
    expect(run.junit).toContain('<failure type="failed" message="sample.max: 1.6 ms &gt; 1 ms')
    expect(run.output).toContain('FAILED sample/blue/a-b: sample.max\n')
    expect(run.output).toContain('sample.max: 1.6 ms > 1 ms (profiles/lab.yaml:12:5 maxLatency)\n')
  })

  test('a measurement may not be judged ends with 4', async () => {
    const run = await runChild('invalid')
    expect(run.exitCode).toBe(4)
    expect(verdictsOf(run)).toEqual({ [first]: 'invalid' })
    expect(statusesOf(run)).toEqual([`${first} broken`])
    expect(run.allure[0]!.statusDetails.message).toBe('invalid measurement: only 3 of 5 packets were sent')
    expect(run.junit).toContain('<error type="invalid"')
  })

  test('set-up throws is broken and names the error, without its secrets', async () => {
    const run = await runChild('set-up-error')
    expect(run.exitCode).toBe(6)
    expect(run.document.cases[0]).toMatchObject({
      verdict: 'broken',
      reason:
        'creating VirtualMachineInstance acceptance/source failed: exceeded quota; caused by: password [redacted]',
    })
    expect(statusesOf(run)).toEqual([`${first} broken`])
    expect(run.junit).toContain('<error type="broken" message="creating VirtualMachineInstance')
  })

  test('a beforeAll hook throws is broken, though the runner says skipped', async () => {
    const run = await runChild('before-all-error')
    expect(run.exitCode).toBe(6)
    expect(run.document.cases[0]).toMatchObject({
      verdict: 'broken',
      reason: 'set-up failed: the namespace is terminating',
    })
    expect(statusesOf(run)).toContain(`${first} broken`)
  })

  test('tearing down throws is broken, and keeps what was measured', async () => {
    const run = await runChild('tear-down-error')
    expect(run.exitCode).toBe(6)
    const [record] = run.document.cases
    expect(record).toMatchObject({
      verdict: 'broken',
      reason: 'the case record says passed, but namespace acceptance is still there after 60 s',
    })
    expect(record!.measurements).toHaveLength(2)
  })

  test('a case is skipped shows the reason, and is green when others of its checkup passed', async () => {
    const run = await runChild('skipped-with-reason', { planned: 2 })
    expect(run.exitCode).toBe(0)
    expect(run.document.cases[0]).toMatchObject({
      verdict: 'skipped',
      reason: 'QEMU is not installed: npm run guest:build',
    })
    expect(run.document.reason).toBe('1 passed, 1 skipped')
    expect(statusesOf(run)).toEqual([`${first} skipped`, `${second} passed`])
    expect(run.allure[0]!.statusDetails.message).toBe('QEMU is not installed: npm run guest:build')
    expect(run.junit).toContain('<skipped message="QEMU is not installed')
  })

  test('all cases are skipped is not green', async () => {
    const run = await runChild('all-skipped', { planned: 2 })
    expect(run.exitCode).toBe(6)
    expect(run.document.verdict).toBe('skipped')
    expect(run.document.reason).toBe(
      'every selected case of sample was skipped: nothing was judged; sample/blue/a-b: QEMU is not installed: npm run guest:build',
    )
    expect(run.document.cases[1]!.reason).toBe('skipped in the source, without a reason')
    expect(statusesOf(run)).toEqual(['run broken', `${first} skipped`, `${second} skipped`])
    expect(run.junit).toContain('<testsuite name="run" tests="1" failures="0" errors="1"')
  })

  test('a case passes only when repeated has two results, and says flaky', async () => {
    const run = await runChild('retried')
    expect(run.exitCode).toBe(0)
    expect(run.document).toMatchObject({ verdict: 'passed', flakyCases: [first] })
    expect(run.document.reason).toBe('1 passed; flaky, passed only when repeated: sample/blue/a-b')
    expect(run.document.earlierAttempts.map(({ attempt, verdict }) => [attempt, verdict])).toEqual([[0, 'failed']])
    expect(run.allure.map(({ status }) => status ?? '').toSorted((a, b) => a.localeCompare(b))).toEqual([
      'failed',
      'passed',
    ])
    expect(new Set(run.allure.map(({ historyId }) => historyId)).size).toBe(1)
    const steps = run.allure.map(({ status, steps: own }) => `${status}: ${own[0]!.name}`)
    expect(steps.toSorted()).toEqual(['failed: step of attempt 0', 'passed: step of attempt 1'])
    // The attempt that started last is the one that Allure shows.
    expect(run.allure.at(-1)!.status).toBe('passed')
    expect(run.allure[1]!.start!).toBeGreaterThan(run.allure[0]!.start!)
    expect(run.summary).toContain('flaky')
    expect(run.output).toContain('flaky: sample/blue/a-b, attempt 1 failed: sample.max: 1.6 ms > 1 ms')
  })

  test('a worker is killed is broken, and so is each case that it took along', async () => {
    const run = await runChild('worker-killed', { planned: 3 })
    expect(run.exitCode).toBe(6)
    expect(verdictsOf(run)).toEqual({ [first]: 'passed', [second]: 'broken', [third]: 'broken' })
    const killed = run.document.cases.find(({ id }) => id === second)
    expect(killed!.reason).toMatch(
      /^no result: the worker process died before the test ended \(.*Worker exited unexpectedly/,
    )
    // The record was on disk before the process died.
    expect(killed!.measurements).toHaveLength(2)
    // A case that left nothing is still known by what it was planned to do.
    expect(run.document.cases.find(({ id }) => id === third)!.parameters).toEqual({ network: 'red', nodes: 'a,b' })
    expect(run.document.errors[0]!.phase).toBe('worker')
    expect(statusesOf(run)).toEqual(['run broken', `${first} passed`, `${second} broken`, `${third} broken`])
  })

  test('something is rejected unnoticed is broken, though the test passed', async () => {
    const run = await runChild('unhandled-rejection')
    expect(run.exitCode).toBe(6)
    expect(verdictsOf(run)).toEqual({ [first]: 'passed' })
    expect(run.document).toMatchObject({
      verdict: 'broken',
      reason: 'unhandled error: watch closed while nobody was listening',
    })
    expect(statusesOf(run)).toEqual(['run broken', `${first} passed`])
    expect(run.junit).toContain('watch closed while nobody was listening')
  })

  test('a test passes without a case record is broken', async () => {
    const run = await runChild('no-record')
    expect(run.exitCode).toBe(6)
    expect(run.document.cases[0]!.reason).toBe('the test passed without a case record: nothing was measured or judged')
  })

  test('a planned case has no test is broken', async () => {
    const run = await runChild('passed', { planned: 1, environment: { PLANNED_EXTRA: '1' } })
    expect(run.exitCode).toBe(6)
    expect(run.document.cases.find(({ id }) => id === third)!.reason).toBe(
      'no result: the profile plans this case, but no test ran for it',
    )
    expect(statusesOf(run)).toEqual([`${first} passed`, `${third} broken`])
  })

  test('the file of tests cannot be read is broken', async () => {
    const run = await runChild('import-error')
    expect(run.exitCode).toBe(6)
    expect(run.document.cases[0]).toMatchObject({ verdict: 'broken' })
    expect(run.document.cases[0]!.reason).toContain('the contract of the checkup cannot be read')
    expect(statusesOf(run)).toEqual(['run broken', `${first} broken`])
  })

  test.each(['empty', 'nothing-of-this-name'])('there is no test at all (%s) is broken', async (scenario) => {
    const run = await runChild(scenario)
    expect(run.exitCode).toBe(6)
    expect(verdictsOf(run)).toEqual({ [first]: 'broken' })
    expect(statusesOf(run)).toContain(`${first} broken`)
  })

  test('there is neither a test nor a plan is broken', async () => {
    const run = await runChild('nothing-of-this-name', { planned: 0 })
    expect(run.exitCode).toBe(6)
    expect(run.document.reason).toBe('no case ran: nothing is known of the cluster')
    expect(statusesOf(run)).toEqual(['run broken'])
  })

  test('global set-up throws is broken with its error, in every planned case', async () => {
    const run = await runChild('passed', { planned: 2, environment: { SET_UP_PHASE: '' } })
    expect(run.exitCode).toBe(6)
    expect(run.document.errors).toEqual([
      { phase: 'set-up', message: 'the API server at https://127.0.0.1:1 does not answer' },
    ])
    expect(verdictsOf(run)).toEqual({ [first]: 'broken', [second]: 'broken' })
    expect(statusesOf(run)).toEqual(['run broken', `${first} broken`, `${second} broken`])
    expect(run.allure[1]!.statusDetails.message).toBe(
      'no result: set-up: the API server at https://127.0.0.1:1 does not answer',
    )
    expect(run.junit).toContain('the API server at https://127.0.0.1:1 does not answer')
  })

  test.each([
    ['profile', 2],
    ['preflight', 3],
    ['lock', 7],
  ])('global set-up throws in phase %s ends with %i', async (phase, exitCode) => {
    const run = await runChild('passed', { environment: { SET_UP_PHASE: phase } })
    expect(run.exitCode).toBe(exitCode)
    expect(run.document.errors[0]!.phase).toBe(phase)
  })

  test('a filter leaves cases out lists them as not selected, and stays green', async () => {
    const run = await runChild('passed', { planned: 3, args: ['-t', 'blue'] })
    expect(run.exitCode).toBe(0)
    expect(run.document.notSelected).toEqual([{ caseId: third, reason: 'does not match -t blue' }])
    expect(run.document.reason).toBe('2 passed; a part of the profile only: 1 case not selected')
    expect(statusesOf(run)).toEqual([`${first} passed`, `${second} passed`])
  })

  test('a filter leaves nothing is a mistake in usage', async () => {
    const run = await runChild('passed', { planned: 2, args: ['-t', 'green'] })
    expect(run.exitCode).toBe(2)
    expect(run.document.reason).toBe('usage: no case is selected: sample/blue/a-b does not match -t green')
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s comes says cancelled and ends with %i', async (signal, exitCode) => {
    const run = await runChild('cancelled', { planned: 3, signal })
    expect(run.exitCode).toBe(exitCode)
    expect(run.document).toMatchObject({ verdict: 'cancelled', cancelledBy: signal })
    expect(verdictsOf(run)).toEqual({ [first]: 'passed', [second]: 'cancelled', [third]: 'cancelled' })
    expect(statusesOf(run)).toEqual([`${first} passed`, `${second} broken`, `${third} broken`])
    expect(run.allure[1]!.statusDetails.message).toMatch(/^cancelled: the run was interrupted/)
    expect(run.output).toContain(`CANCELLED by ${signal}`)
    expect(run.junit).toContain('<error type="cancelled"')
  })

  test('the process exits before its end is written as broken', async () => {
    const run = await runChild('exit-in-main', { environment: { EXIT_IN_MAIN: '0' } })
    expect(run.exitCode).toBe(6)
    expect(run.document.errors[0]).toEqual({ phase: 'run', message: 'the process ended before the run did' })
    expect(verdictsOf(run)).toEqual({ [first]: 'broken' })
  })

  test('the runner fails after all cases passed is not green', async () => {
    const run = await runChild('passed', { environment: { RUNNER_EXIT_CODE: '1' } })
    expect(run.exitCode).toBe(6)
    expect(run.document.reason).toContain(
      'report and runner disagree: every case passed, but the runner ended with exit code 1',
    )
    expect(statusesOf(run)).toEqual(['run broken', `${first} passed`])
  })

  test('cleaning up leaves something names it', async () => {
    const run = await runChild('passed', { environment: { LEFT_OVER: 'Pod acceptance/launcher' } })
    expect(run.document.leftovers).toEqual(['Pod acceptance/launcher'])
    expect(run.output).toContain('left over: 1: Pod acceptance/launcher')
  })
})
