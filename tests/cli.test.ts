/** What all commands have in common, as a user meets it: help, JSON, suggestions, exit codes. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { repository } from './acceptance-run.ts'
import { commandFolder } from './command-line.ts'
import { inProcess } from './in-process.ts'

const folder = commandFolder()
afterAll(() => folder[Symbol.dispose]())

const commands = [
  'init',
  'plan',
  'preflight',
  'run',
  'report',
  'merge',
  'compare',
  'gate',
  'catalogue',
  'manifests',
  'images',
  'sweep',
  'embedded',
  'guest-image',
  'schema',
  'version',
]
const withProfile = ['plan', 'preflight', 'run', 'sweep', 'embedded']

const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }

describe('without a command', () => {
  test('nothing at all prints the overview on stderr, and is a mistake', async () => {
    const { exitCode, stdout, stderr } = await folder.run()
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('Usage: npx kubevirt-acceptance <command> [options]')
  })

  test('--help names every command', async () => {
    const { exitCode, stdout } = await folder.run('--help')
    expect(exitCode).toBe(0)
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} +\\w`, 'm'))
    const json = (await folder.run('--help', '--json')).json() as { version: string; commands: { name: string }[] }
    expect(json).toMatchObject({ version, commands: commands.map((name) => ({ name })) })
  })

  test('--version and version say the same', async () => {
    const line = `kubevirt-acceptance ${version} (Node.js ${process.version}, Vitest 5.1.0)\n`
    expect(await folder.run('--version')).toMatchObject({ exitCode: 0, stdout: line, stderr: '' })
    expect(await folder.run('version')).toMatchObject({ exitCode: 0, stdout: line })
    expect((await folder.run('version', '--json')).json()).toEqual({
      kubevirtAcceptance: version,
      node: process.version,
      vitest: '5.1.0',
    })
  })

  test.each([
    ['prefligth', 'kubevirt-acceptance: there is no command "prefligth"; did you mean "preflight"?'],
    ['frobnicate-all', `kubevirt-acceptance: there is no command "frobnicate-all"; there are ${commands.join(', ')}`],
    [
      '--profile',
      `kubevirt-acceptance: there is no option --profile before the command; there are ${commands.join(', ')}`,
    ],
  ])('%s is answered with what there is', async (name, message) => {
    expect(await inProcess(name)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: `${message}\nSee npx kubevirt-acceptance --help\n`,
    })
  })
})

describe.each(commands)('%s', (command) => {
  test('--help says what it does, its options and its exit codes', async () => {
    const { exitCode, stdout, stderr } = await inProcess(command, '--help')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain(`Usage: npx kubevirt-acceptance ${command}`)
    expect(stdout).toMatch(/^ +--json +Print one JSON document on stdout/m)
    expect(stdout).toMatch(/^Exit codes:\n +0 {2}\w/m)
    expect((await inProcess('help', command)).stdout).toBe(stdout)
    expect((await inProcess(command, '--help', '--json')).json()).toMatchObject({
      command,
      exitCodes: { '0': expect.any(String) },
    })
  })

  test('an option that it does not have is exit code 2, with what was meant', async () => {
    const { exitCode, stdout, stderr } = await inProcess(command, '--jsn')
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toBe(
      `kubevirt-acceptance: "${command}" has no option --jsn; did you mean --json?\nSee npx kubevirt-acceptance ${command} --help\n`,
    )
  })

  test('with --json a mistake is a JSON document as well', async () => {
    const result = await inProcess(command, '--nonsense-option', '--json')
    expect(result.exitCode).toBe(2)
    expect(result.json()).toMatchObject({
      error: { kind: 'UsageError', message: expect.stringContaining('no option --nonsense-option') },
      exitCode: 2,
    })
    expect(result.stderr).toContain('no option --nonsense-option')
  })
})

describe.each(withProfile)('%s with a profile', (command) => {
  test('that does not exist is exit code 2, and says where was looked', async () => {
    const { exitCode, stdout, stderr } = await folder.run(command, '--profile', 'embeded')
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('embeded: there is no such cluster profile (from --profile); looked for ')
    expect(stderr).toContain('did you mean "embedded"?')
    const environment = folder.with({ CLUSTER_PROFILE: 'nowhere.yaml' })
    expect((await environment.run(command)).stderr).toContain('(from CLUSTER_PROFILE)')
  })

  test('that has mistakes is exit code 2, with all of them', async () => {
    writeFileSync(
      join(folder.path, 'wrong.yaml'),
      'apiVersion: kubevirt-acceptance/v1\nname: wrong\nclustr: {}\ncluster: { embedded: { boot: soon } }\ncheckups: {}\n',
    )
    const result = await folder.run(command, '--profile', 'wrong.yaml', '--json')
    expect(result.exitCode).toBe(2)
    expect(result.stderr).toContain('wrong.yaml:3:1 clustr: ')
    expect(result.stderr).toContain('wrong.yaml:4:30 cluster.embedded.boot: ')
    expect(result.json()).toMatchObject({
      error: {
        kind: 'ProfileError',
        problems: expect.arrayContaining([expect.objectContaining({ line: 4, path: 'cluster.embedded.boot' })]),
      },
      exitCode: 2,
    })
  })
})

describe.each(['plan', 'preflight', 'run'])('%s', (command) => {
  test('a checkup that the profile does not plan is exit code 2', async () => {
    const { exitCode, stderr } = await folder.run(command, '--project', 'latancy')
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(
      /kubevirt-acceptance: --project latancy: the profile .*embedded\.yaml plans no checkup "latancy"; it plans latency, dpdk[a-z, ]*; did you mean "latency"\?/,
    )
  })
})

test('schema prints the packaged schema', async () => {
  const packaged: unknown = JSON.parse(readFileSync(join(repository, 'cluster-profiles/profile.schema.json'), 'utf8'))
  const plain = await folder.run('schema')
  expect(plain.json()).toEqual(packaged)
  expect((await folder.run('schema', '--json')).json()).toEqual(packaged)
})
