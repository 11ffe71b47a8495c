/** CDI's upload proxy: where images are sent to that are to become volumes. */
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
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

/** An answer is read no further than this. */
const longestText = 16 * 1024

/**
 * One request. The proxy may answer before it has taken the whole body; the rest is not sent then.
 * @throws Error when no answer comes, or the body cannot be read
 */
export function askProxy(address: UploadProxyAddress, asked: ProxyRequest): Promise<ProxyAnswer> {
  const { method, path, token, body, signal } = asked
  const options: RequestOptions = {
    method,
    signal,
    agent: false,
    rejectUnauthorized: !address.insecure,
    ...(address.certificateAuthority !== undefined && { ca: address.certificateAuthority }),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/octet-stream', 'content-length': body.sizeBytes }),
    },
  }
  return new Promise((resolve, reject) => {
    let answered = false
    const fail = (error: Error) => {
      // The proxy may hang up on what it no longer wants, once it has answered.
      if (!answered) reject(error)
    }
    const url = new URL(path, address.url)
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
    body.content.pipe(request)
  })
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
