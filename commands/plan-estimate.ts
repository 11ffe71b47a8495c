import type { LoadedProfile, PlannedCase } from '../helpers/profile/loaded-profile.ts'
import type { CaseRequirements } from '../helpers/run/checkup-contract.ts'
import { durationMilliseconds } from '../helpers/units/duration.ts'
import { requirementsOf } from '../plugin/preflight-plan.ts'
import { checkups } from '../suites/index.ts'

export interface EstimatedCase extends PlannedCase {
  requirements: CaseRequirements
  /** Its time-out and, after that, all of the time for tearing down. */
  worstCaseMilliseconds: number
}

export interface RunEstimate {
  cases: EstimatedCase[]
  /** Per kind, over the whole run. */
  creates: { kind: string; count: number }[]
  /** Of the measurements alone, without booting VMs. */
  measurementMilliseconds: number
  worstCaseMilliseconds: number
}

/** What a run of the selected checkups creates, and how long it takes, by the contracts alone. */
export function estimateRun(profile: LoadedProfile, selected: readonly string[]): RunEstimate {
  const planned = profile.checkups.filter(({ name }) => selected.includes(name))
  const requirements = new Map(requirementsOf(profile, checkups, selected).map((each) => [each.id, each.requirements]))
  const tearDown = durationMilliseconds(profile.timeouts.tearDown)
  const byCheckup = planned.map(({ cases }) =>
    cases.map((planCase): EstimatedCase => {
      const needed = requirements.get(planCase.id)
      if (needed === undefined) throw new Error(`no requirements for case ${planCase.id}`)
      return {
        ...planCase,
        requirements: needed,
        worstCaseMilliseconds: planCase.timeoutMilliseconds + tearDown,
      }
    }),
  )
  // Checkups run one after the other, the cases of each so many at a time.
  const total = (duration: (each: EstimatedCase) => number): number =>
    byCheckup.reduce((sum, cases) => sum + inLanes(cases.map(duration), profile.parallelism), 0)
  const cases = byCheckup.flat()
  return {
    cases,
    creates: sumByKind(cases.flatMap(({ requirements: { creates } }) => creates)),
    measurementMilliseconds: total(({ requirements: { measurementMilliseconds } }) => measurementMilliseconds),
    worstCaseMilliseconds: total(({ worstCaseMilliseconds }) => worstCaseMilliseconds),
  }
}

/** When everything is done if each job, in order, goes to the lane that is free first. */
export function inLanes(durations: readonly number[], lanes: number): number {
  const free = Array.from({ length: Math.max(1, lanes) }, () => 0)
  for (const duration of durations) {
    const first = free.indexOf(Math.min(...free))
    free[first] = (free[first] ?? 0) + duration
  }
  return Math.max(...free)
}

function sumByKind(creates: readonly { kind: string; count: number }[]): { kind: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const { kind, count } of creates) counts.set(kind, (counts.get(kind) ?? 0) + count)
  return [...counts].map(([kind, count]) => ({ kind, count }))
}
