import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { Measurement } from '../../helpers/run/case-record.ts'
import { runDirectory, writeAtomically } from '../../helpers/run/run-directory.ts'
import { browser, openPage } from '../../tests/browser-page.ts'
import { check, failedRecord, record } from '../testdata/child-run/sample-record.ts'
import { document } from '../testdata/sample-document.ts'
import { dashboardHtml, marginText } from './dashboard.ts'
import { readMetricHistory } from './metric-history.ts'
import { sparkline } from './sparkline.ts'

const caseId = 'sample/blue/a-b'
const rate = (value: number | null): Measurement => ({
  name: 'rate',
  subject: '<i>',
  value,
  unit: 'pps',
  better: 'higher',
})
const ids = [
  '20261117T101500Z-bcdfg',
  '20261118T101500Z-bcdfg',
  '20261119T101500Z-bcdfg',
  '20261120T101500Z-bcdfg',
] as const

function runs(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

const documentOf = (id: string, value: number | null, changes: Parameters<typeof document>[0] = {}) =>
  document({
    id,
    startedAt: `2026-11-${id.slice(6, 8)}T10:15:00.000Z`,
    cases: [record(caseId, { measurements: [rate(value)] })],
    ...changes,
  })

function leave(folder: string, ...documents: ReturnType<typeof document>[]): void {
  for (const each of documents) writeAtomically(runDirectory(folder, each.id).runJson, JSON.stringify(each))
}

test('the history is that of earlier runs of the same profile and cluster; a missing value is a gap', () => {
  const folder = runs()
  leave(
    folder,
    documentOf(ids[0], 900),
    documentOf(ids[1], null),
    documentOf(ids[2], 5, { profile: { ...document().profile, name: 'other' } }),
    documentOf('20261121T101500Z-bcdfg', 7),
  )
  const metrics = { [`${caseId} rate, <i>`]: 800 }
  const line = (timestamp: string, name = 'lab') =>
    JSON.stringify({ name: `KubeVirt acceptance: ${name} · passed`, timestamp: Date.parse(timestamp), metrics })
  const historyFile = join(folder, 'history.jsonl')
  writeFileSync(historyFile, [line('2026-11-01T00:00:00Z'), line('2026-11-02T00:00:00Z', 'other'), line('2026-11-18T00:00:00Z'), '{"cut'].join('\n')) // prettier-ignore
  const history = readMetricHistory(documentOf(ids[3], 1000), { runsDirectory: folder, historyFile })
  expect(history.get(`${caseId} rate, <i>`)?.map(({ value }) => value)).toEqual([800, 900, null])
})

test('a metric shows value, limit, margin and history, and escapes its names', () => {
  const known = documentOf(ids[3], 1000, {
    cases: [
      record(caseId, {
        measurements: [rate(1000), { name: 'gone', value: null, unit: 'ms', better: 'lower' }],
        checks: [check({ measurement: 'rate', subject: '<i>', actual: 1000, operator: '>=', limit: 800, unit: 'pps' })],
      }),
    ],
  })
  const html = dashboardHtml(known, new Map([[`${caseId} rate, <i>`, [{ at: 0, run: ids[0], value: 900 }]]]))
  expect(html).toContain('<h3>rate, &lt;i&gt;</h3><p class="value">1,000 pps</p>')
  expect(html).toContain('limit &gt;= 800 pps, margin 25.0 %, <a href="#check-sample.max">sample.max</a> passed')
  expect(html).toContain('1 earlier run: 900 pps to 900 pps')
  expect(html).toContain('<p class="value">not measured</p><p>no limit</p><p class="odd">not measured</p>')
  expect(html).toContain('When it fails: look at the switch')
  expect(html).not.toMatch(/<script|<i>|https?:\/\/(?!127)/)
})

test('margins are of the limit, and negative beyond it', () => {
  expect(marginText(8, check({ operator: '<=', limit: 10 }))).toBe(', margin 20.0 %')
  expect(marginText(12, check({ operator: '<=', limit: 10 }))).toBe(', margin -20.0 %')
  expect(marginText(null, check({ limit: 10 }))).toBe('')
  expect(marginText(1, check({ limit: 0 }))).toBe('')
})

test('nothing is drawn across a gap', () => {
  const points = [1, 2, null, 3, 4].map((value) => ({ value, label: String(value) }))
  expect(sparkline(points, null).match(/<polyline/g)).toHaveLength(2)
  expect(sparkline(points, null).match(/<circle/g)).toHaveLength(4)
  expect(sparkline([{ value: null, label: '' }], 5)).toBe('<p class="odd">not measured</p>')
})

test.skipIf(browser === undefined)(
  'it renders from disk and asks nothing of the network',
  { timeout: 90_000 },
  async () => {
    const folder = runs()
    const known = documentOf(ids[3], 1000, { verdict: 'failed', cases: [failedRecord(caseId)] })
    const path = join(folder, 'dashboard.html')
    const key = `${caseId} maxLatencyNanoSec`
    writeFileSync(path, dashboardHtml(known, new Map([[key, ids.slice(0, 3).map((run, at) => ({ at, run, value: 500_000 + at }))]]))) // prettier-ignore
    const page = await openPage(browser!, pathToFileURL(path).href)
    await page.until(`document.querySelectorAll('.card svg polyline').length > 0`)
    expect(await page.text()).toContain('limit <= 1 ms')
    // Drawn, within the window, and its style is applied.
    expect(await page.evaluate(`document.querySelector('.card svg').getBoundingClientRect().height > 30`)).toBe(true)
    expect(await page.evaluate(`document.documentElement.scrollWidth <= innerWidth`)).toBe(true)
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.grid')).display`)).toBe('grid')
    const picture = await page.screenshot()
    expect(picture.subarray(1, 4).toString()).toBe('PNG')
    expect(picture.length).toBeGreaterThan(10_000)
    expect(page.requests).toEqual([])
  },
)
