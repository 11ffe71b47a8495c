/** Observations counted by value: what samples and histograms have in common. */
export interface Observations {
  /** Distinct and ascending; the last one is Infinity when some lie above everything that the tool could tell. */
  values: readonly number[]
  /** How many observations do not exceed the value at the same place; ascending, the last is `total`. */
  cumulative: readonly number[]
  total: number
  /** As many independent observations would tell as much; at most `total`. */
  effective: number
}

/**
 * @param samples in the order in which they were made
 * @throws RangeError for samples that are not finite
 */
export function observationsOf(samples: readonly number[]): Observations {
  const counts = new Map<number, number>()
  for (const sample of samples) {
    if (!Number.isFinite(sample)) throw new RangeError(`cannot compare ${sample}: every sample has to be finite`)
    counts.set(sample, (counts.get(sample) ?? 0) + 1)
  }
  return { ...counted([...counts]), effective: effectiveCount(samples) }
}

/** @throws RangeError for counts that are not whole numbers */
export function observationsOfBuckets(
  buckets: readonly (readonly [value: number, count: number])[],
  overflow: number,
): Observations {
  const all: (readonly [number, number])[] =
    overflow > 0 ? [...buckets, [Number.POSITIVE_INFINITY, overflow]] : [...buckets]
  const known = counted(all.filter(([, count]) => count !== 0))
  return { ...known, effective: known.total }
}

/** The observations of several runs as one; each counts as much as it has. */
export function pooled(all: readonly Observations[]): Observations {
  const counts = new Map<number, number>()
  for (const { values, cumulative } of all)
    for (const [index, value] of values.entries())
      counts.set(value, (counts.get(value) ?? 0) + (cumulative[index] ?? 0) - (cumulative[index - 1] ?? 0))
  return { ...counted([...counts]), effective: all.reduce((sum, { effective }) => sum + effective, 0) }
}

function counted(counts: readonly (readonly [number, number])[]): Omit<Observations, 'effective'> {
  const sorted = counts.toSorted(([one], [other]) => one - other)
  let total = 0
  const cumulative = sorted.map(([value, count]) => {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`invalid histogram: ${count} observations of the value ${value}`)
    total += count
    return total
  })
  return { values: sorted.map(([value]) => value), cumulative, total }
}

/**
 * Observations that follow each other are alike where load comes and goes, and then tell less than as many independent
 * ones. Batch means show how much: G. S. Fishman, "Principles of Discrete Event Simulation" (1978), chapter 5.
 */
function effectiveCount(samples: readonly number[]): number {
  const count = samples.length
  const batches = Math.floor(Math.sqrt(count))
  if (batches < 8) return count
  const size = Math.floor(count / batches)
  const means = Array.from({ length: batches }, (_, batch) => average(samples.slice(batch * size, (batch + 1) * size)))
  const own = variance(samples)
  const between = variance(means) * size
  return between <= own || between === 0 ? count : Math.max(batches, (count * own) / between)
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

function variance(values: readonly number[]): number {
  const middle = average(values)
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1)
}
