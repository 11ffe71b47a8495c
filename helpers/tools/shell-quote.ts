/**
 * Makes one shell word of any text: a POSIX shell turns the result back into exactly `text`.
 * @throws RangeError when `text` holds a NUL, which no shell word can.
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new RangeError(`A shell word cannot hold a NUL character: ${JSON.stringify(text)}`)
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
