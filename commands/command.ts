/** What a command declares about itself: the one source of its parsing, its `--help` and its types. */
import type { Output } from './output.ts'

export interface OptionDeclaration {
  type: 'boolean' | 'string'
  multiple?: boolean
  /** What stands for the value in the help: `--profile PROFILE`. */
  value?: string
  description: string
}

export type OptionDeclarations = Readonly<Record<string, OptionDeclaration>>

type OptionValues<Options extends OptionDeclarations> = {
  [Name in keyof Options]: Options[Name] extends { type: 'boolean' }
    ? boolean
    : Options[Name] extends { multiple: true }
      ? string[]
      : string | undefined
}

/** A command line that was understood. */
interface Invocation<Options extends OptionDeclarations = OptionDeclarations> {
  options: OptionValues<Options>
  positionals: string[]
  /** Everything after `--`. */
  passedThrough: string[]
  output: Output
}

interface CommandDeclaration<Options extends OptionDeclarations> {
  name: string
  /** What follows the name: `[--profile PROFILE]`. */
  synopsis: string
  /** Paragraphs of the help. */
  description: readonly string[]
  options: Options
  /** How many arguments without a name it takes at most. Default: 0. */
  maximumPositionals?: number
  /** Whether it takes arguments after `--`. */
  passesThrough?: boolean
  /** What each exit code means here. */
  exitCodes: Readonly<Record<number, string>>
  examples: readonly string[]
  /** @returns the exit code */
  run(invocation: Invocation<Options>): Promise<number>
}

/** Any command; its options have been checked against its own declarations before `run`. */
export type Command = CommandDeclaration<OptionDeclarations>

export function defineCommand<const Options extends OptionDeclarations>(
  declaration: CommandDeclaration<Options>,
): Command {
  // The parser makes the values from these very declarations.
  return declaration
}

/** Options of every command. */
export const commonOptions = {
  json: { type: 'boolean', description: 'Print one JSON document on stdout; remarks for people go to stderr.' },
  help: { type: 'boolean', description: 'Print this and exit.' },
} as const satisfies OptionDeclarations
