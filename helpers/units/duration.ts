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
