/** The text that oslat of rt-tests prints, of versions 1.10 to 2.x. */
import { readOslatBuckets, type RawOslatCpu } from './oslat-buckets.ts'
import type { OslatHeader, OslatResult } from './oslat-result.ts'
import { OutputReader } from './tool-output.ts'

const version = /^oslat V (\d+\.\d{2})$/
const fifoWarning = /^WARNING: Running SCHED_FIFO workload on CPU 0 may hang the thread$/
const refusal =
  /^(?:Illegal |Unknown |Usage:|Parameter |This architecture |(?:FATAL|ERROR):|libnuma: |\S*oslat: (?!Trace)|.*: (?:.*not found|.*No such file or directory|.*Permission denied|.*Operation not permitted|failed to .*)$)/
const failure = /^(?:(?:FATAL|ERROR):.*|Bucket \d+ overflowed|Accumulated overflow too much!)$/
const traceThreshold = /^\S*: Trace threshold \((\d+) us\) triggered on cpu (\d+) with (\S+) us!$/
const totalRuntime = /^Total runtime:\s+(\d+) seconds$/
const bias = /^Global bias set to (\d+(?:\.\d{3})?) \(us\)$/
const bucket = /^\s*(\d{3,}|\d+\.\d{3}) \(us\):\s+(\S+(?:\s+\S+)*?)(\s+\(including overflows\))?$/
const ellipsis = /^\s*\.{3}$/

/**
 * Reads one whole output. All its rows have to be there, in their order, with one value for each CPU, and agree with
 * each other. Only with `--zero-omit` a row that got lost beside an ellipsis cannot be told from one that oslat left out.
 * @throws ToolOutputError when there is no measurement, or one that cannot be trusted
 */
export function parseOslatText(output: string): OslatResult {
  const reader = new OutputReader('oslat', output)
  if (reader.take(refusal)) throw reader.error('refused', 'oslat did not start')
  const [, versionText = ''] = reader.expect(version, 'the version of oslat')
  reader.take(fifoWarning)
  if (reader.take(refusal)) throw reader.error('refused', 'oslat did not run')
  const header = readHeader(reader)
  if (header !== null) reader.expect(/^Pre-heat for \d+ seconds\.\.\.$/, '"Pre-heat for 1 seconds..."')
  const biasText = reader.take(bias)?.[1]
  if (header !== null) {
    reader.expect(/^Test starts\.\.\.$/, '"Test starts..."')
    stopped(reader)
    reader.expect(/^Test completed\.$/, '"Test completed."')
  }
  stopped(reader)
  return { version: versionText, ...readSummary(reader, versionText, biasText), header, system: null }
}

/** Reasons for which oslat gives up in the midst of measuring. */
function stopped(reader: OutputReader): void {
  const [, limit, cpu, latency] = reader.take(traceThreshold) ?? []
  if (latency !== undefined)
    throw reader.error(
      'refused',
      `oslat stopped itself: CPU ${cpu} took ${latency} us, its trace threshold is ${limit} us`,
    )
  if (reader.take(failure)) throw reader.error('refused', 'oslat gave up')
}

/** null when oslat was told to be quiet. */
function readHeader(reader: OutputReader): OslatHeader | null {
  const runtime = reader.take(totalRuntime)
  if (runtime === null) return null
  const totalRuntimeSeconds = reader.count(runtime[1], 'the total runtime')
  const [, priority] = reader.expect(/^Thread priority:\s+(?:default|SCHED_FIFO:(\d+))$/, 'the thread priority')
  const fifoPriority = priority === undefined ? null : reader.count(priority, 'the thread priority')
  const [, cpuList = ''] = reader.expect(/^CPU list:\s+(\S.*)$/, 'the CPU list')
  const [, main] = reader.expect(/^CPU for main thread:\s+(\d+)$/, 'the CPU for the main thread')
  const mainThreadCpu = reader.count(main, 'the CPU for the main thread')
  const [, workload = ''] = reader.expect(/^Workload:\s+(\S+)$/, 'the workload')
  const [, memory] = reader.expect(/^Workload mem:\s+(\d+) \(KiB\)$/, 'the memory of the workload')
  const workloadMemoryKiB = reader.count(memory, 'the memory of the workload')
  const [, preheat] = reader.expect(/^Preheat cores:\s+(\d+)$/, 'the number of preheat cores')
  const preheatCpus = reader.count(preheat, 'the number of preheat cores')
  return { totalRuntimeSeconds, fifoPriority, cpuList, mainThreadCpu, workload, workloadMemoryKiB, preheatCpus }
}

