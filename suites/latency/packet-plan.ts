import type { LatencyParameters } from './contract.ts'

/** How many packets one measurement sends, how far apart, and how long that takes. */
export function packetPlan(of: LatencyParameters): {
  warmUp: number
  judged: number
  total: number
  intervalMilliseconds: number
  durationMilliseconds: number
} {
  const judged =
    of.sampleCount ?? Math.max(1, Math.floor((of.sampleDurationSeconds * 1000) / of.sampleIntervalMilliseconds + 1e-9))
  const total = of.warmUpPackets + judged
  return {
    warmUp: of.warmUpPackets,
    judged,
    total,
    intervalMilliseconds: of.sampleIntervalMilliseconds,
    durationMilliseconds: total * of.sampleIntervalMilliseconds,
  }
}
