/** Opens a page from disk in a headless browser, as a reviewer does. For tests. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'

interface Answer {
  result?: { value?: unknown }
  data?: string
}

/** undefined: this machine has none. */
export const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (program) => spawnSync(program, ['--version']).status === 0,
)

export interface Page {
  /** Evaluates an expression again and again until it is true. */
  until: (expression: string) => Promise<void>
  text: () => Promise<string>
  evaluate: (expression: string) => Promise<unknown>
  /** A PNG picture of what a window of 1280 by 900 shows. */
  screenshot: () => Promise<Buffer>
  /** Everything that was asked of anywhere but this document. */
  requests: string[]
}

export async function openPage(program: string, url: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'browser-'))
  const child = spawn(
    program,
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--window-size=1280,900',
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
  const waiting = new Map<number, (result: Answer) => void>()
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as {
      id?: number
      result?: Answer
      method?: string
      params?: { request?: { url?: string } }
    }
    if (message.id !== undefined) waiting.get(message.id)?.(message.result ?? {})
    const asked = message.method === 'Network.requestWillBeSent' ? (message.params?.request?.url ?? '') : ''
    if (asked !== '' && asked !== url && !/^(?:data|blob):/.test(asked)) requests.push(asked)
  })
  let last = 0
  const send = (method: string, params: object = {}) =>
    new Promise<Answer>((resolve) => {
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
    evaluate,
    screenshot: async () => Buffer.from((await send('Page.captureScreenshot', { format: 'png' })).data ?? '', 'base64'),
    text: async () => String(await evaluate('document.body.innerText')),
    until: (expression) => expect.poll(() => evaluate(expression), { timeout: 20_000 }).toBe(true),
  }
}
