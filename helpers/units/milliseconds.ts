import { parseDuration } from './duration.ts'

const decimal = /^(\d+)(?:\.(\d+))?$/

/**
 * Milliseconds, as text or number, in whole nanoseconds, without going through a binary fraction: `0.314` is 314000.
 * @throws RangeError for signs, exponents, blanks, anything finer than 1 ns and anything beyond 2^53 - 1 ns.
 */
export function nanosecondsFromMilliseconds(value: string | number): number {
  const [, whole = '', fraction = ''] = decimal.exec(String(value)) ?? []
  if (whole === '')
    throw new RangeError(`invalid milliseconds ${JSON.stringify(value)}: expected a decimal number such as 10 or 0.314`)
  if (/[1-9]/.test(fraction.slice(6)))
    throw new RangeError(`invalid milliseconds ${JSON.stringify(value)}: finer than 1 ns`)
  const nanoseconds = Number(whole + fraction.slice(0, 6).padEnd(6, '0'))
  if (!Number.isSafeInteger(nanoseconds))
    throw new RangeError(`invalid milliseconds ${JSON.stringify(value)}: more than ${Number.MAX_SAFE_INTEGER} ns`)
  return nanoseconds
}

/**
 * A latency in whole nanoseconds: text with units (`10ms`, `500us`) as a Go duration, bare numbers in milliseconds as the
 * documented `...Milliseconds` parameters have them.
 * @throws RangeError when it is neither, negative, or beyond 2^53 - 1 ns
 */
export function nanosecondsFromLatency(value: string | number): number {
  if (typeof value === 'number' || /^[\d.]*$/.test(value)) return nanosecondsFromMilliseconds(value)
  const nanoseconds = Number(parseDuration(value))
  if (nanoseconds < 0 || !Number.isSafeInteger(nanoseconds))
    throw new RangeError(`invalid latency ${JSON.stringify(value)}: expected 0 to ${Number.MAX_SAFE_INTEGER} ns`)
  return nanoseconds
}
