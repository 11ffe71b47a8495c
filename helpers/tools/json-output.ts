import { isNode, LineCounter, parseDocument } from 'yaml'
import { ToolOutputError, type OutputLine } from './tool-output.ts'

type Path = readonly string[]

/** A JSON file that a tool in a guest wrote, read so that an error can quote the line that is wrong. */
export class JsonOutput {
  readonly #tool: string
  readonly #text: string
  readonly #value: unknown
  readonly #lineCounter = new LineCounter()
  readonly #document: ReturnType<typeof parseDocument>

  /** @throws ToolOutputError for what is no JSON, and for keys that stand twice in one object */
  constructor(tool: string, text: string) {
    this.#tool = tool
    this.#text = text
    if (text.trim() === '') throw new ToolOutputError(tool, 'missing', 'the JSON file is empty', null)
    try {
      this.#value = JSON.parse(text)
    } catch (error) {
      const { message } = error as SyntaxError
      const position = Number(
        /at position (\d+)/.exec(message)?.[1] ?? (message.startsWith('Unexpected end') ? text.trimEnd().length : 0),
      )
      const cut = position >= text.trimEnd().length
      throw new ToolOutputError(
        tool,
        cut ? 'truncated' : 'unreadable',
        cut
          ? 'the JSON file ends before it is complete'
          : `the file is not JSON (${message.split(/ in JSON| at pos|, "/)[0]})`,
        this.#lineAt(Math.min(position, text.trimEnd().length)),
      )
    }
    // What is JSON is YAML too, and the reader of YAML knows where things stand.
    this.#document = parseDocument(text, { lineCounter: this.#lineCounter, schema: 'json' })
    const twice = this.#document.errors.find(({ code }) => code === 'DUPLICATE_KEY')
    if (twice !== undefined)
      throw new ToolOutputError(tool, 'inconsistent', 'a key stands there twice', this.#lineAt(twice.pos[0]))
  }

  /** undefined where nothing stands. */
  value(path: Path): unknown {
    let value = this.#value
    for (const key of path)
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? (value as Record<string, unknown>)[key]
          : undefined
    return value
  }

  error(problem: ToolOutputError['problem'], explanation: string, path: Path): ToolOutputError {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = this.#document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range)
        return new ToolOutputError(this.#tool, problem, explanation, this.#lineAt(node.range[0]))
    }
    return new ToolOutputError(this.#tool, problem, explanation, null)
  }

  keys(path: Path): string[] {
    const value = this.value(path)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#wrong(path, 'an object')
    return Object.keys(value)
  }

  text(path: Path): string {
    const value = this.value(path)
    if (typeof value !== 'string') throw this.#wrong(path, 'a text')
    return value
  }

  /** Finite, and not negative. */
  number(path: Path): number {
    const value = this.value(path)
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw this.#wrong(path, 'a number from 0')
    return value
  }

  /** A whole number that is exact in JavaScript. */
  count(path: Path): number {
    const value = this.value(path)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw this.#wrong(path, `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`)
    return value
  }

  #wrong(path: Path, expected: string): ToolOutputError {
    const value = this.value(path)
    const name = path.join('.')
    return value === undefined
      ? this.error('missing', `${name} is missing, expected ${expected}`, path)
      : this.error('unreadable', `${name} is not ${expected}`, path)
  }

  #lineAt(position: number): OutputLine {
    const before = this.#text.slice(0, position)
    const number = before.split('\n').length
    return { number, text: (this.#text.split('\n')[number - 1] ?? '').replace(/\r$/, '') }
  }
}
