/** Text from guests, clusters and profiles, made harmless where it is shown. */
import { stripVTControlCharacters } from 'node:util'

/** One line without control characters and terminal sequences; line breaks and tabs become spaces. */
export function singleLine(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replaceAll(/\s+/g, ' ')
      // Includes the bidirectional controls, which can make a terminal show other text than is there.
      .replaceAll(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069]/gu, '')
      .trim()
  )
}

/** The text cut to at most `length` characters, the last one then being an ellipsis. */
export function shortened(text: string, length: number): string {
  const graphemes = Array.from(new Intl.Segmenter('en').segment(text), ({ segment }) => segment)
  return graphemes.length <= length ? text : `${graphemes.slice(0, Math.max(0, length - 1)).join('')}…`
}

/** Lines of at most `width` characters, broken between words, all but the first indented; longer words stay whole. */
export function wrapped(text: string, width: number, indent: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = indent + word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** One cell of a Markdown table: no markup of its own, no HTML, no line break. */
export function markdownCell(text: string): string {
  return singleLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_{}[\]|~#]/g, String.raw`\$&`)
}
