/** How many VMs a pool carries: doubles them until they are too slow, then looks between the last two. */

/**
 * within: the latency keeps to its limit. breach: it does not. no-room: the VMs did not fit onto the cluster. invalid: the step
 * has no result that may be judged, such as when one VM delivers none.
 */
export type RampOutcome = 'within' | 'breach' | 'no-room' | 'invalid'

export interface RampStep {
  vms: number
  outcome: RampOutcome
}

/**
 * How many VMs to try next: from 1 in doublings up to `most`, and after the first step that is not within, from the last that
 * was in steps of a quarter of the gap, at least 1.
 * @param steps those done, in their order
 * @returns null: the ramp is at its end
 */
export function nextRampSize(steps: readonly RampStep[], most: number): number | null {
  if (steps.some(({ outcome }) => outcome === 'invalid')) return null
  const turn = steps.findIndex(({ outcome }) => outcome !== 'within')
  const turning = steps[turn]
  if (turning === undefined) {
    const last = steps.at(-1)
    if (last === undefined) return Math.min(1, most) || null
    return last.vms >= most ? null : Math.min(last.vms * 2, most)
  }
  const below = steps[turn - 1]?.vms ?? 0
  const between = steps.slice(turn + 1)
  if (between.some(({ outcome }) => outcome !== 'within')) return null
  const step = Math.max(1, Math.floor((turning.vms - below) / 4))
  const next = (between.at(-1)?.vms ?? below) + step
  return next < turning.vms ? next : null
}

export interface RampSummary {
  /** Most VMs that were within, below any that were not; null: not even one was. */
  capacityVms: number | null
  /** Fewest VMs that broke the limit; null: none did. */
  breachVms: number | null
  /** Fewest VMs that did not fit; null: all did. */
  noRoomVms: number | null
  /** Whether the ramp ended without a step that has no result. */
  valid: boolean
}

export function rampSummary(steps: readonly RampStep[]): RampSummary {
  const fewest = (outcome: RampOutcome) => least(steps.filter((step) => step.outcome === outcome))
  const bound = least(steps.filter(({ outcome }) => outcome !== 'within')) ?? Number.POSITIVE_INFINITY
  const within = steps.filter(({ vms, outcome }) => outcome === 'within' && vms < bound).map(({ vms }) => vms)
  return {
    capacityVms: within.length === 0 ? null : Math.max(...within),
    breachVms: fewest('breach'),
    noRoomVms: fewest('no-room'),
    valid: fewest('invalid') === null,
  }
}

const least = (steps: readonly RampStep[]): number | null =>
  steps.length === 0 ? null : Math.min(...steps.map(({ vms }) => vms))

/**
 * @param writeP99Nanoseconds of each VM that was asked for; null: it delivered none, which must not make the fleet look better
 */
export function rampOutcome(writeP99Nanoseconds: readonly (number | null)[], limitNanoseconds: number): RampOutcome {
  if (writeP99Nanoseconds.length === 0 || writeP99Nanoseconds.includes(null)) return 'invalid'
  return writeP99Nanoseconds.some((p99) => p99 !== null && p99 > limitNanoseconds) ? 'breach' : 'within'
}

export interface QueueDepthStep {
  queueDepth: number
  totalIops: number | null
  outcome: RampOutcome
}

/** Of a sweep over queue depths; null: none. */
export function queueDepthSummary(steps: readonly QueueDepthStep[]): {
  highestWithin: number | null
  /** Where the most I/Os per second were, whatever the latency. */
  peak: { queueDepth: number; totalIops: number } | null
} {
  const within = steps.filter(({ outcome }) => outcome === 'within').map(({ queueDepth }) => queueDepth)
  let peak: { queueDepth: number; totalIops: number } | null = null
  for (const { queueDepth, totalIops } of steps)
    if (totalIops !== null && totalIops > (peak?.totalIops ?? 0)) peak = { queueDepth, totalIops }
  return { highestWithin: within.length === 0 ? null : Math.max(...within), peak }
}
