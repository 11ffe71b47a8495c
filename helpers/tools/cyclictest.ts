/** What cyclictest of rt-tests prints with `-q`, with and without a histogram, and its JSON file. */
import type { LatencyBucket, LatencyDistribution } from '../units/latency-distribution.ts'
import { JsonOutput } from './json-output.ts'
import type { RtTestSystem } from './oslat-result.ts'
import { readRtTestsFile } from './rt-tests-json.ts'
import { OutputReader } from './tool-output.ts'

/**
 * What one thread of cyclictest measured. Without a histogram there is no bucket, and all that is known of the latencies
 * stands in `overflow`.
 */
export interface CyclictestCpu extends LatencyDistribution {
  /** From 0. */
  thread: number
  /** null in text, which does not say it: with `-a` and as many threads as CPUs the threads have them in order. */
  cpu: number | null
  /** Wake-ups that were measured. */
  cycles: number
  minimumMicroseconds: number
  /** Whole in text, with two decimals in JSON. */
  averageMicroseconds: number
  maximumMicroseconds: number
}

export interface CyclictestResult {
  /** E.g. `2.40`; null in text. */
  version: string | null
  /** One for each thread. */
  cpus: CyclictestCpu[]
  /** With `-b`, when a latency made cyclictest stop itself: what was measured ended there. */
  breakTrace: { threadId: number; microseconds: number } | null
  /** Of the machine; null in text. */
  system: RtTestSystem | null
}

const latencyTarget = /^# \/dev\/cpu_dma_latency set to \d+us$/
const threadLine =
  /^T: *(\d+) \( *(\d+)\) P: *(\d+) I:(\d+) C: *(\d+) Min: *(\d+) Act: *(\d+) Avg: *(\d+) Max: *(\d+)(?: SMI: *\d+)?$/
const bucketLine = /^(\d{6,}) (\S+(?:\s+\S+)*)$/

/**
 * @throws ToolOutputError when there is no measurement, or one that is not complete and consistent
 */
