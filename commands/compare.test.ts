import { mkdirSync, writeFileSync } from 'node:fs'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Comparison } from '../helpers/compare/comparison.ts'
import type { Measurement } from '../helpers/run/case-record.ts'
import { record } from '../reports/testdata/child-run/sample-record.ts'
import { document } from '../reports/testdata/sample-document.ts'
import { commandFolder } from '../tests/command-line.ts'

const folder = commandFolder()
afterAll(() => folder[Symbol.dispose]())
const runs = join(folder.path, 'reports/runs')

function leave(id: string, value: number | null, changes: Parameters<typeof document>[0] = {}, within = runs): string {
  const measurements: Measurement[] = [
    { name: '<b>|rate', subject: 'a -> b', value, unit: 'pps', better: 'higher' },
    { name: 'steady', value: 7, unit: 'count', better: 'lower' },
  ]
  mkdirSync(join(within, id), { recursive: true })
  const path = join(within, id, 'run.json')
  writeFileSync(
    path,
    JSON.stringify(document({ id, cases: [record('sample/blue/a-b', { measurements })], ...changes })),
  )
  return path
}

const [older, newer, slower] = ['20261118T101500Z-bcdfg', '20261119T101500Z-bcdfg', '20261120T101500Z-bcdfg'] as const
leave(older, 1000)
leave(newer, 990)
const slowerPath = leave(slower, 800)

test('nothing worse is exit code 0', async () => {
  const { exitCode, stdout } = await folder.run('compare', older, newer)
  expect(stdout).toBe(`before  ${older} (passed)
after   ${newer} (passed)

metrics: 2 equal; --all shows those that are equal
comparison: equal: no difference beyond chance and tolerance
`)
  expect(exitCode).toBe(0)
  expect((await folder.run('compare', older, newer, '--all')).stdout).toMatch(/steady +7 +7 +\+0\.0 % +equal/)
})

test('a regression is exit code 5; runs are named by id, path, folder and "latest"', async () => {
  for (const after of [slower, slowerPath, join(runs, slower), 'latest']) {
    const { exitCode, stdout } = await folder.run('compare', older, after)
    expect(stdout).toContain('comparison: worse: 1 worse; sample/blue/a-b <b>|rate, a -> b: worse by 20.0 %, more than 10 % (default)') // prettier-ignore
    expect(exitCode).toBe(5)
  }
})

test('what is missing is exit code 4, and not 0', async () => {
  const id = '20261117T101500Z-bcdfg'
  leave(id, null)
  const { exitCode, stdout } = await folder.run('compare', older, id)
  expect(stdout).toMatch(/<b>\|rate, a -> b +1,000 pps +not measured +missing after/)
  expect(exitCode).toBe(4)
})

test('several runs before are a band', async () => {
  const result = await folder.run('compare', older, newer, slower, '--json')
  const comparison = result.json() as Comparison
  expect(comparison).toMatchObject({
    verdict: 'worse',
    before: [{ id: older }, { id: newer }],
    after: [{ id: slower }],
  })
  expect(comparison.metrics[0]).toMatchObject({ noiseBand: { from: 990, to: 1000 }, before: 990, after: 800 })
})

test('Markdown and HTML escape what comes from clusters, and load nothing', async () => {
  const markdown = (await folder.run('compare', older, slower, '--format', 'markdown')).stdout
  expect(markdown).toContain('## ❌ Comparison: worse')
  expect(markdown).toContain(
    String.raw`| sample/blue/a-b | &lt;b&gt;\|rate, a -&gt; b | 1,000 pps | 800 pps | -20.0 % |  | worse |`,
  )
  const file = join(folder.path, 'out/comparison.html')
  const written = await folder.run('compare', older, slower, '--format', 'html', '--output', file)
  expect(written.stdout).toContain(`comparison: worse: 1 worse`)
  expect(written.exitCode).toBe(5)
  const html = readFileSync(file, 'utf8')
  expect(html).toContain('<td>&lt;b&gt;|rate, a -&gt; b</td><td>1,000 pps</td><td>800 pps</td>')
  expect(html).not.toMatch(/<script|https?:\/\/|<b>\|/)
})

test.each([
  [[older], 'compare needs at least two runs: one before, and last the one after'],
  [[older, 'nowhere'], 'there is no run "nowhere": no such path, no run of that id below'],
  [[older, newer, '--format', 'pdf'], '--format pdf: there are text, markdown, json, html'],
  [[older, newer, '--format', 'html', '--json'], '--json prints JSON, but --format asks for html; keep one'],
])('%j is a mistake', async (args, message) => {
  const { exitCode, stderr } = await folder.run('compare', ...args)
  expect(stderr).toContain(message)
  expect(exitCode).toBe(2)
})

test('unlike runs are refused with exit code 2, and compared when told', async () => {
  const other = '20261116T101500Z-bcdfg'
  leave(other, 1000, { profile: { ...document().profile, name: 'other' } })
  const refused = await folder.run('compare', older, other)
  expect(refused).toMatchObject({ exitCode: 2, stdout: '' })
  expect(refused.stderr).toContain('  profile, name: before lab, after other\n--force compares them all the same')
  const forced = await folder.run('compare', older, other, '--force')
  expect(forced.exitCode).toBe(0)
  expect(forced.stdout).toContain('NOT ALIKE, compared all the same: profile, name: before lab, after other')
})

test('a run that was cut is exit code 6', async () => {
  const id = '20261115T101500Z-bcdfg'
  writeFileSync(leave(id, 1), '{"id": "2026')
  expect(await folder.run('compare', older, id)).toMatchObject({
    exitCode: 6,
    stderr: expect.stringContaining(`${id}/run.json: cannot be read as the document of a run`),
  })
})
