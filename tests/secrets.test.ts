/** Nothing that a run writes may help anybody into a guest or a cluster. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'vitest'
import { parse } from 'yaml'
import { acceptanceRun, embeddedProfile, temporaryFolder } from './acceptance-run.ts'
import { separateCluster } from './separate-cluster.ts'

const limits = { timeout: 120_000 }

const secrets = {
  'a private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----(?!\[redacted\])/,
  // openssh-key-v1
  'the body of a private key': /b3BlbnNzaC1rZXktdjE/,
  'a bearer token': /bearer\s+[\w.~+/-]{8,}/i,
  'a service-account token': /\beyJ[\w-]{10,}\.[\w-]{10,}/,
  'a client key': /client-key-data["']?\s*:\s*["']?[\w+/]/,
  'a token of a kubeconfig': /^\s*token: (?!.*(redacted|\*\*\*))\S+/im,
}

async function findSecrets(root: string, known: string[] = []): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name)
    const content = await readFile(path, 'latin1')
    for (const [what, pattern] of Object.entries(secrets)) if (pattern.test(content)) found.push(`${what} in ${path}`)
    for (const text of known) if (content.includes(text)) found.push(`${text.slice(0, 8)}... in ${path}`)
    if (entry.name.includes('kubeconfig')) found.push(path)
  }
  return found
}

test('the patterns find what they are for', async ({ expect }) => {
  const folder = await temporaryFolder()
  try {
    await mkdir(join(folder.path, 'a'))
    await writeFile(join(folder.path, 'a/kubeconfig'), 'users: [{ user: { client-key-data: LS0t } }]')
    await writeFile(join(folder.path, 'key'), '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAA')
    await writeFile(join(folder.path, 'log'), 'Authorization: Bearer abcdefgh1234\ntoken: abc\nneedle in hay')
    expect(await findSecrets(folder.path, ['needle'])).toHaveLength(7)
  } finally {
    await folder.remove()
  }
})

test.concurrent('a failed run over SSH keeps evidence, and no secret', limits, async ({ expect }) => {
  await using separate = await separateCluster()
  const { users } = parse(separate.cluster.kubeconfig) as { users: { user: { token: string } }[] }
  const run = await acceptanceRun(separate.folder, {
    profile: separate.profile({ case: { guestAccess: 'ssh', maxDesiredLatencyMilliseconds: 0.001 } }),
  })
  expect(run.exitCode, run.output).toBe(1)
  const evidence = run.document?.cases[0]?.evidence.map(({ name }) => name) ?? []
  expect(evidence.some((name) => name.startsWith('vmi-'))).toBe(true)
  expect(evidence.some((name) => name.startsWith('transcript-'))).toBe(true)
  const [{ user }] = users as [(typeof users)[0]]
  expect(user.token.length).toBeGreaterThan(10)
  expect(await findSecrets(run.directory!.root, [user.token])).toEqual([])
  for (const pattern of [...Object.values(secrets), user.token]) expect(run.output).not.toMatch(pattern)
})

test.concurrent('the kubeconfig of the embedded cluster is its own and goes with it', limits, async ({ expect }) => {
  const folder = await temporaryFolder()
  try {
    let seen: Promise<{ mode: number; content: string }> | undefined
    const run = await acceptanceRun(folder.path, {
      profile: embeddedProfile({
        embedded: { networks: [{ name: 'blue' }] },
        case: { guestAccess: 'ssh', maxDesiredLatencyMilliseconds: 0.001 },
      }),
      onOutput: (output) => {
        const [, root] = /run directory +(\S+)/.exec(output) ?? []
        if (seen !== undefined || root === undefined || !output.includes(' GET ')) return
        const path = join(root, 'kubeconfig')
        seen = Promise.all([stat(path), readFile(path, 'utf8')]).then(([{ mode }, content]) => ({ mode, content }))
      },
    })
    const { mode, content } = await seen!
    expect(mode & 0o777).toBe(0o600)
    expect(run.exitCode, run.output).toBe(1)
    const { users } = parse(content) as { users: { user: { token: string } }[] }
    expect(await findSecrets(run.directory!.root, [users[0]!.user.token])).toEqual([])
  } finally {
    await folder.remove()
  }
})
