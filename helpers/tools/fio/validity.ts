/** Whether a report of fio is a result: of all that was asked, over the whole time, and in itself consistent. */
import { parseFioSeconds } from './amounts.ts'
import {
  activeDirections,
  fioDirections,
  fioJobs,
  type FioDirection,
  type FioJob,
  type FioJobFile,
} from './job-file.ts'
import {
  parseFioOutput,
  type FioDirectionResult,
  type FioDocument,
  type FioJobResult,
  type FioLatency,
  type FioOutput,
} from './output.ts'

/**
 * exit-code: fio ended with other than 0. job-error: a job reports an errno. terminated: a signal ended fio. unfinished: the
 * report was written while fio ran. short-run: I/O for less than 95 % of the time. no-jobs: the report is empty.
 * missing-job, repeated-job, unasked-job: not each asked section once. missing-direction: no I/O where the section has some.
 * several-reports: more than one where one was expected. inconsistent: the numbers contradict each other.
 */
type FioProblemKind =
  | 'exit-code'
  | 'job-error'
  | 'terminated'
  | 'unfinished'
  | 'short-run'
  | 'no-jobs'
  | 'missing-job'
  | 'repeated-job'
  | 'unasked-job'
  | 'missing-direction'
  | 'several-reports'
  | 'inconsistent'

interface FioProblem {
  kind: FioProblemKind
  /** null: it is about the whole output. */
  job: string | null
  direction: FioDirection | 'sync' | null
  message: string
}

export interface FioAsked {
  /** That fio was given. null: not known; then the time is taken from the report itself, and nothing can be missing. */
  jobFile: FioJobFile | null
  /** one: there has to be just one. last: of those that --status-interval wrote. all: `cat *.json`. Default: one. */
  reports?: 'one' | 'last' | 'all'
  /** null or absent: not known. */
  exitCode?: number | null
}

export interface FioResult {
  version: string
  /** When the last report that counts was written, in milliseconds since 1970. */
  timestampMilliseconds: number | null
  /** In the order of the output. */
  jobs: readonly FioJobResult[]
  diagnostics: readonly string[]
  /** Empty: this is a result. Otherwise the numbers may not be judged. */
  problems: readonly FioProblem[]
}

const leastShareOfRuntime = 0.95

/**
 * @param output of one fio, or what was asked for with `reports`
 * @throws ToolOutputError when it holds no complete report
 */
export function readFioResult(output: string, asked: FioAsked): FioResult {
  const read = parseFioOutput(output)
  const counting = countingDocuments(read, asked.reports ?? 'one')
  const last = counting.at(-1)
  return {
    version: last?.version ?? '',
    timestampMilliseconds: last?.timestampMilliseconds ?? null,
    jobs: counting.flatMap(({ jobs }) => jobs),
    diagnostics: read.diagnostics,
    problems: fioProblems(read, asked),
  }
}

const countingDocuments = ({ documents }: FioOutput, reports: 'one' | 'last' | 'all'): readonly FioDocument[] =>
  reports === 'all' ? documents : documents.slice(-1)

/** All that keeps this output from being a result. */
function fioProblems(output: FioOutput, { jobFile, reports = 'one', exitCode = null }: FioAsked): FioProblem[] {
  const jobs = countingDocuments(output, reports).flatMap((document) => document.jobs)
  const problems: FioProblem[] = []
  const whole = (kind: FioProblemKind, message: string) => problems.push({ kind, job: null, direction: null, message })
  if (exitCode !== null && exitCode !== 0)
    whole(
      'exit-code',
      `fio ended with ${exitCode}${exitCode === 128 ? ', as it does when a signal ends it' : ''}, expected 0`,
    )
  const signal = output.diagnostics.find((line) => line.includes('terminating on signal'))
  if (signal !== undefined) whole('terminated', `fio was ended by a signal: ${JSON.stringify(signal)}`)
  if (reports === 'one' && output.documents.length > 1)
    whole('several-reports', `there are ${output.documents.length} reports of fio, expected one`)
  if (jobs.length === 0) whole('no-jobs', 'the report of fio holds no job')
  const entries = jobFile === null ? null : expectedEntries(jobFile)
  if (entries !== null) problems.push(...completeness(jobs, entries))
  for (const job of jobs) problems.push(...jobProblems(job, entries?.find(({ name }) => name === job.job) ?? null))
  return problems
}

/** An entry of `jobs` that fio reports for a job file. */
interface ExpectedEntry {
  name: string
  /** Without group_reporting there is one for each of the `numjobs` jobs. */
  times: number
  directions: readonly (FioDirection | 'sync')[]
  /** Seconds. */
  runtime: number | null
}

/**
 * With group_reporting fio adds up the jobs of a group and calls them by the name of the first. A group ends at a section
 * with stonewall or new_group.
 */
function expectedEntries(file: FioJobFile): ExpectedEntry[] {
  const entries: ExpectedEntry[] = []
  for (const [index, job] of fioJobs(file).entries()) {
    const opensGroup = index === 0 || job.stonewall || job.others.some(([name]) => name === 'new_group')
    const joined = opensGroup || !job.group_reporting ? undefined : entries.pop()
    entries.push(joined === undefined ? entryOf(job) : join(joined, job))
  }
  return entries
}

const entryOf = (job: FioJob): ExpectedEntry => ({
  name: job.name,
  times: job.group_reporting ? 1 : job.numjobs,
  directions: activeDirections(job),
  runtime: job.runtime,
})

