import type { CheckupContract } from '../run/checkup-contract.ts'
import { formatPath, type ProfilePath } from './profile-document.ts'

export interface DeprecatedUse {
  path: ProfilePath
  severity: 'error' | 'warning'
  message: string
}

/**
 * Gives parameters with old names their documented ones, in `defaults`, `cases` and `matrix` of every checkup.
 * @returns the changed copy; what to say about it; and the way back from a path in the copy to the file
 */
export function renameDeprecated(
  content: unknown,
  contracts: readonly CheckupContract[],
): { content: unknown; deprecated: DeprecatedUse[]; asWritten: (path: ProfilePath) => ProfilePath } {
  const copy: unknown = structuredClone(content)
  const deprecated: DeprecatedUse[] = []
  const oldNames = new Map<string, string>()

  for (const { name, deprecatedNames } of contracts) {
    for (const [holder, path] of parameterMaps(copy, name)) {
      for (const [old, documented] of Object.entries(deprecatedNames)) {
        if (!Object.hasOwn(holder, old)) continue
        if (Object.hasOwn(holder, documented)) {
          deprecated.push({
            path: [...path, old],
            severity: 'error',
            message: `given together with "${documented}", its new form; keep "${documented}"`,
          })
        } else {
          holder[documented] = holder[old]
          oldNames.set(formatPath([...path, documented]), old)
          deprecated.push({
            path: [...path, old],
            severity: 'warning',
            message: `"${old}" is deprecated; the new form is "${documented}"`,
          })
        }
        delete holder[old]
      }
    }
  }
  return {
    content: copy,
    deprecated,
    asWritten: (path) => path.map((step, index) => oldNames.get(formatPath(path.slice(0, index + 1))) ?? step),
  }
}

type Holder = Record<string, unknown>

/** The maps of a checkup that hold parameters, as far as they are maps at all. */
function* parameterMaps(content: unknown, checkup: string): Generator<[Holder, ProfilePath]> {
  const section = child(child(content, 'checkups'), checkup)
  const root = ['checkups', checkup]
  const defaults = child(section, 'defaults')
  if (isHolder(defaults)) yield [defaults, [...root, 'defaults']]
  const cases = child(section, 'cases')
  if (!Array.isArray(cases)) return
  for (const [index, entry] of cases.entries()) {
    if (isHolder(entry)) yield [entry, [...root, 'cases', index]]
    const matrix = child(entry, 'matrix')
    if (isHolder(matrix)) yield [matrix, [...root, 'cases', index, 'matrix']]
  }
}

const isHolder = (value: unknown): value is Holder =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const child = (value: unknown, key: string): unknown =>
  isHolder(value) && Object.hasOwn(value, key) ? value[key] : undefined
