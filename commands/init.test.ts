import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadProfile } from '../helpers/profile/load-profile.ts'
import { packageRoot } from '../plugin/paths.ts'
import { checkups } from '../suites/index.ts'
import { commandFolder } from '../tests/command-line.ts'
import { profileText } from './init.ts'

const read = (folder: { path: string }, name: string): string => readFileSync(join(folder.path, name), 'utf8')
const files = (folder: { path: string }): string[] =>
  readdirSync(folder.path, { recursive: true }).map(String).toSorted()
const profileFile = 'cluster-profiles/my-cluster.yaml'

test('writes a profile that is valid and a configuration of three lines, and says what comes next', async () => {
  using folder = commandFolder()
  const { exitCode, stdout, stderr } = await folder.run('init')
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(files(folder)).toEqual(['cluster-profiles', profileFile, 'vitest.config.ts'])
  expect(stdout).toContain(`wrote ${profileFile}\nwrote vitest.config.ts\n`)
  for (const command of ['npm install', 'plan', 'plan --rbac', 'preflight', 'npx vitest run --project=latency'])
    expect(stdout).toContain(command)

  const profile = loadProfile(join(folder.path, profileFile), checkups)
  expect(profile).toMatchObject({ name: 'my-cluster', cluster: { kind: 'kubeconfig' }, warnings: [] })
  expect(read(folder, profileFile).split('\n', 1)).toEqual([
    '# yaml-language-server: $schema=../node_modules/kubevirt-acceptance/cluster-profiles/profile.schema.json',
  ])
  expect(read(folder, 'vitest.config.ts').trimEnd().split('\n')).toEqual([
    "import { defineConfig } from 'vitest/config'",
    "import { kubevirtAcceptance } from 'kubevirt-acceptance'",
    "export default defineConfig({ plugins: [kubevirtAcceptance({ profile: 'cluster-profiles/my-cluster.yaml' })] })",
  ])
})

test('what it wrote is what the other commands then use', async () => {
  using folder = commandFolder()
  await folder.run('init')
  const { exitCode, stdout, stderr } = await folder.run('plan')
  expect(exitCode).toBe(0)
  expect(stderr).toContain('profile: my-cluster, cluster-profiles/my-cluster.yaml (vitest.config.ts)')
  expect(stdout).toContain('latency/vlan-120/worker-r1-01-worker-r1-02: ')
})

test('the profile keeps every comment and value of the packaged example below its head', () => {
  const example = readFileSync(join(packageRoot, 'cluster-profiles/example-lab.yaml'), 'utf8')
  const body = (text: string): string => text.slice(text.indexOf('\ndescription:'))
  expect(body(profileText(example))).toBe(body(example))
  expect(() => profileText('no: profile\n')).toThrow('has no lines "apiVersion:" and "name:"')
})

test('--directory is made when it is missing; --json lists what was written', async () => {
  using folder = commandFolder()
  const result = await folder.run('init', '--directory', 'deep/er', '--json')
  expect(result.json()).toMatchObject({
    written: [join(folder.path, 'deep/er', profileFile), join(folder.path, 'deep/er/vitest.config.ts')],
    next: expect.arrayContaining(['cd deep/er', 'npx kubevirt-acceptance plan']),
  })
})

test('nothing is written when one of the files is there, and both with --force', async () => {
  using folder = commandFolder()
  writeFileSync(join(folder.path, 'vitest.config.ts'), 'mine')
  const refused = await folder.run('init')
  expect(refused).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr:
      'kubevirt-acceptance: vitest.config.ts exists already, and nothing was written; keep it, choose another --directory, or overwrite with --force\n',
  })
  expect(files(folder)).toEqual(['vitest.config.ts'])
  expect(read(folder, 'vitest.config.ts')).toBe('mine')
  expect((await folder.run('init', '--force')).exitCode).toBe(0)
  expect(read(folder, 'vitest.config.ts')).toContain('kubevirtAcceptance')
})

test('another configuration that Vitest would find is in the way as well', async () => {
  using folder = commandFolder()
  writeFileSync(join(folder.path, 'vitest.config.mjs'), 'export default {}')
  expect((await folder.run('init')).stderr).toContain('vitest.config.mjs exists already')
})

test('a place that cannot be written to is named', async () => {
  using folder = commandFolder()
  writeFileSync(join(folder.path, 'cluster-profiles'), 'a file, not a folder')
  mkdirSync(join(folder.path, 'other'))
  const { exitCode, stderr } = await folder.run('init')
  expect(exitCode).toBe(6)
  expect(stderr).toContain(`${join(folder.path, profileFile)} cannot be written: `)
})
