import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { LockedPackage } from './lock.ts'
import { obtainPackages, packagePath, parsePrintedUri } from './package-source.ts'

const content = Buffer.from('a package')
const locked: LockedPackage = {
  name: 'tool',
  version: '1:1.0+deb12u1',
  architecture: 'amd64',
  path: 'pool/main/t/tool/tool_1.0+deb12u1_amd64.deb',
  size: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
}

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(os.tmpdir(), 'packages-'))
  onTestFinished(() => rm(made, { recursive: true }))
  return made
}

async function mirror(answer: (url: string) => Buffer | null): Promise<string> {
  const server = createServer((request, response) => {
    const body = answer(request.url ?? '')
    response.writeHead(body ? 200 : 404).end(body ?? '')
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}/debian` : ''
}

const obtain = (into: string, mirrors: string[]) =>
  obtainPackages({ packages: [locked], folder: into, mirrors, log: () => {} })

test('the first mirror that has the package serves it, once', async () => {
  const into = await folder()
  const asked: string[] = []
  const empty = await mirror(() => null)
  const full = await mirror((url) => {
    asked.push(url)
    return content
  })
  await obtain(into, [empty, full])
  await obtain(into, [])
  expect(asked).toEqual([`/debian/${locked.path}`])
  expect(await readFile(packagePath(into, locked))).toEqual(content)
})

test('a mirror with other bytes under the name is refused', async () => {
  const url = await mirror(() => Buffer.from('another package'))
  await expect(obtain(await folder(), [url])).rejects.toThrow(
    /has sha256 [0-9a-f]{64}, but packages.lock.json says [0-9a-f]{64}: do not use this mirror/,
  )
})

test('a version that is gone says so, with both ways out', async () => {
  const url = await mirror(() => null)
  await expect(obtain(await folder(), [url])).rejects.toThrow(
    /cannot get 1 package\(s\).*tool 1:1\.0\+deb12u1\n.*404 Not Found\n(.|\n)*--update-lock(.|\n)*--mirror URL/,
  )
})

test('a package that was damaged in the cache is removed', async () => {
  const into = await folder()
  await writeFile(packagePath(into, locked), 'half a pack')
  await expect(obtain(into, [])).rejects.toThrow('was damaged')
  await expect(readFile(packagePath(into, locked))).rejects.toThrow('ENOENT')
})

test('reads what apt prints', () => {
  const line =
    "'http://mirror.example/debian/pool/main/b/busybox/busybox-static_1.35.0-4%2bdeb12u1_amd64.deb' busybox-static_1%3a1.35.0-4+deb12u1_amd64.deb 928188 MD5Sum:f6f1"
  expect(parsePrintedUri(line)).toEqual({
    name: 'busybox-static',
    version: '1:1.35.0-4+deb12u1',
    architecture: 'amd64',
    path: 'pool/main/b/busybox/busybox-static_1.35.0-4+deb12u1_amd64.deb',
    file: 'busybox-static_1%3a1.35.0-4+deb12u1_amd64.deb',
  })
  expect(parsePrintedUri('The following NEW packages will be installed:')).toBeNull()
})
