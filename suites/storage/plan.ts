/** From the parameters of a case to its groups, and to what fio does in each permutation. */
import { fioJobs, jobFileSpace, type FioJobFile } from '../../helpers/tools/fio/job-file.ts'
import { parseFioBytes } from '../../helpers/tools/fio/amounts.ts'
import { parseWholeSeconds } from '../../helpers/units/duration.ts'
import { parseQuantity } from '../../helpers/units/quantity.ts'
import { modeRuntimeSeconds, planGroups, type Permutation, type StorageMatrix, type VmSize } from './matrix.ts'
import type { StorageParameters } from './parameters.ts'
import { parsePool, type StoragePool } from './pools.ts'
import {
  asksForBlockSize,
  customJobFile,
  documentedScaleSettings,
  documentedSettings,
  hasOwnBlockSizes,
  isDocumentedProfile,
  nativeBlockSize,
  profileJobFile,
  type ProfileSettings,
} from './profiles.ts'
import { parseSelector, select, type Selection } from './selection.ts'
import { documentedFileBytes, fittingFileBytes } from './space.ts'
import { parseVmSize } from './vm-size-text.ts'

/** fio rates are limited in these modes, and each VM has one job. */
const isRated = ({ mode }: StorageParameters): boolean => mode === 'scale' || mode === 'qd'

export const poolsOf = (of: StorageParameters): StoragePool[] => of.pools.map(parsePool)

/** @throws Error when there is no such pool */
export function poolNamed(of: StorageParameters, name: string): StoragePool {
  const found = poolsOf(of).find((pool) => pool.name === name)
  if (found === undefined) throw new Error(`no pool "${name}" in ${of.pools.join(', ')}`)
  return found
}

/** @throws Error when there is no such size */
export function vmSizeNamed(of: StorageParameters, name: string): VmSize {
  const found = storageMatrix(of).vmSizes.find(({ label }) => label === name)
  if (found === undefined) throw new Error(`no VM size "${name}" in ${of.vmSizes.join(', ')}`)
  return found
}

export const storageMatrix = (of: StorageParameters): StorageMatrix => ({
  pools: poolsOf(of).map(({ name }) => name),
  vmSizes: of.vmSizes.map(parseVmSize),
  pvcSizes: of.pvcSizes,
  concurrency: of.concurrencyLevels,
  profiles: of.fioProfiles.map((name) => ({ name, ownBlockSizes: bringsBlockSizes(of, name) })),
  blockSizes: of.fioBlockSizes,
  fixedVms: of.fixedVms,
  queueDepths: of.queueDepths,
  maxVms: of.maxScaleVms,
})

function bringsBlockSizes(of: StorageParameters, name: string): boolean {
  const own = of.fioJobFiles[name]
  if (own !== undefined) return !asksForBlockSize(own)
  return isDocumentedProfile(name) && hasOwnBlockSizes(name)
}

/** What the filters leave of the groups of the mode. */
export const plannedGroups = (of: StorageParameters): Selection =>
  select(planGroups(of.mode, storageMatrix(of)), {
    filters: of.filters.map(parseSelector),
    excludes: of.excludes.map(parseSelector),
  })

/** Of the largest group; 1 where the procedure measures none. */
export const vmsAtOnce = (of: StorageParameters): number =>
  of.procedure === 'fio' ? Math.max(1, ...plannedGroups(of).groups.map(({ concurrency }) => concurrency)) : 1

/** The sweep over queue depths writes the depth behind the name of the profile. */
const profileOf = ({ profile, iodepth }: Permutation): string =>
  iodepth === null ? profile : profile.replace(/-qd\d+$/, '')

/**
 * What fio does in a permutation.
 * @throws RangeError, FioJobFileError when it cannot
 */
export function permutationJobFile(of: StorageParameters, permutation: Permutation): FioJobFile {
  const most =
    of.fioFileSize === undefined
      ? isRated(of)
        ? documentedScaleSettings.fileBytes
        : documentedFileBytes
      : Number(parseQuantity(of.fioFileSize))
  const build = (fileBytes: number) => jobFileOf(of, permutation, fileBytes)
  if (of.fioFileSize !== undefined) return build(most)
  const { files } = jobFileSpace(build(most))
  return build(fittingFileBytes(parseQuantity(permutation.pvcSize), files, most))
}

function jobFileOf(of: StorageParameters, permutation: Permutation, fileBytes: number): FioJobFile {
  const profile = profileOf(permutation)
  const settings: ProfileSettings = {
    blockSize: permutation.blockSize === nativeBlockSize ? 4096 : parseFioBytes(permutation.blockSize),
    runtimeSeconds: runtimeSeconds(of),
    rampSeconds: of.fioRampTime === '0s' ? 0 : parseWholeSeconds(of.fioRampTime),
    iodepth: permutation.iodepth ?? of.fioIodepth,
    numjobs: of.fioNumjobs ?? (isRated(of) ? documentedScaleSettings.numjobs : documentedSettings.numjobs),
    fileBytes,
    rateIops: of.rateIops === 0 ? null : of.rateIops,
  }
  const own = of.fioJobFiles[profile]
  if (own !== undefined) return customJobFile(own, settings)
  if (!isDocumentedProfile(profile)) throw new RangeError(`there is no profile "${profile}"`)
  return profileJobFile(profile, settings)
}

const runtimeSeconds = ({ fioRuntime, mode }: StorageParameters): number =>
  fioRuntime === undefined
    ? (modeRuntimeSeconds(mode) ?? documentedSettings.runtimeSeconds)
    : parseWholeSeconds(fioRuntime)

/** A file that fio works on, and its size. */
export interface LaidOutFile {
  name: string
  bytes: number
}

/** The files of a job file in the directory of fio, as fio names them: they are written before anything is measured. */
export function laidOutFiles(file: FioJobFile): LaidOutFile[] {
  const files = new Map<string, number>()
  for (const { name, filename, size, numjobs } of fioJobs(file)) {
    if (size === null || filename?.startsWith('/') === true) continue
    const names = filename === null ? Array.from({ length: numjobs }, (_, job) => `${name}.${job}.0`) : [filename]
    for (const each of names) files.set(each, Math.max(files.get(each) ?? 0, size))
  }
  return [...files].map(([name, bytes]) => ({ name, bytes }))
}
