import { expect, test } from 'vitest'
import { StatusError } from '../../fixtures/embedded-cluster/api-server/status-error.ts'
import { documentedRules, testApi, type TestApi } from '../../tests/api-server.ts'
import { wallClock } from '../clock/wall-clock.ts'
import { Journal, journalledLeftovers, readJournal } from '../run/journal.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { ObjectTracker, type TrackedOperation } from './object-tracker.ts'

const limits = { budgetMilliseconds: 5000, clock: wallClock }

function configMap(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { mine: 'yes' } } }
}
const vmi = (name: string, metadata: KubernetesObject['metadata'] = {}): KubernetesObject => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstance',
  metadata: { name, ...metadata },
  spec: { domain: { devices: {} } },
})

function tracked(api: TestApi, client: ClusterClient = api.admin) {
  const path = `${api.folder}/created.jsonl`
  const operations: TrackedOperation[] = []
  const tracker = new ObjectTracker({
    client,
    journal: new Journal(path, 'run-1', client.server),
    runId: 'run-1',
    checkup: 'latency',
    lifetimeMilliseconds: 3_600_000,
    onOperation: (operation) => operations.push(operation),
  })
  return { tracker, operations, left: () => journalledLeftovers(readJournal(path)), read: () => readJournal(path) }
}

const stored = (api: TestApi, resource = 'configmaps', group = ''): string[] =>
  api.server.store
    .list({ group, resource }, { namespace: 'acceptance' })
    .map(({ metadata }) => metadata.name ?? '')
    .filter((name) => name !== 'kube-root-ca.crt')

test('says on every object whose it is and until when', async () => {
  await using api = await testApi()
  const { tracker } = tracked(api)
  const created = await tracker.create(configMap('a'))
  expect(created.metadata).toMatchObject({
    namespace: 'acceptance',
    labels: {
      mine: 'yes',
      'app.kubernetes.io/managed-by': 'kubevirt-acceptance',
      'kubevirt-acceptance/run-id': 'run-1',
      'kubevirt-acceptance/checkup': 'latency',
    },
  })
  const expiry = Date.parse(created.metadata.annotations?.['kubevirt-acceptance/expires-at'] ?? '')
  expect(Math.abs(expiry - Date.now() - 3_600_000)).toBeLessThan(60_000)
})

test('journals before it creates', async () => {
  const seen: unknown[] = []
  let read: () => unknown[] = () => []
  await using api = await testApi({
    intercept: ({ verb, resource }) => {
      if (verb === 'create' && resource === 'configmaps') seen.push(...read())
    },
  })
  const run = tracked(api)
  read = run.read
  await run.tracker.create(configMap('a'))
  expect(seen).toMatchObject([{ event: 'intent', name: 'a', namespace: 'acceptance', runId: 'run-1' }])
  expect(run.read()).toMatchObject([{ event: 'intent' }, { event: 'created', uid: expect.any(String) }])
})

test('removes everything, the last created first', async () => {
  const deleted: string[] = []
  await using api = await testApi({
    intercept: ({ verb, name }) => {
      if (verb === 'delete') deleted.push(name ?? '')
    },
  })
  const { tracker, left, operations } = tracked(api)
  for (const name of ['a', 'b', 'c']) await tracker.create(configMap(name))
  expect(await tracker.releaseAll(limits)).toEqual([])
  expect(deleted).toEqual(['c', 'b', 'a'])
  expect(stored(api)).toEqual([])
  expect(left()).toEqual([])
  expect(tracker.objects).toEqual([])
  expect(
    operations.filter(({ operation }) => operation === 'DELETE').map(({ status, object }) => `${status} ${object}`),
  ).toEqual([
    'RUN ConfigMap acceptance/c',
    'DONE ConfigMap acceptance/c',
    'RUN ConfigMap acceptance/b',
    'DONE ConfigMap acceptance/b',
    'RUN ConfigMap acceptance/a',
    'DONE ConfigMap acceptance/a',
  ])
  await expect(tracker.create(configMap('d'))).rejects.toThrow('nothing is created any more')
})

test('waits for what finalizers hold, all at the same time', async () => {
  await using api = await testApi()
  const { tracker } = tracked(api)
  const resource = { group: 'kubevirt.io', resource: 'virtualmachineinstances' }
  for (const name of ['a', 'b']) await tracker.create(vmi(name, { finalizers: ['x/y'] }))
  const releasing = tracker.releaseAll(limits)
  await expect.poll(() => api.server.store.get(resource, 'a', 'acceptance')?.metadata.deletionTimestamp).toBeDefined()
  for (const name of ['a', 'b']) {
    api.server.store.update(resource, name, 'acceptance', ({ metadata }) => (metadata.finalizers = []))
  }
  expect(await releasing).toEqual([])
  expect(stored(api, 'virtualmachineinstances', 'kubevirt.io')).toEqual([])
})

