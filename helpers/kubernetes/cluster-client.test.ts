import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { failure, faultyServer, sendJson } from '../../tests/faulty-server.ts'
import { ApiError, ConnectionError, RequestTimeoutError, UnexpectedAnswerError } from './api-error.ts'
import { RequestCounter } from './request-counter.ts'

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', uid: 'u1' } }
const reference = { apiVersion: 'v1', kind: 'Pod', name: 'x' }
const vmi = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: { name: 'x' } }

function captured(name: string): { response: { status: number; body: unknown } } {
  return JSON.parse(readFileSync(new URL(`testdata/${name}.json`, import.meta.url), 'utf8')) as ReturnType<
    typeof captured
  >
}

test.for(['token', 'certificate'] as const)(
  'authenticates by %s, in the namespace of the context',
  async (identity) => {
    await using server = await faultyServer((_, answer) => sendJson(answer, 200, pod))
    const client = await server.client({ kubeconfig: server.kubeconfig(identity) })
    await client.get(reference)
    const [request] = server.requests
    expect(request?.path).toBe('/api/v1/namespaces/acceptance/pods/x')
    expect(request?.headers['user-agent']).toBe('kubevirt-acceptance-test')
    expect(request?.headers.authorization).toBe(identity === 'token' ? 'Bearer secret-token' : undefined)
    expect(request?.clientName).toBe(identity === 'token' ? '' : 'somebody')
    client.close()
  },
)

test('uses one connection for requests that follow each other', async () => {
  await using server = await faultyServer((_, answer) => sendJson(answer, 200, pod))
  const client = await server.client()
  for (let index = 0; index < 20; index += 1) await client.get(reference)
  expect(server.connections()).toBe(1)
  client.close()
})

test('an answer of 403 names the missing permission as a rule', async () => {
  const { response } = captured('kv-403-vmi-create')
  await using server = await faultyServer((_, answer) => sendJson(answer, response.status, response.body))
  const client = await server.client()
  const error = await client.create({ ...vmi }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({
    code: 403,
    reason: 'Forbidden',
    verb: 'create',
    resource: 'virtualmachineinstances',
    namespace: 'acceptance',
    missingPermission: {
      verb: 'create',
      group: 'kubevirt.io',
      resource: 'virtualmachineinstances',
      namespace: 'acceptance',
    },
  })
  expect((error as Error).message).toBe(
    'create virtualmachineinstances in acceptance: 403 Forbidden: virtualmachineinstances.kubevirt.io is forbidden: User "system:serviceaccount:accept:runner" cannot create resource "virtualmachineinstances" in API group "kubevirt.io" in the namespace "accept"; missing permission: {apiGroups: ["kubevirt.io"], resources: ["virtualmachineinstances"], verbs: ["create"]} in namespace "acceptance"',
  )
  expect(server.requests).toHaveLength(1)
  client.close()
})

test('a 403 from a quota is no missing permission', async () => {
  const message = 'pods "x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=10, limited: pods=10'
  await using server = await faultyServer((_, answer) => sendJson(answer, 403, failure(403, 'Forbidden', message)))
  const client = await server.client()
  const error = await client.create({ ...pod }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 403, missingPermission: undefined })
  client.close()
})

test('an absent object is undefined, an absent kind is an error that says so', async () => {
  await using server = await faultyServer((request, answer) => {
    if (request.path.includes('/pods/')) sendJson(answer, 404, failure(404, 'NotFound', 'pods "x" not found'))
    else {
      answer.writeHead(404, { 'content-type': 'text/plain' })
      answer.end('404 page not found\n')
    }
  })
  const client = await server.client()
  expect(await client.getIfExists(reference)).toBeUndefined()
  await expect(client.getIfExists({ ...vmi, name: 'x' })).rejects.toThrow(
    'get virtualmachineinstances acceptance/x: 404: the cluster does not serve "virtualmachineinstances" of API group "kubevirt.io"',
  )
  client.close()
})

test.for([429, 502, 503, 504])('repeats a GET that was answered with %d', async (status) => {
  let asked = 0
  await using server = await faultyServer((_, answer) => {
    asked += 1
    if (asked < 4) {
      answer.writeHead(status, { 'content-type': 'text/html' })
      answer.end('<html><head><title>Oops</title></head><body><h1>Bad   day</h1></body></html>')
    } else sendJson(answer, 200, pod)
  })
  const client = await server.client()
  expect(await client.get(reference)).toEqual(pod)
  expect(client.requests.toJSON()).toEqual({ 'get pods': 4 })
  client.close()
})

