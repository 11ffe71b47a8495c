/** An old Node that gets past the pinned one is refused in one sentence, not by a crash in a dependency. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, test } from 'vitest'
import { repository } from './acceptance-run.ts'

/** A Node before 22.19 on this machine. */
function oldNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  return [...folders, '/usr/bin', '/usr/local/bin']
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .find((path) => {
      const [major = 0, minor = 0] = execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' })
        .split('.')
        .map(Number)
      return major < 22 || (major === 22 && minor < 19)
    })
}

const node = oldNode()

describe.skipIf(node === undefined)(`with ${node ?? 'an old Node, of which there is none on PATH,'}`, () => {
  test.concurrent.for([
    ['Vitest', ['node_modules/vitest/vitest.mjs', 'run', '--project=latency']],
    ['the command line', ['bin/kubevirt-acceptance.js', 'plan']],
  ] as const)('%s says which Node is needed', ([, parameters], { expect }) => {
    const { status, stdout, stderr } = spawnSync(node!, parameters, {
      cwd: repository,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', VITEST: '' },
    })
    expect(status, stderr).toBe(2)
    expect(stdout).toBe('')
    const lines = stderr.trim().split('\n')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^kubevirt-acceptance needs Node\.js 22\.19 or newer, and this is \d+\.\d+\.\d+ \(.*\): /)
  })
})
