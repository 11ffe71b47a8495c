/** Sizes and times as fio writes them in job files. Its units are not those of Kubernetes. */

const powers = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 } as const
const suffixes = ['P', 'T', 'G', 'M', 'k'] as const

/**
 * Bytes as fio reads them with its default `kb_base=1024`: `k`, `M`, `G` (with or without `b`, in any case) are powers of
 * 1024, and `Ki`, `Mi`, `Gi` powers of 1000: the other way round than everywhere else, as fio(1) says in `kb_base`.
 * @throws RangeError for anything else, such as percentages, and beyond 2^53 - 1 bytes
 */
export function parseFioBytes(text: string): number {
  const [, digits, letter = '', decimal = ''] = /^(\d+)(?:([kmgtp])(i?)b?)?$/i.exec(text) ?? []
  const base = decimal === '' ? 1024 : 1000
  const bytes = Number(digits) * base ** (powers[letter.toLowerCase() as keyof typeof powers] ?? 0)
  if (!Number.isSafeInteger(bytes))
    throw new RangeError(
      `invalid size ${JSON.stringify(text)}: expected bytes as fio reads them, such as 4k, 64M or 4G, up to 2^53 - 1`,
    )
  return bytes
}

/** The shortest text that fio reads as this number of bytes: `4k`, `1M`, `1000`. @throws RangeError */
export function formatFioBytes(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    throw new RangeError(`invalid size ${bytes} bytes: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`)
  for (const [index, suffix] of suffixes.entries()) {
    const unit = 1024 ** (suffixes.length - index)
    if (bytes > 0 && bytes % unit === 0) return `${bytes / unit}${suffix}`
  }
  return String(bytes)
}

/** As a factor and a divisor, which a thousandth of a second is exact with. */
const timeUnits = { d: [86_400, 1], h: [3600, 1], m: [60, 1], s: [1, 1], ms: [1, 1e3], us: [1, 1e6] } as const

/**
 * Seconds as fio reads a time: `120`, `90s`, `2m`, `1h`, `500ms`. fio rounds nothing, nor does this.
 * @throws RangeError for anything else
 */
export function parseFioSeconds(text: string): number {
  const [, digits, unit = 's'] = /^(\d{1,12})(d|h|m|s|ms|us)?$/i.exec(text) ?? []
  const [factor, divisor] = timeUnits[unit.toLowerCase() as keyof typeof timeUnits]
  const seconds = (Number(digits) * factor) / divisor
  if (!Number.isFinite(seconds))
    throw new RangeError(
      `invalid time ${JSON.stringify(text)}: expected a whole number of seconds, or with d, h, m, s, ms or us behind it`,
    )
  return seconds
}

/** The text that fio reads as this time, in whole seconds where they suffice. @throws RangeError below 1 µs */
export function formatFioSeconds(seconds: number): string {
  for (const [unit, scale] of [
    ['', 1],
    ['ms', 1e3],
    ['us', 1e6],
  ] as const) {
    const count = Math.round(seconds * scale)
    if (count >= 0 && Number.isSafeInteger(count) && Math.abs(count - seconds * scale) <= 1e-9 * count)
      return `${count}${unit}`
  }
  throw new RangeError(`invalid time ${seconds} s: expected whole microseconds, from 0`)
}
