/** CDI's upload proxy: where images are sent to that are to become volumes. */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https'
import type { Readable } from 'node:stream'

export interface UploadProxyAddress {
  /** With its scheme: https, or http as of a tunnel. */
  url: string
  /** PEM; absent: those that Node trusts. */
  certificateAuthority?: string
  /** Its certificate is not looked at. */
  insecure: boolean
}

export interface ProxyAnswer {
  status: number
  /** Trimmed. */
  text: string
}

export interface ProxyRequest {
  method: 'GET' | 'HEAD' | 'POST'
  /** Below the address, such as `/healthz`. */
  path: string
  token?: string
  body?: { content: Readable; sizeBytes: number }
  signal: AbortSignal
}

/** Servers that know nothing of `Expect: 100-continue` get the body after this wall time. */
const continueMilliseconds = 1000
/** An answer is read no further than this. */
const longestText = 16 * 1024

/**
 * One request. The proxy may answer before it has taken the whole body; the rest is not sent then.
 * @throws Error when no answer comes, or the body cannot be read
 */
export function askProxy(address: UploadProxyAddress, asked: ProxyRequest): Promise<ProxyAnswer> {
  const { method, path, token, body, signal } = asked
  const url = new URL(path, address.url)
  // Kept open until the answer was read: a server that closes at once may take its answer along.
  const agent = url.protocol === 'http:' ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true })
  const options: RequestOptions = {
    method,
    signal,
    agent,
    rejectUnauthorized: !address.insecure,
    ...(address.certificateAuthority !== undefined && { ca: address.certificateAuthority }),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && {
        'content-type': 'application/octet-stream',
        'content-length': body.sizeBytes,
        expect: '100-continue',
      }),
    },
  }
  return new Promise<ProxyAnswer>((resolve, reject) => {
    let answered = false
    const fail = (error: Error) => {
      // The proxy may hang up on what it no longer wants, once it has answered.
      if (!answered) reject(error)
    }
    const request = url.protocol === 'http:' ? httpRequest(url, options) : httpsRequest(url, options)
    request.on('error', fail)
    request.on('response', (response) => {
      answered = true
      readText(response)
        .then((text) => resolve({ status: response.statusCode ?? 0, text }))
        .catch(reject)
        .finally(() => {
          body?.content.unpipe(request)
          body?.content.destroy()
          request.destroy()
        })
    })
    if (!body) {
      request.end()
      return
    }
    body.content.on('error', (error) => {
      fail(error)
      request.destroy()
    })
    // What is refused is refused before its bytes are sent: they would get in the way of the answer.
    const send = () => {
      clearTimeout(impatience)
      if (!answered && !request.destroyed) body.content.pipe(request)
    }
    const impatience = setTimeout(send, continueMilliseconds)
    request.once('continue', send)
    request.once('close', () => clearTimeout(impatience))
    request.flushHeaders()
  }).finally(() => agent.destroy())
}

async function readText(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  for await (const chunk of response) {
    text += chunk as string
    if (text.length > longestText) break
  }
  return text.trim()
}

/** Why nobody answers there; undefined when the proxy does. */
export async function isProxyReachable(address: UploadProxyAddress, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { status, text } = await askProxy(address, { method: 'GET', path: '/healthz', signal })
    return status === 200 ? undefined : `/healthz answered ${status}${text === '' ? '' : ` ${text}`}`
  } catch (error) {
    signal.throwIfAborted()
    return error instanceof Error ? error.message : String(error)
  }
}
