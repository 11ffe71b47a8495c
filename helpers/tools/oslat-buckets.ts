/**
 * What the buckets of oslat mean. They are named after their upper ends. Up to version 2.40 a latency that equals the
 * name belongs to the bucket; from 2.50 on, which can have buckets of any width, the next bucket takes it, so that the
 * first bucket is as good as always empty. Which of the two holds shows where the minimum lies.
 */
import type { LatencyBucket } from '../units/latency-distribution.ts'
import type { OslatCpu } from './oslat-result.ts'
import type { ToolOutputError } from './tool-output.ts'

/** Latencies in whole nanoseconds, since newer versions print microseconds with three decimals. */
export interface RawOslatCpu {
  cpu: number
  frequencyMhz: number
  minimum: number
  maximum: number
  averageMicroseconds: number
  durationSeconds: number
  /** By the name of their bucket, ascending. */
  counts: readonly { name: number; count: number }[]
}

export interface RawOslatRun {
  version: string
  /** Of the smallest difference that was measured: 1 or 1000. */
  unit: number
  width: number
  /** null: unknown. */
  bias: number | null
  /** The name of the last bucket, which has the overflows too; null: unknown. */
  lastName: number | null
  averageDecimals: number
  cpus: readonly RawOslatCpu[]
}

/** Makes an error about one CPU. */
type Complain = (problem: ToolOutputError['problem'], explanation: string, cpuIndex: number) => ToolOutputError

type Ends = 'closed' | 'open'

/** @throws ToolOutputError when buckets, minimum, average and maximum of a CPU cannot belong together */
export function readOslatBuckets(run: RawOslatRun, complain: Complain): OslatCpu[] {
  const [first = 'closed', ...others]: Ends[] = atLeast250(run.version) ? ['open', 'closed'] : ['closed']
  const judged = [first, ...others].map((ends) => judge(run, ends, complain))
  const fitting = judged.find((each) => Array.isArray(each)) ?? judged[0]
  if (!Array.isArray(fitting)) throw fitting
  return fitting
}

/** Versions are compared as rt-tests writes them, with two decimals. */
const atLeast250 = (version: string): boolean => Number(version) >= 2.5

function judge(run: RawOslatRun, ends: Ends, complain: Complain): OslatCpu[] | ToolOutputError {
  const cpus: OslatCpu[] = []
  for (const [index, raw] of run.cpus.entries()) {
    const problem = contradiction(run, ends, raw)
    if (problem !== null) return complain('inconsistent', `CPU ${raw.cpu}: ${problem}`, index)
    cpus.push(distribution(run, ends, raw))
  }
  return cpus
}

const topName = (counts: RawOslatCpu['counts']): number => counts.findLast(({ count }) => count > 0)?.name ?? 0

const rangeOf = ({ unit, width }: RawOslatRun, ends: Ends, name: number) =>
  ends === 'closed' ? { from: name - width + unit, to: name } : { from: name - width, to: name - unit }

function contradiction(run: RawOslatRun, ends: Ends, raw: RawOslatCpu): string | null {
  const { minimum, maximum } = raw
  const counts = raw.counts.filter(({ count }) => count > 0)
  const [lowest] = counts
  if (lowest === undefined) return `nothing was measured, and yet its maximum is ${microseconds(maximum)} us`
  if (minimum <= 0) return `its minimum is ${microseconds(minimum)} us, which no loop can be`
  if (minimum > maximum)
    return `its minimum ${microseconds(minimum)} us is more than its maximum ${microseconds(maximum)} us`
  const [low, high] = [rangeOf(run, ends, lowest.name), rangeOf(run, ends, topName(counts))]
  const overflows = maximum > high.to
  if (overflows && run.lastName !== null && run.lastName !== topName(counts))
    return `its maximum ${microseconds(maximum)} us lies beyond its last bucket with something in it, ${microseconds(topName(counts))} us`
  // With a bias, what is faster than that is counted in the lowest bucket.
  const lowestIsAll = overflows && counts.length === 1
  if ((minimum > low.to && !lowestIsAll) || (minimum < low.from && run.bias === 0))
    return `its minimum ${microseconds(minimum)} us is not in its lowest bucket with something in it, ${microseconds(lowest.name)} us`
  if (maximum < high.from && counts.length > 1)
    return `its maximum ${microseconds(maximum)} us is not in its highest bucket with something in it, ${microseconds(topName(counts))} us`
  return wrongAverage(run, raw, (cpu) =>
    cpu.maximum > rangeOf(run, ends, topName(cpu.counts)).to
      ? (cpu.counts.findLast(({ count }) => count > 0)?.count ?? 0)
      : 0,
  )
}

/**
 * oslat takes the name of its bucket for each latency and adds what exceeds the last one: that of the first CPU to all
 * CPUs, and in nanoseconds, where they are meant to be microseconds. So with overflows there are only bounds.
 */
function wrongAverage(run: RawOslatRun, raw: RawOslatCpu, overflows: (cpu: RawOslatCpu) => number): string | null {
  const average = raw.averageMicroseconds
  const total = raw.counts.reduce((sum, { count }) => sum + count, 0)
  const least = raw.counts.reduce((sum, { name, count }) => sum + (name / 1000) * (count / total), 0)
  const added = [raw, ...run.cpus.slice(0, 1)].map((cpu) => (overflows(cpu) * (cpu.maximum / run.unit)) / total)
  const most = least + Math.max(...added)
  const tolerance = 0.51 * 10 ** -run.averageDecimals + most * 1e-9
  if (average >= least - tolerance && average <= most + tolerance) return null
  const said = `its average is ${average} us`
  if (average < raw.minimum / 1000) return `${said}, less than its minimum ${microseconds(raw.minimum)} us`
  if (average > raw.maximum / 1000) return `${said}, more than its maximum ${microseconds(raw.maximum)} us`
  const [from, to] = [least, most].map((bound) => Number(bound.toFixed(run.averageDecimals)))
  return `${said}, but that of its buckets ${from === to ? from : `${from} to ${to}`} us`
}

function distribution(run: RawOslatRun, ends: Ends, raw: RawOslatCpu): OslatCpu {
  const { cpu, frequencyMhz, averageMicroseconds, durationSeconds, minimum, maximum } = raw
  const counts = raw.counts.filter(({ count }) => count > 0)
  const top = counts.at(-1)
  const overflows = top !== undefined && maximum > rangeOf(run, ends, top.name).to
  const buckets: LatencyBucket[] = (overflows ? counts.slice(0, -1) : counts).map(({ name, count }, index) => {
    const { from, to } = rangeOf(run, ends, name)
    return {
      fromMicroseconds: microseconds(index === 0 ? Math.min(from, minimum) : from),
      toMicroseconds: microseconds(to),
      count,
    }
  })
  return {
    cpu,
    frequencyMhz,
    minimumMicroseconds: microseconds(minimum),
    averageMicroseconds,
    maximumMicroseconds: microseconds(maximum),
    durationSeconds,
    buckets,
    overflow: overflows
      ? { fromMicroseconds: microseconds(rangeOf(run, ends, top.name).from), count: top.count }
      : null,
  }
}

const microseconds = (nanoseconds: number): number => nanoseconds / 1000
