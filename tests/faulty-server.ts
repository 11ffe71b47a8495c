import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { generate } from 'selfsigned'
import { type ClusterClient, connectCluster, type ConnectOptions } from '../helpers/kubernetes/cluster-client.ts'

interface ReceivedRequest {
  method: string
  /** With query. */
  path: string
  headers: IncomingMessage['headers']
  body: string
  /** Common name of the client certificate, or ''. */
  clientName: string
}

export type Answerer = (request: ReceivedRequest, answer: ServerResponse) => void | Promise<void>

export interface FaultyServer extends AsyncDisposable {
  url: string
  server: Server
  requests: ReceivedRequest[]
  /** TCP connections accepted so far. */
  connections(): number
  /** kubeconfig with a token, or with a client certificate. */
  kubeconfig(identity?: 'token' | 'certificate'): string
  client(options?: Partial<ConnectOptions>): Promise<ClusterClient>
}

const certificates = generate([{ name: 'commonName', value: 'test authority' }], {
  keyType: 'ec',
  algorithm: 'sha256',
  extensions: [
    { name: 'basicConstraints', cA: true },
    { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
  ],
  clientCertificate: { cn: 'somebody' },
})

/** An HTTPS server on loopback that answers as the test says; for what goes wrong between a client and an API server. */
export async function faultyServer(answerer: Answerer): Promise<FaultyServer> {
  const pems = await certificates
  const requests: ReceivedRequest[] = []
  let connections = 0
  const server = createServer(
    { key: pems.private, cert: pems.cert, ca: pems.cert, requestCert: true, rejectUnauthorized: false },
    (incoming, answer) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const peer = (incoming.socket as TLSSocket).getPeerCertificate()
        const request = {
          method: incoming.method ?? '',
          path: incoming.url ?? '',
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString(),
          clientName: String(peer.subject?.CN ?? ''),
        }
        requests.push(request)
        void answerer(request, answer)
      })
    },
  )
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const base64 = (text: string | undefined): string => Buffer.from(text ?? '').toString('base64')
  const kubeconfig = (identity: 'token' | 'certificate' = 'token'): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'faulty',
      clusters: [{ name: 'faulty', cluster: { server: url, 'certificate-authority-data': base64(pems.cert) } }],
      contexts: [{ name: 'faulty', context: { cluster: 'faulty', user: 'me', namespace: 'acceptance' } }],
      users: [
        {
          name: 'me',
          user:
            identity === 'token'
              ? { token: 'secret-token' }
              : {
                  'client-certificate-data': base64(pems.clientcert),
                  'client-key-data': base64(pems.clientprivate),
                },
        },
      ],
    })
  return {
    url,
    server,
    requests,
    connections: () => connections,
    kubeconfig,
    client: (options = {}) =>
      connectCluster({
        kubeconfig: kubeconfig(),
        userAgent: 'kubevirt-acceptance-test',
        retry: { pauseMilliseconds: 1, maximumPauseMilliseconds: 5 },
        ...options,
      }),
    [Symbol.asyncDispose]: async () => {
      // Upgraded connections too, which server.closeAllConnections() leaves alone.
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function sendJson(
  answer: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  answer.writeHead(status, { 'content-type': 'application/json', ...headers })
  answer.end(JSON.stringify(body))
}

/** A Status as the API server words it. */
export function failure(code: number, reason: string, message: string, details?: Record<string, unknown>): unknown {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code }
}
