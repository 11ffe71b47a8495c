import { expect, test, vi } from 'vitest'
import { documentedRules, testApi } from '../../tests/api-server.ts'
import { acquireLease, freeLease, type LeaseOptions, LockedError } from './lease.ts'
import type { KubernetesObject } from './kubernetes-object.ts'

const reference = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'kubevirt-acceptance' }
const options = (runId: string, more: Partial<LeaseOptions> = {}): LeaseOptions => ({
  namespace: 'acceptance',
  holder: 'jo@laptop',
  runId,
  freeCommand: (id) => `npx kubevirt-acceptance sweep --run ${id}`,
  ...more,
})
type LeaseObject = KubernetesObject & { spec: Record<string, unknown> }

test('keeps the second run off, and tells it who is there and how to get in', async () => {
  await using api = await testApi()
  const first = await acquireLease(api.admin, options('one'))
  expect(first).toMatchObject({ state: 'held', holderIdentity: 'jo@laptop run one' })
  const error = await acquireLease(api.admin, options('two', { holder: 'al@ci' })).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(LockedError)
  expect((error as Error).message).toMatch(
    /^the cluster is in use by jo@laptop run one since \d{4}-.*Z: lease acceptance\/kubevirt-acceptance runs until \d{4}-.*Z unless it is renewed; wait for that run, or, if it is dead, free the lease with: npx kubevirt-acceptance sweep --run one$/,
  )
  if (first.state === 'held') await first.release()
  expect(await api.admin.getIfExists(reference)).toBeUndefined()
  const second = await acquireLease(api.admin, options('two'))
  expect(second.state).toBe('held')
  if (second.state === 'held') await second.release()
})

test('takes over a lease that has expired', async () => {
  await using api = await testApi()
  const old = new Date(Date.now() - 120_000).toISOString().replace('Z', '000Z')
  const spec = { holderIdentity: 'jo@laptop run dead', leaseDurationSeconds: 60, renewTime: old, leaseTransitions: 3 }
  await api.admin.create({ ...reference, metadata: { name: reference.name }, spec })
  const lease = await acquireLease(api.admin, options('new'))
  const stored = await api.admin.get<LeaseObject>(reference)
  expect(stored.spec).toMatchObject({
    holderIdentity: 'jo@laptop run new',
    leaseTransitions: 4,
    renewTime: expect.stringMatching(/\.\d{6}Z$/),
  })
  if (lease.state === 'held') await lease.release()
})

test('of many runs that start at once, one gets it', async () => {
  await using api = await testApi()
  const outcomes = await Promise.allSettled(
    ['a', 'b', 'c', 'd', 'e'].map((runId) => acquireLease(api.admin, options(runId))),
  )
  const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  expect(held).toHaveLength(1)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LockedError)
  }
  for (const lease of held) if (lease.state === 'held') await lease.release()
})

test('renews in the background, also when somebody has put a label on it', async () => {
  await using api = await testApi()
  const lease = await acquireLease(api.admin, options('one', { durationSeconds: 0.3 }))
  const renewTime = async (): Promise<unknown> => (await api.admin.get<LeaseObject>(reference)).spec['renewTime']
  const first = await renewTime()
  await api.admin.mergePatch({ ...reference }, { metadata: { labels: { a: 'b' } } })
  await vi.waitUntil(async () => (await renewTime()) !== first, { timeout: 5000 })
  if (lease.state === 'held') await lease.release()
  expect(await api.admin.getIfExists(reference)).toBeUndefined()
})

test.for([
  ['taken', 'lease acceptance/kubevirt-acceptance is lost: al@ci run two has taken it'],
  ['deleted', 'lease acceptance/kubevirt-acceptance is lost: it has been deleted'],
] as const)('notices that it was %s, and leaves it alone then', async ([how, message]) => {
  await using api = await testApi()
  const lost: string[] = []
  const lease = await acquireLease(
    api.admin,
    options('one', { durationSeconds: 0.3, onLost: (reason) => lost.push(reason) }),
  )
  if (how === 'deleted') await api.admin.delete(reference)
  else await api.admin.mergePatch(reference, { spec: { holderIdentity: 'al@ci run two' } })
  await vi.waitUntil(() => lost.length > 0, { timeout: 5000 })
  expect(lost).toEqual([message])
  if (lease.state === 'held') await lease.release()
  expect(await api.admin.getIfExists(reference)).toEqual(how === 'deleted' ? undefined : expect.anything())
})

test('gives nothing back that somebody else has taken in the meantime', async () => {
  await using api = await testApi()
  const lease = await acquireLease(api.admin, options('one'))
  await api.admin.mergePatch(reference, { spec: { holderIdentity: 'al@ci run two' } })
  if (lease.state === 'held') await lease.release()
  expect((await api.admin.get<LeaseObject>(reference)).spec['holderIdentity']).toBe('al@ci run two')
})

test('a user without rights on leases goes without', async () => {
  await using api = await testApi()
  const client = await api.restricted(documentedRules)
  expect(await acquireLease(client, options('one'))).toEqual({
    state: 'unavailable',
    missingPermission:
      '{apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get"]} in namespace "acceptance"',
  })
})

test('a user who may not delete leases hands it on without a name', async () => {
  await using api = await testApi()
  const client = await api.restricted([
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
  ])
  const lease = await acquireLease(client, options('one'))
  if (lease.state === 'held') await lease.release()
  expect((await api.admin.get<LeaseObject>(reference)).spec['holderIdentity']).toBe('')
  const next = await acquireLease(client, options('two'))
  expect(next.state).toBe('held')
  if (next.state === 'held') await next.release()
})

test('is freed for a named run, or when it has expired, and not otherwise', async () => {
  await using api = await testApi()
  const lease = await acquireLease(api.admin, options('one'))
  expect(await freeLease(api.admin, { namespace: 'acceptance' })).toBe(false)
  expect(await freeLease(api.admin, { namespace: 'acceptance', runId: 'two' })).toBe(false)
  expect(await freeLease(api.admin, { namespace: 'acceptance', runId: 'one' })).toBe(true)
  expect(await freeLease(api.admin, { namespace: 'acceptance', runId: 'one' })).toBe(false)
  if (lease.state === 'held') await lease.release()
})
