/** Reads fio job files strictly: those that users write into their profile, and those that a guest is given. */
import { parseFioBytes, parseFioSeconds } from './amounts.ts'
import {
  fioPatterns,
  inEveryDirection,
  type FioJobFile,
  type FioOptions,
  type FioPattern,
  type FioSection,
  type PerDirection,
} from './job-file.ts'

/** A job file that fio, or this project, cannot run. */
export class FioJobFileError extends Error {
  override readonly name = 'FioJobFileError'
  /** From 1. */
  readonly lineNumber: number
  readonly line: string

  constructor(explanation: string, lineNumber: number, line: string) {
    super(`fio job file: ${explanation}, in line ${lineNumber}: ${JSON.stringify(line)}`)
    this.lineNumber = lineNumber
    this.line = line
  }
}

type Name = Exclude<keyof FioOptions, 'others'>
type Setter = (value: string | null) => FioOptions

/** @throws RangeError */
function whole(text: string | null, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text)
  if (text === null || !/^\d+$/.test(text) || value < least || value > most)
    throw new RangeError(`expected a whole number from ${least} to ${most}`)
  return value
}

const text = (value: string | null): string => {
  if (value === null || value === '') throw new RangeError('expected a value')
  return value
}

/** Options that fio reads as set when they stand alone. */
const flag = (value: string | null): boolean => (value === null ? true : whole(value, 0, 1) === 1)

const bytes = (value: string | null, least: number): number => {
  const size = parseFioBytes(text(value))
  if (size < least) throw new RangeError(`expected at least ${least} bytes`)
  return size
}

/** `N`, `R,W` or `R,W,T`: as in fio, the last one holds for the directions behind it. */
function directions<T>(value: string | null, read: (part: string) => T): PerDirection<T> {
  const parts = text(value).split(',')
  if (parts.length > 3) throw new RangeError('expected one value, or up to three with commas: for reads, writes, trims')
  const [first = '', second = first, third = second] = parts
  return parts.length === 1
    ? inEveryDirection(read(first))
    : { read: read(first), write: read(second), trim: read(third) }
}

function pattern(value: string | null): FioPattern {
  const found = fioPatterns.find((known) => known === value)
  if (found === undefined) throw new RangeError(`expected one of ${fioPatterns.join(', ')}`)
  return found
}

function percentiles(value: string | null): number[] {
  const list = text(value)
    .split(':')
    .map((part) => (/^\d{1,3}(\.\d+)?$/.test(part) ? Number(part) : Number.NaN))
  if (list.length > 20 || !list.every((percent) => percent > 0 && percent <= 100))
    throw new RangeError('expected up to 20 percentages above 0 with colons between them, such as 50:95:99.9')
  return list
}

const setters: Record<Name, Setter> = {
  rw: (value) => ({ rw: pattern(value) }),
  rwmixread: (value) => ({ rwmixread: whole(value, 0, 100) }),
  bs: (value) => ({ bs: directions(value, (part) => bytes(part, 1)) }),
  iodepth: (value) => ({ iodepth: whole(value, 1, 65_536) }),
  numjobs: (value) => ({ numjobs: whole(value, 1, 4096) }),
  size: (value) => ({ size: bytes(value, 1) }),
  runtime: (value) => ({ runtime: parseFioSeconds(text(value)) }),
  ramp_time: (value) => ({ ramp_time: parseFioSeconds(text(value)) }),
  rate_iops: (value) => ({ rate_iops: directions(value, (part) => (part === '' ? null : whole(part, 0) || null)) }),
  fsync: (value) => ({ fsync: whole(value, 0) }),
  filename: (value) => ({ filename: text(value) }),
  stonewall: (value) => ({ stonewall: flag(value) }),
  time_based: (value) => ({ time_based: flag(value) }),
  group_reporting: (value) => ({ group_reporting: flag(value) }),
  direct: (value) => ({ direct: flag(value) }),
  lat_percentiles: (value) => ({ lat_percentiles: flag(value) }),
  ioengine: (value) => ({ ioengine: text(value) }),
  percentile_list: (value) => ({ percentile_list: percentiles(value) }),
}

const aliases: Record<string, Name> = {
  readwrite: 'rw',
  blocksize: 'bs',
  timeout: 'runtime',
  wait_for_previous: 'stonewall',
}

const isTyped = (name: string): name is Name => Object.hasOwn(setters, name)