test('goes on past what does not go, and says what is left and why', async () => {
  await using api = await testApi({
    intercept: ({ verb, name }) => {
      if (verb === 'delete' && name === 'refused') {
        return new StatusError(403, { reason: 'Forbidden', message: 'policy says no' })
      }
      return undefined
    },
  })
  const { tracker, left } = tracked(api)
  await tracker.create(configMap('first'))
  await tracker.create(configMap('refused'))
  await tracker.create(vmi('held', { finalizers: ['x/y'] }))
  const leftovers = await tracker.releaseAll({ ...limits, budgetMilliseconds: 300 })
  expect(leftovers).toEqual([
    'ConfigMap acceptance/refused: delete configmaps acceptance/refused: 403 Forbidden: policy says no',
    expect.stringMatching(
      /^VirtualMachineInstance acceptance\/held: .* was not gone within .*finalizers that still hold it: x\/y$/,
    ),
  ])
  expect(stored(api)).toEqual(['refused'])
  expect(left().map(({ name }) => name)).toEqual(['refused', 'held'])
  expect(tracker.objects.map(({ name }) => name)).toEqual(['refused', 'held'])
})

test('never removes another object of the same name', async () => {
  await using api = await testApi()
  const { tracker } = tracked(api)
  await tracker.create(configMap('a'))
  await api.admin.delete({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a' })
  await api.admin.create(configMap('a'))
  expect(await tracker.releaseAll(limits)).toEqual([])
  expect(stored(api)).toEqual(['a'])
})

test.for(['before', 'after'] as const)(
  'a create whose answer is lost %s the object is stored succeeds all the same',
  async (moment) => {
    let lost = 1
    let api: TestApi | undefined
    await using started = await testApi({
      intercept: ({ verb, resource }) => {
        if (verb !== 'create' || resource !== 'virtualmachineinstances' || lost === 0) return undefined
        lost -= 1
        if (moment === 'after') {
          api?.server.store.create(
            { group: 'kubevirt.io', resource: 'virtualmachineinstances' },
            vmi('x', { namespace: 'acceptance', labels: { 'kubevirt-acceptance/run-id': 'run-1' } }),
          )
        }
        return 'reset'
      },
    })
    api = started
    const { tracker, left } = tracked(started)
    const created = await tracker.create(vmi('x'))
    expect(created.metadata.uid).toBeDefined()
    expect(started.server.requestCounts()['create virtualmachineinstances']).toBe(moment === 'after' ? 1 : 2)
    expect(await tracker.releaseAll(limits)).toEqual([])
    expect(left()).toEqual([])
  },
)

test('a create that is cut off is looked up when cleaning up', async () => {
  const controller = new AbortController()
  let api: TestApi | undefined
  await using started = await testApi({
    intercept: ({ verb, resource }) => {
      if (verb !== 'create' || resource !== 'configmaps') return undefined
      api?.server.store.create(
        { group: '', resource: 'configmaps' },
        {
          ...configMap('a'),
          metadata: { name: 'a', namespace: 'acceptance', labels: { 'kubevirt-acceptance/run-id': 'run-1' } },
        },
      )
      controller.abort(new Error('cancelled'))
      return new Promise(() => undefined)
    },
  })
  api = started
  const { tracker, left } = tracked(started)
  await expect(tracker.create(configMap('a'), { signal: controller.signal })).rejects.toThrow('cancelled')
  expect(left()).toMatchObject([{ name: 'a' }])
  expect(await tracker.releaseAll(limits)).toEqual([])
  expect(stored(started)).toEqual([])
  expect(left()).toEqual([])
})

/** A create that gets no answer; the caller says when, and as whose, the object turns up in the cluster. */
async function cutOffCreate(turnUp: 'somebody elses' | 'late') {
  const controller = new AbortController()
  const configMaps = { group: '', resource: 'configmaps' }
  const labels = { 'kubevirt-acceptance/run-id': turnUp === 'late' ? 'run-1' : 'run-2' }
  let started: TestApi | undefined
  const put = (): void => {
    const metadata = { name: 'a', namespace: 'acceptance', labels }
    started?.server.store.create(configMaps, { ...configMap('a'), metadata })
  }
  const api = await testApi({
    intercept: ({ verb, resource, name }) => {
      // The last object of this run is on its way out when the late create arrives.
      if (turnUp === 'late' && verb === 'delete' && name === 'other') put()
      if (verb !== 'create' || resource !== 'configmaps') return undefined
      if (turnUp !== 'late') put()
      controller.abort(new Error('cancelled'))
      return new Promise(() => undefined)
    },
  })
  started = api
  const run = tracked(api)
  const other: KubernetesObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'other' } }
  await run.tracker.create(other)
  await expect(run.tracker.create(configMap('a'), { signal: controller.signal })).rejects.toThrow('cancelled')
  return { api, ...run }
}

