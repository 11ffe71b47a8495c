import { expect, test } from 'vitest'
import { readTar } from './tar.ts'

interface Header {
  name: string
  data?: string
  type?: string
  mode?: number
  link?: string
  prefix?: string
}

function entry({ name, data = '', type = '0', mode = 0o644, link = '', prefix = '' }: Header): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100)
  header.write(`${Buffer.byteLength(data).toString(8).padStart(11, '0')}\0`, 124)
  header.write(' '.repeat(8), 148)
  header.write(type, 156)
  header.write(link, 157)
  header.write('ustar\x0000', 257)
  header.write(prefix, 345)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const body = Buffer.from(data)
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

const archive = (...headers: Header[]): Buffer => Buffer.concat([...headers.map(entry), Buffer.alloc(1024)])

test('reads files, directories and links', () => {
  const entries = [
    ...readTar(
      archive(
        { name: './', type: '5', mode: 0o755 },
        { name: './usr/bin/tool', data: 'program', mode: 0o4755 },
        { name: './usr/bin/alias', type: '2', link: 'tool' },
        { name: './usr/bin/same', type: '1', link: './usr/bin/tool' },
      ),
    ),
  ]
  expect(
    entries.map(({ path, type, mode, link, data }) => ({ path, type, mode, link, text: data.toString() })),
  ).toEqual([
    { path: '', type: 'directory', mode: 0o755, link: '', text: '' },
    { path: 'usr/bin/tool', type: 'file', mode: 0o4755, link: '', text: 'program' },
    { path: 'usr/bin/alias', type: 'symlink', mode: 0o644, link: 'tool', text: '' },
    { path: 'usr/bin/same', type: 'hardlink', mode: 0o644, link: 'usr/bin/tool', text: '' },
  ])
})

test('a symbolic link keeps its target as it stands', () => {
  expect([...readTar(archive({ name: 'a', type: '2', link: './b' }))][0]?.link).toBe('./b')
})

test('reads paths longer than 100 bytes in both forms', () => {
  const long = `./usr/share/${'deep/'.repeat(30)}file`
  const paths = [
    ...readTar(
      archive({ name: '././@LongLink', type: 'L', data: `${long}\0` }, { name: 'cut', data: '1' }, { name: 'next' }),
    ),
  ].map((each) => each.path)
  expect(paths).toEqual([long.slice(2), 'next'])
  expect([...readTar(archive({ name: 'file', prefix: 'usr/share' }))][0]?.path).toBe('usr/share/file')
})

test('skips extended headers', () => {
  expect(
    [...readTar(archive({ name: 'x', type: 'x', data: '20 mtime=1.0\n' }, { name: 'file' }))].map((each) => each.path),
  ).toEqual(['file'])
})

test('refuses damaged archives', () => {
  const whole = archive({ name: 'file', data: 'text' })
  const wrong = Buffer.from(whole)
  wrong[0] = 0x21
  expect(() => [...readTar(wrong)]).toThrow('header at byte 0 has checksum')
  expect(() => [...readTar(whole.subarray(0, 514))]).toThrow('the entry at byte 0 has 4 bytes, more than are left')
})
