/** What a fio job file says: the options that this project looks at with types, all others as they stand. */
import { formatFioBytes, formatFioSeconds } from './amounts.ts'

export const fioPatterns = [
  'read',
  'write',
  'trim',
  'randread',
  'randwrite',
  'randtrim',
  'rw',
  'readwrite',
  'randrw',
  'trimwrite',
  'randtrimwrite',
] as const
export type FioPattern = (typeof fioPatterns)[number]

export const fioDirections = ['read', 'write', 'trim'] as const
export type FioDirection = (typeof fioDirections)[number]
export type PerDirection<T> = Record<FioDirection, T>

export const inEveryDirection = <T>(value: T): PerDirection<T> => ({ read: value, write: value, trim: value })

/** Named as fio names them. Absent: fio's own default, or what `[global]` says. */
export interface FioOptions {
  rw?: FioPattern
  /** Share of reads in per cent, for rw that mix. */
  rwmixread?: number
  /** Bytes of one I/O. */
  bs?: PerDirection<number>
  iodepth?: number
  numjobs?: number
  /** Bytes of the files of one job. */
  size?: number
  /** Seconds. */
  runtime?: number
  /** Seconds before anything counts, on top of `runtime`. */
  ramp_time?: number
  /** Limit for each of the `numjobs` jobs, in each direction on its own; null: none. */
  rate_iops?: PerDirection<number | null>
  /** Writes between two fsync; 0: none. */
  fsync?: number
  filename?: string
  /** Wait for all jobs before. */
  stonewall?: boolean
  time_based?: boolean
  group_reporting?: boolean
  direct?: boolean
  lat_percentiles?: boolean
  ioengine?: string
  /** Per cent. */
  percentile_list?: readonly number[]
  /** In the order of the file; null: an option without value. */
  others?: readonly (readonly [name: string, value: string | null])[]
}

export interface FioSection {
  name: string
  options: FioOptions
}

export interface FioJobFile {
  global: FioOptions
  /** At least one, each with a name of its own. */
  sections: readonly FioSection[]
}

/** One section with all that holds for it: its own options, else those of `[global]`, else the defaults of fio 3.33. */
export interface FioJob {
  name: string
  rw: FioPattern
  rwmixread: number
  bs: PerDirection<number>
  iodepth: number
  numjobs: number
  size: number | null
  runtime: number | null
  ramp_time: number
  rate_iops: PerDirection<number | null>
  fsync: number
  filename: string | null
  stonewall: boolean
  time_based: boolean
  group_reporting: boolean
  direct: boolean
  lat_percentiles: boolean
  ioengine: string | null
  percentile_list: readonly number[]
  others: readonly (readonly [name: string, value: string | null])[]
}

const defaultPercentiles = [1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99]

/** The sections in the order of the file. */
export function fioJobs({ global, sections }: FioJobFile): FioJob[] {
  return sections.map(({ name, options }) => {
    const of = { ...global, ...options }
    return {
      name,
      rw: of.rw ?? 'read',
      rwmixread: of.rwmixread ?? 50,
      bs: of.bs ?? inEveryDirection(4096),
      iodepth: of.iodepth ?? 1,
      numjobs: of.numjobs ?? 1,
      size: of.size ?? null,
      runtime: of.runtime ?? null,
      ramp_time: of.ramp_time ?? 0,
      rate_iops: of.rate_iops ?? inEveryDirection(null),
      fsync: of.fsync ?? 0,
      filename: of.filename ?? null,
      stonewall: of.stonewall ?? false,
      time_based: of.time_based ?? false,
      group_reporting: of.group_reporting ?? false,
      direct: of.direct ?? false,
      lat_percentiles: of.lat_percentiles ?? false,
      ioengine: of.ioengine ?? null,
      percentile_list: of.percentile_list ?? defaultPercentiles,
      others: [...(global.others ?? []), ...(options.others ?? [])],
    }
  })
}

const mixed: Partial<Record<FioPattern, readonly FioDirection[]>> = {
  rw: ['read', 'write'],
  readwrite: ['read', 'write'],
  randrw: ['read', 'write'],
  trimwrite: ['write', 'trim'],
  randtrimwrite: ['write', 'trim'],
}

/** The directions that a job of this kind has I/O in, and `sync` where fsync is timed. */
export function activeDirections(job: Pick<FioJob, 'rw' | 'rwmixread' | 'fsync'>): (FioDirection | 'sync')[] {
  const both = mixed[job.rw]
  const all = both ?? [job.rw.replace('rand', '') as FioDirection]
  const active = all.filter(
    (direction) => !(all.includes('read') && both) || (direction === 'read' ? job.rwmixread > 0 : job.rwmixread < 100),
  )
  return job.fsync > 0 && active.includes('write') ? [...active, 'sync'] : active
}

