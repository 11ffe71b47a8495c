/**
 * Writes a read-only disk with one folder of files (ISO 9660, ECMA-119), which a guest mounts instead of unpacking: it
 * reads only what it uses. File names are kept as they are, beyond what the standard allows; Linux reads them with the mount
 * options norock,nojoliet,map=off, and makes every file executable.
 */

const blockBytes = 2048
const primaryDescriptor = 16
const rootBlock = 20
/** 1970-01-01, so that the same files make the same disk. */
const epoch = Buffer.from([70, 1, 1, 0, 0, 0, 0])

export interface IsoFile {
  name: string
  data: Buffer
}

/** @throws Error when a name cannot be written, or two are the same */
export function isoDisk(volume: string, files: IsoFile[]): Buffer {
  const sorted = files.toSorted((left, right) => (left.name < right.name ? -1 : 1))
  const entries = sorted.map(({ name, data }, index) => {
    const bytes = Buffer.from(name)
    if (bytes.length === 0 || bytes.length > 200 || !/^[-+.\w]+$/.test(name) || name === sorted[index - 1]?.name)
      throw new Error(`cannot write ${JSON.stringify(name)} to an ISO 9660 disk`)
    return { name: bytes, data, block: 0 }
  })
  // The folder's size does not depend on where the files are.
  const folderBlocks = folder(entries, 0).length / blockBytes
  let next = rootBlock + folderBlocks
  for (const entry of entries) {
    entry.block = next
    next += Math.ceil(entry.data.length / blockBytes)
  }
  const disk = Buffer.alloc(next * blockBytes)
  primaryVolume(volume, folderBlocks * blockBytes, next).copy(disk, primaryDescriptor * blockBytes)
  disk.write('\u00FFCD001\u0001', (primaryDescriptor + 1) * blockBytes, 'latin1')
  // Path tables with the root alone, little endian and big endian.
  Buffer.from([1, 0, rootBlock, 0, 0, 0, 1, 0, 0, 0]).copy(disk, (primaryDescriptor + 2) * blockBytes)
  Buffer.from([1, 0, 0, 0, 0, rootBlock, 0, 1, 0, 0]).copy(disk, (primaryDescriptor + 3) * blockBytes)
  folder(entries, folderBlocks * blockBytes).copy(disk, rootBlock * blockBytes)
  for (const { data, block } of entries) data.copy(disk, block * blockBytes)
  return disk
}

function folder(entries: { name: Buffer; data: Buffer; block: number }[], ownBytes: number): Buffer {
  const self = (name: number) => record(Buffer.from([name]), rootBlock, ownBytes, true)
  const blocks: Buffer[] = [Buffer.concat([self(0), self(1)])]
  for (const { name, data, block } of entries) {
    const entry = record(name, block, data.length, false)
    const last = blocks.at(-1) ?? Buffer.alloc(0)
    // No record crosses the end of a block.
    if (last.length + entry.length > blockBytes) blocks.push(entry)
    else blocks[blocks.length - 1] = Buffer.concat([last, entry])
  }
  return Buffer.concat(blocks.map((each) => Buffer.concat([each, Buffer.alloc(blockBytes - each.length)])))
}

function record(name: Buffer, block: number, size: number, isFolder: boolean): Buffer {
  const result = Buffer.alloc(33 + name.length + ((name.length + 1) % 2))
  result.writeUInt8(result.length, 0)
  bothEndian32(block).copy(result, 2)
  bothEndian32(size).copy(result, 10)
  epoch.copy(result, 18)
  result.writeUInt8(isFolder ? 2 : 0, 25)
  bothEndian16(1).copy(result, 28)
  result.writeUInt8(name.length, 32)
  name.copy(result, 33)
  return result
}

function primaryVolume(volume: string, folderBytes: number, blocks: number): Buffer {
  const result = Buffer.alloc(blockBytes)
  result.write('\u0001CD001\u0001', 0, 'latin1')
  result.fill(' ', 8, 72)
  result.write(volume, 40, 32, 'latin1')
  bothEndian32(blocks).copy(result, 80)
  bothEndian16(1).copy(result, 120)
  bothEndian16(1).copy(result, 124)
  bothEndian16(blockBytes).copy(result, 128)
  bothEndian32(10).copy(result, 132)
  result.writeUInt32LE(primaryDescriptor + 2, 140)
  result.writeUInt32BE(primaryDescriptor + 3, 148)
  record(Buffer.from([0]), rootBlock, folderBytes, true).copy(result, 156)
  result.fill(' ', 190, 813)
  // Dates that are not given.
  for (const start of [813, 830, 847, 864]) result.fill('0', start, start + 16)
  result.writeUInt8(1, 881)
  return result
}

function bothEndian16(value: number): Buffer {
  const result = Buffer.alloc(4)
  result.writeUInt16LE(value, 0)
  result.writeUInt16BE(value, 2)
  return result
}

function bothEndian32(value: number): Buffer {
  const result = Buffer.alloc(8)
  result.writeUInt32LE(value, 0)
  result.writeUInt32BE(value, 4)
  return result
}
