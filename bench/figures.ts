/** Prints figures that are not times per call: rates, counts, memory. One line each, with the goal it is held against. */
export function printFigure(
  name: string,
  value: number,
  unit: string,
  goal?: { atMost?: number; atLeast?: number },
): void {
  const text = `${name.padEnd(72)} ${formatted(value)} ${unit}`
  if (goal === undefined) console.log(text)
  else {
    const { atMost, atLeast } = goal
    const met = (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast)
    const limit = atMost === undefined ? `at least ${formatted(atLeast ?? 0)}` : `at most ${formatted(atMost)}`
    console.log(`${text}  (goal: ${limit} ${unit}${met ? '' : ', MISSED'})`)
  }
}

const formatted = (value: number): string =>
  new Intl.NumberFormat('en', { maximumSignificantDigits: value < 1000 ? 3 : 7, maximumFractionDigits: 2 }).format(
    value,
  )

/** Of an odd or even number of runs. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] = [sorted[(sorted.length - 1) >> 1], sorted[middle]]
  return (low + high) / 2
}
