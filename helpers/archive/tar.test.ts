import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { tarOf } from './tar.ts'
import { untar } from './untar.ts'

const limits = { bytes: 10_000_000 }
const long = `evidence/${'a-very-long-name/'.repeat(8)}${'x'.repeat(120)}.txt`
const contents: Record<string, Buffer> = {
  'run.json': Buffer.from('{}\n'),
  'raw/empty.txt': Buffer.alloc(0),
  'raw/block.bin': Buffer.alloc(512, 7),
  'raw/large.bin': Buffer.from(Array.from({ length: 300_001 }, (_, index) => index % 251)),
  'raw/größe µs.txt': Buffer.from('µ'),
  [long]: Buffer.from('long'),
  [`${long}.2`]: Buffer.alloc(2000, 8),
  'same.bin': Buffer.alloc(2000, 8),
  [`z-${long}`]: Buffer.alloc(2000, 8),
}

async function folder(files: Record<string, Buffer> = {}): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'kubevirt-acceptance-tar-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  return root
}

const packed = async (files: Record<string, Buffer>): Promise<Buffer> => buffer(tarOf(await folder(files)))

/** In pieces that fit no block. */
async function* inPieces(archive: Buffer, bytes = 333): AsyncGenerator<Buffer> {
  for (let at = 0; at < archive.length; at += bytes) yield archive.subarray(at, at + bytes)
}

test('what was packed comes out again, whatever its path and size', async () => {
  const root = join(await folder(), 'new')
  const paths = await untar(inPieces(await packed(contents)), root, limits)
  expect(new Set(paths)).toEqual(new Set(Object.keys(contents)))
  for (const [path, content] of Object.entries(contents))
    expect((await readFile(join(root, path))).equals(content), path).toBe(true)
})

test('the tar of the system reads it, too', async () => {
  const root = await folder()
  const archive = join(root, 'archive.tar')
  await writeFile(archive, await packed(contents))
  execFileSync('tar', ['-xf', archive, '-C', root])
  for (const [path, content] of Object.entries(contents))
    expect((await readFile(join(root, path))).equals(content), path).toBe(true)
})

test('files of the same content are packed once', async () => {
  const content = contents['raw/large.bin'] ?? Buffer.alloc(0)
  const once = await packed({ 'raw/a.bin': content })
  const twice = await packed({ 'raw/a.bin': content, 'allure-results/b.bin': content })
  expect(twice.length - once.length).toBe(512)
})

test('files can be left out, with all that is below a folder', async () => {
  const source = await folder(contents)
  const root = await folder()
  const wanted = tarOf(source, (path) => path !== 'raw' && !path.startsWith('evidence'))
  expect(await untar(wanted, root, limits)).toEqual(['run.json', 'same.bin', `z-${long}`])
})

test('an archive that is cut short says by how much', async () => {
  const archive = await packed(contents)
  for (const length of [100, 1000, 200_000, archive.length - 512])
    await expect(untar(inPieces(archive.subarray(0, length)), await folder(), limits)).rejects.toThrow(
      /^it ends \d+ bytes too early$/,
    )
})

test('damage, ways out of the folder, and floods are refused', async () => {
  const attempt = async (archive: Buffer, bytes = limits.bytes) =>
    untar(inPieces(archive), await folder(), { bytes }).catch((error: Error) => error.message)
  const archive = await packed({ 'run.json': Buffer.from('{}') })
  const damaged = Buffer.from(archive)
  damaged[1] = 0x58
  expect(await attempt(damaged)).toBe('the checksum of a header is wrong')
  // The same sum of bytes: only what they say is another.
  const out = Buffer.from(archive)
  out.write('../n.jsu', 0)
  const difference = [...Buffer.from('run.json')].reduce((sum, byte) => sum + byte, 0)
  const other = [...Buffer.from('../n.jsu')].reduce((sum, byte) => sum + byte, 0)
  const sum = Number.parseInt(out.toString('latin1', 148, 154), 8) - difference + other
  out.write(sum.toString(8).padStart(6, '0'), 148)
  expect(await attempt(out)).toBe('"../n.jsu" is no path below the folder')
  const linked = await packed({ a: Buffer.alloc(2000), b: Buffer.alloc(2000) })
  expect(await attempt(linked.subarray(512 + 2048))).toBe('b is a link to a, which is not in it')
  expect(await attempt(linked, 3000)).toBe('its files have more than the 3000 bytes that are taken; b is too much')
  expect(await attempt(archive, 1)).toBe('its files have more than the 1 bytes that are taken; run.json is too much')
})

test('what is no file is not packed, and nothing is overwritten', async () => {
  const root = await folder({ 'run.json': Buffer.from('{}') })
  const archive = await buffer(tarOf(root))
  await expect(untar(inPieces(archive), root, limits)).rejects.toThrow('EEXIST')
  await symlink('/etc/passwd', join(root, 'secret'))
  await expect(buffer(tarOf(root))).rejects.toThrow('secret: neither a file nor a folder')
})
