import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { filter } from './filter.ts'
import { kernelOf, unpackLz4Block } from './linux-kernel.ts'

interface Sequence {
  literals: Buffer
  match?: { distance: number; length: number } | undefined
}

/** Encodes sequences as the description of LZ4 blocks says. */
function block(sequences: Sequence[]): Buffer {
  const extra = (value: number): number[] => {
    if (value < 15) return []
    const rest = value - 15
    return [...Array.from({ length: Math.floor(rest / 255) }, () => 255), rest % 255]
  }
  return Buffer.concat(
    sequences.map(({ literals, match }) => {
      const matchLength = match ? match.length - 4 : 0
      const token = (Math.min(literals.length, 15) << 4) | Math.min(matchLength, 15)
      const tail = match ? [match.distance & 255, match.distance >> 8, ...extra(matchLength)] : []
      return Buffer.concat([Buffer.from([token, ...extra(literals.length)]), literals, Buffer.from(tail)])
    }),
  )
}

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((each) => Buffer.from(each))
const sequences = fc.tuple(
  fc.array(fc.record({ literals: bytes(1, 300), distance: fc.nat(), length: fc.integer({ min: 4, max: 600 }) }), {
    maxLength: 6,
  }),
  bytes(5, 40),
)

property.prop([sequences])('unpacks literals and matches of all lengths, overlapping ones too', ([parts, last]) => {
  const plain: number[] = []
  const encoded: Sequence[] = parts.map(({ literals, distance, length }) => {
    plain.push(...literals)
    const back = (distance % plain.length) + 1
    for (let index = 0; index < length; index++) plain.push(plain[plain.length - back]!)
    return { literals, match: { distance: back, length } }
  })
  plain.push(...last)
  const result = Buffer.alloc(plain.length)
  expect(unpackLz4Block(block([...encoded, { literals: last }]), result, 0)).toBe(plain.length)
  expect([...result]).toEqual(plain)
})

test('refuses a damaged block', () => {
  const reachesBack = block([
    { literals: Buffer.from('ab'), match: { distance: 3, length: 4 } },
    { literals: Buffer.from('x') },
  ])
  expect(() => unpackLz4Block(reachesBack, Buffer.alloc(20), 0)).toThrow(
    'a match of 4 bytes at distance 3 does not fit',
  )
  expect(() => unpackLz4Block(block([{ literals: Buffer.from('abcdef') }]), Buffer.alloc(3), 0)).toThrow(
    'literals do not fit',
  )
})

function bzImage(payload: Buffer): Buffer {
  const header = Buffer.alloc(2 * 512)
  header[0x1f1] = 1
  header.write('HdrS', 0x202, 'latin1')
  header.writeUInt32LE(0, 0x248)
  header.writeUInt32LE(payload.length, 0x24c)
  return Buffer.concat([header, payload])
}

test('finds the kernel in a bzImage', async () => {
  const text = Buffer.from('a kernel')
  const packed = block([{ literals: text }])
  const numbers = Buffer.alloc(12)
  numbers.writeUInt32LE(0x18_4c_21_02, 0)
  numbers.writeUInt32LE(packed.length, 4)
  numbers.writeUInt32LE(text.length, 8)
  const payload = Buffer.concat([numbers.subarray(0, 8), packed, numbers.subarray(8)])
  expect(String(await kernelOf(bzImage(payload)))).toBe('a kernel')
  await expect(kernelOf(bzImage(payload).subarray(0, -1))).rejects.toThrow('the kernel should end at byte')
  await expect(kernelOf(bzImage(Buffer.from('\u001f\u008b gzip data')))).rejects.toThrow('neither LZ4 nor XZ')
  await expect(kernelOf(Buffer.alloc(1024))).rejects.toThrow('not a Linux bzImage')
  numbers.writeUInt32LE(text.length + 1, 8)
  const short = Buffer.concat([numbers.subarray(0, 8), packed, numbers.subarray(8)])
  await expect(kernelOf(bzImage(short))).rejects.toThrow('the kernel has 8 of 9 bytes')
})

test('a kernel compressed with XZ is unpacked by xz', async () => {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(8)
  const packed = await filter(['xz', '--check=crc32', '--stdout'], Buffer.from('a kernel'))
  expect(String(await kernelOf(bzImage(Buffer.concat([packed, size]))))).toBe('a kernel')
  packed.fill(0, 12, 20)
  await expect(kernelOf(bzImage(Buffer.concat([packed, size])))).rejects.toThrow('xz failed with exit code 1')
})
