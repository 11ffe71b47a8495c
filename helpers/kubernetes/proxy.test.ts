import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { faultyServer, sendJson } from '../../tests/faulty-server.ts'

/** An HTTP proxy that tunnels by CONNECT. */
async function tunnellingProxy(): Promise<{ url: string; tunnels: string[] } & AsyncDisposable> {
  const tunnels: string[] = []
  const sockets: Socket[] = []
  const proxy: Server = createServer()
  proxy.on('connect', (request, client: Socket) => {
    tunnels.push(request.url ?? '')
    const [host, port] = (request.url ?? '').split(':')
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client)
      client.pipe(upstream)
    })
    for (const socket of [client, upstream]) {
      sockets.push(socket)
      socket.on('error', () => socket.destroy())
    }
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    tunnels,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}

test('requests and WebSockets go through the proxy-url of the kubeconfig, requests over one tunnel', async () => {
  await using proxy = await tunnellingProxy()
  await using server = await faultyServer((_, answer) => sendJson(answer, 200, { gitVersion: 'v1' }))
  const sockets = new WebSocketServer({ noServer: true })
  server.server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (accepted) => accepted.send(Buffer.from('hello')))
  })
  const config = JSON.parse(server.kubeconfig()) as { clusters: { cluster: Record<string, string> }[] }
  config.clusters[0]!.cluster['proxy-url'] = proxy.url
  const client = await server.client({ kubeconfig: JSON.stringify(config) })
  for (let index = 0; index < 3; index += 1) expect((await client.version()).gitVersion).toBe('v1')
  expect(proxy.tunnels).toEqual([server.url.replace('https://', '')])
  const connection = await client.openWebSocket('/apis/x/v1/namespaces/a/b/c/console')
  const [chunk] = (await connection.stream.take(1).toArray()) as Buffer[]
  expect(chunk?.toString()).toBe('hello')
  await connection.close()
  client.close()
})
