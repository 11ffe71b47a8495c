import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { isoDisk, type IsoFile } from './iso9660.ts'

/** Follows the disk from its primary volume descriptor, as one who mounts it does. */
function read(disk: Buffer): Map<string, Buffer> {
  const descriptor = disk.subarray(16 * 2048, 17 * 2048)
  expect(descriptor.toString('latin1', 0, 7)).toBe('\u0001CD001\u0001')
  expect(descriptor.readUInt32LE(80) * 2048).toBe(disk.length)
  expect(descriptor.readUInt32LE(80)).toBe(descriptor.readUInt32BE(84))
  const start = descriptor.readUInt32LE(156 + 2) * 2048
  const folder = disk.subarray(start, start + descriptor.readUInt32LE(156 + 10))
  const files = new Map<string, Buffer>()
  for (let block = 0; block < folder.length; block += 2048)
    for (let at = block; at < block + 2048 && folder.readUInt8(at) > 0; at += folder.readUInt8(at)) {
      expect(at + folder.readUInt8(at)).toBeLessThanOrEqual(block + 2048)
      const name = folder.toString('latin1', at + 33, at + 33 + folder.readUInt8(at + 32))
      const from = folder.readUInt32LE(at + 2) * 2048
      expect(folder.readUInt32BE(at + 6) * 2048).toBe(from)
      if (folder.readUInt8(at + 25) === 0) files.set(name, disk.subarray(from, from + folder.readUInt32LE(at + 10)))
    }
  return files
}

const name = fc.stringMatching(/^[-+._a-zA-Z0-9]{1,60}$/)
const someFiles = fc.uniqueArray(
  fc.record({ name, data: fc.uint8Array({ maxLength: 5000 }).map((each) => Buffer.from(each)) }),
  { selector: (each) => each.name, maxLength: 120 },
)

property.prop([someFiles])('holds every file under its name, whatever their order', (files: IsoFile[]) => {
  const disk = isoDisk('tools', files)
  const found = read(disk)
  expect(new Map(files.map(({ name: each, data }) => [each, data.toString('hex')]))).toEqual(
    new Map([...found].map(([each, data]) => [each, data.toString('hex')])),
  )
  expect(isoDisk('tools', files.toReversed()).equals(disk)).toBe(true)
})

test('its name can be read where systems look for it', () => {
  expect(isoDisk('storage', []).toString('latin1', 16 * 2048 + 40, 16 * 2048 + 72)).toBe('storage'.padEnd(32))
})

test.each(['', 'a/b', 'two words', 'ä', 'x'.repeat(201)])('refuses the name %j', (bad) => {
  expect(() => isoDisk('tools', [{ name: bad, data: Buffer.alloc(1) }])).toThrow(
    `cannot write ${JSON.stringify(bad)} to an ISO 9660 disk`,
  )
})

test('refuses two files of one name', () => {
  const file = { name: 'fio', data: Buffer.alloc(1) }
  expect(() => isoDisk('tools', [file, file])).toThrow('cannot write "fio"')
})
