const scales: Record<string, bigint> = {
  n: 1n,
  u: 1_000n,
  m: 1_000_000n,
  '': 10n ** 9n,
  k: 10n ** 12n,
  M: 10n ** 15n,
  G: 10n ** 18n,
  T: 10n ** 21n,
  P: 10n ** 24n,
  E: 10n ** 27n,
  Ki: 2n ** 10n * 10n ** 9n,
  Mi: 2n ** 20n * 10n ** 9n,
  Gi: 2n ** 30n * 10n ** 9n,
  Ti: 2n ** 40n * 10n ** 9n,
  Pi: 2n ** 50n * 10n ** 9n,
  Ei: 2n ** 60n * 10n ** 9n,
}
const one = 10n ** 9n
const binarySuffixes = ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki'] as const

/**
 * A Kubernetes quantity (`32Gi`, `1.5M`, `100m`, `2e3`) in whole units, rounded up as Kubernetes' Quantity.Value() does:
 * bytes of memory or storage, cores of CPU.
 * @throws RangeError for anything that is not a quantity
 */
export function parseQuantity(text: string): bigint {
  const [, sign = '', whole = '', fraction = '', exponent, suffix = ''] =
    /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text) ?? [undefined]
  const scale = scales[suffix]
  if (whole + fraction === '' || scale === undefined)
    throw new RangeError(
      `invalid quantity ${JSON.stringify(text)}: expected a number with a suffix such as 128Mi or 1.5G`,
    )
  const tens = Number(exponent ?? '0') - fraction.length
  let numerator = BigInt(whole + fraction) * scale
  let denominator = one
  if (tens >= 0) numerator *= 10n ** BigInt(tens)
  else denominator *= 10n ** BigInt(-tens)
  // Away from zero, as Kubernetes rounds: no request gets smaller than it was asked for.
  const size = (numerator + denominator - 1n) / denominator
  return sign === '-' ? -size : size
}

/** A number of bytes with the largest binary suffix that loses nothing: `134217728` is `128Mi`, `1000` is `1000`. */
export function formatBytes(bytes: bigint): string {
  if (bytes === 0n) return '0'
  for (const suffix of binarySuffixes) {
    const scale = (scales[suffix] ?? one) / one
    if (bytes % scale === 0n) return `${bytes / scale}${suffix}`
  }
  return bytes.toString()
}
