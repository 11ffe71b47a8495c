import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocket } from 'ws'
import { apiErrorFrom, ConnectionError, RequestTimeoutError } from './api-error.ts'
import { describeRequest, type RequestInformation, requestInformation } from './request-information.ts'
import type { Transport } from './transport.ts'

export interface WebSocketRequestOptions {
  /** Subprotocol; for KubeVirt's streams `plain.kubevirt.io`, the default. */
  protocol?: string
  signal?: AbortSignal | undefined
  /** Limit for the handshake, in wall time. Default: 30 s. */
  timeoutMilliseconds?: number
}

export interface WebSocketConnection {
  /** The payloads of the frames as bytes, both ways. Ends and is destroyed when either side closes. */
  stream: Duplex
  /** Resolves when the connection has ended; 1006: the peer vanished without saying goodbye. */
  closed: Promise<{ code: number; reason: string }>
  /** Closes politely, and after a quarter of a second by force. */
  close(): Promise<void>
}

const politenessMilliseconds = 250
/** Balancers and proxies drop connections that are silent for a minute; a measurement may be silent for longer. */
const pingIntervalMilliseconds = 30_000

/**
 * @throws ApiError with the API server's words when it refuses the upgrade; ConnectionError; RequestTimeoutError
 */
export async function openWebSocket(
  transport: Transport,
  path: string,
  options: WebSocketRequestOptions = {},
): Promise<WebSocketConnection> {
  const { protocol = 'plain.kubevirt.io', signal, timeoutMilliseconds = 30_000 } = options
  const request = requestInformation('GET', path)
  const target = await transport.webSocketOptions(path)
  signal?.throwIfAborted()
  const socket = new WebSocket(target.url, [protocol], {
    ...target.options,
    perMessageDeflate: false,
    handshakeTimeout: timeoutMilliseconds,
  })
  // Before `open`: the first frame may arrive in the same packet as the answer to the upgrade.
  const stream = createWebSocketStream(socket)
  // Failures reach the owner through `closed` and the stream's own state; without a listener they would end the process.
  stream.on('error', () => undefined)
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => {
      resolve({ code, reason: reason.toString() })
      destroyAfterLastByte(stream)
    })
  })
  const abort = (): void => socket.terminate()
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('unexpected-response', (outgoing, answer) => {
        void refusal(request, answer)
          .then(reject)
          .finally(() => outgoing.destroy())
      })
      socket.once('error', (error) => {
        const text = `${describeRequest(request)}: ${error.message}`
        const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN'
        reject(
          error.message.includes('handshake has timed out')
            ? new RequestTimeoutError(`${describeRequest(request)}: no answer within ${timeoutMilliseconds / 1000} s`, {
                cause: error,
              })
            : new ConnectionError(text, code, true, error),
        )
      })
      signal?.addEventListener('abort', abort, { once: true })
    })
  } catch (error) {
    signal?.removeEventListener('abort', abort)
    socket.terminate()
    stream.destroy()
    signal?.throwIfAborted()
    throw error
  }
  const ping = setInterval(() => socket.ping(), pingIntervalMilliseconds)
  ping.unref()
  socket.once('close', () => {
    clearInterval(ping)
    signal?.removeEventListener('abort', abort)
  })
  return { stream, closed, close: () => closeSocket(socket, closed) }
}

async function refusal(request: RequestInformation, answer: IncomingMessage): Promise<Error> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer)
  } catch (error) {
    const text = `${describeRequest(request)}: refused with ${answer.statusCode ?? 0}, and the reason broke off`
    return new ConnectionError(text, 'ECONNRESET', false, error)
  }
  return apiErrorFrom(request, answer.statusCode ?? 0, Buffer.concat(chunks).toString())
}

/** Whoever still reads gets everything that has arrived; whoever does not read anything learns of the end at once. */
function destroyAfterLastByte(stream: Duplex): void {
  if (stream.destroyed) return
  if (stream.readableEnded) {
    stream.destroy()
    return
  }
  stream.once('end', () => stream.destroy())
  if (stream.readableLength === 0) stream.resume()
}

async function closeSocket(socket: WebSocket, closed: Promise<unknown>): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return
  socket.close(1000)
  const force = setTimeout(() => socket.terminate(), politenessMilliseconds)
  await closed
  clearTimeout(force)
}