/** Rows of the summary: one value for each CPU. */
class SummaryRows {
  readonly #reader: OutputReader
  readonly cpus: number[]
  /** Decimals of latencies: 0 or 3. */
  decimals = 0

  constructor(reader: OutputReader) {
    this.#reader = reader
    const [, cores = ''] = reader.expect(/^\s*Core:\s+(\d+(?:\s+\d+)*)$/, 'the cores')
    this.cpus = cores.split(/\s+/).map((core) => reader.count(core, 'the core'))
    if (this.cpus.some((cpu, index) => index > 0 && cpu <= (this.cpus[index - 1] ?? 0)))
      throw reader.error('inconsistent', 'the cores are not in ascending order')
  }

  /** @param name a regular expression */
  values(name: string, unit: string): string[] {
    const count = this.cpus.length
    const [, row = ''] = this.#reader.expect(
      new RegExp(String.raw`^\s*(?:${name}):\s+(\S+(?:\s+\S+)*?)\s+\(${unit}\)$`),
      `the row ${name} with ${count} value${count === 1 ? '' : 's'} in (${unit})`,
    )
    return this.columns(row)
  }

  columns(row: string): string[] {
    const values = row.split(/\s+/)
    if (values.length !== this.cpus.length)
      throw this.#reader.error(
        'inconsistent',
        `there are ${values.length} values for ${this.cpus.length} CPUs (${this.cpus.join(', ')})`,
      )
    return values
  }

  latencies(name: string): number[] {
    return this.values(name, 'us').map((text) => this.nanoseconds(text, name))
  }

  nanoseconds(text: string, name: string): number {
    const expected = this.decimals === 0 ? /^\d+$/ : /^\d+\.\d{3}$/
    if (!expected.test(text))
      throw this.#reader.error(
        'unreadable',
        `${name} is ${text}, expected ${this.decimals === 0 ? 'whole microseconds' : 'microseconds with three decimals'}`,
      )
    return this.#reader.count(this.decimals === 0 ? `${text}000` : text.replace('.', ''), name)
  }

  decimal(name: string, unit: string): number[] {
    return this.values(name, unit).map((text) => {
      if (!/^\d+\.\d{3}$/.test(text))
        throw this.#reader.error('unreadable', `${name} is ${text}, expected three decimals`)
      return Number(text)
    })
  }
}

function readSummary(
  reader: OutputReader,
  versionText: string,
  biasText: string | undefined,
): Pick<OslatResult, 'cpus' | 'biasMicroseconds'> {
  const rows = new SummaryRows(reader)
  const frequencies = rows.values('Counter Freq|CPU Freq', 'Mhz').map((text) => reader.count(text, 'the frequency'))
  const { names, counts, width } = readHistogram(reader, rows, versionText, biasText)
  const minimum = rows.latencies('Minimum')
  const average = rows.decimal('Average', 'us')
  const maximum = rows.latencies('Maximum')
  const difference = rows.latencies('Max-Min')
  const wrong = difference.findIndex((value, index) => value !== (maximum[index] ?? 0) - (minimum[index] ?? 0))
  if (wrong >= 0) throw reader.error('inconsistent', `CPU ${rows.cpus[wrong]}: Max-Min is not Maximum minus Minimum`)
  const durations = rows.decimal('Duration', 'sec')
  if (durations.some((seconds) => seconds === 0)) throw reader.error('inconsistent', 'a CPU was measured for no time')
  if (reader.take(/^/)) throw reader.error('unreadable', 'oslat prints nothing after its summary')
  const cpus = rows.cpus.map((cpu, index): RawOslatCpu => ({
    cpu,
    frequencyMhz: frequencies[index] ?? 0,
    minimum: minimum[index] ?? 0,
    averageMicroseconds: average[index] ?? 0,
    maximum: maximum[index] ?? 0,
    durationSeconds: durations[index] ?? 0,
    counts: names.map((name, row) => ({ name, count: counts[row]?.[index] ?? 0 })),
  }))
  const biasNanoseconds = biasText === undefined ? null : rows.nanoseconds(biasText, 'the bias')
  return {
    cpus: readOslatBuckets(
      {
        version: versionText,
        unit: rows.decimals === 0 ? 1000 : 1,
        width,
        bias: biasNanoseconds ?? 0,
        lastName: names.at(-1) ?? null,
        averageDecimals: 3,
        cpus,
      },
      (problem, explanation) => reader.error(problem, explanation),
    ),
    biasMicroseconds: biasNanoseconds === null ? null : biasNanoseconds / 1000,
  }
}

