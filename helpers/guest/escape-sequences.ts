/** Longer runs are not escape sequences but binary output that happens to hold an ESC. */
const maximumLength = 256

type State = 'text' | 'escape' | 'intermediate' | 'control' | 'string' | 'string-escape'

/**
 * Takes terminal control sequences (ECMA-48 CSI, OSC and the other ESC sequences) out of a character stream, also when
 * they are cut anywhere by frame boundaries. Cursor queries (`ESC [6n`, sent by BusyBox ash after every prompt) are left
 * unanswered: ash does not wait for the answer, and whatever else reads the terminal would take it for input.
 */
export class EscapeSequenceFilter {
  #state: State = 'text'
  #length = 0

  /** The text of `chunk` without the sequences. */
  filter(chunk: string): string {
    if (this.#state === 'text' && !chunk.includes('\u001B')) return chunk
    let text = ''
    for (const character of chunk) text += this.#step(character)
    return text
  }

  #step(character: string): string {
    const code = character.codePointAt(0) ?? 0
    if (this.#state === 'text') {
      if (code !== 0x1b) return character
      return this.#enter('escape')
    }
    this.#length += 1
    // A control string never spans lines; giving up here keeps broken sequences from swallowing the rest of the output.
    if (character === '\n' || this.#length > maximumLength) {
      this.#state = 'text'
      return character
    }
    if (code === 0x1b) {
      if (this.#state === 'string') this.#state = 'string-escape'
      else this.#enter('escape')
      return ''
    }
    switch (this.#state) {
      case 'escape':
        if (character === '[') return this.#enter('control')
        if (']PX^_'.includes(character)) return this.#enter('string')
        return this.#intermediateOrEnd(code, character)
      case 'intermediate':
        return this.#intermediateOrEnd(code, character)
      case 'control':
        if (code >= 0x20 && code <= 0x3f) return ''
        this.#state = 'text'
        return code >= 0x40 && code <= 0x7e ? '' : character
      case 'string':
        if (code === 0x07) this.#state = 'text'
        return ''
      case 'string-escape':
        this.#state = character === '\\' ? 'text' : 'string'
        return ''
      default:
        throw new TypeError(`Unknown state ${String(this.#state satisfies never)}`)
    }
  }

  #intermediateOrEnd(code: number, character: string): string {
    if (code >= 0x20 && code <= 0x2f) {
      this.#state = 'intermediate'
      return ''
    }
    this.#state = 'text'
    return code >= 0x30 && code <= 0x7e ? '' : character
  }

  #enter(state: State): string {
    if (state === 'escape') this.#length = 0
    this.#state = state
    return ''
  }
}
