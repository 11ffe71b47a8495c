import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ProfileError } from './profile-problem.ts'
import { selectProfilePath } from './select-profile.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'select-'))
afterAll(() => rmSync(folder, { recursive: true }))
const cwd = path.join(folder, 'mine')
const packageRoot = path.join(folder, 'package')
for (const file of [
  'mine/cluster-profiles/lab.yaml',
  'mine/cluster-profiles/twice.yaml',
  'mine/here.yaml',
  'package/cluster-profiles/embedded.yaml',
  'package/cluster-profiles/embedded-qemu.yaml',
  'package/cluster-profiles/twice.yaml',
]) {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
  writeFileSync(path.join(folder, file), '')
}

test.each([
  ['nothing given: the packaged default', undefined, undefined, 'package/cluster-profiles/embedded.yaml', 'default'],
  ['the option', 'lab', undefined, 'mine/cluster-profiles/lab.yaml', 'plugin option'],
  ['the environment before the option', 'lab', 'here.yaml', 'mine/here.yaml', 'CLUSTER_PROFILE'],
  ['an empty variable is none', 'lab', '', 'mine/cluster-profiles/lab.yaml', 'plugin option'],
  ['a packaged name', undefined, 'embedded-qemu', 'package/cluster-profiles/embedded-qemu.yaml', 'CLUSTER_PROFILE'],
  [
    'a packaged path',
    undefined,
    'cluster-profiles/embedded-qemu.yaml',
    'package/cluster-profiles/embedded-qemu.yaml',
    'CLUSTER_PROFILE',
  ],
  ['mine before the packaged one', 'twice', undefined, 'mine/cluster-profiles/twice.yaml', 'plugin option'],
  ['an absolute path', path.join(cwd, 'here.yaml'), undefined, 'mine/here.yaml', 'plugin option'],
])('%s', (_what, option, variable, expected, source) => {
  expect(selectProfilePath({ option, env: { CLUSTER_PROFILE: variable }, cwd, packageRoot })).toEqual({
    path: path.join(folder, expected),
    source,
  })
})

test('a profile that is not there is told with its origin and where was looked', () => {
  const select = () => selectProfilePath({ env: { CLUSTER_PROFILE: 'lap' }, cwd, packageRoot })
  expect(select).toThrow(ProfileError)
  expect(select).toThrow(
    `lap: there is no such cluster profile (from CLUSTER_PROFILE); looked for ${path.join(cwd, 'cluster-profiles/lap.yaml')}, `,
  )
  expect(select).toThrow('there are: embedded, embedded-qemu, lab, twice; did you mean "lab"?')
})
