import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { ClientRequestArgs } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { ConnectionError, RequestTimeoutError } from './api-error.ts'
import { KubeconfigError, type LoadedKubeconfig } from './kubeconfig.ts'

export interface TransportRequest {
  method: string
  /** With query; starts with a slash. */
  path: string
  body?: string
  contentType?: string
  accept?: string
  signal?: AbortSignal | undefined
  /** Limit for this one attempt, in wall time: the whole answer for `send`, its head for `open`. */
  timeoutMilliseconds: number
  /** For messages, e.g. `get pods acceptance/x`. */
  description: string
}

export interface HttpAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

type ConnectionOptions = https.RequestOptions & { agent?: http.Agent }

/** Tokens may rotate (pods, credential plugins), so what the kubeconfig says is asked for again after this time. */
const credentialLifetimeMilliseconds = 60_000

/** Failures before a byte of the request can have reached the API server. */
const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'])

/**
 * HTTPS to one API server over one pool of kept-alive connections, authenticated as the kubeconfig says. It knows
 * nothing of Kubernetes objects, and does not retry, except once when a token was refused that has been renewed since.
 */
export class Transport {
  readonly #kubeconfig: LoadedKubeconfig
  readonly #userAgent: string
  #pool: { key: string; agent: http.Agent } | undefined
  readonly #agents = new Set<http.Agent>()
  #credentials: { loadedAt: number; options: Promise<ConnectionOptions> } | undefined
  #closed = false

  constructor(kubeconfig: LoadedKubeconfig, userAgent: string) {
    this.#kubeconfig = kubeconfig
    this.#userAgent = userAgent
  }

