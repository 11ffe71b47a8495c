import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { faultyServer, type FaultyServer } from '../../tests/faulty-server.ts'
import { ConnectionError, RequestTimeoutError } from './api-error.ts'

const path = '/apis/subresources.kubevirt.io/v1/namespaces/accept/virtualmachineinstances/nope/console'

async function consoleServer(serve: (socket: WebSocket) => void): Promise<FaultyServer> {
  const server = await faultyServer((_, answer) => void answer.end())
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'plain.kubevirt.io' })
  server.server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      serve(accepted)
    })
  })
  return server
}

async function bytesUntilEnd(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

test('carries bytes both ways and says how it ended', async () => {
  await using server = await consoleServer((socket) => {
    socket.on('message', (data, isBinary) => {
      expect(isBinary).toBe(true)
      socket.send(Buffer.from(`${(data as Buffer).toString().toUpperCase()}\n`))
      socket.close(1000, 'done')
    })
  })
  const client = await server.client()
  const connection = await client.openWebSocket(path)
  connection.stream.write('hello')
  expect(await bytesUntilEnd(connection.stream)).toBe('HELLO\n')
  expect(await connection.closed).toEqual({ code: 1000, reason: 'done' })
  expect(connection.stream.destroyed).toBe(true)
  expect(client.requests.toJSON()).toEqual({ 'get virtualmachineinstances/console': 1 })
  client.close()
})

test('loses nothing that arrives together with the answer to the upgrade', async () => {
  await using server = await consoleServer((socket) => socket.send(Buffer.from('login: ')))
  const client = await server.client()
  for (let round = 0; round < 20; round += 1) {
    const connection = await client.openWebSocket(path)
    await new Promise((resolve) => setTimeout(resolve, 5))
    const [chunk] = (await connection.stream.take(1).toArray()) as Buffer[]
    expect(chunk?.toString()).toBe('login: ')
    await connection.close()
  }
  client.close()
})

test('authenticates, and asks for no compression', async () => {
  let authorization: string | undefined
  let extensions: string | undefined
  await using server = await consoleServer(() => undefined)
  server.server.on('upgrade', ({ headers }) => {
    authorization = headers.authorization
    extensions = headers['sec-websocket-extensions']
  })
  const client = await server.client()
  await (await client.openWebSocket(path)).close()
  expect(authorization).toBe('Bearer secret-token')
  expect(extensions).toBeUndefined()
  client.close()
})

test('a refusal is the answer of the API server', async () => {
  const { body } = JSON.parse(readFileSync(new URL('testdata/kv-ws-console-no-vmi.json', import.meta.url), 'utf8')) as {
    body: unknown
  }
  await using server = await faultyServer(() => undefined)
  server.server.on('upgrade', (_, socket) => {
    const text = JSON.stringify(body)
    socket.end(
      `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    )
  })
  const client = await server.client()
  const error = await client.openWebSocket(path).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ name: 'ApiError', code: 404, reason: 'NotFound', objectName: 'nope' })
  expect((error as Error).message).toBe(
    'get virtualmachineinstances/console accept/nope: 404 NotFound: virtualmachineinstance.kubevirt.io "nope" not found',
  )
  client.close()
})

test('the stream is destroyed when the peer drops the connection without a word', async () => {
  await using server = await consoleServer((socket) => {
    socket.send(Buffer.from('# '))
    socket.on('message', () => socket.terminate())
  })
  const client = await server.client()
  const { stream, closed } = await client.openWebSocket(path)
  stream.write('x')
  expect(await bytesUntilEnd(stream)).toBe('# ')
  expect((await closed).code).toBe(1006)
  expect(stream.destroyed).toBe(true)
  client.close()
})

test('whoever does not read learns of the end all the same', async () => {
  await using server = await consoleServer((socket) => socket.terminate())
  const client = await server.client()
  const { stream } = await client.openWebSocket(path)
  await new Promise((resolve) => stream.once('close', resolve))
  expect(stream.destroyed).toBe(true)
  client.close()
})

test('closing does not wait for a peer that never answers the close', async () => {
  await using server = await consoleServer((socket) => socket.pause())
  const client = await server.client()
  const connection = await client.openWebSocket(path)
  await connection.close()
  expect(connection.stream.destroyed).toBe(true)
  await connection.close()
  client.close()
})

test('gives up a handshake that is never answered, or is cancelled', async () => {
  await using server = await faultyServer(() => undefined)
  server.server.on('upgrade', () => undefined)
  const client = await server.client()
  await expect(client.openWebSocket(path, { timeoutMilliseconds: 50 })).rejects.toThrow(RequestTimeoutError)
  const controller = new AbortController()
  const opening = client.openWebSocket(path, { signal: controller.signal })
  setTimeout(() => controller.abort(new Error('cancelled')), 20)
  await expect(opening).rejects.toThrow('cancelled')
  client.close()
})

test('a server that is gone is a connection error', async () => {
  const server = await faultyServer(() => undefined)
  const client = await server.client()
  await server[Symbol.asyncDispose]()
  await expect(client.openWebSocket(path)).rejects.toThrow(ConnectionError)
  client.close()
})

test('aborting the signal of an open connection ends it', async () => {
  await using server = await consoleServer(() => undefined)
  const client = await server.client()
  const controller = new AbortController()
  const { closed, stream } = await client.openWebSocket(path, { signal: controller.signal })
  controller.abort()
  expect((await closed).code).toBe(1006)
  expect(stream.destroyed).toBe(true)
  client.close()
})
