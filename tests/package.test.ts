/** What users get: the packed package, installed in an empty folder, with three lines of configuration and a profile. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { listRuns, runDirectory } from '../helpers/run/run-directory.ts'
import { embeddedProfile, repository, temporaryFolder } from './acceptance-run.ts'

const execute = promisify(execFile)

/** As in a shell of the user: neither Vitest nor an npm script around it, nothing of this repository on PATH but Node. */
function userEnvironment(): NodeJS.ProcessEnv {
  const ofTheUser = /^npm_config_(registry|cache|userconfig|globalconfig|proxy|https?_proxy|noproxy|cafile)$/i
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|VITEST|INIT_CWD$|CLUSTER_PROFILE$|KUBEVIRT_ACCEPTANCE_)/i.test(name) || ofTheUser.test(name),
  )
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  return { ...Object.fromEntries(kept), PATH: [dirname(process.execPath), ...path].join(delimiter), NO_COLOR: '1' }
}

test('the packed package runs in an empty folder', { timeout: 300_000 }, async () => {
  const folder = await temporaryFolder()
  const environment = userEnvironment()
  const run = (program: string, ...parameters: string[]) =>
    execute(program, parameters, { cwd: folder.path, env: environment, maxBuffer: 32 * 1024 * 1024 })
  try {
    await execute('npm', ['pack', '--silent', '--pack-destination', folder.path], {
      cwd: repository,
      env: environment,
      maxBuffer: 32 * 1024 * 1024,
    })
    const tarball = (await readdir(folder.path)).find((name) => name.endsWith('.tgz')) ?? ''
    expect((await stat(join(folder.path, tarball))).size).toBeLessThan(2_000_000)
    const files = (await run('tar', '-tzf', tarball)).stdout.trim().split('\n')
    expect(files).toEqual(
      expect.arrayContaining([
        'package/dist/index.js',
        'package/dist/index.d.ts',
        'package/dist/suites/latency/latency.checkup.js',
        'package/cluster-profiles/embedded.yaml',
        'package/cluster-profiles/profile.schema.json',
        'package/guest-image/init.sh',
        'package/guest-image/packages.lock.json',
        'package/LICENSE',
      ]),
    )
    expect(files.filter((name) => /testdata|\.test\.|\.bench\.|\/testing\/|under-test/.test(name))).toEqual([])
    // Node does not strip types in node_modules.
    expect(files.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).toEqual([])

    await run('npm', 'install', '--no-audit', '--no-fund', join(folder.path, tarball))
    // The Node of this repository is its own affair.
    expect((await readdir(join(folder.path, 'node_modules'))).filter((name) => name.startsWith('node-linux'))).toEqual(
      [],
    )

    await writeFile(
      join(folder.path, 'vitest.config.ts'),
      [
        "import { defineConfig } from 'vitest/config'",
        "import { kubevirtAcceptance } from 'kubevirt-acceptance'",
        "export default defineConfig({ plugins: [kubevirtAcceptance({ profile: 'profiles/own.yaml' })] })",
      ].join('\n'),
    )
    await mkdir(join(folder.path, 'profiles'))
    await writeFile(
      join(folder.path, 'profiles/own.yaml'),
      stringify({ ...embeddedProfile({ embedded: { networks: [{ name: 'blue' }] } }), name: 'own' }),
    )
    const { stdout } = await run('npx', 'vitest', 'run', '--project=latency')
    expect(stdout).toContain('verdict: passed, exit code 0')
    const runs = join(folder.path, 'reports/runs')
    const [id = ''] = listRuns(runs)
    const directory = runDirectory(runs, id)
    const document = JSON.parse(await readFile(directory.runJson, 'utf8')) as RunDocument
    expect(document).toMatchObject({
      verdict: 'passed',
      profile: { name: 'own', path: 'profiles/own.yaml' },
      cases: [{ id: 'latency/blue', verdict: 'passed' }],
    })
    expect(existsSync(directory.junit)).toBe(true)
    expect((await readdir(directory.allureResults)).some((name) => name.endsWith('-result.json'))).toBe(true)

    const manifest = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { version: string }
    expect((await run('npx', 'kubevirt-acceptance', '--version')).stdout).toContain(manifest.version)
    // The profiles that the package brings are found by name.
    const plan = await run('npx', 'kubevirt-acceptance', 'plan', '--profile', 'embedded')
    expect(plan.stdout).toContain('latency/blue')
  } finally {
    await folder.remove()
  }
})
