/** Which permutations of a plan are to be done: filters, and what an earlier run has done already. */
import { posix } from 'node:path'
import type { Permutation, StorageGroup } from './matrix.ts'

const fields = ['pool', 'VM size', 'PVC size', 'concurrency', 'profile', 'block size'] as const

/** A glob for each field of a permutation key. */
export interface Selector {
  text: string
  globs: readonly string[]
}

/**
 * @param text six globs as those of a shell, with colons between them: `rep*:small:*:{1,5}:random-rw:4k`
 * @throws RangeError
 */
export function parseSelector(text: string): Selector {
  const globs = text.split(':')
  if (globs.length !== fields.length)
    throw new RangeError(
      `invalid filter ${JSON.stringify(text)}: it has ${globs.length} fields, expected ${fields.length} with colons between them: ${fields.join(', ')}; * stands for any`,
    )
  const empty = globs.findIndex((glob) => glob === '' || /[/\\\s]/.test(glob))
  if (empty >= 0)
    throw new RangeError(
      `invalid filter ${JSON.stringify(text)}: the ${fields[empty]} is ${JSON.stringify(globs[empty])}, expected a glob without blanks and slashes; * stands for any`,
    )
  return { text, globs }
}

/** Node's own matcher of path globs: none of the fields has a slash in it. */
function matches({ globs }: Selector, of: Permutation): boolean {
  const values = [of.pool, of.vmSize, of.pvcSize, String(of.concurrency), of.profile, of.blockSize]
  return values.every((value, index) => posix.matchesGlob(value, globs[index] ?? ''))
}

export interface Selection {
  /** Those with something to do, each with just that. */
  groups: readonly StorageGroup[]
  /** Permutations that the filters leave out. */
  filteredOut: number
  /** Permutations that an earlier run has done. */
  alreadyDone: number
  /** Filters and excludes that match nothing in the plan: mistyped, most likely. */
  unmatched: readonly string[]
  /** Keys of the checkpoint that are not in the plan: it belongs to another one. */
  foreign: readonly string[]
}

export interface SelectionOptions {
  /** A permutation is in when one of them matches; none: all are in. */
  filters?: readonly Selector[]
  /** A permutation is out when one of them matches. */
  excludes?: readonly Selector[]
  /** Keys of permutations that are done. */
  done?: ReadonlySet<string>
}

export function select(
  plan: readonly StorageGroup[],
  { filters = [], excludes = [], done = new Set() }: SelectionOptions,
): Selection {
  const all = plan.flatMap(({ permutations }) => permutations)
  const isIn = (of: Permutation) =>
    (filters.length === 0 || filters.some((filter) => matches(filter, of))) &&
    !excludes.some((exclude) => matches(exclude, of))
  const wanted = all.filter(isIn)
  const keys = new Set(all.map(({ key }) => key))
  return {
    groups: plan
      .map((group) => ({ ...group, permutations: group.permutations.filter((of) => isIn(of) && !done.has(of.key)) }))
      .filter(({ permutations }) => permutations.length > 0),
    filteredOut: all.length - wanted.length,
    alreadyDone: wanted.filter(({ key }) => done.has(key)).length,
    unmatched: [...filters, ...excludes]
      .filter((selector) => !all.some((of) => matches(selector, of)))
      .map(({ text }) => text),
    foreign: [...done].filter((key) => !keys.has(key)),
  }
}

/** What is appended to the checkpoint when a permutation has its results. */
export const checkpointLine = ({ key }: Pick<Permutation, 'key'>): string => `${key}\n`

/**
 * The keys in a checkpoint. A last line without its end was being written when the run was killed: it does not count, and the
 * permutation is done again.
 * @throws RangeError for a line that is no key
 */
export function readCheckpoint(text: string): Set<string> {
  const lines = text.split('\n').slice(0, -1)
  const wrong = lines.findIndex((line) => line.split(':').length !== fields.length)
  if (wrong >= 0)
    throw new RangeError(
      `invalid checkpoint: line ${wrong + 1} is ${JSON.stringify(lines[wrong])}, expected ${fields.length} fields with colons between them`,
    )
  return new Set(lines)
}
