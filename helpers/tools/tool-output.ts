/** What the parsers of tools in guests share: lines without terminal codes, and errors that quote a line. */

/**
 * refused: the tool says that it did not do what it was told. missing: what is to be read does not stand there at all.
 * truncated: the output ends early. unreadable: a line is none of those that the tool writes. inconsistent: the numbers
 * contradict each other.
 */
type OutputProblem = 'refused' | 'missing' | 'truncated' | 'unreadable' | 'inconsistent'

/** Output of a tool that holds no measurement. */
export class ToolOutputError extends Error {
  override readonly name = 'ToolOutputError'
  readonly tool: string
  readonly problem: OutputProblem
  /** From 1; 0 when there is no line at all. */
  readonly lineNumber: number
  readonly line: string

  constructor(tool: string, problem: OutputProblem, explanation: string, at: OutputLine | null) {
    const place = at === null ? 'it holds no line' : `in line ${at.number}: ${JSON.stringify(at.text)}`
    super(`${tool} output: ${explanation}, ${place}`)
    this.tool = tool
    this.problem = problem
    this.lineNumber = at?.number ?? 0
    this.line = at?.text ?? ''
  }
}

export interface OutputLine {
  /** From 1, as in the output with everything in it. */
  number: number
  text: string
}

const kernelLine = /^\[ *\d+\.\d{6}\] \S/
// Control sequences (colours, cursor query, erase), operating system commands (titles), and single escapes.
// oxlint-disable-next-line no-control-regex
const terminalCodes = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)|[@-Z\\^_=>78])/g

/**
 * The lines with something in them: without terminal codes, carriage returns and blanks at the end. Whole lines of the
 * guest's kernel, which writes to the same console whenever it likes, are left out; in the midst of a line of the tool
 * they stay, since then that line cannot be trusted.
 */
export function outputLines(output: string): OutputLine[] {
  return output
    .replace(terminalCodes, '')
    .split('\n')
    .map((text, index) => ({ number: index + 1, text: text.replace(/[\r\t ]+$/, '') }))
    .filter(({ text }) => text !== '' && !kernelLine.test(text))
}

/** Walks over the lines of one output, and knows where it is when something is wrong. */
export class OutputReader {
  readonly #tool: string
  readonly #lines: readonly OutputLine[]
  #position = 0

  constructor(tool: string, output: string) {
    this.#tool = tool
    this.#lines = outputLines(output)
  }

  get atEnd(): boolean {
    return this.#position >= this.#lines.length
  }

  /** Matches the next line, and goes past it when it matches. */
  take(pattern: RegExp): RegExpExecArray | null {
    const line = this.#lines[this.#position]
    const match = line === undefined ? null : pattern.exec(line.text)
    if (match) this.#position += 1
    return match
  }

  /** As `take`, for a line that has to be there. */
  expect(pattern: RegExp, what: string): RegExpExecArray {
    return this.take(pattern) ?? this.unexpected(what)
  }

  /** @throws ToolOutputError about the next line, which is not `what` */
  unexpected(what: string): never {
    const line = this.#lines[this.#position]
    if (line === undefined)
      throw new ToolOutputError(this.#tool, 'truncated', `it ends before ${what}`, this.#lines.at(-1) ?? null)
    const last = this.#position === this.#lines.length - 1
    throw new ToolOutputError(
      this.#tool,
      last ? 'truncated' : 'unreadable',
      last ? `it ends before ${what} is complete` : `expected ${what}`,
      line,
    )
  }

  /** About the line that was taken last. */
  error(problem: OutputProblem, explanation: string): ToolOutputError {
    return new ToolOutputError(this.#tool, problem, explanation, this.#lines[this.#position - 1] ?? null)
  }

  /**
   * A counter in the line that was taken last. Counters of tools have 64 bits; what a JavaScript number cannot hold is
   * an error, since a rounded one is not a count.
   */
  count(digits: string | undefined, name: string): number {
    const value = Number(digits)
    if (digits === undefined || !/^\d+$/.test(digits) || !Number.isSafeInteger(value))
      throw this.error(
        'unreadable',
        `${name} is ${digits ?? 'missing'}, expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
      )
    return value
  }
}
