const headLimit = 64 * 1024
const tailLimit = 1024 * 1024

/**
 * What went over a channel, in order, for the evidence. Bounded: of a long session the first 64 Ki and the last 1 Mi
 * characters are kept, and what was left out is said.
 */
export class Transcript {
  #head = ''
  #tail: string[] = []
  #tailLength = 0
  #omitted = 0
  #atLineStart = true

  received(text: string): void {
    this.#add(text)
  }

  /** `secret`: only the fact is recorded. */
  sent(text: string, options: { secret?: boolean } = {}): void {
    const shown = options.secret === true ? '(a secret)' : JSON.stringify(text)
    this.#add(`${this.#atLineStart ? '' : '\n'}>>> ${shown}\n`)
  }

  /** Something that happened to the channel itself. */
  note(text: string): void {
    this.#add(`${this.#atLineStart ? '' : '\n'}--- ${text}\n`)
  }

  text(): string {
    if (this.#tailLength > tailLimit) this.#trim()
    const gap = this.#omitted > 0 ? `\n--- ${this.#omitted} characters left out here\n` : ''
    return this.#head + gap + this.#tail.join('')
  }

  #add(text: string): void {
    if (text === '') return
    this.#atLineStart = text.endsWith('\n')
    const room = headLimit - this.#head.length
    if (room > 0) this.#head += text.slice(0, room)
    const rest = text.slice(Math.max(room, 0))
    if (rest === '') return
    this.#tail.push(rest)
    this.#tailLength += rest.length
    // Only now and then, because it copies all of it.
    if (this.#tailLength > 2 * tailLimit) this.#trim()
  }

  #trim(): void {
    const tail = this.#tail.join('')
    const kept = tail.slice(-tailLimit)
    this.#omitted += tail.length - kept.length
    this.#tail = [kept]
    this.#tailLength = kept.length
  }
}
