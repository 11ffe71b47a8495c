import { expect, test } from 'vitest'
import { profileIn } from './vitest-configuration.ts'

const config = (call: string): string => `import { defineConfig } from 'vitest/config'
import { kubevirtAcceptance } from 'kubevirt-acceptance'
export default defineConfig({ plugins: [${call}] })`

test.each([
  [`kubevirtAcceptance({ profile: 'cluster-profiles/lab.yaml' })`, 'cluster-profiles/lab.yaml'],
  [`kubevirtAcceptance({ runsDirectory: 'x', profile: "lab", })`, 'lab'],
  [`kubevirtAcceptance({\n  // the lab\n  profile: 'lab',\n})`, 'lab'],
  [`/* kubevirtAcceptance({ profile: 'old' }) */ kubevirtAcceptance({ profile: 'new' })`, 'new'],
])('%s names its profile', (call, name) => {
  expect(profileIn(config(call))).toEqual({ kind: 'named', name })
})

test.each(['kubevirtAcceptance()', `kubevirtAcceptance({ runsDirectory: 'https://x' })`])(
  '%s leaves the profile open',
  (call) => {
    expect(profileIn(config(call))).toEqual({ kind: 'default' })
  },
)

test.each([
  'kubevirtAcceptance({ profile })',
  'kubevirtAcceptance({ profile: process.env.LAB })',
  'kubevirtAcceptance({ profile: `lab-${number}` })',
  'kubevirtAcceptance(options)',
  'kubevirtAcceptance({ ...options })',
  `kubevirtAcceptance({ profile: 'a' }), kubevirtAcceptance({ profile: 'b' })`,
  'ours.renamed()',
])('%s would have to be run', (call) => {
  expect(profileIn(config(call))).toEqual({ kind: 'unreadable' })
})

test('a configuration without us does not use the plugin', () => {
  expect(profileIn(`export default { test: { include: ['x.test.ts'] } }`)).toEqual({ kind: 'absent' })
})
