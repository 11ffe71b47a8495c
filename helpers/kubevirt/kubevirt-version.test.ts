import { expect, test } from 'vitest'
import { testApi } from '../../tests/api-server.ts'
import { failure, faultyServer, sendJson } from '../../tests/faulty-server.ts'
import { readKubeVirtVersion } from './kubevirt-version.ts'

test('asks virt-api', async () => {
  await using server = await faultyServer((_, answer) => sendJson(answer, 200, { gitVersion: 'v1.9.0' }))
  expect(await readKubeVirtVersion(await server.client())).toBe('v1.9.0')
  expect(server.requests.map(({ path }) => path)).toEqual(['/apis/subresources.kubevirt.io/v1/version'])
})

test('asks the KubeVirt resource while virt-api does not answer', async () => {
  await using server = await faultyServer((request, answer) => {
    if (request.path.includes('/kubevirts')) {
      sendJson(answer, 200, { metadata: {}, items: [{ metadata: {}, status: { observedKubeVirtVersion: 'v1.8.1' } }] })
    } else {
      answer.writeHead(503, { 'content-type': 'text/plain' })
      answer.end('service unavailable\n')
    }
  })
  expect(await readKubeVirtVersion(await server.client({ retry: { retries: 0 } }))).toBe('v1.8.1')
})

test('is null for whoever may read neither, and when there is none', async () => {
  const message =
    'kubevirts.kubevirt.io is forbidden: User "x" cannot list resource "kubevirts" in API group "kubevirt.io"'
  await using server = await faultyServer((_, answer) => sendJson(answer, 403, failure(403, 'Forbidden', message)))
  expect(await readKubeVirtVersion(await server.client())).toBeNull()
  await using api = await testApi()
  expect(await readKubeVirtVersion(api.admin)).toBeNull()
})
