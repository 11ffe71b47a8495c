import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from './paths.ts'

/** Of valid TypeScript it stumbles over a loop variable called `of`; whatever it cannot read, a run cannot load. */
test('Node can read every module that a run loads', () => {
  const files = execFileSync(
    'git',
    ['ls-files', 'suites', 'fixtures', 'helpers', 'reports', 'plugin', 'commands', '*.ts'],
    {
      cwd: packageRoot,
      encoding: 'utf8',
    },
  )
  const modules = files.split('\n').filter((name) => name.endsWith('.ts'))
  expect(modules.length).toBeGreaterThan(500)
  const unreadable = modules.flatMap((name) => {
    try {
      stripTypeScriptTypes(readFileSync(join(packageRoot, name), 'utf8'))
      return []
    } catch (error) {
      return [`${name}: ${String(error)}`]
    }
  })
  expect(unreadable).toEqual([])
})