test('quotes an HTML error page in one line, without its markup', async () => {
  await using server = await faultyServer((_, answer) => {
    answer.writeHead(503, { 'content-type': 'text/html' })
    answer.end('<html><head><style>h1 {}</style></head>\n<body><h1>No backend</h1>\n<p>try later</p></body></html>')
  })
  const client = await server.client({ retry: { retries: 1, pauseMilliseconds: 1 } })
  await expect(client.get(reference)).rejects.toThrow(/^get pods acceptance\/x: 503: No backend try later$/)
  expect(server.requests).toHaveLength(2)
  client.close()
})

test('an HTML page with status 200 is not taken for an object', async () => {
  await using server = await faultyServer((_, answer) => answer.end('<html>Please log in</html>') as unknown as void)
  const client = await server.client()
  await expect(client.get(reference)).rejects.toThrow(UnexpectedAnswerError)
  await expect(client.get(reference)).rejects.toThrow(/answered 200 with something that is no JSON: Please log in/)
  client.close()
})

test('a create is repeated after 429, and never after an answer that leaves open whether it happened', async () => {
  const statuses = [429, 503]
  await using server = await faultyServer((_, answer) => {
    const status = statuses.shift() ?? 201
    if (status === 201) sendJson(answer, 201, pod)
    else sendJson(answer, status, failure(status, 'Whatever', 'no'), status === 429 ? { 'retry-after': '0' } : {})
  })
  const client = await server.client()
  await expect(client.create({ ...pod })).rejects.toMatchObject({ code: 503 })
  expect(server.requests).toHaveLength(2)
  expect((await client.create({ ...pod })).metadata.uid).toBe('u1')
  client.close()
})

test('a webhook that could not be called has stored nothing: the create is repeated', async () => {
  const message =
    'Internal error occurred: failed calling webhook "virtualmachineinstances-create-validator.kubevirt.io": connect: connection refused'
  let asked = 0
  await using server = await faultyServer((_, answer) => {
    asked += 1
    if (asked === 1) sendJson(answer, 500, failure(500, 'InternalError', message))
    else sendJson(answer, 201, vmi)
  })
  const client = await server.client()
  await client.create({ ...vmi })
  expect(client.requests.toJSON()).toEqual({ 'create virtualmachineinstances': 2 })
  client.close()
})

test('waits as long as Retry-After says', async () => {
  let asked = 0
  await using server = await faultyServer((_, answer) => {
    asked += 1
    if (asked === 1)
      sendJson(answer, 429, failure(429, 'TooManyRequests', 'storage is (re)initializing'), { 'retry-after': '1' })
    else sendJson(answer, 200, pod)
  })
  const client = await server.client()
  const startedAt = performance.now()
  await client.get(reference)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990)
  client.close()
})

test('never repeats a refusal', async () => {
  for (const status of [400, 401, 403, 404, 409, 415, 422]) {
    await using server = await faultyServer((_, answer) => sendJson(answer, status, failure(status, 'No', 'no')))
    const client = await server.client()
    await expect(client.get(reference)).rejects.toMatchObject({ code: status })
    expect(server.requests).toHaveLength(1)
    client.close()
  }
})

test('repeats a GET whose connection was reset, but not a create', async () => {
  let resets = 2
  await using server = await faultyServer((_, answer) => {
    if (resets > 0) {
      resets -= 1
      answer.socket?.destroy()
    } else sendJson(answer, 200, pod)
  })
  const client = await server.client()
  expect(await client.get(reference)).toEqual(pod)
  resets = 1
  const error = await client.create({ ...pod }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ConnectionError)
  expect(error).toMatchObject({ outcomeUnknown: true })
  client.close()
})

test('a connection that breaks in the middle of an answer is an error, not half an object', async () => {
  await using server = await faultyServer((_, answer) => {
    answer.writeHead(200, { 'content-length': '1000' })
    answer.write('{"half":')
    setTimeout(() => answer.socket?.destroy(), 10)
  })
  const client = await server.client({ retry: { retries: 0 } })
  await expect(client.get(reference)).rejects.toThrow(ConnectionError)
  client.close()
})

