/** Opens a built report from disk in a headless browser, as a reviewer does. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { runDirectory, writeAtomically } from '../helpers/run/run-directory.ts'
import { caseResult } from './allure/case-result.ts'
import { buildReport } from './build-report.ts'
import { failedRecord, ids, record } from './testdata/child-run/sample-record.ts'
import { document } from './testdata/sample-document.ts'

const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (program) => spawnSync(program, ['--version']).status === 0,
)

interface Page {
  /** Evaluates an expression again and again until it is true. */
  until: (expression: string) => Promise<void>
  text: () => Promise<string>
  /** Everything that was asked of anywhere but this document. */
  requests: string[]
}

async function openPage(program: string, url: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'browser-'))
  const child = spawn(
    program,
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${profile}`,
      '--remote-debugging-port=0',
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = new Promise((resolve) => child.once('close', resolve))
  onTestFinished(async () => {
    child.kill()
    await ended
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  const endpoint = await new Promise<string>((resolve) => {
    let printed = ''
    child.stderr.on('data', (data: Buffer) => {
      printed += data.toString()
      const address = /DevTools listening on ws:\/\/([^/\s]+)/.exec(printed)?.[1]
      if (address !== undefined) resolve(address)
    })
  })
  const targets = (await (await fetch(`http://${endpoint}/json`)).json()) as {
    type: string
    webSocketDebuggerUrl: string
  }[]
  const socket = new WebSocket(targets.find(({ type }) => type === 'page')!.webSocketDebuggerUrl)
  await new Promise((resolve) => socket.once('open', resolve))
  onTestFinished(() => socket.terminate())
  const requests: string[] = []
  const waiting = new Map<number, (result: { result?: { value?: unknown } }) => void>()
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as {
      id?: number
      result?: { result?: { value?: unknown } }
      method?: string
      params?: { request?: { url?: string } }
    }
    if (message.id !== undefined) waiting.get(message.id)?.(message.result ?? {})
    const asked = message.method === 'Network.requestWillBeSent' ? (message.params?.request?.url ?? '') : ''
    if (asked !== '' && asked !== url && !/^(?:data|blob):/.test(asked)) requests.push(asked)
  })
  let last = 0
  const send = (method: string, params: object = {}) =>
    new Promise<{ result?: { value?: unknown } }>((resolve) => {
      last += 1
      waiting.set(last, resolve)
      socket.send(JSON.stringify({ id: last, method, params }))
    })
  const evaluate = async (expression: string) =>
    (await send('Runtime.evaluate', { expression, returnByValue: true })).result?.value
  await send('Network.enable')
  await send('Page.navigate', { url })
  return {
    requests,
    text: async () => String(await evaluate('document.body.innerText')),
    until: (expression) => expect.poll(() => evaluate(expression), { timeout: 20_000 }).toBe(true),
  }
}

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
  },
)
