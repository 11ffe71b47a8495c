import type { CyclictestCpu, CyclictestResult } from '../../helpers/tools/cyclictest.ts'

/** Averages are whole microseconds in the text, cut off. */
const averageTolerance = 1

/** @returns a sentence for each contradiction between the text and the JSON report of one run; empty when there is none */
export function cyclictestDisagreements(text: CyclictestResult, json: CyclictestResult): string[] {
  if (text.cpus.length !== json.cpus.length)
    return [`the text has ${text.cpus.length} threads, the JSON file ${json.cpus.length}`]
  return text.cpus.flatMap((ofText, index) => {
    const ofJson = json.cpus[index]
    if (ofJson === undefined) return []
    const found: string[] = []
    const compare = (what: string, one: number | null, other: number | null, tolerance = 0) => {
      // What one of them does not say cannot contradict the other.
      if (one !== null && other !== null && Math.abs(one - other) > tolerance)
        found.push(`thread ${ofText.thread}: ${what} is ${one} in the text, ${other} in the JSON file`)
    }
    compare('the CPU', ofText.cpu, ofJson.cpu)
    compare('the number of cycles', ofText.cycles, ofJson.cycles)
    compare('the minimum', ofText.minimumMicroseconds, ofJson.minimumMicroseconds)
    compare('the average', ofText.averageMicroseconds, ofJson.averageMicroseconds, averageTolerance)
    compare('the maximum', ofText.maximumMicroseconds, ofJson.maximumMicroseconds)
    const [counts, counterparts] = [countsOf(ofText), countsOf(ofJson)]
    for (const from of new Set([...counts.keys(), ...counterparts.keys()]))
      compare(`the bucket from ${from} us`, counts.get(from) ?? 0, counterparts.get(from) ?? 0)
    return found
  })
}

function countsOf({ buckets, overflow }: CyclictestCpu): Map<number, number> {
  const counts = new Map(buckets.map(({ fromMicroseconds, count }) => [fromMicroseconds, count]))
  if (overflow !== null) counts.set(overflow.fromMicroseconds, overflow.count)
  return counts
}
