/** Which cases of a checkup would disturb each other, and how many of them may run at the same time. */
import type { CaseExclusion } from './checkup-contract.ts'

/** Cases at the same time; auto: as many as are known not to disturb each other. */
export type Parallelism = number | 'auto'

/** For people. */
export const parallelismText = (of: Parallelism): string =>
  of === 'auto'
    ? 'auto: as many cases at a time as do not disturb each other'
    : `${of} case${of === 1 ? '' : 's'} at a time`

/** Classes that claims may get which name none; empty: not known, it may be any. */
export type DefaultClasses = readonly string[]

/** Whether one may not run while the other does. Cases that do not say what disturbs them run side by side when asked to. */
export function disturbEachOther(
  one: CaseExclusion | undefined,
  other: CaseExclusion | undefined,
  defaultClasses: DefaultClasses = [],
): boolean {
  if (one?.wholeCluster === true || other?.wholeCluster === true) return true
  const taken = classesOf(other, defaultClasses)
  return classesOf(one, defaultClasses).some(
    (name) => taken.includes(name) || (name === null && taken.length > 0) || taken.includes(null),
  )
}

/** null: one that may be any. */
const classesOf = (of: CaseExclusion | undefined, defaultClasses: DefaultClasses): (string | null)[] =>
  (of?.storageClasses ?? []).flatMap((name): (string | null)[] =>
    name === null && defaultClasses.length > 0 ? [...defaultClasses] : [name],
  )

/** How many of these cases of one checkup run at the same time at most. */
export function casesAtOnce(parallelism: Parallelism, cases: readonly (CaseExclusion | undefined)[]): number {
  if (parallelism !== 'auto') return parallelism
  if (cases.some((each) => each === undefined)) return 1
  return Math.max(1, new Set(cases.flatMap((each) => each?.storageClasses ?? [])).size)
}

/** Sets of cases that do not disturb those of any other set, in the order of their first cases. */
export function undisturbedSets<T>(cases: readonly T[], exclusionOf: (each: T) => CaseExclusion | undefined): T[][] {
  let sets: T[][] = []
  for (const each of cases) {
    const exclusion = exclusionOf(each)
    const disturbed = new Set(sets.filter((set) => set.some((of) => disturbEachOther(exclusion, exclusionOf(of)))))
    const [first, ...others] = disturbed
    if (first === undefined) sets.push([each])
    else {
      first.push(...others.flat(), each)
      sets = sets.filter((set) => set === first || !disturbed.has(set))
    }
  }
  return sets
}
