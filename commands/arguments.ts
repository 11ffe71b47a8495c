import { parseArgs } from 'node:util'
import { closestName } from '../helpers/profile/closest-name.ts'
import { type Command, commonOptions, type OptionDeclaration } from './command.ts'
import { UsageError } from './usage-error.ts'

export interface ParsedArguments {
  options: Record<string, boolean | string | string[] | undefined>
  positionals: string[]
  passedThrough: string[]
}

/**
 * Reads what follows the name of a command.
 * @throws UsageError for what the command does not declare, with what was probably meant
 */
export function parseArguments(command: Command, argv: readonly string[]): ParsedArguments {
  const declared: Record<string, OptionDeclaration> = { ...command.options, ...commonOptions }
  const hint = `npx kubevirt-acceptance ${command.name} --help`
  const end = argv.indexOf('--')
  const own = end === -1 ? [...argv] : argv.slice(0, end)
  const passedThrough = end === -1 ? [] : argv.slice(end + 1)
  if (end !== -1 && command.passesThrough !== true)
    throw new UsageError(`"${command.name}" takes no arguments after "--"`, hint)
  // Not strict: the words for what is wrong, with suggestions, are ours.
  const { values, tokens } = parseArgs({
    args: own,
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(
        Object.entries(declared).map(([name, { type, multiple = false }]) => [name, { type, multiple }]),
      ),
      help: { type: 'boolean', short: 'h' },
    },
  })
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    const option = declared[name]
    if (option === undefined) throw new UsageError(unknownOption(command, rawName, name, Object.keys(declared)), hint)
    if (option.type === 'boolean' && value !== undefined)
      throw new UsageError(`${rawName} is a switch and takes no value, but was given "${value}"`, hint)
    if (option.type === 'string') {
      const looksLikeOption = value?.startsWith('-') === true && inlineValue !== true
      if (value === undefined || value === '' || looksLikeOption) {
        const instead = looksLikeOption ? `, but is followed by "${value}"` : ''
        throw new UsageError(
          `${rawName} needs a value${instead}; write ${rawName} ${option.value ?? 'VALUE'} or ${rawName}=${option.value ?? 'VALUE'}`,
          hint,
        )
      }
      if (seen.has(name) && option.multiple !== true) throw new UsageError(`${rawName} was given twice; keep one`, hint)
    }
    seen.add(name)
  }
  const positionals = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
  const { maximumPositionals = 0 } = command
  const surplus = positionals[maximumPositionals]
  if (surplus !== undefined)
    throw new UsageError(
      maximumPositionals === 0
        ? `"${command.name}" takes no argument "${surplus}"`
        : `"${command.name}" takes one argument, but "${surplus}" is another`,
      hint,
    )
  return {
    options: Object.fromEntries(
      Object.entries(declared).map(([name, { type, multiple }]) => [
        name,
        (values[name] as string | undefined) ?? (type === 'boolean' ? false : multiple === true ? [] : undefined),
      ]),
    ),
    positionals,
    passedThrough,
  }
}

function unknownOption(command: Command, rawName: string, name: string, declared: readonly string[]): string {
  const closest = closestName(name, declared)
  const known = declared.map((each) => `--${each}`).join(', ')
  const meant = closest === undefined ? '' : `; did you mean --${closest}?`
  return `"${command.name}" has no option ${rawName}${meant}${meant === '' ? `; it has ${known}` : ''}`
}
