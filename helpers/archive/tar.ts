/**
 * Regular files as a tar archive (POSIX ustar, with pax headers where a path needs one), so that any tar can read it. Files
 * with the same content are there once, the others as hard links: compression looks no further back than 32 KiB, and the
 * attachments of a report are the files of its run.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** Everything in an archive is made of these. */
export const blockBytes = 512
/** Of a name in a header, in bytes. */
const nameBytes = 100
const readBytes = 64 * 1024
/** The most that the octal size of a header can say. */
const largestFileBytes = 8 ** 11 - 1

export const entryTypes = { file: '0', link: '1', pax: 'x' } as const

/**
 * The files below a folder, in the order of their paths; folders themselves are not in it.
 * @param isWanted asked for each file and each folder, with the path below `root`
 * @throws Error for what is neither file nor folder, and when a file changes meanwhile
 */
export async function* tarOf(
  root: string,
  isWanted: (path: string) => boolean = () => true,
): AsyncGenerator<Buffer, void, undefined> {
  /** By digest of their content. */
  const packed = new Map<string, string>()
  for await (const path of filesBelow(root, '', isWanted)) {
    const file = join(root, path)
    const { size, mtimeMs } = await stat(file)
    if (size > largestFileBytes) throw new Error(`${file}: ${size} bytes are more than a tar archive can say`)
    if (size > blockBytes) {
      const digest = await digestOf(file)
      const same = packed.get(digest)
      if (same !== undefined) {
        yield* headersOf({ type: 'link', path, target: same, size: 0, mtimeMs })
        continue
      }
      packed.set(digest, path)
    }
    yield* headersOf({ type: 'file', path, target: '', size, mtimeMs })
    let read = 0
    for await (const chunk of createReadStream(file, { highWaterMark: readBytes }) as AsyncIterable<Buffer>) {
      read += chunk.length
      if (read > size) break
      yield chunk
    }
    if (read !== size) throw new Error(`${file}: it changed while it was read: ${read} bytes in place of ${size}`)
    yield paddingFor(size)
  }
  // Two empty blocks are the end; an archive without them was cut short.
  yield Buffer.alloc(2 * blockBytes)
}

async function* filesBelow(
  root: string,
  folder: string,
  isWanted: (path: string) => boolean,
): AsyncGenerator<string, void, undefined> {
  const entries = await readdir(join(root, folder), { withFileTypes: true })
  for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (!isWanted(path)) continue
    if (entry.isDirectory()) yield* filesBelow(root, path, isWanted)
    else if (entry.isFile()) yield path
    else throw new Error(`${join(root, path)}: neither a file nor a folder`)
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

interface Entry {
  type: keyof typeof entryTypes
  path: string
  /** Of a link; '' of others. */
  target: string
  size: number
  mtimeMs: number
}

function* headersOf(entry: Entry): Generator<Buffer> {
  const { path, target, mtimeMs } = entry
  const records = Buffer.concat([
    ...(isPlain(path) ? [] : [paxRecord('path', path)]),
    ...(isPlain(target) ? [] : [paxRecord('linkpath', target)]),
  ])
  if (records.length > 0) {
    yield header({ type: 'pax', path: 'pax-header', target: '', size: records.length, mtimeMs })
    yield records
    yield paddingFor(records.length)
  }
  yield header(entry)
}

/** Whether a plain header can say it: not long names, and no names that are not ASCII. */
const isPlain = (path: string): boolean => path.length <= nameBytes && Buffer.byteLength(path) === path.length

function header({ type, path, target, size, mtimeMs }: Entry): Buffer {
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, offset: number, digits: number): void =>
    void block.write(value.toString(8).padStart(digits, '0'), offset, 'latin1')
  Buffer.from(path).copy(block, 0, 0, nameBytes)
  octal(0o644, 100, 7)
  octal(0, 108, 7)
  octal(0, 116, 7)
  octal(size, 124, 11)
  octal(Math.max(0, Math.floor(mtimeMs / 1000)), 136, 11)
  block.write(entryTypes[type], 156, 'latin1')
  Buffer.from(target).copy(block, 157, 0, nameBytes)
  block.write('ustar\u000000', 257, 'latin1')
  octal(checksum(block), 148, 6)
  block.write('\u0000 ', 154, 'latin1')
  return block
}

/** Of a header, with its own field as if it were blanks. */
export function checksum(block: Buffer): number {
  let sum = 0
  for (const [index, byte] of block.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte
  return sum
}

/** `LENGTH key=value\n`, of which the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  let length = bytes + String(bytes).length
  if (String(length).length > String(bytes).length) length += 1
  return Buffer.from(`${length}${rest}`)
}

/** Bytes after the content of a file, up to the next block. */
export const paddingBytes = (size: number): number => (blockBytes - (size % blockBytes)) % blockBytes

const paddingFor = (size: number): Buffer => Buffer.alloc(paddingBytes(size))
