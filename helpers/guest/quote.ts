import { quote } from '../tools/shell-quote.ts'

/**
 * Like {@link quote}, but what is typed holds printable ASCII only. A line editor at the other end of a terminal acts on
 * tabs, newlines and control characters, and bash in the C locale takes bytes above 127 for keys pressed with Meta.
 * Trailing newlines are lost, as in every command substitution.
 */
export function quoteForTerminal(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return quote(text)
  if (text.includes('\0')) throw new RangeError(`A shell word cannot hold a NUL character: ${JSON.stringify(text)}`)
  let format = ''
  for (const byte of Buffer.from(text)) {
    const character = String.fromCodePoint(byte)
    // printf would take a leading minus for an option.
    if (character === '-' && format === '') format += String.raw`\055`
    else if (character === '%') format += '%%'
    else if (byte >= 0x20 && byte <= 0x7e && !`'\\!`.includes(character)) format += character
    else format += `\\${byte.toString(8).padStart(3, '0')}`
  }
  return `"$(printf '${format}')"`
}
