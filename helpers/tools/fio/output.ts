/** Reads what fio 3 writes with --output-format=json or json+, from its --output file or from a console. */
import { z } from 'zod'
import { outputLines, ToolOutputError, type OutputLine } from '../tool-output.ts'
import { fioDirections } from './job-file.ts'

const tool = 'fio'

/** Latencies of completed I/Os, in nanoseconds. */
export interface FioLatency {
  min: number
  mean: number
  max: number
  stddev: number
  /** How many were timed. At least 1. */
  samples: number
  /** Ascending pairs of per cent and nanoseconds; null: fio was not told to compute them for this latency. */
  percentiles: readonly (readonly [percent: number, nanoseconds: number])[] | null
  /** Ascending pairs of nanoseconds and how many I/Os; null without json+. */
  bins: readonly (readonly [nanoseconds: number, count: number])[] | null
}

/** Of a direction in which there was I/O. */
export interface FioDirectionResult {
  iops: number
  bytesPerSecond: number
  /** Without the ramp. */
  runtimeMilliseconds: number
  ioBytes: number
  totalIos: number
  shortIos: number
  dropIos: number
  /** From submission to completion; null when fio timed none. */
  clat: FioLatency | null
  /** Submission and completion together. Has percentiles and bins only with lat_percentiles=1, and then clat has none. */
  lat: FioLatency | null
  slat: FioLatency | null
}

interface FioSyncResult {
  totalIos: number
  /** Of one fsync; null when fio timed none. */
  lat: FioLatency | null
}

/** What fio says of one section, or of each of its jobs without group_reporting. null: no I/O of this kind, or not said. */
export interface FioJobResult {
  job: string
  group: number
  /** errno; 0: none. That alone does not prove that the job ran as long as it should. */
  error: number
  /** Seconds to go. 0 in a result at the end; null when not said. */
  etaSeconds: number | null
  read: FioDirectionResult | null
  write: FioDirectionResult | null
  trim: FioDirectionResult | null
  sync: FioSyncResult | null
  /** Sum over the `numjobs` jobs. */
  jobRuntimeMilliseconds: number | null
  /** Average over the jobs. */
  userCpuPercent: number | null
  systemCpuPercent: number | null
  /** As fio understood them: those of the section above those of [global]. Flags of the command line are not among them. */
  options: Readonly<Record<string, string>>
}

/** One report of fio. */
export interface FioDocument {
  version: string
  /** When it was written, in milliseconds since 1970. */
  timestampMilliseconds: number | null
  jobs: readonly FioJobResult[]
}

export interface FioOutput {
  /** At least one, in the order of the output. */
  documents: readonly FioDocument[]
  /** Lines before, between and behind the documents: warnings and errors of fio, and whatever else wrote there. */
  diagnostics: readonly string[]
}

const countAllowed = `expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`
/** fio counts with 64 bits. What a JavaScript number cannot hold is an error, since a rounded one is no count. */
const count = z.number(countAllowed).refine((value) => Number.isSafeInteger(value) && value >= 0, countAllowed)
const amount = z.number('expected a number from 0').min(0, 'expected a number from 0')
const percentKey = z.string().regex(/^\d{1,3}\.\d{6}$/, 'expected percentages such as 99.900000')

const latencyShape = z.looseObject({
  min: count,
  max: count,
  mean: amount,
  stddev: amount,
  N: count,
  percentile: z.record(percentKey, count).optional(),
  bins: z.record(z.string().regex(/^\d+$/, 'expected whole nanoseconds'), count).optional(),
})
const directionShape = z.looseObject({
  io_bytes: count,
  bw_bytes: count,
  iops: amount,
  runtime: count,
  total_ios: count,
  short_ios: count,
  drop_ios: count,
  slat_ns: latencyShape.optional(),
  clat_ns: latencyShape.optional(),
  lat_ns: latencyShape.optional(),
})
const optionsShape = z.record(z.string(), z.string('expected text'))
const jobShape = z.looseObject({
  jobname: z.string('expected text'),
  groupid: count,
  error: z.int('expected a whole number'),
  eta: count.optional(),
  'job options': optionsShape.default({}),
  read: directionShape,
  write: directionShape,
  trim: directionShape.optional(),
  sync: z.looseObject({ total_ios: count, lat_ns: latencyShape.optional() }).optional(),
  job_runtime: count.optional(),
  usr_cpu: amount.optional(),
  sys_cpu: amount.optional(),
})
const documentShape = z.looseObject({
  'fio version': z.string('expected text'),
  timestamp_ms: count.optional(),
  'global options': optionsShape.default({}),
  jobs: z.array(jobShape, 'expected a list'),
})

/**
 * @param output of one fio, or of several one after the other (`cat *.json`, `--status-interval`)
 * @throws ToolOutputError when it holds no complete report; a report of a failed or cut run is read: see `readFioResult`
 */
export function parseFioOutput(output: string): FioOutput {
  const lines = outputLines(output)
  const documents: FioDocument[] = []
  const diagnostics: string[] = []
  let open: OutputLine[] | null = null
  for (const line of lines) {
    if (line.text === '{') {
      if (open !== null) throw new ToolOutputError(tool, 'truncated', 'the report before this one has no end', line)
      open = [line]
    } else if (open === null) diagnostics.push(line.text)
    else {
      open.push(line)
      if (line.text !== '}') continue
      documents.push(readDocument(open))
      open = null
    }
  }
  if (open !== null) throw new ToolOutputError(tool, 'truncated', 'it ends within a report', lines.at(-1) ?? null)
  if (documents.length === 0) throw noReport(lines)
  return { documents, diagnostics }
}

