const nanosecondsPerUnit: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const largest = 2n ** 63n - 1n

/**
 * Reads a duration as Go's time.ParseDuration does and returns it in nanoseconds.
 * @throws RangeError for anything that Go refuses: no unit, spaces, days, more than 2^63 - 1 ns.
 */
export function parseDuration(text: string): bigint {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text)
  if (!match?.[2])
    throw new RangeError(
      `invalid duration ${JSON.stringify(text)}: expected numbers with units, such as 500us, 1.5s or 1h30m`,
    )
  let total = 0n
  for (const [, whole = '', fraction = '', unit = ''] of match[2].matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const scale = nanosecondsPerUnit[unit] ?? 0n
    total +=
      BigInt(whole || '0') * scale + (fraction ? (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length) : 0n)
  }
  if (total > largest) throw new RangeError(`invalid duration ${JSON.stringify(text)}: more than ${largest} ns`)
  return match[1] === '-' ? -total : total
}

/** A Go duration in milliseconds, for timers. @throws RangeError as parseDuration */
export const durationMilliseconds = (text: string): number => Number(parseDuration(text)) / 1e6

/** A Go duration in seconds, for tools that take nothing finer. @throws RangeError unless they are whole, and at least 1 */
export function parseWholeSeconds(text: string): number {
  const nanoseconds = parseDuration(text)
  if (nanoseconds < 1_000_000_000n || nanoseconds % 1_000_000_000n !== 0n)
    throw new RangeError(`invalid duration ${JSON.stringify(text)}: expected whole seconds from 1s, such as 30s or 5m`)
  return Number(nanoseconds / 1_000_000_000n)
}

/** Writes nanoseconds as Go's Duration.String() does: `0s`, `56µs` (U+00B5), `1.561ms`, `1.5s`, `1h30m0s`. */
export function formatDuration(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? '-' : ''
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds
  if (size === 0n) return '0s'
  if (size < 1_000n) return `${sign}${size}ns`
  if (size < 1_000_000n) return `${sign}${withFraction(size, 1_000n)}µs`
  if (size < 1_000_000_000n) return `${sign}${withFraction(size, 1_000_000n)}ms`
  const hours = size / 3_600_000_000_000n
  const minutes = (size / 60_000_000_000n) % 60n
  const seconds = `${withFraction(size % 60_000_000_000n, 1_000_000_000n)}s`
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`
}

function withFraction(value: bigint, scale: bigint): string {
  const digits = scale.toString().length - 1
  const fraction = (value % scale).toString().padStart(digits, '0').replace(/0+$/, '')
  return fraction === '' ? `${value / scale}` : `${value / scale}.${fraction}`
}
