import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestResult } from 'allure-js-commons'
import { expect, onTestFinished, test } from 'vitest'
import { runDirectory, writeAtomically } from '../helpers/run/run-directory.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { caseResult } from './allure/case-result.ts'
import { measurementHtml, measurementTable } from './allure/measurement-table.ts'
import { metricsOf } from './allure/metrics.ts'
import { buildReport, withoutAnalytics } from './build-report.ts'
import { drawPlots } from './plots/draw-plots.ts'
import { check, ids, record } from './testdata/child-run/sample-record.ts'
import { document } from './testdata/sample-document.ts'

function temporaryReports(): string {
  const path = mkdtempSync(join(tmpdir(), 'reports-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function writeRun(reports: string, id: string): void {
  const directory = runDirectory(join(reports, 'runs'), id)
  const known = record(ids[0]!)
  const context = { runId: id, profile: 'lab', cluster: '', host: '', owner: undefined, links: [], flaky: false }
  const result = { ...caseResult(known, context), attachments: [] }
  writeAtomically(directory.runJson, JSON.stringify(document({ id })))
  writeAtomically(join(directory.allureResults, `${result.uuid}-result.json`), JSON.stringify(result))
  writeAtomically(join(directory.allureResults, `${result.uuid}-perf.json`), JSON.stringify(metricsOf(known)))
}

test('builds one file that loads nothing, of the newest run, and keeps the history', { timeout: 60_000 }, async () => {
  const reports = temporaryReports()
  writeRun(reports, '20261119T101500Z-x7k2p')
  writeRun(reports, '20261120T101500Z-x7k2p')
  const { runId, path } = await buildReport({ reportsDirectory: reports })
  expect(runId).toBe('20261120T101500Z-x7k2p')
  const html = readFileSync(path, 'utf8')
  expect(html).toContain('KubeVirt acceptance: lab')
  expect(html).not.toMatch(/googletagmanager|<script[^>]*src="http|<link[^>]*href="http/)
  const history = readFileSync(join(reports, 'history.jsonl'), 'utf8')
  expect(history.trim().split('\n')).toHaveLength(1)
  expect(history).toContain('sample/blue/a-b maxLatencyNanoSec')
})

test('draws the plots of cases and of the run into the results, once, however often it is built', async () => {
  const reports = temporaryReports()
  const id = '20261120T101500Z-x7k2p'
  writeRun(reports, id)
  const { allureResults, runJson } = runDirectory(join(reports, 'runs'), id)
  const read = (name: string) => JSON.parse(readFileSync(join(allureResults, name), 'utf8')) as TestResult
  const written = JSON.parse(readFileSync(runJson, 'utf8')) as RunDocument
  expect(await drawPlots(written, allureResults)).toEqual([])
  await drawPlots(written, allureResults)
  const names = readdirSync(allureResults)
  const result = read(names.find((name) => name.endsWith('-result.json'))!)
  expect(result.attachments.map(({ name }) => name)).toEqual(['plot of roundTripTimes'])
  // Above the table of measurements, where a reader need not open anything.
  expect(result.descriptionHtml).toMatch(
    /^<img alt="plot of roundTripTimes" src="data:image\/svg\+xml;base64,[\w+/=]+"><table>.*<td[^>]*>roundTripTimes<\/td>/,
  )
  const globals = read(names.find((name) => name.endsWith('-globals.json'))!)
  expect(globals.attachments.map(({ name }) => name)).toEqual(['sample: maxLatencyNanoSec between nodes'])
  for (const { source } of [...result.attachments, ...globals.attachments])
    expect(readFileSync(join(allureResults, source), 'utf8')).toMatch(/^<svg /)
})

test('a broken case shows the check that it broke at, and the phase, before anything else', () => {
  const message = `sample.provisioned: no console${'; a condition of the VMI'.repeat(20)}. Read the transcript.`
  const { steps, statusDetails } = caseResult(
    record(ids[0]!, {
      verdict: 'broken',
      reason: 'provision: no console',
      measurements: [],
      validity: { valid: false, problems: ['nothing was measured'] },
      checks: [check({ id: 'sample.provisioned', verdict: 'broken', message, remediation: 'Read the transcript.' })],
      errors: [{ phase: 'provision', message: 'no console' }],
    }),
    { runId: '', profile: 'lab', cluster: '', host: '', owner: undefined, links: [], flaky: false },
  )
  expect(steps.map(({ name, status }) => `${name}: ${status}`)).toEqual([
    'check sample.provisioned: the slowest round trip is within the limit: broken',
    'provision: broken',
  ])
  const lines = statusDetails.message!.split('\n')
  expect(lines[0]).toBe('sample.provisioned: no console;')
  expect(lines.at(-1)).toBe('Next: Read the transcript.')
})

test('metrics of several ways have keys of their own', () => {
  const measurements = ['a -> b', 'b -> a'].map((subject) => ({
    name: 'maxLatencyNanoSec',
    subject,
    value: 1,
    unit: 'ns' as const,
    better: 'lower' as const,
  }))
  expect(metricsOf(record(ids[0]!, { measurements })).map(({ key, title }) => [key, title])).toEqual([
    ['sample/blue/a-b maxLatencyNanoSec, a -> b', 'blue/a-b maxLatencyNanoSec, a -> b'],
    ['sample/blue/a-b maxLatencyNanoSec, b -> a', 'blue/a-b maxLatencyNanoSec, b -> a'],
  ])
})

test('the measurement table shows ways side by side, and many one below the other', () => {
  const measured = (subject: string) => ({
    name: 'maxLatencyNanoSec',
    subject,
    value: 381_000,
    unit: 'ns' as const,
    better: 'lower' as const,
    samples: [1, 2],
    lost: [0],
  })
  expect(measurementTable([measured('a'), measured('b')])).toContain(
    '| measurement | a | b | better |\n|---|--:|--:|---|\n| maxLatencyNanoSec | 381µs (2 samples, 1 lost) | 381µs (2 samples, 1 lost) | lower |',
  )
  expect(measurementTable(['a', 'b', 'c', 'd', 'e'].map(measured))).toContain('| maxLatencyNanoSec | e | 381µs')
  expect(measurementHtml([measured('<b>"a" &')])).toContain('<th align="right">&lt;b&gt;&quot;a&quot; &amp;</th>')
})

test('a run that is not there is answered with those that are', async () => {
  const reports = temporaryReports()
  writeRun(reports, '20261120T101500Z-x7k2p')
  const missing = buildReport({ reportsDirectory: reports, runId: '20261121T101500Z-x7k2p' })
  await expect(missing).rejects.toThrow(
    `${reports}/runs: no run '20261121T101500Z-x7k2p'; there are: 20261120T101500Z-x7k2p`,
  )
  await expect(buildReport({ reportsDirectory: reports, runId: '../..' })).rejects.toThrow("no run '../..'")
})

test('no run at all, a run without results and a run cut short each say what is missing', async () => {
  const reports = temporaryReports()
  await expect(buildReport({ reportsDirectory: reports })).rejects.toThrow('no run to report on. Run a checkup first')
  const directory = runDirectory(join(reports, 'runs'), '20261120T101500Z-x7k2p')
  mkdirSync(directory.root, { recursive: true })
  await expect(buildReport({ reportsDirectory: reports })).rejects.toThrow('has no Allure results')
  mkdirSync(directory.allureResults)
  await expect(buildReport({ reportsDirectory: reports })).rejects.toThrow('run.json: cannot be read')
})

test('a script that would come from the network is refused, the known one is removed', () => {
  const known =
    '<p></p><script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script><script>window.dataLayer = [];</script>'
  expect(withoutAnalytics(known)).toBe('<p></p>')
  expect(() => withoutAnalytics('<script src="https://elsewhere.example/x.js"></script>')).toThrow(
    'would load a script from the network',
  )
})
