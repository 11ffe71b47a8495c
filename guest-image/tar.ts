/** Reader of tar archives as dpkg writes them (ustar with GNU long names); see ar.ts for why it is our own. */

export interface TarEntry {
  /** Relative, without a leading `./` and without a trailing slash. */
  path: string
  type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other'
  /** Permission bits only. */
  mode: number
  /** Target of a symbolic or hard link as stored; '' for everything else. */
  link: string
  data: Buffer
}

const blockSize = 512
const types: Record<string, TarEntry['type']> = {
  '0': 'file',
  '\0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
}

/** @throws Error when a header's checksum is wrong or an entry reaches past the end. */
export function* readTar(archive: Buffer): Generator<TarEntry> {
  let offset = 0
  let longPath: string | undefined
  let longLink: string | undefined
  while (offset + blockSize <= archive.length) {
    const header = archive.subarray(offset, offset + blockSize)
    // Two empty blocks end an archive; what follows is padding.
    if (header.every((byte) => byte === 0)) return
    checkHeader(header, offset)
    const size = readNumber(header, 124, 12)
    const start = offset + blockSize
    if (start + size > archive.length)
      throw new Error(`damaged tar archive: the entry at byte ${offset} has ${size} bytes, more than are left`)
    const data = archive.subarray(start, start + size)
    offset = start + Math.ceil(size / blockSize) * blockSize

    const flag = String.fromCharCode(header[156] ?? 0)
    if (flag === 'L') longPath = readText(data, 0, size)
    else if (flag === 'K') longLink = readText(data, 0, size)
    // Extended headers carry times and owners here, which the image does not keep.
    else if (flag !== 'x' && flag !== 'g') {
      yield {
        path: (longPath ?? shortPath(header)).replace(/^\.\//, '').replace(/\/$/, ''),
        type: types[flag] ?? 'other',
        mode: readNumber(header, 100, 8) & 0o7777,
        link:
          flag === '1' || flag === '2'
            ? (longLink ?? readText(header, 157, 100)).replace(flag === '1' ? /^\.\// : /^$/, '')
            : '',
        data,
      }
      longPath = undefined
      longLink = undefined
    }
  }
}

function shortPath(header: Buffer): string {
  const name = readText(header, 0, 100)
  // Old GNU headers use the place of ustar's prefix for times.
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isUstar ? readText(header, 345, 155) : ''
  return prefix ? `${prefix}/${name}` : name
}

function readText(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start)
  return block.toString('utf8', start, end < 0 || end > start + length ? start + length : end)
}

function readNumber(header: Buffer, start: number, length: number): number {
  const text = readText(header, start, length).trim()
  if (!/^[0-7]*$/.test(text)) throw new Error(`damaged tar archive: ${JSON.stringify(text)} is not an octal number`)
  return Number.parseInt(text || '0', 8)
}

function checkHeader(header: Buffer, offset: number): void {
  let sum = 0
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte
  const stored = readNumber(header, 148, 8)
  if (sum !== stored)
    throw new Error(`damaged tar archive: header at byte ${offset} has checksum ${sum}, expected ${stored}`)
}
