import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import { casesAtOnce, undisturbedSets } from '../helpers/run/case-exclusion.ts'
import type { CheckupContract } from '../helpers/run/checkup-contract.ts'
import { requirementsOf } from './preflight-plan.ts'

/** How many cases of each checkup run at the same time at most, by its name. */
export const casesAtOnceByCheckup = (
  profile: LoadedProfile,
  contracts: readonly CheckupContract[],
): Map<string, number> =>
  new Map(
    profile.checkups.map(({ name }) => [
      name,
      casesAtOnce(
        profile.parallelism,
        requirementsOf(profile, contracts, [name]).map(({ requirements: { exclusive } }) => exclusive),
      ),
    ]),
  )

/** Ids of the cases of a checkup, in sets that do not disturb each other. */
export const undisturbedCases = (
  profile: LoadedProfile,
  contracts: readonly CheckupContract[],
  checkup: string,
): string[][] =>
  undisturbedSets(requirementsOf(profile, contracts, [checkup]), ({ requirements: { exclusive } }) => exclusive).map(
    (set) => set.map(({ id }) => id),
  )
