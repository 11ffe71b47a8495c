import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { failure, faultyServer, sendJson } from '../../tests/faulty-server.ts'
import { wallClock } from '../clock/wall-clock.ts'
import type { Clock } from '../clock/clock.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { waitForDeletion, WaitFailedError, waitForObject, WaitTimeoutError } from './wait.ts'

const reference = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', namespace: 'a', name: 'x' }
const forbidden = (verb: string): unknown =>
  failure(
    403,
    'Forbidden',
    `virtualmachineinstances.kubevirt.io "x" is forbidden: User "u" cannot ${verb} resource "virtualmachineinstances" in API group "kubevirt.io" in the namespace "a"`,
  )
const notFound = failure(404, 'NotFound', 'virtualmachineinstances.kubevirt.io "x" not found')

type Vmi = KubernetesObject & { status: { phase: string } }

function vmi(resourceVersion: number, phase: string, metadata: Partial<KubernetesObject['metadata']> = {}): Vmi {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name: 'x', namespace: 'a', uid: 'u1', resourceVersion: String(resourceVersion), ...metadata },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: 'False', reason: 'GuestNotRunning', message: 'not yet' }],
    },
  } as Vmi
}

const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`
const running = (object: Vmi): string | undefined =>
  object.status.phase === 'Running' ? object.metadata.uid : undefined
const limits = { timeoutMilliseconds: 5000, clock: wallClock }
const toRun = { ...limits, describe: 'become Running', until: running }

/** What the cluster sends when it is watched, and answers to each single GET in turn (the last one for ever). */
function cluster(watched: string[] | 'forbidden', got: ([number, unknown] | Vmi)[] = []) {
  let asked = 0
  return faultyServer((request, answer: ServerResponse) => {
    if (request.path.includes('watch=1')) {
      if (watched === 'forbidden') sendJson(answer, 403, forbidden('watch'))
      else {
        answer.writeHead(200, { 'content-type': 'application/json' })
        answer.write(watched.join(''))
      }
      return
    }
    const current = got[Math.min(asked, got.length - 1)]
    asked += 1
    if (current === undefined) sendJson(answer, 404, notFound)
    else if (Array.isArray(current)) sendJson(answer, current[0], current[1])
    else sendJson(answer, 200, current)
  })
}

test('watches the object that was created: one request', async () => {
  await using server = await cluster([event('MODIFIED', vmi(2, 'Scheduling')), event('MODIFIED', vmi(3, 'Running'))])
  const client = await server.client()
  expect(await waitForObject(client, vmi(1, 'Pending'), toRun)).toBe('u1')
  expect(server.requests.map(({ path }) => path)).toEqual([
    '/apis/kubevirt.io/v1/namespaces/a/virtualmachineinstances?fieldSelector=metadata.name%3Dx&watch=1&allowWatchBookmarks=true&resourceVersion=1&timeoutSeconds=120',
  ])
  client.close()
})

test('needs no request for what is there already, and one GET for a reference', async () => {
  await using server = await cluster([], [vmi(5, 'Running')])
  const client = await server.client()
  expect(await waitForObject(client, vmi(5, 'Running'), toRun)).toBe('u1')
  expect(server.requests).toHaveLength(0)
  expect(await waitForObject<Vmi, string>(client, reference, toRun)).toBe('u1')
  expect(client.requests.toJSON()).toEqual({ 'get virtualmachineinstances': 1 })
  client.close()
})

test("gets the object every second of the cluster's time where watching is forbidden, and does not try again to watch", async () => {
  await using server = await cluster('forbidden', [
    vmi(2, 'Scheduling'),
    [503, failure(503, 'No', 'no')],
    vmi(3, 'Running'),
  ])
  const client = await server.client({ retry: { retries: 0 } })
  const slept: number[] = []
  const clock: Clock = { ...wallClock, sleep: async (milliseconds) => void slept.push(milliseconds) }
  expect(await waitForObject(client, vmi(1, 'Pending'), { ...toRun, clock })).toBe('u1')
  expect(slept).toEqual([1000, 1000, 1000])
  expect(client.requests.toJSON()).toEqual({
    'watch virtualmachineinstances': 1,
    'get virtualmachineinstances': 3,
  })
  await waitForObject(client, vmi(1, 'Pending'), { ...toRun, clock })
  expect(client.requests.toJSON()['watch virtualmachineinstances']).toBe(1)
  client.close()
})

test('stops at once in a final phase, and says what the object looks like', async () => {
  await using server = await cluster([event('MODIFIED', vmi(2, 'Failed'))])
  const client = await server.client()
  const error = await waitForObject(client, vmi(1, 'Pending'), {
    ...toRun,
    explain: async () => 'the image does not exist',
  }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(WaitFailedError)
  expect((error as Error).message).toBe(
    'VirtualMachineInstance a/x cannot become Running: its phase is Failed, which is final (phase Failed, Ready=False (GuestNotRunning: not yet)); the image does not exist',
  )
  client.close()
})

test('a final phase that is waited for is no failure', async () => {
  await using server = await cluster([event('MODIFIED', vmi(2, 'Succeeded'))])
  const client = await server.client()
  const until = ({ status }: Vmi): true | undefined => (status.phase === 'Succeeded' ? true : undefined)
  expect(await waitForObject(client, vmi(1, 'Running'), { ...limits, describe: 'end', until })).toBe(true)
  client.close()
})

test.for([
  ['is deleted', event('DELETED', vmi(2, 'Pending')), 'it has been deleted'],
  [
    'is being deleted',
    event('MODIFIED', vmi(2, 'Pending', { deletionTimestamp: '2026-11-20T10:00:00Z' })),
    'it is being deleted since 2026-11-20T10:00:00Z',
  ],
  ['is replaced', event('ADDED', vmi(2, 'Running', { uid: 'u2' })), 'it has been replaced by another of the same name'],
])('stops when the object %s', async ([, sent, reason]) => {
  await using server = await cluster([sent!])
  const client = await server.client()
  await expect(waitForObject(client, vmi(1, 'Pending'), toRun)).rejects.toThrow(reason)
  client.close()
})

test("stops for the caller's own reason", async () => {
  await using server = await cluster([event('MODIFIED', vmi(2, 'Scheduled'))])
  const client = await server.client()
  const failIf = ({ status }: Vmi): string | undefined => (status.phase === 'Scheduled' ? 'too far' : undefined)
  await expect(waitForObject(client, vmi(1, 'Pending'), { ...toRun, failIf })).rejects.toThrow(
    'too far (phase Scheduled',
  )
  client.close()
})

test('an object that does not exist fails the wait, unless it may still come', async () => {
  await using absent = await cluster([], [])
  const client = await absent.client()
  await expect(waitForObject<Vmi, string>(client, reference, toRun)).rejects.toThrow(
    'VirtualMachineInstance a/x cannot become Running: it does not exist',
  )
  client.close()
  await using coming = await cluster(
    [event('ADDED', vmi(2, 'Running'))],
    [
      [404, notFound],
      [200, { items: [], metadata: { resourceVersion: '1' } }],
    ],
  )
  const other = await coming.client()
  expect(await waitForObject<Vmi, string>(other, reference, { ...toRun, mayNotExistYet: true })).toBe('u1')
  other.close()
})

test('a time-out says what was awaited, the limit, where it is set, the last state and why', async () => {
  await using server = await cluster([event('MODIFIED', vmi(2, 'Scheduling'))])
  const client = await server.client()
  const error = await waitForObject(client, vmi(1, 'Pending'), {
    ...toRun,
    timeoutMilliseconds: 60,
    limitSource: 'lab.yaml:12:5 checkups.latency.timeout',
    explain: async (last) => `looked at version ${last?.metadata.resourceVersion}`,
  }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(WaitTimeoutError)
  expect((error as Error).message).toBe(
    'VirtualMachineInstance a/x did not become Running within 0.06 s (limit set in lab.yaml:12:5 checkups.latency.timeout); last seen: phase Scheduling, Ready=False (GuestNotRunning: not yet); looked at version 2',
  )
  client.close()
})

test('a time-out while the API server fails says that too', async () => {
  await using server = await faultyServer((_, answer) =>
    sendJson(answer, 503, failure(503, 'ServiceUnavailable', 'no leader')),
  )
  const client = await server.client()
  await expect(waitForObject(client, vmi(1, 'Pending'), { ...toRun, timeoutMilliseconds: 60 })).rejects.toThrow(
    /last trouble with the API server: watch virtualmachineinstances a\/x: 503 ServiceUnavailable: no leader/,
  )
  client.close()
})

test('ends with the reason of the signal', async () => {
  await using server = await cluster([])
  const client = await server.client()
  const controller = new AbortController()
  const waiting = waitForObject(client, vmi(1, 'Pending'), { ...toRun, signal: controller.signal })
  setTimeout(() => controller.abort(new Error('the run was cancelled')), 20)
  await expect(waiting).rejects.toThrow('the run was cancelled')
  client.close()
})

test('a refusal to read the object is thrown as such', async () => {
  await using server = await cluster('forbidden', [[403, forbidden('get')]])
  const client = await server.client()
  const clock: Clock = { ...wallClock, sleep: async () => undefined }
  await expect(waitForObject(client, vmi(1, 'Pending'), { ...toRun, clock })).rejects.toMatchObject({
    code: 403,
    missingPermission: { verb: 'get' },
  })
  client.close()
})

test('waits until an object is gone: by event, by GET, or because another has its name', async () => {
  await using watched = await cluster([event('DELETED', vmi(9, 'Failed'))])
  const first = await watched.client()
  await waitForDeletion(first, vmi(1, 'Running'), limits)
  expect(first.requests.total).toBe(1)
  first.close()
  const clock: Clock = { ...wallClock, sleep: async () => undefined }
  await using polled = await cluster('forbidden', [vmi(2, 'Failed'), [404, notFound]])
  const second = await polled.client()
  await waitForDeletion(second, vmi(1, 'Running'), { ...limits, clock })
  second.close()
  await using replaced = await cluster([], [vmi(3, 'Pending', { uid: 'u2' })])
  const third = await replaced.client()
  await waitForDeletion(third, { ...reference, uid: 'u1' }, limits)
  third.close()
})

test('an object that is not gone in time is described with the finalizers that hold it', async () => {
  await using server = await cluster([])
  const client = await server.client()
  const held = vmi(1, 'Failed', { finalizers: ['kubevirt.io/foregroundDeleteVirtualMachine'] })
  await expect(waitForDeletion(client, held, { ...limits, timeoutMilliseconds: 40 })).rejects.toThrow(
    'VirtualMachineInstance a/x was not gone within 0.04 s; last seen: phase Failed, Ready=False (GuestNotRunning: not yet); finalizers that still hold it: kubevirt.io/foregroundDeleteVirtualMachine',
  )
  client.close()
})
