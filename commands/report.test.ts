import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { commandFolder } from '../tests/command-line.ts'

const folder = commandFolder()
afterAll(() => folder[Symbol.dispose]())

const older = '20261120T101500Z-x7k2p'
const newer = '20261120T111500Z-b2c3d'

test('without a run there is nothing to report on', async () => {
  const { exitCode, stderr } = await folder.run('report', '--reports', 'nowhere')
  expect(exitCode).toBe(2)
  expect(stderr).toContain(
    `${join(folder.path, 'nowhere/runs')} has no run to report on; run a checkup first (npx kubevirt-acceptance run), or say with --reports where the runs are`,
  )
})

test('a run that is not there is answered with those that are', async () => {
  for (const id of [older, newer]) mkdirSync(join(folder.path, 'reports/runs', id), { recursive: true })
  const { exitCode, stderr } = await folder.run('report', '20261120T101500Z-x7k2q')
  expect(exitCode).toBe(2)
  expect(stderr).toContain(`has no run "20261120T101500Z-x7k2q"; it has ${newer}, ${older}; did you mean ${older}?`)
})

test('a run that ended before its first test is told as such', async () => {
  const { exitCode, stderr } = await folder.run('report', older)
  expect(exitCode).toBe(6)
  expect(stderr).toContain(`run ${older} has no Allure results. Did it end before its first test?\n`)
  expect(stderr).not.toContain('not expected')
})

test('the newest run becomes one HTML file', { timeout: 120_000 }, async () => {
  const run = (await folder.run('run', '--json')).json() as { runId: string; directory: string }
  const path = join(run.directory, 'allure-report/index.html')
  const { exitCode, stdout } = await folder.run('report')
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: `report of run ${run.runId}: ${path}\nfile://${path}\n`,
  })
  expect(existsSync(path)).toBe(true)
  expect((await folder.run('report', run.runId, '--json')).json()).toEqual({
    runId: run.runId,
    path,
    url: `file://${path}`,
  })
})
