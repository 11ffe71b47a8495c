/** Compares what a tool wrote as text with what it wrote as JSON. */
import type { LatencyDistribution } from '../../helpers/units/latency-distribution.ts'

export interface ReportedCpu extends LatencyDistribution {
  /** null: the report does not say it. */
  cpu: number | null
  averageMicroseconds: number | null
}

/**
 * @param averageTolerance in µs
 * @returns a sentence for each contradiction; empty when both say the same
 */
export function differences(
  text: readonly ReportedCpu[],
  json: readonly ReportedCpu[],
  averageTolerance: number,
): string[] {
  if (text.length !== json.length) return [`the text has ${text.length} CPUs, JSON ${json.length}`]
  return text.flatMap((ofText, index) => {
    const ofJson = json[index]
    if (ofJson === undefined) return []
    const cpu = ofText.cpu ?? ofJson.cpu ?? index
    const found: string[] = []
    const compare = (what: string, one: number | null, other: number | null, tolerance = 0) => {
      // What one of them leaves out cannot contradict the other.
      if (one !== null && other !== null && Math.abs(one - other) > tolerance)
        found.push(`CPU ${cpu}: ${what} is ${one} in the text and ${other} in JSON`)
    }
    compare('its number', ofText.cpu, ofJson.cpu)
    compare('the minimum', ofText.minimumMicroseconds, ofJson.minimumMicroseconds)
    compare('the average', ofText.averageMicroseconds, ofJson.averageMicroseconds, averageTolerance)
    compare('the maximum', ofText.maximumMicroseconds, ofJson.maximumMicroseconds)
    const [counts, counterparts] = [countsOf(ofText), countsOf(ofJson)]
    for (const from of new Set([...counts.keys(), ...counterparts.keys()]))
      compare(`the bucket from ${from} µs`, counts.get(from) ?? 0, counterparts.get(from) ?? 0)
    return found
  })
}

function countsOf({ buckets, overflow }: LatencyDistribution): Map<number, number> {
  const counts = new Map(buckets.map(({ fromMicroseconds, count }) => [fromMicroseconds, count]))
  if (overflow !== null) counts.set(overflow.fromMicroseconds, overflow.count)
  return counts
}
