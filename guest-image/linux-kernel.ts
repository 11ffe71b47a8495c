/**
 * Takes the kernel proper (ELF vmlinux) out of a Linux bzImage. QEMU enters it directly (PVH), which spares every guest
 * the boot loader stage and decompressing itself under emulation. Layout: Documentation/arch/x86/boot.rst of Linux; the
 * LZ4 legacy frame and block formats: doc/lz4_Frame_format.md and doc/lz4_Block_format.md of LZ4.
 */
import { filter } from './filter.ts'

const headerMagic = 'HdrS'
const lz4LegacyMagic = 0x18_4c_21_02
/** The first four of its six bytes. */
const xzMagic = 0x58_7a_37_fd

/** @throws Error when the file is no bzImage with a kernel compressed with LZ4 or XZ */
export async function kernelOf(bzImage: Buffer): Promise<Buffer> {
  if (bzImage.toString('latin1', 0x202, 0x206) !== headerMagic)
    throw new Error('not a Linux bzImage: no "HdrS" at byte 514')
  const setupSectors = bzImage.readUInt8(0x1f1) || 4
  const start = (setupSectors + 1) * 512 + bzImage.readUInt32LE(0x248)
  const end = start + bzImage.readUInt32LE(0x24c)
  if (end > bzImage.length)
    throw new Error(`damaged bzImage: the kernel should end at byte ${end} of ${bzImage.length}`)
  const magic = bzImage.readUInt32LE(start)
  // The size of the result follows the compressed data.
  const packed = bzImage.subarray(start, end - 4)
  const size = bzImage.readUInt32LE(end - 4)
  if (magic !== lz4LegacyMagic && magic !== xzMagic)
    throw new Error('the kernel in the bzImage is compressed with neither LZ4 nor XZ')
  const result =
    magic === xzMagic ? await filter(['xz', '--decompress', '--stdout'], packed) : unpackLz4Frame(packed, size)
  if (result.length !== size) throw new Error(`damaged bzImage: the kernel has ${result.length} of ${size} bytes`)
  return result
}

/** Returns at most `size` bytes. @throws Error when a block is damaged */
function unpackLz4Frame(frame: Buffer, size: number): Buffer {
  const result = Buffer.alloc(size)
  let written = 0
  for (let offset = 4; offset < frame.length;) {
    const blockLength = frame.readUInt32LE(offset)
    written = unpackLz4Block(frame.subarray(offset + 4, offset + 4 + blockLength), result, written)
    offset += 4 + blockLength
  }
  return result.subarray(0, written)
}

/** Unpacks one block into `result` from `position` on; returns where it ends. @throws Error when it does not fit */
export function unpackLz4Block(block: Buffer, result: Buffer, position: number): number {
  const blockStart = position
  let written = position
  let offset = 0
  const length = (nibble: number): number => {
    let total = nibble
    if (nibble === 15)
      for (let byte = 255; byte === 255;) {
        byte = block.readUInt8(offset++)
        total += byte
      }
    return total
  }
  while (offset < block.length) {
    const token = block.readUInt8(offset++)
    const literals = length(token >> 4)
    if (offset + literals > block.length || written + literals > result.length)
      throw new Error('damaged LZ4 block: literals do not fit')
    block.copy(result, written, offset, offset + literals)
    offset += literals
    written += literals
    // A block ends with literals.
    if (offset === block.length) break
    const distance = block.readUInt16LE(offset)
    offset += 2
    const match = length(token & 15) + 4
    if (distance === 0 || distance > written - blockStart || written + match > result.length)
      throw new Error(`damaged LZ4 block: a match of ${match} bytes at distance ${distance} does not fit`)
    // A match may overlap what it produces, so that it is copied in steps of what is there.
    for (let copied = 0; copied < match;) {
      const step = Math.min(match - copied, distance + copied)
      result.copyWithin(written + copied, written - distance, written - distance + step)
      copied += step
    }
    written += match
  }
  return written
}