/** What fio writes where it was not asked for JSON. */
const otherFormats = [
  { begins: /^\d+;fio-\d/, what: 'the terse output of fio' },
  { begins: /^[^:{]+: \(g=\d+\): rw=/, what: 'the output of fio for people' },
  { begins: /^fio-\d+\.\d+\S*$/, what: 'the version of fio' },
]

function noReport(lines: readonly OutputLine[]): ToolOutputError {
  for (const line of lines)
    for (const { begins, what } of otherFormats)
      if (begins.test(line.text))
        return new ToolOutputError(tool, 'missing', `this is ${what}; run fio with --output-format=json+`, line)
  const failure = lines.find(({ text }) => text.startsWith('fio: '))
  if (failure) return new ToolOutputError(tool, 'refused', 'fio failed and wrote no report', failure)
  return new ToolOutputError(tool, 'missing', 'there is no report: no line is just {', lines[0] ?? null)
}

function readDocument(lines: readonly OutputLine[]): FioDocument {
  const checked = documentShape.safeParse(jsonOf(lines))
  if (!checked.success) {
    const [issue] = checked.error.issues
    const path = issue?.path ?? []
    const inner = issue?.code === 'invalid_key' ? issue.issues[0] : issue
    const explanation = `${path.join('.')}: ${inner?.message ?? 'not understood'}`
    throw new ToolOutputError(tool, 'unreadable', explanation, placeOf(lines, path))
  }
  const { 'fio version': version, timestamp_ms: time, 'global options': global, jobs } = checked.data
  return { version, timestampMilliseconds: time ?? null, jobs: jobs.map((job) => readJob(job, global)) }
}

function jsonOf(lines: readonly OutputLine[]): unknown {
  refuseRepeatedKeys(lines)
  try {
    return JSON.parse(lines.map(({ text }) => text).join('\n'))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const place = lines.find(({ text }) => !lineOfJson.test(text)) ?? lines[0] ?? null
    throw new ToolOutputError(tool, 'unreadable', 'this report is no JSON', place)
  }
}

/** fio writes one key, or one bracket, on each line. */
const lineOfJson =
  /^\s*(?:"(?:[^"\\]|\\.)*"\s*:\s*(?:[[{]|\[ *\]|\{ *\}|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|[[\]{}])\s*,?$/

/** They are what remains when a console loses lines: JSON.parse would mix two results silently. */
function refuseRepeatedKeys(lines: readonly OutputLine[]): void {
  const open: Set<string>[] = []
  for (const line of lines) {
    const [, key] = /^\s*"((?:[^"\\]|\\.)*)"\s*:/.exec(line.text) ?? []
    if (key !== undefined && open.at(-1)?.has(key))
      throw new ToolOutputError(tool, 'inconsistent', `"${key}" stands twice in one object, so lines are lost`, line)
    if (key !== undefined) open.at(-1)?.add(key)
    for (const [bracket] of line.text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').matchAll(/[[\]{}]/g))
      if (bracket === '{' || bracket === '[') open.push(new Set())
      else open.pop()
  }
}

/** The line with the last key of the path that stands there, looked for behind the one before it. */
function placeOf(lines: readonly OutputLine[], path: readonly PropertyKey[]): OutputLine | null {
  let at = 0
  for (const key of path) {
    const next =
      typeof key === 'string' ? lines.findIndex(({ text }, index) => index >= at && text.includes(`"${key}"`)) : -1
    if (next >= 0) at = next
  }
  return lines[at] ?? null
}

function readJob(job: z.output<typeof jobShape>, global: Readonly<Record<string, string>>): FioJobResult {
  const [read, write, trim] = fioDirections.map((direction) => readDirection(job[direction]))
  return {
    job: job.jobname,
    group: job.groupid,
    error: job.error,
    etaSeconds: job.eta ?? null,
    read: read ?? null,
    write: write ?? null,
    trim: trim ?? null,
    sync:
      job.sync === undefined || job.sync.total_ios === 0
        ? null
        : { totalIos: job.sync.total_ios, lat: readLatency(job.sync.lat_ns) },
    jobRuntimeMilliseconds: job.job_runtime ?? null,
    userCpuPercent: job.usr_cpu ?? null,
    systemCpuPercent: job.sys_cpu ?? null,
    options: { ...global, ...job['job options'] },
  }
}

/** fio writes zeros for a direction that nothing was done in. */
function readDirection(of: z.output<typeof directionShape> | undefined): FioDirectionResult | null {
  if (of === undefined || of.total_ios === 0) return null
  return {
    iops: of.iops,
    bytesPerSecond: of.bw_bytes,
    runtimeMilliseconds: of.runtime,
    ioBytes: of.io_bytes,
    totalIos: of.total_ios,
    shortIos: of.short_ios,
    dropIos: of.drop_ios,
    clat: readLatency(of.clat_ns),
    lat: readLatency(of.lat_ns),
    slat: readLatency(of.slat_ns),
  }
}

function readLatency(of: z.output<typeof latencyShape> | undefined): FioLatency | null {
  if (of === undefined || of.N === 0) return null
  return {
    min: of.min,
    mean: of.mean,
    max: of.max,
    stddev: of.stddev,
    samples: of.N,
    percentiles: pairs(of.percentile),
    bins: pairs(of.bins),
  }
}

const pairs = (of: Readonly<Record<string, number>> | undefined): [number, number][] | null =>
  of === undefined
    ? null
    : Object.entries(of)
        .map(([key, value]): [number, number] => [Number(key), value])
        .toSorted(([one], [other]) => one - other)

/** The percentile that fio itself computed; null when it did not. */
export const fioPercentile = (latency: FioLatency | null, percent: number): number | null =>
  latency?.percentiles?.find(([known]) => known === percent)?.[1] ?? null
