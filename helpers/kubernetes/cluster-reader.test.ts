import { expect, test } from 'vitest'
import { testApi } from '../../tests/api-server.ts'
import { wallClock } from '../clock/wall-clock.ts'
import type { ClusterClient } from './cluster-client.ts'
import { ClusterReader } from './cluster-reader.ts'
import type { KubernetesObject } from './kubernetes-object.ts'

const kubevirts = { group: 'kubevirt.io', resource: 'kubevirts' }
const kind = { apiVersion: 'kubevirt.io/v1', kind: 'KubeVirt' }
const place = { namespace: 'acceptance', name: 'kubevirt' }
const kubevirt = (phase: string): KubernetesObject => ({ ...kind, metadata: place, spec: {}, status: { phase } })
const phaseOf = ({ status }: KubernetesObject) => (status as { phase?: string }).phase

const readerOf = (client: ClusterClient) =>
  new ClusterReader(client, { clock: wallClock, signal: AbortSignal.timeout(20_000) })

test('what is not there, and what is not served, is nothing', async () => {
  await using api = await testApi()
  const reader = readerOf(api.admin)
  expect(await reader.list({ apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'CDI' })).toEqual({ known: [] })
  expect(await reader.get({ ...kind, ...place })).toEqual({ known: null })
  expect(await reader.json('/apis/cdi.kubevirt.io')).toEqual({ known: null })
  expect(await reader.json('/apis/kubevirt.io')).toMatchObject({ known: { kind: 'APIGroup' } })
})

test('what may not be read comes with the missing permission, and is no error', async () => {
  await using api = await testApi()
  const reader = readerOf(await api.restricted([]))
  const secrets = { apiVersion: 'v1', kind: 'Secret' }
  expect(await reader.list({ ...secrets, namespace: '*' })).toEqual({
    missing: { verb: 'list', group: '', resource: 'secrets' },
  })
  expect(await reader.get({ ...secrets, ...place })).toEqual({
    missing: { verb: 'get', group: '', resource: 'secrets', namespace: 'acceptance' },
  })
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'acceptance' } }
  expect(await reader.dryRunCreate(config)).toEqual({
    missing: { verb: 'create', group: '', resource: 'configmaps', namespace: 'acceptance' },
  })
})

test('a dry run is admitted, refused, or answered by nobody; nothing is stored', async () => {
  await using api = await testApi()
  const reader = readerOf(api.admin)
  const config = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'acceptance' },
  })
  expect(await reader.dryRunCreate(config('fine'))).toEqual({ known: { outcome: 'admitted' } })
  expect(api.server.store.get({ group: '', resource: 'configmaps' }, 'fine', 'acceptance')).toBeUndefined()
  expect(await reader.dryRunCreate(config('Not A Name'))).toMatchObject({
    known: { outcome: 'refused', reason: expect.stringMatching(/^422 Invalid: /) as string },
  })
  const elsewhere = { ...config('fine'), metadata: { name: 'fine', namespace: 'nowhere' } }
  expect(await reader.dryRunCreate(elsewhere)).toMatchObject({
    known: { outcome: 'unanswered', reason: expect.stringMatching(/^404 NotFound: /) as string },
  })
})

const rules = (limitMilliseconds: number) => ({
  done: (object: KubernetesObject) => phaseOf(object) === 'Deployed',
  hopeless: (object: KubernetesObject) => phaseOf(object) === 'Error',
  limitMilliseconds,
})

test.each(['Deployed', 'Error'])('an object is watched until it is %s, and no longer', async (phase) => {
  await using api = await testApi()
  const given = api.server.store.create(kubevirts, kubevirt('Deploying'))
  const waiting = readerOf(api.admin).waitWhile(given, rules(15_000))
  api.server.store.update(kubevirts, place.name, place.namespace, (draft) => {
    draft['status'] = { phase }
  })
  expect(phaseOf(await waiting)).toBe(phase)
})

test('when the time is up, an object is as it was last seen', async () => {
  await using api = await testApi()
  const given = api.server.store.create(kubevirts, kubevirt('Deploying'))
  expect(phaseOf(await readerOf(api.admin).waitWhile(given, rules(50)))).toBe('Deploying')
})

test('without a limit nothing is asked, and nothing is waited for', async () => {
  await using api = await testApi()
  const given = api.server.store.create(kubevirts, kubevirt('Deploying'))
  expect(await readerOf(api.admin).waitWhile(given, rules(0))).toBe(given)
  expect(api.admin.requests.total).toBe(0)
})

test('who may not watch or get an object has it as it was listed', async () => {
  await using api = await testApi()
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: place,
    spec: { containers: [{ name: 'x', image: 'x' }] },
    status: { phase: 'Pending' },
  }
  const given = api.server.store.create({ group: '', resource: 'pods' }, pod)
  expect(await readerOf(await api.restricted([])).waitWhile(given, rules(15_000))).toEqual(given)
})
