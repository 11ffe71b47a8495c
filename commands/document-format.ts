/** Results of a command in several forms, on the terminal or in a file. */
import { writeAtomically } from '../helpers/run/run-directory.ts'
import { OperationalError } from './operational-error.ts'
import type { Output } from './output.ts'
import { UsageError } from './usage-error.ts'

const formats = ['text', 'markdown', 'json', 'html'] as const
export type DocumentFormat = (typeof formats)[number]

export const formatOptions = {
  format: {
    type: 'string',
    value: 'FORMAT',
    description: `One of ${formats.join(', ')}. Default: text; json with --json.`,
  },
  output: { type: 'string', value: 'FILE', description: 'Write the result there, and print only the conclusion.' },
} as const

export interface RenderedResult {
  /** By format; only the one that was asked for is made. */
  forms: Record<Exclude<DocumentFormat, 'json'>, () => string>
  document: unknown
  conclusion: string
}

/** @throws UsageError for a format that there is not */
export function checkedFormat(asked: string | undefined, output: Output): DocumentFormat {
  if (asked === undefined) return output.json ? 'json' : 'text'
  const format = formats.find((each) => each === asked)
  if (format === undefined) throw new UsageError(`--format ${asked}: there are ${formats.join(', ')}`)
  if (output.json && format !== 'json')
    throw new UsageError(`--json prints JSON, but --format asks for ${format}; keep one`)
  return format
}

/** Prints a result in the form that was asked for, or writes it to a file. */
export function showResult(
  { forms, document, conclusion }: RenderedResult,
  { format, file, output }: { format: DocumentFormat; file: string | undefined; output: Output },
): void {
  const text = format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : forms[format]()
  if (file === undefined) {
    if (format === 'json' && output.json) output.document(document)
    else output.print(text.trimEnd())
    return
  }
  try {
    writeAtomically(file, text)
  } catch (error) {
    throw new OperationalError(`--output ${file}: cannot be written: ${(error as Error).message}`, { cause: error })
  }
  output.print(conclusion, file)
  output.document(document)
}