test('a server that never answers is given up after the request time-out', async () => {
  await using server = await faultyServer(() => undefined)
  const client = await server.client({ requestTimeoutMilliseconds: 50, retry: { retries: 0 } })
  await expect(client.get(reference)).rejects.toThrow(RequestTimeoutError)
  await expect(client.get(reference)).rejects.toThrow(
    `get pods acceptance/x: no answer from ${server.url} within 0.05 s`,
  )
  client.close()
})

test('a request ends at once with the reason of its signal', async () => {
  const controller = new AbortController()
  await using server = await faultyServer(() => controller.abort(new Error('the run was cancelled')))
  const client = await server.client()
  const request = client.get(reference, { signal: controller.signal })
  await expect(request).rejects.toThrow('the run was cancelled')
  await expect(client.get(reference, { signal: controller.signal })).rejects.toThrow('the run was cancelled')
  expect(server.requests).toHaveLength(1)
  client.close()
})

test('says which server cannot be reached, and that nothing was done', async () => {
  const server = await faultyServer(() => undefined)
  const client = await server.client({ retry: { retries: 1, pauseMilliseconds: 1 } })
  await server[Symbol.asyncDispose]()
  const error = await client.create({ ...pod }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'ECONNREFUSED', outcomeUnknown: false })
  expect((error as Error).message).toContain(`the API server ${server.url} cannot be reached (ECONNREFUSED`)
  expect((error as Error).message).toContain('context "faulty" in the given kubeconfig')
  expect(client.requests.toJSON()).toEqual({ 'create pods': 2 })
  client.close()
})

test('an unknown certificate authority is named as such, and not tried again', async () => {
  await using server = await faultyServer((_, answer) => sendJson(answer, 200, pod))
  const config = JSON.parse(server.kubeconfig()) as { clusters: { cluster: Record<string, string> }[] }
  delete config.clusters[0]!.cluster['certificate-authority-data']
  const client = await server.client({ kubeconfig: JSON.stringify(config) })
  await expect(client.get(reference)).rejects.toThrow(
    /the certificate of https:\/\/127\.0\.0\.1:\d+ is not accepted \(.*\); check certificate-authority-data of context "faulty"/,
  )
  expect(client.requests.total).toBe(1)
  client.close()
})

test('lists page by page, and starts anew when a page has expired', async () => {
  let expire = true
  await using server = await faultyServer((request, answer) => {
    const url = new URL(request.path, 'https://x')
    expect(url.searchParams.get('labelSelector')).toBe('a=b')
    const from = Number(url.searchParams.get('continue') ?? '0')
    if (from === 2 && expire) {
      expire = false
      sendJson(answer, 410, failure(410, 'Expired', 'The provided continue parameter is too old'))
      return
    }
    const items = [0, 1].map((index) => ({ metadata: { name: `p${from + index}` } }))
    sendJson(answer, 200, {
      metadata: { resourceVersion: '7', ...(from < 4 ? { continue: String(from + 2) } : { continue: '' }) },
      items,
    })
  })
  const client = await server.client()
  const list = await client.list({ apiVersion: 'v1', kind: 'Pod', labelSelector: 'a=b' }, { pageSize: 2 })
  expect(list.items.map(({ metadata, kind }) => `${kind} ${metadata.name}`)).toEqual(
    [0, 1, 2, 3, 4, 5].map((index) => `Pod p${index}`),
  )
  expect(list.resourceVersion).toBe('7')
  client.close()
})

test('a delete passes its conditions on, and an object that is gone already is no error', async () => {
  const answers: [number, unknown][] = [
    [200, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-11-20T10:00:00Z' } }],
    [200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }],
    [404, failure(404, 'NotFound', 'pods "x" not found')],
    [
      409,
      failure(
        409,
        'Conflict',
        'Operation cannot be fulfilled on pods "x": the UID in the precondition (u1) does not match the UID in record (u2). The object might have been deleted and then recreated',
      ),
    ],
    [409, failure(409, 'Conflict', 'Operation cannot be fulfilled on pods "x": something else')],
  ]
  await using server = await faultyServer((_, answer) => sendJson(answer, ...answers.shift()!))
  const client = await server.client()
  const options = { uid: 'u1', gracePeriodSeconds: 0, propagationPolicy: 'Foreground' as const }
  expect(await client.beginDeletion(reference, options)).toMatchObject({ metadata: { name: 'x' } })
  expect(JSON.parse(server.requests[0]!.body)).toEqual({
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid: 'u1' },
    gracePeriodSeconds: 0,
    propagationPolicy: 'Foreground',
  })
  expect(await client.delete(reference, options)).toBe(true)
  expect(await client.delete(reference, options)).toBe(false)
  expect(await client.delete(reference, options)).toBe(false)
  await expect(client.delete(reference, options)).rejects.toMatchObject({ code: 409 })
  client.close()
})

