import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { readAr } from './ar.ts'

/** An archive as ar(1) writes it. */
function archive(members: { name: string; data: Buffer }[]): Buffer {
  const parts = members.flatMap(({ name, data }) => [
    Buffer.from(
      `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(data.length).padEnd(10)}\`\n`,
    ),
    data,
    Buffer.alloc(data.length % 2, '\n'),
  ])
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts])
}

const member = fc.record({
  name: fc.stringMatching(/^[a-z.-]{1,15}$/),
  data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
})

property.prop([fc.array(member)])('reads what was written', (members) => {
  expect(readAr(archive(members))).toEqual(members)
})

test('accepts names with the slash that GNU ar appends', () => {
  expect(readAr(archive([{ name: 'data.tar.xz/', data: Buffer.from('x') }]))[0]?.name).toBe('data.tar.xz')
})

test('refuses what is no archive, and one that was cut off', () => {
  expect(() => readAr(Buffer.from('PK\u0003\u0004 a zip file'))).toThrow('not an ar archive')
  const whole = archive([{ name: 'debian-binary', data: Buffer.from('2.0\n') }])
  expect(() => readAr(whole.subarray(0, -2))).toThrow(
    'member "debian-binary" of 4 bytes reaches past the end at byte 70',
  )
  expect(() => readAr(whole.subarray(0, 30))).toThrow('no member header at byte 8')
})
