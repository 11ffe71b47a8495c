import { expect, test } from 'vitest'
import { fc, test as propertyTest } from '@fast-check/vitest'
import { EscapeSequenceFilter } from './escape-sequences.ts'

const filtered = (...chunks: string[]): string => {
  const filter = new EscapeSequenceFilter()
  return chunks.map((chunk) => filter.filter(chunk)).join('')
}

test.each([
  ['the cursor query of BusyBox ash', 'host:~# \u001B[6n', 'host:~# '],
  ['bracketed paste of bash', '\u001B[?2004hroot# \u001B[?2004l\r0\r\n', 'root# \r0\r\n'],
  ['colours', '[\u001B[0;32m  OK  \u001B[0m] Started', '[  OK  ] Started'],
  ['a window title ended by BEL', '\u001B]0;root@host: ~\u0007root@host:~# ', 'root@host:~# '],
  ['a window title ended by ST', '\u001B]0;root@host\u001B\\# ', '# '],
  ['character sets and keypad modes', '\u001B(B\u001B=\u001B>text', 'text'],
  ['nothing at all', 'plain [text] 100%', 'plain [text] 100%'],
])('takes out %s', (_, input, output) => {
  expect(filtered(input)).toBe(output)
  expect(filtered(...input.split(''))).toBe(output)
})

test('a broken sequence swallows neither the next line nor endless output', () => {
  expect(filtered('\u001B]0;never ended\nnext line')).toBe('\nnext line')
  expect(filtered(`\u001B]${'x'.repeat(1000)}`).length).toBeGreaterThan(700)
  expect(filtered('\u001B[1\u00FF text')).toBe('\u00FF text')
})

propertyTest.prop([
  fc.array(fc.oneof(fc.string(), fc.constantFrom('\u001B', '\u001B[', '6n', '\u001B]0;', '\u0007', '\u001B[0;1m'))),
])('where the stream is cut makes no difference', (pieces) => {
  expect(filtered(...pieces)).toBe(filtered(pieces.join('')))
})
