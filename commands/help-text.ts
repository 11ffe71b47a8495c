import { type Command, commonOptions, type OptionDeclaration } from './command.ts'
import { alignedPairs } from './output.ts'

const width = 100

export function commandHelp(command: Command): string[] {
  const { name, synopsis, description, examples } = command
  return [
    `Usage: npx kubevirt-acceptance ${name} ${synopsis}`.trimEnd(),
    ...description.flatMap((paragraph) => wrapped(paragraph, width).toSpliced(0, 0, '')),
    '',
    'Options:',
    ...optionLines({ ...command.options, ...commonOptions }),
    '',
    'Exit codes:',
    ...exitCodeLines(command.exitCodes),
    ...(examples.length === 0 ? [] : ['', 'Examples:', ...examples.map((example) => `  ${example}`)]),
  ]
}

/** The same for programs. */
export function commandHelpDocument(command: Command): unknown {
  const { name, synopsis, description, exitCodes, examples } = command
  const options = Object.entries({ ...command.options, ...commonOptions } as Record<string, OptionDeclaration>)
  return {
    command: name,
    usage: `npx kubevirt-acceptance ${name} ${synopsis}`.trimEnd(),
    description,
    options: options.map(([option, { type, multiple = false, description: text }]) => ({
      name: `--${option}`,
      type,
      multiple,
      description: text,
    })),
    exitCodes,
    examples,
  }
}

export function overview(version: string, commands: readonly { name: string; summary: string }[]): string[] {
  return [
    `kubevirt-acceptance ${version}: is this cluster still fit for our VMs?`,
    '',
    'Usage: npx kubevirt-acceptance <command> [options]',
    '',
    'Commands:',
    ...alignedPairs(
      commands.map(({ name, summary }) => [name, summary]),
      '  ',
    ),
    '',
    'Every command has --help and --json. Exit codes: 0 ok, 1 a check failed, 2 usage or profile, 3 preflight failed,',
    '4 a measurement may not be judged, 5 a regression, 6 broken, 7 another run holds the cluster; "run" has a few more.',
  ]
}

function optionLines(options: Record<string, OptionDeclaration>): string[] {
  const rows = Object.entries(options).map(([name, { value, description, multiple }]) => {
    const left = `  --${name}${value === undefined ? '' : ` ${value}`}`
    return { left, text: multiple === true ? `${description} May be repeated.` : description }
  })
  const column = Math.max(...rows.map(({ left }) => left.length)) + 2
  return rows.flatMap(({ left, text }) => {
    return wrapped(text, Math.max(40, width - column)).map(
      (line, index) => `${(index === 0 ? left : '').padEnd(column)}${line}`,
    )
  })
}

function exitCodeLines(codes: Readonly<Record<number, string>>): string[] {
  return Object.entries(codes).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`)
}

function wrapped(text: string, limit: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > limit) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