test('a create that is cut off and arrives late is still removed', async () => {
  const { api, tracker } = await cutOffCreate('late')
  await using _ = api
  expect(await tracker.releaseAll(limits)).toEqual([])
  expect(stored(api)).toEqual([])
})

test("a create that is cut off does not make somebody else's object ours", async () => {
  const { api, tracker } = await cutOffCreate('somebody elses')
  await using _ = api
  expect(await tracker.releaseAll(limits)).toEqual([
    'ConfigMap acceptance/a: an object of that name exists, but it is not of run run-1',
  ])
  expect(stored(api)).toEqual(['a'])
})

test('a refused create leaves nothing to clean up', async () => {
  await using api = await testApi()
  const { tracker, left, operations } = tracked(api)
  await api.admin.create(configMap('taken'))
  await expect(tracker.create(configMap('taken'))).rejects.toMatchObject({ code: 409, reason: 'AlreadyExists' })
  expect(left()).toEqual([])
  expect(tracker.objects).toEqual([])
  expect(operations.at(-1)).toMatchObject({
    operation: 'CREATE',
    status: 'FAIL',
    detail: expect.stringContaining('409'),
  })
  expect(await tracker.releaseAll(limits)).toEqual([])
  expect(stored(api)).toEqual(['taken'])
})

test('names are made up here, not by the cluster', async () => {
  await using api = await testApi()
  const { tracker } = tracked(api)
  const nameless: KubernetesObject = { ...configMap(''), metadata: { generateName: 'source-' } }
  const one = await tracker.create(nameless)
  expect(one.metadata.name).toMatch(/^source-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
})

test('cleaning up waits for creates that are under way', async () => {
  await using api = await testApi({
    intercept: async ({ verb, resource }) => {
      if (verb === 'create' && resource === 'configmaps') await new Promise((resolve) => setTimeout(resolve, 50))
    },
  })
  const { tracker } = tracked(api)
  const creating = tracker.create(configMap('late'))
  await expect.poll(() => tracker.objects).toHaveLength(1)
  expect(await tracker.releaseAll(limits)).toEqual([])
  await creating
  expect(stored(api)).toEqual([])
})

test('works with the documented Role, which may neither list nor watch', async () => {
  await using api = await testApi()
  const client = await api.restricted(documentedRules)
  const { tracker } = tracked(api, client)
  const resource = { group: 'kubevirt.io', resource: 'virtualmachineinstances' }
  await tracker.create(vmi('a', { finalizers: ['x/y'] }))
  const releasing = tracker.releaseAll(limits)
  await expect.poll(() => api.server.store.get(resource, 'a', 'acceptance')?.metadata.deletionTimestamp).toBeDefined()
  api.server.store.update(resource, 'a', 'acceptance', ({ metadata }) => (metadata.finalizers = []))
  expect(await releasing).toEqual([])
})

test('releases one object and keeps the others', async () => {
  await using api = await testApi()
  const { tracker } = tracked(api)
  const a = await tracker.create(configMap('a'))
  await tracker.create(configMap('b'))
  await tracker.release(a, limits)
  expect(stored(api)).toEqual(['b'])
  await expect(tracker.release(a, limits)).rejects.toThrow(
    'ConfigMap acceptance/a was not created by this run, or is released already',
  )
  await tracker.releaseAll(limits)
})

test('a run id that cannot be a label is refused', async () => {
  await using api = await testApi()
  const options = {
    client: api.admin,
    journal: new Journal(`${api.folder}/j`, 'x', api.admin.server),
    runId: 'not/a label',
    checkup: 'latency',
    lifetimeMilliseconds: 1,
  }
  expect(() => new ObjectTracker(options)).toThrow('the run id "not/a label" cannot be a label')
})
