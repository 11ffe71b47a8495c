import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KubeconfigError, loadKubeconfig } from './kubeconfig.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'))
  vi.stubEnv('HOME', folder)
  vi.stubEnv('KUBECONFIG', undefined)
  vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function kubeconfig(name: string, overrides: Record<string, unknown> = {}): string {
  return JSON.stringify({
    clusters: [{ name: `${name}-cluster`, cluster: { server: `https://${name}.example:6443/` } }],
    contexts: [{ name, context: { cluster: `${name}-cluster`, user: `${name}-user`, namespace: `${name}-ns` } }],
    users: [{ name: `${name}-user`, user: { token: name } }],
    'current-context': name,
    ...overrides,
  })
}

function file(path: string, content: string): string {
  const full = join(folder, path)
  mkdirSync(join(full, '..'), { recursive: true })
  writeFileSync(full, content)
  return full
}

test("takes the given text or file, its current context, and that context's namespace", async () => {
  const path = file('lab.yaml', kubeconfig('lab'))
  const expected = { server: 'https://lab.example:6443', context: 'lab', namespace: 'lab-ns', proxyUrl: undefined }
  expect(await loadKubeconfig({ kubeconfigPath: path })).toMatchObject({ ...expected, source: path })
  expect(await loadKubeconfig({ kubeconfig: kubeconfig('lab') })).toMatchObject(expected)
  expect((await loadKubeconfig({ kubeconfigPath: path, namespace: 'mine' })).namespace).toBe('mine')
})

test('merges the files of KUBECONFIG as kubectl does: the first wins, missing ones are passed over', async () => {
  const one = file('one', kubeconfig('one'))
  const two = file(
    'two',
    kubeconfig('two', {
      users: [
        { name: 'two-user', user: {} },
        { name: 'one-user', user: {} },
      ],
    }),
  )
  vi.stubEnv('KUBECONFIG', [join(folder, 'missing'), one, two].join(delimiter))
  const loaded = await loadKubeconfig()
  expect(loaded.context).toBe('one')
  expect(loaded.config.getCurrentUser()?.token).toBe('one')
  expect((await loadKubeconfig({ context: 'two' })).server).toBe('https://two.example:6443')
})

test('takes ~/.kube/config when nothing else is said', async () => {
  const path = file('.kube/config', kubeconfig('home'))
  expect(await loadKubeconfig()).toMatchObject({ context: 'home', source: path })
})

test('resolves files beside the kubeconfig', async () => {
  file('certs/ca.pem', 'PEM')
  const path = file(
    'lab.yaml',
    kubeconfig('lab', {
      clusters: [{ name: 'lab-cluster', cluster: { server: 'https://x', 'certificate-authority': 'certs/ca.pem' } }],
    }),
  )
  const { config } = await loadKubeconfig({ kubeconfigPath: path })
  expect(config.getCurrentCluster()?.caFile).toBe(join(folder, 'certs/ca.pem'))
})

test('tells a credential plugin which version of the interface is spoken', async () => {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'x', provideClusterInfo: true }
  const text = kubeconfig('lab', { users: [{ name: 'lab-user', user: { exec } }] })
  const { config } = await loadKubeconfig({ kubeconfig: text })
  const user = config.getCurrentUser() as unknown as { exec: { env: { name: string; value: string }[] } }
  const [information] = user.exec.env
  expect(information?.name).toBe('KUBERNETES_EXEC_INFO')
  expect(JSON.parse(information?.value ?? '')).toEqual({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive: false, cluster: { server: 'https://lab.example:6443' } },
  })
})

test.for<[string, () => Parameters<typeof loadKubeconfig>[0], string | RegExp]>([
  ['the file does not exist', () => ({ kubeconfigPath: '/no/such/file' }), 'kubeconfig "/no/such/file" does not exist'],
  [
    'the context is unknown',
    () => ({ kubeconfig: kubeconfig('lab'), context: 'prod' }),
    'the given kubeconfig has no context "prod"; known contexts: lab',
  ],
  [
    'there is no current context',
    () => ({ kubeconfig: kubeconfig('lab', { 'current-context': '' }) }),
    'has no current-context; choose one of its contexts: lab',
  ],
  [
    'the current context is not there',
    () => ({ kubeconfig: kubeconfig('lab', { 'current-context': 'gone' }) }),
    'current-context "gone" is not there; known contexts: lab',
  ],
  [
    'the cluster of the context is not there',
    () => ({ kubeconfig: kubeconfig('lab', { clusters: [] }) }),
    'context "lab" names cluster "lab-cluster", which has no server there; known clusters: (none)',
  ],
  [
    'the user of the context is not there',
    () => ({ kubeconfig: kubeconfig('lab', { users: [] }) }),
    'context "lab" names user "lab-user", which is not there; known users: (none)',
  ],
  ['it is no YAML', () => ({ kubeconfig: '{a: [' }), /^the given kubeconfig cannot be read as a kubeconfig: /],
  ['it is something else', () => ({ kubeconfig: 'just text' }), /the given kubeconfig/],
  ['it is empty', () => ({ kubeconfig: '' }), /the given kubeconfig/],
  [
    'there is nothing at all',
    () => ({}),
    /^no cluster: KUBECONFIG is not set, .*\/\.kube\/config does not exist, and this is no pod with a service account; set KUBECONFIG/,
  ],
])('says so when %s', async ([, options, message]) => {
  const error = await loadKubeconfig(options()).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(KubeconfigError)
  expect((error as Error).message).toMatch(message)
})

test('says so when none of the files in KUBECONFIG exists', async () => {
  vi.stubEnv('KUBECONFIG', '/no/a:/no/b')
  await expect(loadKubeconfig()).rejects.toThrow('KUBECONFIG names "/no/a", "/no/b", which does not exist')
})
