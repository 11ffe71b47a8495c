import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { failure, faultyServer, type FaultyServer, sendJson } from '../../tests/faulty-server.ts'
import { ApiError, UnexpectedAnswerError } from './api-error.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { WatchOptions } from './watch.ts'

const pods = { apiVersion: 'v1', kind: 'Pod' }

function pod(name: string, resourceVersion: number): KubernetesObject {
  return { ...pods, metadata: { name, uid: `uid-${name}`, resourceVersion: String(resourceVersion) } }
}

type Act = (answer: ServerResponse) => void

const send =
  (...events: [type: string, object: unknown][]): Act =>
  (answer) => {
    for (const [type, object] of events) answer.write(`${JSON.stringify({ type, object })}\n`)
  }
const bookmark = (resourceVersion: number): [string, unknown] => [
  'BOOKMARK',
  { ...pods, metadata: { resourceVersion: String(resourceVersion) } },
]
const end: Act = (answer) => answer.end()
const reset: Act = (answer) => setTimeout(() => answer.socket?.destroy(), 5)

/** Each watch request plays the next script; lists answer with what `listed` holds. */
function watchServer(scripts: Act[][], listed: { items: KubernetesObject[]; resourceVersion: string }) {
  return faultyServer((request, answer) => {
    if (!request.path.includes('watch=1')) {
      sendJson(answer, 200, { items: listed.items, metadata: { resourceVersion: listed.resourceVersion } })
      return
    }
    const script = scripts.shift() ?? []
    answer.writeHead(200, { 'content-type': 'application/json' })
    answer.flushHeaders()
    for (const act of script) act(answer)
  })
}

async function collect(server: FaultyServer, count: number, options: WatchOptions<KubernetesObject> = {}) {
  const client = await server.client()
  const seen: string[] = []
  try {
    for await (const { type, object } of client.watch(pods, options)) {
      seen.push(`${type} ${object.metadata.name} ${object.metadata.resourceVersion}`)
      if (seen.length === count) break
    }
  } finally {
    client.close()
  }
  return seen
}

function watchedVersions(server: FaultyServer): (string | null)[] {
  return server.requests
    .filter(({ path }) => path.includes('watch=1'))
    .map(({ path }) => new URL(path, 'https://x').searchParams.get('resourceVersion'))
}

test('lists what is there, then reports changes', async () => {
  await using server = await watchServer([[send(['MODIFIED', pod('a', 11)], ['ADDED', pod('b', 12)])]], {
    items: [pod('a', 9)],
    resourceVersion: '10',
  })
  expect(await collect(server, 3)).toEqual(['ADDED a 9', 'MODIFIED a 11', 'ADDED b 12'])
  expect(watchedVersions(server)).toEqual(['10'])
})

test('continues at the last event or bookmark after the server ends the watch, and after a reset', async () => {
  await using server = await watchServer(
    [
      [send(['ADDED', pod('a', 11)], bookmark(15)), end],
      [send(['MODIFIED', pod('a', 16)]), reset],
      [send(['DELETED', pod('a', 17)])],
    ],
    { items: [], resourceVersion: '10' },
  )
  const interruptions: unknown[] = []
  const seen = await collect(server, 3, { onInterruption: (error) => interruptions.push(error) })
  expect(seen).toEqual(['ADDED a 11', 'MODIFIED a 16', 'DELETED a 17'])
  expect(watchedVersions(server)).toEqual(['10', '15', '16'])
  expect(interruptions).toHaveLength(1)
})

test('an event that a reset cut in two is not lost', async () => {
  const half: Act = (answer) => answer.write('{"type":"MODIFIED","object":{"apiVersion":"v1","ki')
  await using server = await watchServer([[half, reset], [send(['MODIFIED', pod('a', 12)])]], {
    items: [],
    resourceVersion: '10',
  })
  expect(await collect(server, 1)).toEqual(['MODIFIED a 12'])
  expect(watchedVersions(server)).toEqual(['10', '10'])
})

test('an event may arrive in pieces, in the middle of a character too', async () => {
  const object = { ...pod('a', 11), message: 'größer' }
  const bytes = Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n`)
  const cut = bytes.indexOf(0xc3) + 1
  const pieces: Act = (answer) => {
    answer.write(bytes.subarray(0, cut))
    setTimeout(() => answer.write(bytes.subarray(cut)), 5)
  }
  await using server = await watchServer([[pieces]], { items: [], resourceVersion: '10' })
  const client = await server.client()
  for await (const event of client.watch(pods)) {
    expect(event.object['message']).toBe('größer')
    break
  }
  client.close()
})

test('lists again when the resource version has expired, and makes up for what was missed', async () => {
  await using server = await watchServer(
    [
      [send(['ERROR', failure(410, 'Expired', 'too old resource version: 10 (50)')]), end],
      [send(['ADDED', pod('d', 61)])],
    ],
    { items: [pod('b', 55), pod('c', 9), pod('e', 58)], resourceVersion: '60' },
  )
  const known = [pod('a', 8), pod('b', 9), pod('c', 9)]
  expect(await collect(server, 4, { known, resourceVersion: '10' })).toEqual([
    'DELETED a 8',
    'MODIFIED b 55',
    'ADDED e 58',
    'ADDED d 61',
  ])
  expect(watchedVersions(server)).toEqual(['10', '60'])
})

test.for([410, 429, 500, 503])('survives HTTP %d as the answer to the watch', async (status) => {
  let refused = 0
  await using server = await faultyServer((request, answer) => {
    if (!request.path.includes('watch=1')) sendJson(answer, 200, { items: [], metadata: { resourceVersion: '20' } })
    else if (refused < 3) {
      refused += 1
      sendJson(answer, status, failure(status, 'TooManyRequests', 'storage is (re)initializing'))
    } else send(['ADDED', pod('a', 21)])(answer)
  })
  expect(await collect(server, 1, { resourceVersion: '10' })).toEqual(['ADDED a 21'])
})

test('backs off when watches end at once, again and again', async () => {
  await using server = await watchServer([[end], [end], [end], [send(['ADDED', pod('a', 21)])]], {
    items: [],
    resourceVersion: '10',
  })
  expect(await collect(server, 1)).toEqual(['ADDED a 21'])
  expect(watchedVersions(server)).toEqual(['10', '10', '10', '10'])
})

test('throws a refusal', async () => {
  const refusal = failure(403, 'Forbidden', 'pods is forbidden: User "x" cannot watch resource "pods" in API group ""')
  await using server = await faultyServer((_, answer) => sendJson(answer, 403, refusal))
  const error = await collect(server, 1, { resourceVersion: '1' }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ code: 403, verb: 'watch', missingPermission: { verb: 'watch', resource: 'pods' } })
  expect(server.requests).toHaveLength(1)
})

test('does not take a log-in page for events', async () => {
  await using server = await watchServer([[(answer) => answer.end('<html>\nlog in</html>\n')]], {
    items: [],
    resourceVersion: '10',
  })
  await expect(collect(server, 1)).rejects.toThrow(UnexpectedAnswerError)
})

test('ends with the reason of its signal, also while it is silent, and closes the connection', async () => {
  await using server = await watchServer([[]], { items: [], resourceVersion: '10' })
  const controller = new AbortController()
  const watching = collect(server, 1, { signal: controller.signal })
  setTimeout(() => controller.abort(new Error('enough')), 30)
  await expect(watching).rejects.toThrow('enough')
  await expect.poll(() => new Promise((resolve) => server.server.getConnections((_, count) => resolve(count)))).toBe(0)
})