/**
 * How long fio measures, in seconds: sections run together until one with `stonewall`, which waits for those before.
 * null when a section has no `runtime`, so that its size decides.
 */
export function jobFileSeconds(file: FioJobFile): number | null {
  const phases: number[] = []
  for (const { runtime, ramp_time: ramp, stonewall } of fioJobs(file)) {
    if (runtime === null) return null
    const last = stonewall ? undefined : phases.pop()
    phases.push(Math.max(last ?? 0, runtime + ramp))
  }
  return phases.reduce((total, phase) => total + phase, 0)
}

export interface FioSpace {
  /** That the files of all sections take together. Files of earlier sections stay. */
  bytes: number
  /** Counts a file that sections share once. */
  files: number
  /** Sections without `size`, whose space is not known. Not counted in `bytes`. */
  unsized: readonly string[]
}

/**
 * Room that fio needs in its `--directory`. Without `filename` each of the `numjobs` jobs of a section lays out a file of
 * its own; a `filename` is shared by all that name it. Block devices take no room.
 */
export function jobFileSpace(file: FioJobFile): FioSpace {
  const shared = new Map<string, number>()
  const unsized: string[] = []
  let [bytes, files] = [0, 0]
  for (const { name, filename, size, numjobs } of fioJobs(file)) {
    if (filename?.startsWith('/dev/')) continue
    if (size === null) unsized.push(name)
    if (filename === null) {
      bytes += numjobs * (size ?? 0)
      files += numjobs
    } else shared.set(filename, Math.max(shared.get(filename) ?? 0, size ?? 0))
  }
  for (const size of shared.values()) bytes += size
  return { bytes, files: files + shared.size, unsized }
}

const flag = (value: boolean) => (value ? '1' : '0')

/** One value for all directions, or one for each; trims go as writes unless they differ. */
function perDirection<T>({ read, write, trim }: PerDirection<T>, text: (value: T) => string): string {
  if (trim !== write) return [read, write, trim].map(text).join(',')
  return read === write ? text(read) : `${text(read)},${text(write)}`
}

const writers: {
  [Name in Exclude<keyof FioOptions, 'others' | 'stonewall'>]-?: (value: NonNullable<FioOptions[Name]>) => string
} = {
  ioengine: String,
  direct: flag,
  time_based: flag,
  group_reporting: flag,
  rw: String,
  rwmixread: String,
  bs: (value) => perDirection(value, formatFioBytes),
  iodepth: String,
  numjobs: String,
  size: formatFioBytes,
  runtime: formatFioSeconds,
  ramp_time: formatFioSeconds,
  // fio reads a 0 as no limit as well.
  rate_iops: (value) => perDirection(value, (limit) => String(limit ?? 0)),
  fsync: String,
  filename: String,
  lat_percentiles: flag,
  percentile_list: (values) => values.join(':'),
}

/**
 * The job file as text, as fio reads it.
 * @throws RangeError for names and values that no job file can hold
 */
export function renderFioJobFile({ global, sections }: FioJobFile): string {
  if (sections.length === 0) throw new RangeError('invalid fio job file: it has no section')
  return [{ name: 'global', options: global }, ...sections]
    .map(({ name, options }) => `[${plain(name)}]\n${optionLines(options).join('')}`)
    .join('\n')
}

function optionLines(options: FioOptions): string[] {
  const written = (Object.keys(writers) as (keyof typeof writers)[]).flatMap((name) => {
    const value = options[name]
    // The value is that of its own writer; TypeScript cannot follow the pair.
    return value === undefined ? [] : [line(name, (writers[name] as (of: unknown) => string)(value))]
  })
  const others = (options.others ?? []).map(([name, value]) => line(name, value))
  if (options.stonewall === undefined) return [...written, ...others]
  return [...written, ...others, line('stonewall', options.stonewall ? null : '0')]
}

const line = (name: string, value: string | null) =>
  value === null ? `${plain(name)}\n` : `${plain(name)}=${plain(value)}\n`

/** fio begins a comment at any ; or #, wherever it stands, and has no way to quote one. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (text.trim() !== text || text === '' || /[;#\u0000-\u001F\u007F]/.test(text))
    throw new RangeError(
      `${JSON.stringify(text)} cannot stand in a fio job file: it is empty, or has blanks around it, ; # or a control character`,
    )
  return text
}
