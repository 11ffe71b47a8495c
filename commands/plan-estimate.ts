import type { LoadedProfile, PlannedCase } from '../helpers/profile/loaded-profile.ts'
import { casesAtOnce, disturbEachOther } from '../helpers/run/case-exclusion.ts'
import type { CaseExclusion, CaseRequirements } from '../helpers/run/checkup-contract.ts'
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
    byCheckup.reduce((sum, cases) => {
      const jobs = cases.map((each) => ({ duration: duration(each), exclusive: each.requirements.exclusive }))
      return (
        sum +
        inLanes(
          jobs,
          casesAtOnce(
            profile.parallelism,
            jobs.map(({ exclusive }) => exclusive),
          ),
        )
      )
    }, 0)
  const cases = byCheckup.flat()
  return {
    cases,
    creates: sumByKind(cases.flatMap(({ requirements: { creates } }) => creates)),
    measurementMilliseconds: total(({ requirements: { measurementMilliseconds } }) => measurementMilliseconds),
    worstCaseMilliseconds: total(({ worstCaseMilliseconds }) => worstCaseMilliseconds),
  }
}

interface Job {
  duration: number
  exclusive: CaseExclusion | undefined
}

/** When everything is done if each job, in order, begins when a lane is free and no other disturbs it. */
export function inLanes(jobs: readonly Job[], lanes: number): number {
  let waiting = jobs
  let running: { of: Job; end: number }[] = []
  let now = 0
  while (waiting.length > 0) {
    waiting = waiting.filter((job) => {
      const mayBegin =
        running.length < lanes && !running.some(({ of }) => disturbEachOther(of.exclusive, job.exclusive))
      if (mayBegin) running.push({ of: job, end: now + job.duration })
      return !mayBegin
    })
    now = Math.min(...running.map(({ end }) => end))
    running = running.filter(({ end }) => end > now)
  }
  return Math.max(now, ...running.map(({ end }) => end))
}

function sumByKind(creates: readonly { kind: string; count: number }[]): { kind: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const { kind, count } of creates) counts.set(kind, (counts.get(kind) ?? 0) + count)
  return [...counts].map(([kind, count]) => ({ kind, count }))
}