  /** One request, one complete answer, whatever its status. @throws ConnectionError, RequestTimeoutError, the signal's reason */
  async send(request: TransportRequest): Promise<HttpAnswer> {
    return this.#withDeadline(request, async (signal) => {
      const answer = await this.#exchange(request, signal)
      answer.setEncoding('utf8')
      let body = ''
      try {
        for await (const chunk of answer) body += chunk
      } catch (error) {
        throw this.#explain(error, request, true)
      }
      return { status: answer.statusCode ?? 0, headers: answer.headers, body }
    })
  }

  /** Resolves with the head of the answer; its body is left to be streamed. Aborting the signal ends the stream too. */
  async open(request: TransportRequest): Promise<IncomingMessage> {
    const answer = await this.#withDeadline(request, (signal) => this.#exchange(request, signal))
    const { signal } = request
    if (signal !== undefined) {
      const end = (): void => {
        answer.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
      }
      if (signal.aborted) end()
      signal.addEventListener('abort', end, { once: true })
      answer.once('close', () => signal.removeEventListener('abort', end))
    }
    return answer
  }

  /** What a WebSocket needs to connect with the same identity over the same kind of connection. */
  async webSocketOptions(path: string): Promise<{ url: string; options: ConnectionOptions }> {
    const options = await this.#connectionOptions()
    const url = new URL(this.#kubeconfig.server + path)
    url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:'
    return { url: url.href, options: { ...options, headers: this.#headers(options) } }
  }

  close(): void {
    this.#closed = true
    for (const agent of this.#agents) agent.destroy()
  }

  async #exchange(request: TransportRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const before = this.#credentials?.options
    const options = await this.#connectionOptions()
    const answer = await this.#request(request, options, signal)
    if (answer.statusCode !== 401 || options !== (await before)) return answer
    this.#credentials = undefined
    const renewed = await this.#connectionOptions()
    if (authorization(renewed) === authorization(options)) return answer
    answer.resume()
    return this.#request(request, renewed, signal)
  }

  #request(request: TransportRequest, options: ConnectionOptions, signal: AbortSignal): Promise<IncomingMessage> {
    const url = new URL(this.#kubeconfig.server + request.path)
    const headers: Record<string, string | number> = {
      ...this.#headers(options),
      accept: request.accept ?? 'application/json, */*',
    }
    if (request.body !== undefined) {
      headers['content-type'] = request.contentType ?? 'application/json'
      headers['content-length'] = Buffer.byteLength(request.body)
    }
    return new Promise((resolve, reject) => {
      const make = url.protocol === 'http:' ? http.request : https.request
      const outgoing = make(url, { ...(options as ClientRequestArgs), method: request.method, headers, signal })
      let sent = false
      outgoing.once('socket', (socket) => {
        // On a connection that was kept alive, or is up already, the request may arrive although no answer does.
        const established = outgoing.reusedSocket || (!socket.connecting && !isHandshaking(socket))
        if (established) sent = true
        else socket.once(url.protocol === 'http:' ? 'connect' : 'secureConnect', () => (sent = true))
      })
      outgoing.once('response', resolve)
      outgoing.once('error', (error) => reject(this.#explain(error, request, sent)))
      outgoing.end(request.body)
    })
  }

  #headers(options: ConnectionOptions): Record<string, string> {
    const headers: Record<string, string> = { 'user-agent': this.#userAgent }
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value)
    return headers
  }

  async #withDeadline<T>(request: TransportRequest, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error(`${request.description}: the connection to the cluster has been closed`)
    request.signal?.throwIfAborted()
    const controller = new AbortController()
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      controller.abort()
    }, request.timeoutMilliseconds)
    const forward = (): void => controller.abort(request.signal?.reason)
    request.signal?.addEventListener('abort', forward, { once: true })
    try {
      return await work(controller.signal)
    } catch (error) {
      request.signal?.throwIfAborted()
      if (!timedOut) throw error
      throw new RequestTimeoutError(
        `${request.description}: no answer from ${this.#kubeconfig.server} within ${request.timeoutMilliseconds / 1000} s`,
        { cause: error },
      )
    } finally {
      clearTimeout(timer)
      request.signal?.removeEventListener('abort', forward)
    }
  }

  #connectionOptions(): Promise<ConnectionOptions> {
    const now = Date.now()
    if (this.#credentials === undefined || now - this.#credentials.loadedAt > credentialLifetimeMilliseconds) {
      const options = this.#loadCredentials()
      this.#credentials = { loadedAt: now, options }
      // A credential plugin that failed once may work the next time.
      options.catch(() => (this.#credentials = undefined))
    }
    return this.#credentials.options
  }

  async #loadCredentials(): Promise<ConnectionOptions> {
    const options: ConnectionOptions = {}
    try {
      await this.#kubeconfig.config.applyToHTTPSOptions(options)
    } catch (error) {
      throw new KubeconfigError(
        `the credentials of context "${this.#kubeconfig.context}" (${this.#kubeconfig.source}) cannot be used: ${(error as Error).message.trim()}`,
        { cause: error },
      )
    }
    options.agent = this.#agentFor(options)
    return options
  }

  /** The kubeconfig's own agent opens a connection for every request; only what goes through a proxy is left to it. */
  #agentFor(options: ConnectionOptions): http.Agent | undefined {
    if (this.#kubeconfig.proxyUrl !== undefined) {
      const { agent } = options
      if (agent !== undefined) {
        ;(agent as http.Agent & { keepAlive: boolean }).keepAlive = true
        this.#agents.add(agent)
      }
      return agent
    }
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options
    const tls = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }
    const identity = JSON.stringify(tls)
    if (this.#pool?.key !== identity) {
      const settings = { keepAlive: true, keepAliveMsecs: 30_000, scheduling: 'lifo' as const }
      const secure = !this.#kubeconfig.server.startsWith('http:')
      this.#pool = {
        key: identity,
        agent: secure ? new https.Agent({ ...settings, ...definedOnly(tls) }) : new http.Agent(settings),
      }
      this.#agents.add(this.#pool.agent)
    }
    return this.#pool.agent
  }

  #explain(error: unknown, request: TransportRequest, sent: boolean): unknown {
    if (!(error instanceof Error) || error.name === 'AbortError') return error
    if (error instanceof ConnectionError) return error
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN'
    const { server, context, source } = this.#kubeconfig
    if (isCertificateProblem(code)) {
      return new ConnectionError(
        `${request.description}: the certificate of ${server} is not accepted (${code}: ${error.message}); check certificate-authority-data of context "${context}" in ${source}`,
        code,
        false,
        error,
      )
    }
    const unreachable = neverConnected.has(code)
    const text = unreachable
      ? `the API server ${server} cannot be reached (${code}: ${error.message}); check the network and context "${context}" in ${source}`
      : `the connection to ${server} broke (${code}: ${error.message})`
    return new ConnectionError(`${request.description}: ${text}`, code, sent && !unreachable, error)
  }
}

function isHandshaking(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.getProtocol() === null
}

function isCertificateProblem(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ALTNAME/.test(code)
}

function authorization(options: ConnectionOptions): string {
  const { cert, headers, auth } = options
  return JSON.stringify([String(cert ?? ''), headers, auth])
}

function definedOnly(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