/** Rows of counts up to the one with the overflows; names and width in nanoseconds. */
function readHistogram(
  reader: OutputReader,
  rows: SummaryRows,
  versionText: string,
  biasText: string | undefined,
): { names: number[]; counts: number[][]; width: number } {
  const found: { name: number; counts: number[]; afterGap: boolean }[] = []
  let gaps = 0
  for (let last = false; !last;) {
    const afterGap = reader.take(ellipsis) !== null
    if (afterGap) gaps += 1
    const [, nameText = '', row = '', overflows] = reader.expect(bucket, 'a bucket of the histogram')
    if (found.length === 0) rows.decimals = nameText.includes('.') ? 3 : 0
    const name = rows.nanoseconds(nameText, 'the bucket')
    found.push({ name, counts: rows.columns(row).map((text) => reader.count(text, 'the count')), afterGap })
    last = overflows !== undefined
    if (!last && gaps > 0 && found.at(-1)?.counts.every((count) => count === 0))
      throw reader.error('inconsistent', 'oslat left out empty buckets, but not this one')
  }
  const first = biasText === undefined ? 0 : rows.nanoseconds(biasText, 'the bias')
  const width = bucketWidth(
    versionText,
    rows.decimals === 0 ? 1000 : 1,
    found.map(({ name, afterGap }) => ({ offset: name - first, afterGap })),
  )
  let previous = first
  for (const { name, afterGap } of found) {
    const step = (name - previous) / width
    if (!Number.isInteger(step) || (afterGap ? step < 2 : step !== 1))
      throw reader.error(
        'inconsistent',
        `the bucket ${name / 1000} us does not follow on ${previous / 1000} us in steps of ${width / 1000} us`,
      )
    previous = name
  }
  return { names: found.map(({ name }) => name), counts: found.map(({ counts }) => counts), width }
}

/**
 * The text does not say it: it is the distance of two neighbours. When no two buckets are left next to each other, the
 * widest of all possible ones is taken, which makes the ends of the buckets vaguer, but not wrong.
 */
function bucketWidth(
  versionText: string,
  unit: number,
  buckets: readonly { offset: number; afterGap: boolean }[],
): number {
  if (Number(versionText) < 2.5) return unit
  const steps = buckets.map(({ offset, afterGap }, index) => ({
    step: offset - (buckets[index - 1]?.offset ?? 0),
    afterGap,
  }))
  const neighbour = steps.find(({ afterGap }) => !afterGap)
  if (neighbour !== undefined) return Math.max(neighbour.step, unit)
  const common = steps.reduce((divisor, { step }) => greatestCommonDivisor(divisor, step), 0) / unit
  const most = Math.min(...steps.map(({ step }) => step)) / unit / 2
  let parts = 1
  while (parts < common && (common % parts !== 0 || common / parts > most)) parts += 1
  return unit * Math.max(common / parts, 1)
}

const greatestCommonDivisor = (one: number, other: number): number =>
  other === 0 ? Math.abs(one) : greatestCommonDivisor(other, one % other)
