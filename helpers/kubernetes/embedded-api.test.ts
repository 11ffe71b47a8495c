/** The client against the embedded cluster's API server: the two are written apart and must agree. */
import { expect, test } from 'vitest'
import { testApi } from '../../tests/api-server.ts'
import { wallClock } from '../clock/wall-clock.ts'
import { connectCluster } from './cluster-client.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { waitForDeletion, waitForObject } from './wait.ts'

type ConfigMap = KubernetesObject & { data?: Record<string, string> }
const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' }
const configMap = (name = 'x', data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})
const limits = { timeoutMilliseconds: 5000, clock: wallClock }

test('creates, reads, changes and removes', async () => {
  await using api = await testApi()
  const { admin } = api
  const dry = await admin.create(configMap(), { dryRun: true })
  expect(dry.metadata.namespace).toBe('acceptance')
  expect(await admin.getIfExists(reference)).toBeUndefined()
  const created = await admin.create(configMap('x', { a: '1' }))
  await expect(admin.create(configMap())).rejects.toMatchObject({ code: 409, reason: 'AlreadyExists' })
  const patched = await admin.mergePatch<ConfigMap>(reference, { data: { a: null, b: '2' } })
  expect(patched.data).toEqual({ b: '2' })
  await expect(admin.update({ ...created, data: {} })).rejects.toMatchObject({ code: 409, reason: 'Conflict' })
  expect((await admin.update({ ...patched, data: { c: '3' } })).data).toEqual({ c: '3' })
  expect(await admin.delete(reference, { uid: 'another' })).toBe(false)
  expect(await admin.delete(reference)).toBe(true)
  expect(await admin.delete(reference)).toBe(false)
})

test('lists page by page, by label and in all namespaces', async () => {
  await using api = await testApi()
  await Promise.all(
    Array.from({ length: 25 }, (_, index) => {
      const object = configMap(`c${index}`)
      object.metadata.labels = { parity: index % 2 === 0 ? 'even' : 'odd' }
      return api.admin.create(object)
    }),
  )
  const kind = { apiVersion: 'v1', kind: 'ConfigMap' }
  expect((await api.admin.list({ ...kind, labelSelector: 'parity=even' }, { pageSize: 4 })).items).toHaveLength(13)
  expect((await api.admin.list({ ...kind, name: 'c3' })).items.map(({ metadata }) => metadata.name)).toEqual(['c3'])
  const everywhere = await api.admin.list({ ...kind, namespace: '*' })
  expect(new Set(everywhere.items.map(({ metadata }) => metadata.namespace)).size).toBeGreaterThan(1)
})

test('a client certificate is as good as a token', async () => {
  await using api = await testApi()
  const pair = await api.server.issueClientCertificate('jo', ['system:masters'])
  const client = await connectCluster({ kubeconfig: api.server.kubeconfig(pair), userAgent: 'x' })
  expect((await client.version()).gitVersion).toMatch(/^v1\./)
  expect((await client.canI([{ verb: 'create', group: '', resource: 'nodes' }]))[0]?.allowed).toBe(true)
  client.close()
})

test('a wait survives watches that are dropped and a history that is gone', async () => {
  let watches = 0
  await using api = await testApi({
    intercept: ({ verb }) => {
      if (verb !== 'watch') return undefined
      watches += 1
      return watches < 3 ? 'reset' : undefined
    },
  })
  const created = await api.admin.create(configMap())
  for (let index = 0; index < 5; index += 1) await api.admin.mergePatch(reference, { data: { a: String(index) } })
  api.server.compactHistory()
  const waiting = waitForObject(api.admin, created, {
    ...limits,
    describe: 'be done',
    until: ({ data }) => data?.['done'],
  })
  await expect.poll(() => watches).toBeGreaterThanOrEqual(3)
  await api.admin.mergePatch(reference, { data: { done: 'yes' } })
  expect(await waiting).toBe('yes')
})

test('a deletion that happened while nobody could watch is noticed', async () => {
  await using api = await testApi()
  const created = await api.admin.create(configMap())
  await api.admin.delete(reference)
  api.server.compactHistory()
  await waitForDeletion(api.admin, created, limits)
})

test('reports changes in order, each once', async () => {
  await using api = await testApi()
  const seen: string[] = []
  const watching = (async () => {
    for await (const { type, object } of api.admin.watch({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      labelSelector: 'w=1',
    })) {
      seen.push(`${type} ${object.metadata.name}`)
      if (seen.length === 60) return
    }
  })()
  await expect.poll(() => api.server.requestCounts()['watch configmaps']).toBe(1)
  for (let index = 0; index < 20; index += 1) {
    const object = configMap(`c${index}`)
    object.metadata.labels = { w: '1' }
    await api.admin.create(object)
    await api.admin.mergePatch({ ...reference, name: `c${index}` }, { data: { a: 'b' } })
    await api.admin.delete({ ...reference, name: `c${index}` })
  }
  await watching
  expect(seen).toEqual(
    Array.from({ length: 20 }, (_, index) =>
      ['ADDED', 'MODIFIED', 'DELETED'].map((type) => `${type} c${index}`),
    ).flat(),
  )
})
