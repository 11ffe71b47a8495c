/** How long a storage case takes: planned, and at most. */
import { jobFileSeconds } from '../../helpers/tools/fio/job-file.ts'
import { FioJobFileError } from '../../helpers/tools/fio/job-file-reader.ts'
import { durationMilliseconds, formatDuration } from '../../helpers/units/duration.ts'
import type { Permutation } from './matrix.ts'
import type { StorageParameters } from './parameters.ts'
import { laidOutFiles, permutationJobFile, plannedGroups } from './plan.ts'

/** Beyond what fio measures: starting, writing the report. */
const marginSeconds = 180
/** Files are laid out at this rate at least: 100 MiB/s. */
const layoutBytesPerSecond = 100 * 1024 ** 2
/** Replacing the job, collecting results. */
const aroundSeconds = 60
/** Making VMs, deleting them. */
const aroundGroupSeconds = 120
/** The ramp turns back after the first step that is not within; it takes some more to find the place. */
const moreRampSteps = 4

export interface PermutationTime {
  /** That fio measures. */
  fioSeconds: number
  /** Writing its files at most. */
  layoutSeconds: number
}

/** @throws RangeError, FioJobFileError as permutationJobFile; Error when the job file gives no runtime */
export function permutationTime(of: StorageParameters, permutation: Permutation): PermutationTime {
  const file = permutationJobFile(of, permutation)
  const seconds = jobFileSeconds(file)
  if (seconds === null)
    throw new RangeError('a section has no runtime, so that nobody knows when it ends; add runtime=')
  const bytes = laidOutFiles(file).reduce((sum, each) => sum + each.bytes, 0)
  return { fioSeconds: seconds, layoutSeconds: Math.ceil(bytes / layoutBytesPerSecond) }
}

/** Until all VMs have finished, from when they were told to begin. */
export const neededSeconds = ({ fioSeconds, layoutSeconds }: PermutationTime): number =>
  fioSeconds + layoutSeconds + marginSeconds

const secondsOf = (duration: string): number => (duration === '0s' ? 0 : durationMilliseconds(duration) / 1000)

/** What an impossible permutation would take does not matter: a rule refuses it. */
function timeOrNothing(of: StorageParameters, permutation: Permutation): PermutationTime {
  try {
    return permutationTime(of, permutation)
  } catch (error) {
    if (error instanceof RangeError || error instanceof FioJobFileError) return { fioSeconds: 0, layoutSeconds: 0 }
    throw error
  }
}

/** Pods do all of it once more. */
const times = ({ podBaseline }: StorageParameters): number => (podBaseline ? 2 : 1)

/** Of the measurement alone. */
export const measurementSeconds = (of: StorageParameters): number =>
  of.procedure === 'fio'
    ? times(of) * allPermutations(of).reduce((sum, permutation) => sum + timeOrNothing(of, permutation).fioSeconds, 0)
    : 0

const allPermutations = (of: StorageParameters): readonly Permutation[] =>
  plannedGroups(of).groups.flatMap(({ permutations }) => permutations)

/** The least that a case needs. */
export function neededCaseSeconds(of: StorageParameters): number {
  const boot = secondsOf(of.vmReadyTimeout) + secondsOf(of.sshTimeout)
  const features: Record<Exclude<StorageParameters['procedure'], 'fio'>, number> = {
    preflight: secondsOf(of.claimTimeout) * of.pools.length,
    clone: secondsOf(of.cloneTimeout),
    snapshot: boot + 2 * secondsOf(of.snapshotTimeout) + secondsOf(of.sshTimeout),
    hotplug: boot + 2 * secondsOf(of.hotplugTimeout),
    bootstorm: 3 * boot,
    migration: boot + secondsOf(of.migrationTimeout) + secondsOf(of.fioCompletionTimeout),
  }
  if (of.procedure !== 'fio') return features[of.procedure] + aroundGroupSeconds
  const { groups } = plannedGroups(of)
  const pods = of.podBaseline ? secondsOf(of.vmReadyTimeout) + secondsOf(of.bootBarrier) + aroundGroupSeconds : 0
  const group = boot + secondsOf(of.fioStartTimeout) + secondsOf(of.bootBarrier) + aroundGroupSeconds + pods
  const measuring =
    times(of) *
    allPermutations(of)
      .map((permutation) => timeOrNothing(of, permutation))
      .reduce((sum, time) => sum + neededSeconds(time) + secondsOf(of.startBarrier) + aroundSeconds, 0)
  const each = groups.length === 0 ? 0 : (group * groups.length + measuring) / groups.length
  return group * groups.length + measuring + (of.mode === 'scale' ? moreRampSteps * each : 0)
}

/** A Go duration. */
export const caseTimeout = (of: StorageParameters): string =>
  formatDuration(BigInt(Math.max(60, Math.ceil(neededCaseSeconds(of)))) * 1_000_000_000n)