const join = (entry: ExpectedEntry, job: FioJob): ExpectedEntry => ({
  ...entry,
  directions: [...new Set([...entry.directions, ...activeDirections(job)])],
  runtime: entry.runtime === null || job.runtime === null ? null : Math.min(entry.runtime, job.runtime),
})

function completeness(jobs: readonly FioJobResult[], entries: readonly ExpectedEntry[]): FioProblem[] {
  const problems: FioProblem[] = []
  for (const { name, times } of entries) {
    const found = jobs.filter(({ job }) => job === name).length
    const of = { job: name, direction: null }
    if (found < times)
      problems.push({ ...of, kind: 'missing-job', message: `job ${name}: the report holds ${found} of ${times}` })
    if (found > times)
      problems.push({
        ...of,
        kind: 'repeated-job',
        message: `job ${name}: the report holds ${found}, expected ${times}`,
      })
  }
  for (const name of new Set(jobs.map(({ job }) => job)))
    if (!entries.some((entry) => entry.name === name))
      problems.push({ kind: 'unasked-job', job: name, direction: null, message: `job ${name} was not asked for` })
  return problems
}

function jobProblems(job: FioJobResult, expected: ExpectedEntry | null): FioProblem[] {
  const problems: FioProblem[] = []
  const add = (kind: FioProblemKind, direction: FioProblem['direction'], message: string) =>
    problems.push({
      kind,
      job: job.job,
      direction,
      message: `job ${job.job}${direction === null ? '' : `, ${direction}`}: ${message}`,
    })
  if (job.error !== 0)
    add('job-error', null, `fio reports error ${job.error}${knownErrors[job.error] ?? ''}, expected 0`)
  else if (job.etaSeconds !== null && job.etaSeconds > 0)
    add('unfinished', null, `the report was written ${job.etaSeconds} s before the end`)
  for (const direction of expected?.directions ?? [])
    if (job[direction] === null) add('missing-direction', direction, 'the report holds no I/O')
  const asked = expected === null ? reportedRuntime(job) : expected.runtime
  for (const direction of fioDirections) {
    const result = job[direction]
    if (result === null) continue
    const [ran, least] = [result.runtimeMilliseconds, asked === null ? 0 : asked * 1000 * leastShareOfRuntime]
    if (ran < least)
      add(
        'short-run',
        direction,
        `I/O ran for ${ran} ms of ${(asked ?? 0) * 1000} ms, expected at least ${Math.ceil(least)} ms`,
      )
    // A job that failed at once has I/Os in no time.
    for (const contradiction of job.error === 0 ? contradictions(result) : [])
      add('inconsistent', direction, contradiction)
  }
  for (const contradiction of latencyContradictions('lat', job.sync?.lat ?? null))
    add('inconsistent', 'sync', contradiction)
  return problems
}

/** errno of Linux, as far as storage runs into them. */
const knownErrors: Partial<Record<number, string>> = {
  1: ' (EPERM: not permitted)',
  2: ' (ENOENT: no such file)',
  5: ' (EIO: the device failed)',
  13: ' (EACCES: not permitted)',
  16: ' (EBUSY: the device is in use)',
  22: ' (EINVAL: invalid argument)',
  28: ' (ENOSPC: no space left)',
  30: ' (EROFS: read-only)',
  110: ' (ETIMEDOUT: the device does not answer)',
}

function reportedRuntime({ options }: FioJobResult): number | null {
  const text = options['runtime']
  if (text === undefined) return null
  try {
    return parseFioSeconds(text)
  } catch (error) {
    // Written in a way that only fio understands: then nothing is known.
    if (error instanceof RangeError) return null
    throw error
  }
}

/** fio computes rates from counts and the time; corrupted digits break that. */
function contradictions(of: FioDirectionResult): string[] {
  const found: string[] = []
  const seconds = of.runtimeMilliseconds / 1000
  if (seconds === 0) found.push(`${of.totalIos} I/Os in 0 ms`)
  else {
    if (!isNear(of.iops, of.totalIos / seconds, 0.001))
      found.push(`${of.iops} IOPS do not fit ${of.totalIos} I/Os in ${of.runtimeMilliseconds} ms`)
    if (!isNear(of.bytesPerSecond, of.ioBytes / seconds, 1))
      found.push(`${of.bytesPerSecond} B/s do not fit ${of.ioBytes} bytes in ${of.runtimeMilliseconds} ms`)
  }
  return [
    ...found,
    ...latencyContradictions('slat', of.slat),
    ...latencyContradictions('clat', of.clat),
    ...latencyContradictions('lat', of.lat),
  ]
}

const isNear = (value: number, expected: number, atLeast: number) =>
  Math.abs(value - expected) <= Math.max(atLeast, expected * 1e-3)

function latencyContradictions(name: string, of: FioLatency | null): string[] {
  if (of === null) return []
  const found: string[] = []
  // The mean is written with six digits behind the point.
  if (of.mean < of.min - 1e-6 || of.mean > of.max + 1e-6)
    found.push(`${name} mean ${of.mean} ns is not between min ${of.min} ns and max ${of.max} ns`)
  const falling = of.percentiles?.find(([, value], index, all) => value < (all[index - 1]?.[1] ?? 0))
  if (falling !== undefined) found.push(`${name} percentile ${falling[0]} is below the one before it`)
  const counted = of.bins?.reduce((total, [, count]) => total + count, 0) ?? of.samples
  if (counted !== of.samples) found.push(`${name} bins hold ${counted} of ${of.samples} samples`)
  return found
}
