/** What a pod hands over is what is fetched, or it is said what is missing. */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testApi, type TestApi } from '../../tests/api-server.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { collectReport, ReportIncompleteError } from './collect-report.ts'
import { publishReport } from './publish-report.ts'
import { type HandedOver, handedOverNote, notHandedOverNote, partBytes } from './report-parts.ts'

const namespace = 'acceptance'
const run = '20261120T101500Z-x7k2p'
const noise = randomBytes(200_000)
const prefix = 'latency-abcde-report'

/** A run of some files, most of which cannot be compressed, and the ConfigMap of its checkup. */
async function finishedRun(api: TestApi): Promise<{ root: string; owner: KubernetesObject }> {
  const root = join(api.folder, run)
  await mkdir(join(root, 'raw/latency--blue'), { recursive: true })
  await mkdir(join(root, 'allure-report'))
  await writeFile(join(root, 'run.json'), '{}')
  await writeFile(join(root, 'raw/latency--blue/ping.txt'), noise)
  await writeFile(join(root, 'allure-report/index.html'), noise)
  const owner = await api.admin.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'latency-abcde-config', namespace },
  })
  return { root, owner }
}

const small = { partBytes: 30_000, reportBytes: 1_000_000 }

async function published(api: TestApi, shard = 0): Promise<HandedOver> {
  return publishReport(api.admin, { run, ...(await finishedRun(api)), prefix, shard, limits: small })
}

const partReference = (part: number, shard = 0) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace,
  name: `${prefix}-${shard}-${part}`,
})

function collected(api: TestApi, note: string | undefined, shard = 0) {
  return collectReport(api.admin, { namespace, prefix, shard, note, into: join(api.folder, 'fetched') })
}

test('a report in many parts arrives byte for byte, without what was built from it', async () => {
  await using api = await testApi()
  const handedOver = await published(api, 3)
  expect(handedOver).toMatchObject({ run, parts: 7, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
  expect(await collected(api, handedOverNote(handedOver), 3)).toBe(run)
  const fetched = join(api.folder, 'fetched')
  expect((await readFile(join(fetched, 'raw/latency--blue/ping.txt'))).equals(noise)).toBe(true)
  expect(await readFile(join(fetched, 'run.json'), 'utf8')).toBe('{}')
  await expect(readFile(join(fetched, 'allure-report/index.html'))).rejects.toThrow('ENOENT')
})

test('the parts are as large as ConfigMaps may be, cannot be changed, and go with the ConfigMap of the checkup', async () => {
  await using api = await testApi()
  const { root, owner } = await finishedRun(api)
  await writeFile(join(root, 'raw/large.bin'), randomBytes(2 * partBytes))
  const { parts } = await publishReport(api.admin, { run, root, owner, prefix, shard: 0 })
  expect(parts).toBe(3)
  const { uid, name } = owner.metadata
  expect(await api.admin.get(partReference(0))).toMatchObject({
    immutable: true,
    metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }] },
  })
})

test.each<[string, (api: TestApi, handedOver: HandedOver) => Promise<unknown>, string | RegExp]>([
  [
    'a part that is gone',
    (api) => api.admin.delete(partReference(2)),
    `part 3 of 7 (ConfigMap ${namespace}/${prefix}-0-2) is not there any more`,
  ],
  [
    'a part of somebody else',
    async (api) => {
      await api.admin.delete(partReference(6))
      const { namespace: place, name } = partReference(6)
      return api.admin.create({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace: place, name },
        binaryData: { 'report.tar.gz': 'AAAA' },
      })
    },
    /^it is damaged: unexpected end of file$|^its parts have \d+ bytes in place of \d+$/,
  ],
  [
    'parts in place of others',
    (_, handedOver) => Promise.resolve(Object.assign(handedOver, { sha256: '0'.repeat(64) })),
    'its parts are not those that its pod stored',
  ],
  [
    'a number of parts that is too small',
    (_, handedOver) => Promise.resolve(Object.assign(handedOver, { parts: 6 })),
    /^its parts have 180000 bytes in place of \d+$/,
  ],
])('%s is told', async (_, spoil, problem) => {
  await using api = await testApi()
  const handedOver = await published(api)
  await spoil(api, handedOver)
  const error = await collected(api, handedOverNote(handedOver)).catch((each: unknown) => each)
  expect(error).toBeInstanceOf(ReportIncompleteError)
  expect((error as Error).message).toMatch(problem)
})

test.each([
  [undefined, 'its pod ended before it had handed it over; see its log'],
  [notHandedOverNote('quota exceeded'), 'its pod could not hand it over: quota exceeded'],
  ['{"parts":1}', 'the note of its pod cannot be read: "{\\"parts\\":1}"'],
  ['?', 'the note of its pod cannot be read: "?"'],
])('the note %s says why there is nothing', async (note, problem) => {
  await using api = await testApi()
  await expect(collected(api, note)).rejects.toThrow(problem)
})

test('what is too large is refused with the limit', async () => {
  await using api = await testApi()
  const limits = { partBytes: 30_000, reportBytes: 65_536 }
  const attempt = publishReport(api.admin, { run, ...(await finishedRun(api)), prefix, shard: 0, limits })
  await expect(attempt).rejects.toThrow(
    'compressed, the report has more than the 0.0625 MiB that ConfigMaps take; spread the cases over more pods (--shards), or over more runs',
  )
})
