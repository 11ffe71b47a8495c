import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { ConfigMap } from '../helpers/in-cluster/config-map-status.ts'
import { publishReport } from '../helpers/in-cluster/publish-report.ts'
import { handedOverNote } from '../helpers/in-cluster/report-parts.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { sealed } from '../helpers/run/run-seal.ts'
import { record } from '../reports/testdata/child-run/sample-record.ts'
import { document } from '../reports/testdata/sample-document.ts'
import { testApi, type TestApi } from '../tests/api-server.ts'
import { fetchRun } from './fetched-run.ts'

const prefix = 'latency-abcde-report'
const cases = ['sample/blue/a-b', 'sample/blue/b-a'] as const
const ids = ['20261120T101500Z-x7k2p', '20261120T101501Z-b2c3d'] as const
const mergedId = '20261120T101502Z-m3rgd'

/** The run of one of two shards, as its pod writes it. */
function shardDocument(index: 0 | 1): RunDocument {
  return sealed(
    document({
      id: ids[index],
      plannedCases: [...cases],
      cases: [record(cases[index])],
      notSelected: [{ caseId: cases[1 - index] ?? '', reason: `is not part of shard ${index + 1}/2` }],
      shard: { index: index + 1, count: 2 },
    }),
  )
}

/** The ConfigMap of a checkup whose pods have handed over these files. */
async function handedOver(api: TestApi, folders: Record<string, string>[], shards: number): Promise<ConfigMap> {
  const metadata = { name: 'latency-abcde-config', namespace: 'acceptance' }
  const owner = await api.admin.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
  const annotations: Record<string, string> = {}
  for (const [shard, files] of folders.entries()) {
    const root = join(api.folder, `pod-${shard}`)
    mkdirSync(join(root, 'raw'), { recursive: true })
    for (const [path, content] of Object.entries(files)) writeFileSync(join(root, path), content)
    const note = await publishReport(api.admin, { run: ids[shard] ?? '', root, prefix, shard, owner })
    annotations[`kubevirt-acceptance/report${shards > 1 ? `-${shard}` : ''}`] = handedOverNote(note)
  }
  return { ...owner, metadata: { ...owner.metadata, annotations } }
}

const fetched = (api: TestApi, configMap: ConfigMap, shards: number) =>
  fetchRun(api.admin, { configMap, prefix, shards, runsDirectory: join(api.folder, 'runs'), mergedId })

test('what a killed run has left is kept, and is no result', async () => {
  await using api = await testApi()
  const configMap = await handedOver(api, [{ 'raw/ping.txt': 'half of it' }], 1)
  const root = join(api.folder, 'runs', ids[0])
  expect(await fetched(api, configMap, 1)).toEqual({
    document: undefined,
    directories: [root],
    problems: [
      'the report was fetched, but has no result: there is no run.json: the run was killed; status.failureReason says more',
    ],
  })
  expect(readdirSync(root)).toEqual(['raw'])
})

test('a shard without a report makes the whole incomplete, with the result that stands beside the status', async () => {
  await using api = await testApi()
  const configMap = await handedOver(api, [{ 'run.json': JSON.stringify(shardDocument(0)) }], 2)
  const problem = 'the report of shard 1 could not be fetched: its pod ended before it had handed it over; see its log'
  const without = await fetched(api, configMap, 2)
  expect(without).toMatchObject({ document: { id: mergedId, verdict: 'broken' }, problems: [problem] })
  expect(without.document?.errors.map(({ message }) => message)).toEqual(['shard 2/2 is missing'])

  const binaryData = { 'run-1.json.gz': gzipSync(JSON.stringify(shardDocument(1))).toString('base64') }
  const beside = await fetched(api, { ...configMap, binaryData }, 2)
  expect(beside).toMatchObject({ document: { verdict: 'passed', plannedCases: [...cases] }, problems: [problem] })
  expect(existsSync(join(beside.directories[0] ?? '', 'summary.md'))).toBe(true)
})

test('shards that are no parts of one run are kept side by side', async () => {
  await using api = await testApi()
  const documents = [shardDocument(0), { ...shardDocument(1), id: 'edited' }]
  const configMap = await handedOver(
    api,
    documents.map((each) => ({ 'run.json': JSON.stringify(each) })),
    2,
  )
  const both = await fetched(api, configMap, 2)
  expect(both.document).toBeUndefined()
  expect(both.directories).toEqual(ids.map((id) => join(api.folder, 'runs', id)))
  expect(both.problems).toEqual([expect.stringMatching(/^the shards cannot be merged: a part is not whole:/)])
})
