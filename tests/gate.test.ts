/** What a pipeline does: a run, then the gate. Whole runs in child processes. */
import { afterAll, describe, expect, test } from 'vitest'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Comparison } from '../helpers/compare/comparison.ts'
import { stringify } from 'yaml'
import { acceptanceRun, embeddedProfile, repository } from './acceptance-run.ts'
import { commandFolder } from './command-line.ts'
import { inProcess } from './in-process.ts'

const limits = { timeout: 400_000 }
const reports = mkdtempSync(join(tmpdir(), 'gate-runs-'))
afterAll(() => rmSync(reports, { recursive: true, force: true }))

const runWith = (changes: Parameters<typeof embeddedProfile>[0] = {}) =>
  acceptanceRun(reports, { profile: embeddedProfile(changes) })
const seeded = (seed: number, latency = '150us') =>
  runWith({
    embedded: { seed },
    link: { latency },
    case: { sampleCount: 2000, sampleIntervalMilliseconds: 10, timeout: '5m' },
  })
const gate = (...args: string[]) => inProcess('gate', ...args, '--reports', reports)

test(
  'runs that differ only by noise compare as equal; a rise of the latency by 10 % is a regression',
  limits,
  async () => {
    const before = await seeded(1)
    const after = await seeded(2)
    const slower = await seeded(3, '165us')
    const ids = [before, after, slower].map(({ directory }) => directory!.id) as [string, string, string]
    expect(await gate(ids[1], '--baseline', ids[0])).toMatchObject({ exitCode: 0 })
    const { exitCode, json } = await inProcess('compare', ids[0], ids[2], '--reports', reports, '--json')
    const { metrics } = json() as Comparison
    expect(exitCode).toBe(5)
    expect(metrics.find(({ name }) => name === 'p99LatencyNanoSec')).toMatchObject({
      verdict: 'worse',
      statistic: 'p99',
    })
    expect(await gate(ids[2], '--baseline', ids[0])).toMatchObject({ exitCode: 5 })
  },
)

test('an added fault turns the gate red with the exit code of its kind', limits, async () => {
  const lossy = await runWith({ link: { lossPercent: 50 } })
  expect((await gate(lossy.directory!.id)).exitCode).toBe(1)
  const stuck = await runWith({
    embedded: { faults: [{ fault: 'create-refused', resource: 'virtualmachineinstances', message: 'no' }] },
  })
  expect((await gate(stuck.directory!.id)).exitCode).toBe(6)
  const cut = await runWith({
    embedded: { faults: [{ fault: 'truncated-output', vmi: '*', command: 'ping', bytes: 200 }] },
  })
  expect(cut.exitCode).not.toBe(0)
  expect((await gate(cut.directory!.id)).exitCode).toBe(cut.exitCode)
})

test('two shards of two checkups merge into one green run; one alone is not green', limits, async () => {
  using folder = commandFolder()
  const { checkups, ...rest } = embeddedProfile() as { checkups: object }
  const both = { ...rest, checkups: { ...checkups, platform: { cases: [{ area: 'nodes' }] } } }
  writeFileSync(join(folder.path, 'profile.yaml'), stringify(both))
  const ids: string[] = []
  for (const shard of ['1/2', '2/2']) {
    const result = await folder.run('run', '--profile', 'profile.yaml', '--json', '--', `--shard=${shard}`)
    expect(result.exitCode).toBe(0)
    ids.push((result.json() as { runId: string }).runId)
  }
  expect((await folder.run('gate', ids[0]!)).stdout).toContain('this is one shard; merge all of them first')
  const merged = (await folder.run('merge', ...ids, '--json')).json() as { runId: string; exitCode: number }
  expect(merged.exitCode).toBe(0)
  expect(await folder.run('gate', merged.runId)).toMatchObject({ exitCode: 0 })
})

test('as an option of the plugin, a baseline is compared with when the run ends', limits, async () => {
  using folder = commandFolder()
  symlinkSync(join(repository, 'node_modules'), join(folder.path, 'node_modules'))
  const write = (name: string, text: string) => writeFileSync(join(folder.path, name), text)
  const configuration = (options: object) => `import { defineConfig } from 'vitest/config'
import { kubevirtAcceptance } from ${JSON.stringify(join(repository, 'index.ts'))}
export default defineConfig({ plugins: [kubevirtAcceptance(${JSON.stringify({ profile: 'profile.yaml', ...options })})] })
`
  const profile = (latency: string) => stringify(embeddedProfile({ link: { latency }, case: { sampleCount: 200 } }))
  write('profile.yaml', profile('150us'))
  write('vitest.config.ts', configuration({}))
  const before = (await folder.run('run', '--json')).json() as { runId: string }
  write('profile.yaml', profile('600us'))
  write('vitest.config.ts', configuration({ baseline: before.runId }))
  const { exitCode, stdout } = await folder.run('run')
  expect(stdout).toContain('verdict: passed, exit code 0')
  expect(stdout).toMatch(/^comparison: worse: /m)
  expect(exitCode).toBe(5)
  write('vitest.config.ts', configuration({ baseline: 'nowhere' }))
  const none = await folder.run('run')
  expect(none.stdout).toContain('no comparison with the baseline: there is no run "nowhere"')
  expect(none.exitCode).toBe(2)
})

describe.each([
  ['when the run begins', /^kubevirt-acceptance /m],
  ['while VMs start', /\| START/],
  ['while it measures', /\| PING +\| RUN/],
  ['while it tears down', /\| DELETE +\| RUN/],
  ['after the case has passed', /^PASSED/m],
])('kill -9 %s', (_, moment) => {
  test('never yields a green gate', limits, async () => {
    const { directory } = await acceptanceRun(reports, {
      profile: embeddedProfile({}),
      onOutput: (output, underWay) => {
        if (moment.test(output)) underWay.kill('SIGKILL')
      },
    })
    const { exitCode, stdout } = await gate(directory!.root)
    // What was killed only after everything had been written is a whole run.
    if (exitCode === 0) expect(stdout).toContain('the run is complete')
    else expect(exitCode).toBe(6)
    if (!/PASSED/.test(moment.source)) expect(exitCode).toBe(6)
  })
})
