import { randomBytes } from 'node:crypto'
import { findTorn, withoutKernelMessages } from './kernel-messages.ts'
import { quoteForTerminal } from './quote.ts'
import type { Matcher } from './console-stream.ts'

/** A terminal takes no longer line while the shell is not reading (N_TTY buffers 4096 characters). */
export const longestLine = 4000

export interface Frame {
  /** What is typed, without the final newline. */
  line: string
  /** Matches the mark in front of the output; yields the position where the output begins. */
  begin: Matcher<number>
  /** Matches the mark behind the output. */
  end: Matcher<FrameEnd>
}

export interface FrameEnd {
  /** Where the output ends, and where the mark ends. */
  outputEnd: number
  markEnd: number
  exitCode: number
}

/**
 * Puts marks around a command so that echo, output, prompts and look-alikes of prompts cannot be mixed up. The echo
 * cannot match: between `@@` and the nonce the typed line has a quotation mark, which the shell takes away. The command
 * runs in a shell of its own with nothing to read, as it would over SSH: `exit`, a comment, a syntax error or a question
 * cannot take the marks with it.
 */
export function frame(command: string, nonce: string = createNonce()): Frame {
  return framed(`${quoteForTerminal(command)} </dev/null`, nonce)
}

/** Like {@link frame}, for a program that reads what is typed. */
export function frameInteractive(command: string): Frame {
  return framed(quoteForTerminal(command), createNonce())
}

function framed(script: string, nonce: string): Frame {
  return {
    line: `echo "@@"${nonce}:+@@; sh -c ${script}; echo "@@"${nonce}:$?@@`,
    begin: (text, offset) => {
      const found = find(text, new RegExp(String.raw`@@${nonce}:\+@@\r*\n`), nonce)
      return found && offset + found.end
    },
    end: (text, offset) => {
      const found = find(text, new RegExp(String.raw`@@${nonce}:(\d+)@@`), nonce)
      return (
        found && {
          outputEnd: offset + found.start,
          markEnd: offset + found.end,
          exitCode: Number(found.match[1]),
        }
      )
    },
  }
}

/** A question to the shell itself, whose answer tells that a shell is there and reads what we type. */
export interface Question {
  line: string
  /** Yields the answer. */
  answer: Matcher<string>
}

/** @param expression what `echo` expands to one line without `@`, e.g. `$(id -un)`. @param before run ahead of it. */
export function question(expression: string, before = ''): Question {
  const nonce = createNonce()
  return {
    line: `${before === '' ? '' : `${before}; `}echo "@@"${nonce}:${expression}@@`,
    answer: (text) => find(text, new RegExp(String.raw`@@${nonce}:([^@\n]*)@@`), nonce)?.match[1],
  }
}

/** Output of a command with its line ends normalised to \n. */
export function cleanOutput(raw: string, command: string): string {
  return withoutKernelMessages(raw.replaceAll(/\r+\n/g, '\n'), command)
}

function createNonce(): string {
  return randomBytes(6).toString('hex')
}

function find(text: string, mark: RegExp, nonce: string): ReturnType<typeof findTorn> {
  const match = mark.exec(text)
  if (match !== null) return { start: match.index, end: match.index + match[0].length, match }
  // Cheap test first: this runs on every chunk, and a torn mark is rare.
  return text.includes('@@') && text.includes(nonce.slice(0, 1)) && text.includes('] ')
    ? findTorn(text, mark)
    : undefined
}
