import { painter, wantsColours, type Paint } from '../reports/progress/terminal-style.ts'

/** Where a command says what: results on stdout, remarks on stderr, so that stdout can be piped. */
export interface Output {
  readonly json: boolean
  readonly paint: Paint
  /** Lines of the result for people; nothing with `--json`. */
  print(...lines: string[]): void
  /** The result for programs; nothing without `--json`. */
  document(value: unknown): void
  /** A remark, on stderr. */
  note(...lines: string[]): void
}

export interface OutputStreams {
  stdout: { write(text: string): unknown; isTTY?: boolean }
  stderr: { write(text: string): unknown }
}

export function createOutput(json: boolean, { stdout, stderr }: OutputStreams): Output {
  const write = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')
  return {
    json,
    paint: painter(wantsColours(stdout, process.env)),
    print: (...lines) => {
      if (!json) stdout.write(write(lines))
    },
    document: (value) => {
      if (json) stdout.write(`${JSON.stringify(value, null, 2)}\n`)
    },
    note: (...lines) => {
      stderr.write(write(lines))
    },
  }
}

/** `name  value`, the values below each other. Values from outside have to be single lines already. */
export function alignedPairs(pairs: readonly (readonly [name: string, value: string])[], indent = ''): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}`.trimEnd())
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