export function parseCyclictestText(output: string): CyclictestResult {
  const reader = new OutputReader('cyclictest', output)
  reader.take(latencyTarget)
  const cpus = reader.take(/^# Histogram$/) ? readHistogram(reader) : readThreads(reader)
  const breakTrace = readBreakTrace(reader, cpus.length)
  if (reader.take(/^/)) throw reader.error('unreadable', 'cyclictest prints nothing after its results')
  return { version: null, cpus, breakTrace, system: null }
}

function readThreads(reader: OutputReader): CyclictestCpu[] {
  const cpus: CyclictestCpu[] = []
  for (;;) {
    const match = cpus.length === 0 ? reader.expect(threadLine, 'the results of thread 0') : reader.take(threadLine)
    if (match === null) return cpus
    const [, index, , , , cyclesText, minimumText, actualText, averageText, maximumText] = match
    const thread = reader.count(index, 'the thread')
    if (thread !== cpus.length)
      throw reader.error('inconsistent', `thread ${thread} stands where thread ${cpus.length} is expected`)
    const cycles = reader.count(cyclesText, 'C')
    const actual = reader.count(actualText, 'Act')
    const [minimum, maximum] = [reader.count(minimumText, 'Min'), reader.count(maximumText, 'Max')]
    if (cycles === 0) throw reader.error('missing', `thread ${thread} has measured nothing`)
    if (actual < minimum || actual > maximum)
      throw reader.error('inconsistent', `thread ${thread}: Act ${actual} us is not between Min and Max`)
    const average = reader.count(averageText, 'Avg')
    cpus.push(ordered({ thread, cpu: null, cycles, ...allBeyond(minimum, average, maximum, cycles) }, reader))
  }
}

const allBeyond = (minimum: number, average: number, maximum: number, cycles: number) => ({
  minimumMicroseconds: minimum,
  averageMicroseconds: average,
  maximumMicroseconds: maximum,
  buckets: [],
  overflow: { fromMicroseconds: minimum, count: cycles },
})

function ordered(cpu: CyclictestCpu, reader: Pick<OutputReader, 'error'>): CyclictestCpu {
  const { averageMicroseconds, maximumMicroseconds, minimumMicroseconds, thread } = cpu
  if (minimumMicroseconds > averageMicroseconds || averageMicroseconds > maximumMicroseconds)
    throw reader.error(
      'inconsistent',
      `thread ${thread}: minimum ${minimumMicroseconds}, average ${averageMicroseconds} and maximum ${maximumMicroseconds} us are not in order`,
    )
  return cpu
}

function readHistogram(reader: OutputReader): CyclictestCpu[] {
  const rows: number[][] = []
  for (let row = reader.take(bucketLine); row !== null; row = reader.take(bucketLine)) {
    const [, latency, counts = ''] = row
    if (reader.count(latency, 'the latency') !== rows.length)
      throw reader.error('inconsistent', `the row of ${rows.length} us is expected`)
    const values = counts.split(/\s+/).map((count) => reader.count(count, 'the count'))
    if (rows[0] !== undefined && rows[0].length !== values.length)
      throw reader.error('inconsistent', `there are ${values.length} counts, but ${rows[0].length} in the first row`)
    rows.push(values)
  }
  const threads = rows[0]?.length ?? 0
  if (threads === 0) reader.unexpected('the histogram')
  const summary = (name: string): number[] => {
    const [, values = ''] = reader.expect(new RegExp(`^# ${name}:((?: \\d+)+)$`), `"# ${name}:"`)
    const numbers = values
      .trim()
      .split(' ')
      .map((text) => reader.count(text, name))
    if (numbers.length !== threads)
      throw reader.error('inconsistent', `there are ${numbers.length} values for ${threads} threads`)
    return numbers
  }
  const totals = summary('Total')
  for (const [thread, total] of totals.entries()) {
    const sum = rows.reduce((count, row) => count + (row[thread] ?? 0), 0)
    if (sum !== total)
      throw reader.error('inconsistent', `thread ${thread}: its rows add up to ${sum}, not to ${total}`)
  }
  const [minima, averages, maxima] = [summary('Min Latencies'), summary('Avg Latencies'), summary('Max Latencies')]
  const overflows = summary('Histogram Overflows')
  readOverflowCycles(reader, overflows)
  reader.take(/^# SMIs:(?: \d+)+$/)
  return totals.map((total, thread) => {
    const overflow = overflows[thread] ?? 0
    if (total + overflow === 0) throw reader.error('missing', `thread ${thread} has measured nothing`)
    return consistent(
      {
        thread,
        cpu: null,
        cycles: total + overflow,
        minimumMicroseconds: minima[thread] ?? 0,
        averageMicroseconds: averages[thread] ?? 0,
        maximumMicroseconds: maxima[thread] ?? 0,
        buckets: rows.flatMap((row, latency) => bucketOf(latency, row[thread] ?? 0)),
        overflow: overflow === 0 ? null : { fromMicroseconds: rows.length, count: overflow },
      },
      reader,
    )
  })
}

const bucketOf = (latency: number, count: number): LatencyBucket[] =>
  count === 0 ? [] : [{ fromMicroseconds: latency, toMicroseconds: latency, count }]

/** Which cycles were too late, the first hundred or so of each thread. */
function readOverflowCycles(reader: OutputReader, overflows: readonly number[]): void {
  reader.expect(/^# Histogram Overflow at cycle number:$/, '"# Histogram Overflow at cycle number:"')
  for (const [thread, count] of overflows.entries()) {
    const [, listed = '', others] = reader.expect(
      new RegExp(`^# Thread ${thread}:((?: \\d+)*)(?: # (\\d+) others)?$`),
      `"# Thread ${thread}:"`,
    )
    const found = (listed.match(/\d+/g)?.length ?? 0) + (others === undefined ? 0 : reader.count(others, 'others'))
    if (found !== count)
      throw reader.error(
        'inconsistent',
        `thread ${thread} has ${count} overflows, but ${found} of them are accounted for`,
      )
  }
}

/** Minimum, average and maximum against the histogram. */
function consistent(cpu: CyclictestCpu, reader: Pick<OutputReader, 'error'>): CyclictestCpu {
  const { averageMicroseconds, buckets, maximumMicroseconds, minimumMicroseconds, overflow, thread } = ordered(
    cpu,
    reader,
  )
  const wrong = (what: string) => reader.error('inconsistent', `thread ${thread}: ${what} does not fit its histogram`)
  const lowest = buckets[0]?.fromMicroseconds
  if (lowest === undefined ? minimumMicroseconds < (overflow?.fromMicroseconds ?? 0) : minimumMicroseconds !== lowest)
    throw wrong(`its minimum ${minimumMicroseconds} us`)
  const highest = buckets.at(-1)?.toMicroseconds
  if (overflow === null ? maximumMicroseconds !== highest : maximumMicroseconds < overflow.fromMicroseconds)
    throw wrong(`its maximum ${maximumMicroseconds} us`)
  const total = buckets.reduce((sum, { count }) => sum + count, overflow?.count ?? 0)
  const known = buckets.reduce((sum, { count, toMicroseconds }) => sum + toMicroseconds * (count / total), 0)
  const beyond = overflow === null ? 0 : overflow.count / total
  const least = known + beyond * (overflow?.fromMicroseconds ?? 0)
  const most = known + beyond * maximumMicroseconds
  // In text the average is cut to whole microseconds, in JSON rounded to a hundredth of one.
  if (averageMicroseconds < least - 1 - least * 1e-9 || averageMicroseconds > most + 0.01 + most * 1e-9)
    throw wrong(`its average ${averageMicroseconds} us`)
  return cpu
}

function readBreakTrace(reader: OutputReader, threads: number): CyclictestResult['breakTrace'] {
  const [, ids] = reader.take(/^# Thread Ids:((?: \d+)+)$/) ?? []
  if (ids === undefined) return null
  const known = ids.trim().split(' ').map(Number)
  if (known.length !== threads)
    throw reader.error('inconsistent', `there are ${known.length} thread ids for ${threads} threads`)
  const [, id] = reader.take(/^# Break thread: (\d+)$/) ?? []
  if (id === undefined) return null
  const threadId = reader.count(id, 'the break thread')
  if (!known.includes(threadId)) throw reader.error('inconsistent', `thread ${threadId} is none of ${known.join(', ')}`)
  const [, value] = reader.expect(/^# Break value: (\d+)$/, '"# Break value:"')
  return { threadId, microseconds: reader.count(value, 'the break value') }
}

/**
 * Reads the file of `cyclictest --json=FILE`. Its histogram leaves out empty buckets, and the overflows, which are what
 * is missing from the cycles.
 * @throws ToolOutputError when it is not complete and consistent
 */
export function parseCyclictestJson(text: string): CyclictestResult {
  const json = new JsonOutput('cyclictest --json', text)
  const { version, commandLine, system, threads } = readRtTestsFile(json)
  // With --nsecs it counts nanoseconds, and says so.
  const unit = json.count(['resolution_in_ns']) === 0 ? 1 : 1000
  const [, size] = /(?:^|\s)(?:-h\s*|--histogram[= ]|-H\s*|--histofall[= ])(\d+)(?=\s|$)/.exec(commandLine) ?? []
  const cpus = threads.map((key): CyclictestCpu => {
    const path = ['thread', key]
    const reader = {
      error: (...[problem, why]: Parameters<OutputReader['error']>) => json.error(problem, why, [...path, 'max']),
    }
    const cycles = json.count([...path, 'cycles'])
    if (cycles === 0) throw json.error('missing', `thread ${key} has measured nothing`, [...path, 'cycles'])
    const buckets = json
      .keys([...path, 'histogram'])
      .flatMap((name) => {
        const at = [...path, 'histogram', name]
        if (!/^\d+$/.test(name)) throw json.error('unreadable', `${JSON.stringify(name)} is no latency`, at)
        return bucketOf(Number(name) / unit, json.count(at))
      })
      .sort((one, other) => one.toMicroseconds - other.toMicroseconds)
    const beyond = cycles - buckets.reduce((sum, { count }) => sum + count, 0)
    if (beyond < 0)
      throw json.error('inconsistent', `thread ${key}: its buckets hold more than its cycles`, [...path, 'cycles'])
    const minimumMicroseconds = json.count([...path, 'min']) / unit
    const from =
      size === undefined ? Math.max(minimumMicroseconds, buckets.at(-1)?.toMicroseconds ?? 0) : Number(size) / unit
    return consistent(
      {
        thread: Number(key),
        cpu: json.count([...path, 'cpu']),
        cycles,
        minimumMicroseconds,
        averageMicroseconds: json.number([...path, 'avg']) / unit,
        maximumMicroseconds: json.count([...path, 'max']) / unit,
        buckets,
        overflow: beyond === 0 ? null : { fromMicroseconds: from, count: beyond },
      },
      reader,
    )
  })
  return { version, cpus, breakTrace: null, system }
}
