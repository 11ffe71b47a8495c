/** Opens a built report from disk in a headless browser, as a reviewer does. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { runDirectory, writeAtomically } from '../helpers/run/run-directory.ts'
import { browser, openPage } from '../tests/browser-page.ts'
import { caseResult } from './allure/case-result.ts'
import { buildReport } from './build-report.ts'
import { failedRecord, ids, record } from './testdata/child-run/sample-record.ts'
import { document } from './testdata/sample-document.ts'

test.skipIf(browser === undefined)(
  'the page shows the failed check first, then its plots, and asks nothing of the network',
  { timeout: 90_000 },
  async () => {
    const reports = mkdtempSync(join(tmpdir(), 'report-page-'))
    onTestFinished(() => rmSync(reports, { recursive: true, force: true }))
    const id = '20261120T101500Z-x7k2p'
    const directory = runDirectory(join(reports, 'runs'), id)
    const tables = [{ title: 'Counters', columns: ['where', 'packets'], rows: [['port 0', 2_400_000_000]] }]
    const cases = [failedRecord(ids[0]!, { tables }), record(ids[1]!)]
    for (const known of cases) {
      const context = { runId: id, profile: 'lab', cluster: '', host: '', owner: undefined, links: [], flaky: false }
      const result = { ...caseResult(known, context), attachments: [] }
      writeAtomically(join(directory.allureResults, `${result.uuid}-result.json`), JSON.stringify(result))
    }
    writeAtomically(directory.runJson, JSON.stringify(document({ id, verdict: 'failed', cases })))
    const { path } = await buildReport({ reportsDirectory: reports })
    const page = await openPage(browser!, pathToFileURL(path).href)

    const title = cases[0]!.title
    await page.until(`document.body.innerText.includes(${JSON.stringify(title)})`)
    await page.until(`(() => {
      const leaf = [...document.querySelectorAll('*')].find((element) => element.children.length === 0 && element.textContent.trim() === ${JSON.stringify(title)})
      leaf?.click()
      return document.body.innerText.includes('Limit missed')
    })()`)
    await page.until(
      `[...document.querySelectorAll('iframe')].some(({ srcdoc }) => srcdoc.includes('data:image/svg+xml'))`,
    )
    await page.until(
      `[...document.querySelectorAll('iframe')].some(({ srcdoc }) => /<details open[^>]*><summary>Counters/.test(srcdoc) && srcdoc.includes('2,400,000,000'))`,
    )
    const text = await page.text()
    const found = [
      'sample.max: 1.6 ms > 1 ms (profiles/lab.yaml:12:5 maxLatency)',
      'Next: look at the switch',
      'check sample.max',
    ]
    expect(found.map((part) => text.includes(part))).toEqual([true, true, true])
    const positions = found.map((part) => text.indexOf(part))
    expect(positions).toEqual(positions.toSorted((a, b) => a - b))
    expect(page.requests).toEqual([])

    // Beside it lies the dashboard, wherever both are copied to.
    await page.evaluate(`document.querySelector('#measurement-dashboard').click()`)
    await page.until(`document.querySelector('#check-sample\\\\.max')?.textContent === 'sample.max'`)
    expect(await page.text()).toContain('When it fails: look at the switch')
    expect(page.requests).toEqual([pathToFileURL(join(dirname(path), 'dashboard.html')).href])
  },
)