test('patches as a merge patch, and asks for a dry run when told', async () => {
  await using server = await faultyServer((_, answer) => sendJson(answer, 200, pod))
  const client = await server.client()
  await client.mergePatch(reference, { metadata: { labels: { a: null } } }, { dryRun: true })
  expect(server.requests[0]).toMatchObject({
    method: 'PATCH',
    path: '/api/v1/namespaces/acceptance/pods/x?dryRun=All',
    body: '{"metadata":{"labels":{"a":null}}}',
  })
  expect(server.requests[0]!.headers['content-type']).toBe('application/merge-patch+json')
  client.close()
})

test('asks for permissions all at once, a subresource as such', async () => {
  await using server = await faultyServer((request, answer) => {
    const { spec } = JSON.parse(request.body) as { spec: { resourceAttributes: { verb: string } } }
    sendJson(answer, 201, { status: { allowed: spec.resourceAttributes.verb === 'get', reason: 'RBAC' } })
  })
  const client = await server.client()
  const answers = await client.canI([
    { verb: 'get', group: 'subresources.kubevirt.io', resource: 'virtualmachineinstances/console', namespace: 'a' },
    { verb: 'create', group: '', resource: 'namespaces' },
  ])
  expect(answers.map(({ allowed }) => allowed)).toEqual([true, false])
  const attributes = server.requests.map(
    ({ body }) => (JSON.parse(body) as { spec: { resourceAttributes: unknown } }).spec.resourceAttributes,
  )
  expect(attributes).toContainEqual({
    verb: 'get',
    group: 'subresources.kubevirt.io',
    resource: 'virtualmachineinstances',
    subresource: 'console',
    namespace: 'a',
  })
  expect(attributes).toContainEqual({ verb: 'create', group: '', resource: 'namespaces' })
  client.close()
})

test('counts for the case and for the whole run', async () => {
  await using server = await faultyServer((_, answer) => sendJson(answer, 200, pod))
  const client = await server.client()
  const counter = new RequestCounter()
  const ofCase = client.withCounter(counter)
  await ofCase.get(reference)
  await ofCase.logs({ namespace: 'a', name: 'x' }, 'compute')
  await client.get(reference)
  expect(counter.toJSON()).toEqual({ 'get pods': 1, 'get pods/log': 1 })
  expect(client.requests.toJSON()).toEqual({ 'get pods': 2, 'get pods/log': 1 })
  expect(ofCase.requests).toBe(counter)
  client.close()
})

test('a credential plugin is asked again when the token that it gave is refused', async () => {
  // The credentials are cached for a minute; a refusal must not wait for that.
  let accepted = 'old'
  await using server = await faultyServer((request, answer) => {
    if (request.headers.authorization === `Bearer ${accepted}`) sendJson(answer, 200, pod)
    else sendJson(answer, 401, failure(401, 'Unauthorized', 'Unauthorized'))
  })
  const config = JSON.parse(server.kubeconfig()) as { users: unknown[] }
  const script = `const fs=require('fs');const f=process.env.STATE;const n=fs.existsSync(f)?'new':'old';fs.writeFileSync(f,'');console.log(JSON.stringify({apiVersion:'client.authentication.k8s.io/v1',kind:'ExecCredential',status:{token:n,expirationTimestamp:new Date(Date.now()-1000).toISOString()}}))`
  const folder = mkdtempSync(join(tmpdir(), 'token-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  config.users = [
    {
      name: 'me',
      user: {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: process.execPath,
          args: ['-e', script],
          env: [{ name: 'STATE', value: `${folder}/state` }],
        },
      },
    },
  ]
  const client = await server.client({ kubeconfig: JSON.stringify(config) })
  await client.get(reference)
  accepted = 'new'
  await client.get(reference)
  accepted = 'another'
  await expect(client.get(reference)).rejects.toMatchObject({ code: 401 })
  client.close()
})