/**
 * @param jobFile ini text: `[global]` first if at all, then sections; comments begin with ; or #
 * @param variables what `${NAME}` stands for, which fio takes from its environment; a line of nothing but an empty one is
 *   no line
 * @throws FioJobFileError for the first line that is wrong
 */
export function readFioJobFile(jobFile: string, variables: Readonly<Record<string, string>> = {}): FioJobFile {
  const blocks: Block[] = []
  const lines = jobFile.split(/\r?\n/)
  for (const [index, line] of lines.entries()) {
    const wrong = (explanation: string) => new FioJobFileError(explanation, index + 1, line)
    const content = withVariables(line, variables, wrong)
      .replace(/[;#].*$/s, '')
      .trim()
    const block = blocks.at(-1)
    if (content === '') continue
    if (content.startsWith('['))
      blocks.push({ name: sectionName(content, blocks, wrong), options: {}, seen: new Set() })
    else if (block === undefined) throw wrong('an option stands before the first [section]')
    else block.options = withOption(block, content, wrong)
  }
  const [first, ...rest] = blocks.map(({ name, options }): FioSection => ({ name, options }))
  const sections = first === undefined || first.name === 'global' ? rest : [first, ...rest]
  if (sections.length === 0)
    throw new FioJobFileError('there is no section besides [global]', lines.length, lines.at(-1) ?? '')
  return { global: first?.name === 'global' ? first.options : {}, sections }
}

/** A section while it is read; seen: the typed options that stand in it. */
interface Block extends FioSection {
  seen: Set<string>
}

function sectionName(
  content: string,
  before: readonly Block[],
  wrong: (explanation: string) => FioJobFileError,
): string {
  const [, name = ''] = /^\[([^\]]{1,255})\]$/.exec(content) ?? []
  if (name === '' || name.trim() !== name) throw wrong('expected a section such as [rand-read]')
  if (name === 'global' && before.length > 0)
    throw wrong('[global] has to come first, and once, so that it holds for all sections')
  if (before.some((section) => section.name === name))
    throw wrong(`there are two sections ${name}, whose results could not be told apart; give them different names`)
  return name
}

function withVariables(
  line: string,
  variables: Readonly<Record<string, string>>,
  wrong: (explanation: string) => FioJobFileError,
): string {
  return line.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined
    if (value !== undefined) return value
    const known = Object.keys(variables)
    throw wrong(
      `\${${name}} is not known; ${known.length === 0 ? 'there are no variables here' : `known are ${known.join(', ')}`}`,
    )
  })
}

function withOption(
  { options, seen }: Block,
  content: string,
  wrong: (explanation: string) => FioJobFileError,
): FioOptions {
  const [, written = '', value = null] = /^([A-Za-z_][\w-]*)\s*(?:=\s*(.*))?$/s.exec(content) ?? []
  if (written === '') throw wrong('expected an option such as rw=randread')
  const name = aliases[written] ?? written
  if (name === 'kb_base' && value !== '1024')
    throw wrong('sizes are read with kb_base=1024 only; write them in bytes, or with k, M, G for powers of 1024')
  if (name === 'rwmixwrite') return { ...options, rwmixread: mixOf(options, value, wrong) }
  if (!isTyped(name)) return { ...options, others: [...(options.others ?? []), [name, value]] }
  if (seen.has(name)) throw wrong(`${name} stands twice in this section`)
  seen.add(name)
  try {
    const set = setters[name](value)
    if (name === 'rwmixread' && options.rwmixread !== undefined && options.rwmixread !== set.rwmixread)
      throw new RangeError('expected rwmixread and rwmixwrite to be 100 together')
    return { ...options, ...set }
  } catch (error) {
    if (error instanceof RangeError) throw wrong(`invalid ${name}: ${error.message}`)
    throw error
  }
}

/** rwmixwrite says the same as rwmixread, from the other side. */
function mixOf(options: FioOptions, value: string | null, wrong: (explanation: string) => FioJobFileError): number {
  const writes = Number(value)
  if (value === null || !/^\d{1,3}$/.test(value) || writes > 100)
    throw wrong('invalid rwmixwrite: expected a whole number from 0 to 100')
  if (options.rwmixread !== undefined && options.rwmixread !== 100 - writes)
    throw wrong('invalid rwmixwrite: expected rwmixread and rwmixwrite to be 100 together')
  return 100 - writes
}
