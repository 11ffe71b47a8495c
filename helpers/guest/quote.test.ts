import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { fc, test as propertyTest } from '@fast-check/vitest'
import { quote } from '../tools/shell-quote.ts'
import { quoteForTerminal } from './quote.ts'

const shellWord = (word: string): string => execFileSync('sh', ['-c', `printf %s ${word}`], { encoding: 'utf8' })
/** Any text but NUL; what a shell and what people write into commands is more likely than the rest of Unicode. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...`'"\`$\\!*?~#&;|<>(){}[]%=- \t\n-0189axé`.split('')) }),
)
const withoutNul = text.map((value) => value.replaceAll('\0', ''))

propertyTest.prop([withoutNul], { numRuns: 150 })('a real shell reads a quoted word back unchanged', (value) => {
  expect(shellWord(quote(value))).toBe(value)
})

propertyTest.prop([withoutNul], { numRuns: 150 })(
  'a word for the terminal is printable ASCII and comes back unchanged but for trailing newlines',
  (value) => {
    const word = quoteForTerminal(value)
    expect(word).toMatch(/^[\x20-\x7e]+$/)
    expect(shellWord(word)).toBe(/^[\x20-\x7e]*$/.test(value) ? value : value.replace(/\n+$/, ''))
  },
)

test('leaves plain words as they are, quotes an empty one, and refuses NUL', () => {
  expect(quote('/usr/bin/ping')).toBe('/usr/bin/ping')
  expect(quote('')).toBe("''")
  expect(() => quote('a\0b')).toThrow('A shell word cannot hold a NUL character: "a\\u0000b"')
  expect(() => quoteForTerminal('a\0b\n')).toThrow('NUL')
})

test('history expansion of bash has nothing to act on', () => {
  expect(quoteForTerminal('a\n!!')).toBe(String.raw`"$(printf 'a\012\041\041')"`)
})
