/** From what fio left in a guest to records, or to the reasons why it left none that counts. */
import { parseFioBytes } from '../../helpers/tools/fio/amounts.ts'
import { activeDirections, fioJobs, type FioJobFile } from '../../helpers/tools/fio/job-file.ts'
import type { FioJobResult } from '../../helpers/tools/fio/output.ts'
import { readFioResult, type FioResult } from '../../helpers/tools/fio/validity.ts'
import { ToolOutputError } from '../../helpers/tools/tool-output.ts'
import type { VmOutcome } from './permutation-result.ts'
import { storageRecords, type RecordContext, type StorageRecord } from './records.ts'

export interface Collected {
  records: StorageRecord[]
  problems: string[]
  hasFioError: boolean
  runtimePercent: number | null
  shortIos: number
}

/** Reads what fio printed into the outcome of its VM or pod. @returns records, if it is a result */
export function readInto(
  outcome: VmOutcome,
  output: string,
  file: FioJobFile,
  context: RecordContext,
): StorageRecord[] {
  const read = readCollected(output, file, outcome.exitStatus, context)
  outcome.problems.push(...read.problems)
  outcome.hasFioError ||= read.hasFioError
  outcome.runtimePercent = read.runtimePercent
  outcome.shortIos = read.shortIos
  return outcome.problems.length === 0 ? read.records : []
}

const errorKinds = new Set(['exit-code', 'job-error', 'terminated'])

/** @param exitStatus of the service; null: not known */
export function readCollected(
  output: string,
  file: FioJobFile,
  exitStatus: number | null,
  context: RecordContext,
): Collected {
  let result: FioResult
  try {
    result = readFioResult(output, { jobFile: file, exitCode: exitStatus })
  } catch (error) {
    if (!(error instanceof ToolOutputError)) throw error
    const refused = exitStatus !== null && exitStatus !== 0
    const problems = [error.message, ...(refused ? [`fio ended with ${exitStatus}, expected 0`] : [])]
    return { records: [], problems, hasFioError: refused, runtimePercent: null, shortIos: 0 }
  }
  const problems = [...result.problems.map(({ message }) => message), ...otherJobs(result.jobs, file)]
  const isValid = problems.length === 0
  const jobs = new Map(fioJobs(file).map((job) => [job.name, job]))
  return {
    records: isValid
      ? storageRecords(context, result, (name) => {
          const job = jobs.get(name)
          return job?.group_reporting === true ? job.numjobs : 1
        })
      : [],
    problems,
    hasFioError: result.problems.some(({ kind }) => errorKinds.has(kind)),
    runtimePercent: shortestRuntime(result.jobs, jobs),
    shortIos: result.jobs.reduce((sum, job) => sum + shortIosOf(job), 0),
  }
}

const shortIosOf = ({ read, write, trim }: FioJobResult): number =>
  [read, write, trim].reduce((sum, of) => sum + (of === null ? 0 : of.shortIos + of.dropIos), 0)

function shortestRuntime(
  results: readonly FioJobResult[],
  jobs: ReadonlyMap<string, { runtime: number | null }>,
): number | null {
  const shares = results.flatMap((result) => {
    const asked = jobs.get(result.job)?.runtime ?? null
    if (asked === null || asked === 0) return []
    return [result.read, result.write, result.trim].flatMap((of) =>
      of === null ? [] : [(of.runtimeMilliseconds / (asked * 1000)) * 100],
    )
  })
  return shares.length === 0 ? null : Math.min(...shares)
}

/** A report of the permutation before has jobs of the same names: what it was asked for tells them apart. */
function otherJobs(results: readonly FioJobResult[], file: FioJobFile): string[] {
  return fioJobs(file).flatMap((job) => {
    const result = results.find((each) => each.job === job.name)
    if (result === undefined) return []
    const { rw, bs, iodepth, numjobs } = result.options
    const problems: string[] = []
    const differs = (name: string, reported: string | undefined, asked: string) => {
      if (reported !== undefined && reported !== asked)
        problems.push(
          `job ${job.name}: the report is about ${name}=${reported}, asked was ${asked}: it is of another job`,
        )
    }
    differs('rw', rw, job.rw)
    const size = blockSizeOf(bs)
    if (size !== null) differs('bs', String(size), String(job.bs.read))
    differs('iodepth', iodepth, String(job.iodepth))
    differs('numjobs', numjobs, String(job.numjobs))
    return problems
  })
}

/** null: not given, not one for all directions, or written in a way that only fio understands. */
function blockSizeOf(text: string | undefined): number | null {
  if (text === undefined || text.includes(',')) return null
  try {
    return parseFioBytes(text)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** Jobs that mix reads and writes, and the share of reads that they were asked for. */
export const mixedJobs = (file: FioJobFile): { job: string; readPercent: number }[] =>
  fioJobs(file)
    .filter((job) => ['read', 'write'].every((direction) => activeDirections(job).includes(direction as 'read')))
    .map(({ name, rwmixread }) => ({ job: name, readPercent: rwmixread }))
