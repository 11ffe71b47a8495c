/**
 * Schemas of checkup parameters. A profile holds typed values and a ConfigMap holds text; both are accepted everywhere,
 * and what comes out is the typed value, which is accepted again.
 */
import { z } from 'zod'
import { parseDuration, parseWholeSeconds } from '../units/duration.ts'
import { nanosecondsFromLatency } from '../units/milliseconds.ts'
import { parseQuantity } from '../units/quantity.ts'

/** For `refine`: whether a condition is true; false, too, where what it calls refuses the value by throwing. */
export function holds(condition: () => boolean): boolean {
  try {
    return condition()
  } catch {
    return false
  }
}

/** For `refine`: a value that is refused keeps whatever is computed from all parameters from being computed. */
const refused = (error: string) => ({ error, abort: true })

interface Range {
  readonly min: number
  readonly max: number
  /** As in `seconds`; said in errors. */
  readonly unit: string
}

/** A whole number, or its decimal text. */
export function wholeNumber(range: Range) {
  const allowed = `a whole number, ${range.min} to ${range.max} ${range.unit}`
  return z
    .union([z.int(allowed).min(range.min, allowed).max(range.max, allowed), z.string().regex(/^\d+$/, allowed)], {
      error: allowed,
    })
    .transform(Number)
    .refine((value) => inside(value, range), refused(allowed))
}

/** A number that may have a fraction, or its decimal text. */
export function decimalNumber(range: Range) {
  const allowed = `a number, ${range.min} to ${range.max} ${range.unit}`
  return z
    .union(
      [z.number(allowed).min(range.min, allowed).max(range.max, allowed), z.string().regex(/^\d+(\.\d+)?$/, allowed)],
      { error: allowed },
    )
    .transform(Number)
    .refine((value) => inside(value, range), refused(allowed))
}

const inside = (value: number, { min, max }: Range) => value >= min && value <= max

const latencyAllowed = '0 or more: a number of milliseconds such as 10 or 0.5, or text with a unit such as 500us'

/** A latency in milliseconds: a number, its decimal text, or text with a unit. 0 is a limit like any other, as documented. */
export const latencyMilliseconds = () =>
  z
    .union([z.number(), z.string()], { error: latencyAllowed })
    .refine((value) => holds(() => nanosecondsFromLatency(value) >= 0), refused(latencyAllowed))
    .transform((value) => nanosecondsFromLatency(value) / 1e6)

const durationAllowed = 'a Go duration above 0, such as 500us, 10ms, 5s or 1h30m'

/** A Go duration above zero, kept as it was written. */
export const positiveDuration = () =>
  z.string({ error: durationAllowed }).refine((text) => holds(() => parseDuration(text) > 0n), refused(durationAllowed))

const secondsAllowed = 'a Go duration of whole seconds from 1s, such as 30s, 5m or 1h30m'

/** A Go duration of whole seconds, kept as it was written: `parseWholeSeconds` reads it. */
export const wholeSeconds = () =>
  z
    .string({ error: secondsAllowed })
    .refine((text) => holds(() => parseWholeSeconds(text) > 0), refused(secondsAllowed))

const memoryAllowed = 'a Kubernetes quantity of memory such as 4Gi'

/** A Kubernetes quantity above zero, kept as it was written. */
export const memoryQuantity = () =>
  z.string({ error: memoryAllowed }).refine((text) => holds(() => parseQuantity(text) > 0n), refused(memoryAllowed))

/** true or false, or that as text. */
export const truthValue = () =>
  z
    .union([z.boolean(), z.enum(['true', 'false'])], { error: 'true or false' })
    .transform((value) => value === true || value === 'true')

/** One or more of the given words, each once: a list, or text with commas between. */
export const someOf = <const Words extends readonly [string, ...string[]]>(words: Words) => {
  const allowed = `one or more of ${words.join(', ')}, each once`
  return z
    .union([z.array(z.enum(words, { error: allowed }), { error: allowed }), z.string()], { error: allowed })
    .transform((value) => (typeof value === 'string' ? value.split(',').map((word) => word.trim()) : value))
    .refine(
      (list) => list.length > 0 && new Set(list).size === list.length && list.every((word) => words.includes(word)),
      refused(allowed),
    )
    .transform((list) => list as Words[number][])
}

/** The name of a Kubernetes object: a DNS subdomain. */
export const objectName = (what: string) =>
  z
    .string({ error: `${what}: letters a-z, digits, '-' and '.'` })
    .max(253, `${what}: at most 253 characters`)
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, `${what}: letters a-z, digits, '-' and '.'`)

/** A container image, by tag or digest. */
export const imageReference = () =>
  z.string({ error: 'an image reference' }).regex(/^\S+$/, 'an image reference without blanks')
