import { expect, test } from 'vitest'
import { findTorn, withoutKernelMessages, withoutTornInMessages } from './kernel-messages.ts'

const message = '[   13.222884] async kernel message'

test('whole lines of the kernel are taken out of the output of a command', () => {
  expect(withoutKernelMessages(`seq=1\n${message}\nseq=2\n`, 'ping host')).toBe('seq=1\nseq=2\n')
  expect(withoutKernelMessages(`[12345.000001] late\nok\n`, 'ping host')).toBe('ok\n')
})

test('what is not certainly a message of the kernel stays for the parser to refuse', () => {
  const torn = `64 bytes from ${message}\n10.0.0.1\n`
  expect(withoutKernelMessages(torn, 'ping host')).toBe(torn)
  const stamped = '[1795162815.425698] 64 bytes from 192.168.100.20: icmp_seq=1 ttl=64 time=1.09 ms\n'
  expect(withoutKernelMessages(stamped, 'ping -D host')).toBe(stamped)
  const short = '[1.222884] not padded\n'
  expect(withoutKernelMessages(short, 'anything')).toBe(short)
})

test.each(['dmesg', 'cat /dev/kmsg', 'journalctl -k', 'tail /var/log/messages'])(
  'the output of `%s` keeps its kernel messages',
  (command) => {
    expect(withoutKernelMessages(`${message}\n`, command)).toBe(`${message}\n`)
  },
)

test('a torn mark is found with its place in the text as received', () => {
  const text = `output\n@@ab${message}\r\ncd:0@@\r\n# `
  const found = findTorn(text, /@@abcd:(\d+)@@/)
  expect(found?.match[1]).toBe('0')
  expect(text.slice(0, found?.start)).toBe('output\n')
  expect(text.slice(found?.end)).toBe('\r\n# ')
  expect(findTorn(text, /@@other/)).toBeUndefined()
})

test('messages before the mark do not shift it', () => {
  const text = `${message}\nout${message}\n@@n:7@@${message}\n`
  const found = findTorn(text, /@@n:(\d+)@@/)
  expect(text.slice(found?.start, found?.end)).toBe('@@n:7@@')
})

test('a prompt is seen again behind a message that tore it off', () => {
  expect(withoutTornInMessages(`vmi login: ${message}\r\n`)).toBe('vmi login: ')
})
