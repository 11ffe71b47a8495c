/** Whether the files of fio fit onto the disk under test. */
import { formatFioBytes } from '../../helpers/tools/fio/amounts.ts'
import { fioJobs, jobFileSpace, type FioJobFile } from '../../helpers/tools/fio/job-file.ts'
import { formatBytes } from '../../helpers/units/quantity.ts'

const mebibyte = 1024 ** 2
const gibibyte = 1024 ** 3
/** Of the PVC; the rest is for the file system. */
const mostOfPvcPercent = 90n
const aimedOfPvcPercent = 80n
export const documentedFileBytes = 4 * gibibyte

/**
 * Size of each file when all are to fit: 80 % of the PVC shared by them, in whole MiB, and not above `most`.
 * @param files how many there are at once: `jobFileSpace(...).files`
 * @returns bytes; 0 when not even 1 MiB is left
 */
export function fittingFileBytes(pvcBytes: bigint, files: number, most: number = documentedFileBytes): number {
  if (files === 0) return most
  const share = Number((pvcBytes * aimedOfPvcPercent) / 100n / BigInt(files))
  return share >= most ? most : Math.floor(share / mebibyte) * mebibyte
}

/**
 * What keeps this job file from running on a PVC of this size. Empty: nothing.
 * @param pvcBytes as requested
 */
export function spaceProblems(jobFile: FioJobFile, pvcBytes: bigint): string[] {
  const { bytes, files, unsized } = jobFileSpace(jobFile)
  const most = (pvcBytes * mostOfPvcPercent) / 100n
  const problems = unsized.map((name) => `job ${name} has no size, so that its space cannot be known; add size=`)
  if (BigInt(bytes) > most)
    problems.push(
      `fio lays out ${files} ${files === 1 ? 'file' : 'files'} of ${formatBytes(BigInt(bytes))} together, more than 90 % of the PVC of ${formatBytes(pvcBytes)}; take smaller files, fewer jobs, or a larger PVC`,
    )
  for (const { name, size, bs } of fioJobs(jobFile)) {
    const largest = Math.max(bs.read, bs.write, bs.trim)
    if (size !== null && size < largest)
      problems.push(
        `job ${name} has files of ${formatFioBytes(size)}, less than one block of ${formatFioBytes(largest)}`,
      )
  }
  return problems
}
