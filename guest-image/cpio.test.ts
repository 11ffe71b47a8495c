import { expect, test } from 'vitest'
import { CpioArchive } from './cpio.ts'

interface Member {
  name: string
  mode: string
  text: string
}

/** Reads an archive by the description of the format, independently of the writer. */
function members(archive: Buffer): Member[] {
  const found: Member[] = []
  let offset = 0
  while (archive.toString('latin1', offset, offset + 6) === '070701') {
    const field = (index: number) =>
      Number.parseInt(archive.toString('latin1', offset + 6 + index * 8, offset + 14 + index * 8), 16)
    const [mode, size, nameSize] = [field(1), field(6), field(11)]
    const name = archive.toString('utf8', offset + 110, offset + 110 + nameSize - 1)
    const start = (offset + 110 + nameSize + 3) & ~3
    found.push({ name, mode: mode.toString(8), text: archive.toString('utf8', start, start + size) })
    offset = (start + size + 3) & ~3
  }
  return found
}

test('writes files, links and the directories above them, sorted', () => {
  const archive = new CpioArchive()
    .symlink('usr/sbin', 'bin')
    .file('usr/bin/tool', 'abcde', 0o755)
    .file('init', '#!')
    .directory('dev')
  expect(members(archive.bytes())).toEqual([
    { name: 'dev', mode: '40755', text: '' },
    { name: 'init', mode: '100644', text: '#!' },
    { name: 'usr', mode: '40755', text: '' },
    { name: 'usr/bin', mode: '40755', text: '' },
    { name: 'usr/bin/tool', mode: '100755', text: 'abcde' },
    { name: 'usr/sbin', mode: '120777', text: 'bin' },
    { name: 'TRAILER!!!', mode: '0', text: '' },
  ])
})

test('equal content gives equal bytes in whatever order it was added', () => {
  const one = new CpioArchive().file('a/b', '1').file('c', '2').bytes()
  const other = new CpioArchive().file('c', '2').file('a/b', '1').bytes()
  expect(one.equals(other)).toBe(true)
  expect(one.length % 512).toBe(0)
})

test('refuses names that would land outside the root or under another name', () => {
  for (const name of ['/etc/passwd', '../up', 'a//b', './a', ''])
    expect(() => new CpioArchive().file(name, '')).toThrow('must be relative and normalised')
})
