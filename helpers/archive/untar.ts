import { constants, copyFile, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { blockBytes, checksum, entryTypes, paddingBytes } from './tar.ts'

/** The archive is cut short, damaged, or not one that we would write. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
}

export interface UntarLimits {
  /** Of all files together: what is compressed may be much larger than it looks. */
  bytes: number
}

const longestPaxHeader = 64 * 1024

/**
 * Writes the files of an archive of `tarOf` below a folder, which is made, and overwrites nothing. Only one piece of the
 * source is in memory at a time. Paths out of the folder, links and devices are refused.
 * @returns the paths below the folder
 * @throws ArchiveError
 */
export async function untar(source: AsyncIterable<Buffer>, root: string, limits: UntarLimits): Promise<string[]> {
  const reader = new PieceReader(source)
  /** Bytes of what was written, by path. */
  const files = new Map<string, number>()
  let long: LongNames = {}
  let written = 0
  await mkdir(root, { recursive: true })
  for (;;) {
    const block = await reader.read(blockBytes)
    if (isEmpty(block)) {
      // To the very end: only then the source can tell whether it was whole.
      if (!isEmpty(await reader.toEnd())) throw new ArchiveError('something follows its end')
      return [...files.keys()]
    }
    const { name, target, size, type } = headerOf(block)
    if (type === entryTypes.pax) {
      if (size > longestPaxHeader) throw new ArchiveError(`a header of ${size} bytes, more than ${longestPaxHeader}`)
      long = longNamesIn(await reader.read(size))
    } else if (type === entryTypes.file || type === entryTypes.link) {
      const path = safePath(long.path ?? name)
      const same = type === entryTypes.link ? (long.linkpath ?? target) : undefined
      long = {}
      const bytes = same === undefined ? size : files.get(same)
      if (same !== undefined && bytes === undefined)
        throw new ArchiveError(`${path} is a link to ${same}, which is not in it`)
      written += bytes ?? 0
      if (written > limits.bytes)
        throw new ArchiveError(`its files have more than the ${limits.bytes} bytes that are taken; ${path} is too much`)
      await mkdir(dirname(join(root, path)), { recursive: true })
      if (same === undefined) await writeFile(join(root, path), reader.pieces(size))
      else await copyFile(join(root, same), join(root, path), constants.COPYFILE_EXCL)
      files.set(path, bytes ?? 0)
    } else throw new ArchiveError(`${name} is of type "${type}"; only files are taken`)
    await reader.read(paddingBytes(size))
  }
}

async function writeFile(path: string, pieces: AsyncIterable<Buffer>): Promise<void> {
  await using file = await open(path, 'wx')
  await file.writeFile(pieces)
}

const isEmpty = (block: Buffer): boolean => block.every((byte) => byte === 0)

function headerOf(block: Buffer): { name: string; target: string; size: number; type: string } {
  const text = (from: number, to: number) => block.toString('utf8', from, to).split('\0', 1).join('')
  const octal = (from: number, to: number) => {
    const digits = text(from, to).trim()
    if (!/^[0-7]+$/.test(digits)) throw new ArchiveError(`a header has "${digits}" in place of a number`)
    return Number.parseInt(digits, 8)
  }
  if (octal(148, 156) !== checksum(block)) throw new ArchiveError('the checksum of a header is wrong')
  return { name: text(0, 100), target: text(157, 257), size: octal(124, 136), type: text(156, 157) }
}

interface LongNames {
  path?: string
  linkpath?: string
}

function longNamesIn(header: Buffer): LongNames {
  const records = header.toString()
  if (!/^(\d+ (path|linkpath)=[^\n]+\n)+$/.test(records))
    throw new ArchiveError('a header says something else than the path of a file')
  return Object.fromEntries([...records.matchAll(/^\d+ (\w+)=(.+)$/gm)].map(([, key, path]) => [key, path]))
}

function safePath(path: string): string {
  const parts = path.split('/')
  if (path.includes('\\') || path.includes('\0') || parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new ArchiveError(`"${path}" is no path below the folder`)
  return path
}

/** Reads a source of pieces of any size in pieces of the size that is asked for. */
class PieceReader {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Exactly so many bytes, in one piece. */
  read(bytes: number): Promise<Buffer> {
    return buffer(this.pieces(bytes))
  }

  /** At least one block, and all that follows. */
  async toEnd(): Promise<Buffer> {
    return Buffer.concat([await this.read(blockBytes), await buffer(this.#others())])
  }

  async *#others(): AsyncGenerator<Buffer, void, undefined> {
    yield this.#rest
    for (let next = await this.#source.next(); next.done !== true; next = await this.#source.next()) yield next.value
  }

  /** So many bytes, as they come. */
  async *pieces(bytes: number): AsyncGenerator<Buffer, void, undefined> {
    for (let missing = bytes; missing > 0;) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#source.next()
        if (done === true) throw new ArchiveError(`it ends ${missing} bytes too early`)
        this.#rest = value
      }
      const piece = this.#rest.subarray(0, missing)
      this.#rest = this.#rest.subarray(piece.length)
      missing -= piece.length
      yield piece
    }
  }
}
