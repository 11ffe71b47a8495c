import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { startEmbeddedCluster } from '../fixtures/embedded-cluster/embedded-cluster.ts'
import { embeddedCluster } from '../helpers/profile/embedded-cluster.ts'
import { embeddedProfile } from '../tests/acceptance-run.ts'
import { commandFolder } from '../tests/command-line.ts'

const folder = commandFolder()
afterAll(() => folder[Symbol.dispose]())

function writeProfile(name: string, content: Record<string, unknown>): string {
  writeFileSync(join(folder.path, name), stringify(content))
  return name
}

test('an embedded cluster that has everything: an aligned table, exit code 0, nothing left behind', async () => {
  const { exitCode, stdout } = await folder.run('preflight')
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(
    /^status {2}check +detail\nok {6}API server +Kubernetes v1\.36\.2 at https:\/\/127\.0\.0\.1:\d+/,
  )
  expect(stdout).toMatch(/^ok {6}network kubevirt-acceptance\/blue +bridge; binding bridge$/m)
  expect(stdout).toMatch(/\n\npreflight passed: \d+ ok\n$/)
  expect(readdirSync(folder.path)).toEqual([])
})

test('a real cluster that lacks something: what failed comes with what to do, exit code 3', async () => {
  await using cluster = await startEmbeddedCluster(embeddedCluster.parse({ nodes: [{ name: 'only' }] }), {
    namespace: 'other',
  })
  writeFileSync(join(folder.path, 'kubeconfig'), cluster.kubeconfig)
  const profile = writeProfile(
    'real.yaml',
    embeddedProfile({
      profile: {
        cluster: { kubeconfig: { path: 'kubeconfig' } },
        namespace: { name: 'vm-acceptance', create: false },
      },
    }),
  )
  const { exitCode, stdout } = await folder.run('preflight', '--profile', profile)
  expect(exitCode).toBe(3)
  expect(stdout).toMatch(
    /^failed {3}namespace vm-acceptance +does not exist\n {9}-> create it \(kubectl create namespace vm-acceptance\)/m,
  )
  expect(stdout).toMatch(/^failed {3}nodes +1 of 1 ready and schedulable, needed: 2\n {9}-> \w/m)
  expect(stdout).toMatch(/^preflight failed: .*\b2 failed/m)

  const json = (await folder.run('preflight', '--profile', profile, '--json')).json()
  expect(json).toMatchObject({
    profile: 'test',
    checkups: ['latency'],
    counts: { failed: 2 },
    exitCode: 3,
    results: expect.arrayContaining([
      {
        check: 'nodes',
        status: 'failed',
        detail: '1 of 1 ready and schedulable, needed: 2',
        remediation: expect.any(String),
      },
    ]),
  })
  expect(cluster.requestCounts()).not.toHaveProperty('create namespaces')
})

test('an API server that does not answer is one failure, and exit code 3', async () => {
  const server = 'https://127.0.0.1:9'
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'gone',
    clusters: [{ name: 'gone', cluster: { server } }],
    users: [{ name: 'me', user: { token: 'x' } }],
    contexts: [{ name: 'gone', context: { cluster: 'gone', user: 'me' } }],
  }
  writeFileSync(join(folder.path, 'gone.kubeconfig'), stringify(kubeconfig))
  const profile = writeProfile(
    'gone.yaml',
    embeddedProfile({ profile: { cluster: { kubeconfig: { path: 'gone.kubeconfig' } } } }),
  )
  const { exitCode, stdout } = await folder.run('preflight', '--profile', profile)
  expect(exitCode).toBe(3)
  expect(stdout).toContain(`the API server ${server} cannot be reached`)
})

test('a kubeconfig that is not there is exit code 2', async () => {
  const profile = writeProfile(
    'absent.yaml',
    embeddedProfile({ profile: { cluster: { kubeconfig: { path: 'absent.kubeconfig' } } } }),
  )
  const { exitCode, stderr } = await folder.run('preflight', '--profile', profile)
  expect(exitCode).toBe(2)
  expect(stderr).toContain(`kubevirt-acceptance: kubeconfig "${join(folder.path, 'absent.kubeconfig')}" does not exist`)
  const usual = writeProfile('usual.yaml', embeddedProfile({ profile: { cluster: { kubeconfig: {} } } }))
  expect((await folder.run('preflight', '--profile', usual)).stderr).toContain('no cluster: KUBECONFIG is not set')
})
