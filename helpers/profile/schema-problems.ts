/** Turns what zod finds into problems with a place, what was given, and what is allowed. */
import type { z } from 'zod'
import { closestName } from './closest-name.ts'
import type { ProfilePath } from './profile-document.ts'

export interface SchemaProblem {
  path: ProfilePath
  at: 'key' | 'value'
  message: string
}

const kinds: Record<string, string> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  tuple: 'a list',
}

/**
 * Zod's wording of what is allowed. Schemas with an error text of their own keep it: here every message says what is
 * allowed, and nothing else.
 */
export function allowedText(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return kinds[issue.expected] ?? issue.expected
    case 'invalid_value':
      return issue.values.map(String).join(', ')
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`
    case 'unrecognized_keys':
      return Object.keys((issue.inst as z.ZodObject | undefined)?.shape ?? {}).join(', ')
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String).join(', ') : undefined
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'not_multiple_of':
      return undefined
    default:
      return undefined
  }
}

const unitOf = (origin: string) => (origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '')

/**
 * @param issues found with `allowedText` as error map
 * @param content what was parsed
 * @param known spellings that may be meant besides the allowed keys, e.g. deprecated names
 */
export function schemaProblems(issues: readonly z.core.$ZodIssue[], content: unknown): SchemaProblem[] {
  return issues.flatMap((issue): SchemaProblem[] => {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
    if (issue.code === 'unrecognized_keys') {
      const allowed = issue.message.split(', ')
      return issue.keys.map((key) => ({ path: [...path, key], at: 'key', message: unknownKey(key, allowed) }))
    }
    const given = valueAt(content, path)
    const allowed = issue.message.replace(/^expected /, '')
    if (given === undefined) return [{ path, at: 'key', message: `missing; allowed: ${allowed}` }]
    return [{ path, at: 'value', message: `${shown(given)} given; allowed: ${allowed}${meant(given, issue)}` }]
  })
}

function unknownKey(key: string, allowed: readonly string[]): string {
  const closest = closestName(key, allowed)
  return closest === undefined
    ? `unknown key "${key}"; allowed: ${allowed.join(', ')}`
    : `unknown key "${key}"; did you mean "${closest}"?`
}

function meant(given: unknown, issue: z.core.$ZodIssue): string {
  if (typeof given !== 'string') return ''
  const words =
    issue.code === 'invalid_value' || (issue.code === 'invalid_union' && 'options' in issue)
      ? issue.message.split(', ')
      : []
  const closest = words.length > 1 ? closestName(given, words) : undefined
  return closest === undefined ? '' : `; did you mean "${closest}"?`
}

function valueAt(content: unknown, path: ProfilePath): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string | number, unknown>)[step]
        : undefined,
    content,
  )
}

function shown(value: unknown): string {
  if (value === null) return 'nothing'
  if (typeof value === 'object' && !Array.isArray(value)) return 'a map'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
