/** The numbers of a group for its record. */
import type { Recording } from '../../fixtures/case-recorder.ts'
import type { Measurement, RecordTable, Unit } from '../../helpers/run/case-record.ts'
import { compareRuns, type ComparisonRow } from './comparison.ts'
import type { GroupFindings } from './group-run.ts'
import type { StorageParameters } from './parameters.ts'
import { isComplete, subjectOf, validVms, type JobResult, type PermutationResult } from './permutation-result.ts'
import { poolsOf } from './plan.ts'

/** A measurement with what it is about; `job` where it is one. */
export interface Value {
  name: string
  subject: string
  value: number | null
  unit: Unit
  better: Measurement['better']
  histogram?: Measurement['histogram']
  percentile?: Measurement['percentile']
  rawOutput?: string
  job?: JobResult
}

/** `random-rw/4k rand-read read`; jobs of one direction that say it in their name leave it out. */
const jobSubject = (result: PermutationResult, { job, direction }: JobResult): string =>
  `${subjectOf(result)} ${job} ${direction}`

const milliseconds = (nanoseconds: number | null): number | null =>
  nanoseconds === null ? null : Number((nanoseconds / 1e6).toFixed(6))

/** Everything that was measured, permutation by permutation. */
export function valuesOf(results: readonly PermutationResult[], before: readonly PermutationResult[]): Value[] {
  const comparison = comparisonRows(results, before)
  return results.flatMap((result) => [
    ...permutationValues(result),
    ...result.jobs.flatMap((job) => jobValues(result, job)),
    ...result.jobs.flatMap((job) => {
      const row = comparison.find(
        (each) => each.key === result.key && each.job === job.job && each.direction === job.direction,
      )
      return row === undefined ? [] : changeValues(result, job, row)
    }),
  ])
}

const comparisonRows = (
  results: readonly PermutationResult[],
  before: readonly PermutationResult[],
): readonly ComparisonRow[] =>
  compareRuns(
    before.flatMap(({ jobs }) => jobs),
    results.flatMap(({ jobs }) => jobs),
  ).rows

function permutationValues(result: PermutationResult): Value[] {
  const subject = subjectOf(result)
  const { vms, mixes, startSkewMilliseconds: skew, clockOffsetSeconds: offset } = result
  const lower = { subject, better: 'lower' as const }
  const runtimes = vms.flatMap(({ runtimePercent }) => runtimePercent ?? [])
  return [
    {
      name: 'completenessPercent',
      subject,
      value: vms.length === 0 ? null : (validVms(result) / vms.length) * 100,
      unit: '%',
      better: 'higher',
    },
    { ...lower, name: 'unfinishedVms', value: vms.filter(hasNotEnded).length, unit: 'count' },
    { ...lower, name: 'vmsWithFioErrors', value: vms.filter(({ hasFioError }) => hasFioError).length, unit: 'count' },
    { ...lower, name: 'shortIos', value: vms.reduce((sum, { shortIos }) => sum + shortIos, 0), unit: 'count' },
    ...(runtimes.length === 0
      ? []
      : [
          {
            name: 'runtimePercent',
            subject,
            value: Math.min(...runtimes),
            unit: '%' as const,
            better: 'higher' as const,
          },
        ]),
    ...mixes.map(({ job, askedPercent, measuredPercent }) => ({
      name: 'mixDeviationPercent',
      subject: `${subject} ${job}`,
      value: measuredPercent === null ? null : Number(Math.abs(measuredPercent - askedPercent).toFixed(3)),
      unit: '%' as const,
      better: 'lower' as const,
    })),
    ...(offset === null
      ? []
      : [{ ...lower, name: 'clockOffsetSeconds', value: Number(offset.toFixed(3)), unit: 's' as const }]),
    ...(skew === null
      ? []
      : [{ ...lower, name: 'startSkewSeconds', value: Number((skew / 1000).toFixed(3)), unit: 's' as const }]),
  ]
}

export const hasNotEnded = ({ end }: PermutationResult['vms'][number]): boolean =>
  end === 'unfinished' || end === 'never-started'

function jobValues(result: PermutationResult, job: JobResult): Value[] {
  const subject = jobSubject(result, job)
  // Of the first VM; those of the others are beside it.
  const raw = result.vms.find(({ rawOutput }) => rawOutput !== null)?.rawOutput ?? null
  const common = { subject, job, ...(raw !== null && { rawOutput: raw }) }
  const rates: Value[] =
    job.direction === 'sync'
      ? []
      : [
          { ...common, name: 'totalIops', value: job.totalIops, unit: 'iops', better: 'higher' },
          { ...common, name: 'totalBytesPerSec', value: job.totalBwBytes, unit: 'bytes/s', better: 'higher' },
        ]
  const latency = (name: string, nanoseconds: number | null): Value => ({
    ...common,
    name,
    value: milliseconds(nanoseconds),
    unit: 'ms',
    better: 'lower',
  })
  const percentile = (percent: number): Pick<Value, 'percentile'> => ({
    percentile: { group: subjectOf(result), series: `${job.job} ${job.direction}`, percent },
  })
  const histogram = job.histogram && {
    ...job.histogram,
    buckets: job.histogram.buckets.map(([us, count]): [number, number] => [us / 1000, count]),
  }
  return [
    ...rates,
    latency('meanLatencyMilliSec', job.latAvgNs),
    { ...latency('p50LatencyMilliSec', job.p50?.nanoseconds ?? null), ...percentile(50) },
    { ...latency('p95LatencyMilliSec', job.p95?.nanoseconds ?? null), ...percentile(95) },
    { ...latency('p99LatencyMilliSec', job.p99?.nanoseconds ?? null), ...percentile(99) },
    { ...latency('p999LatencyMilliSec', job.p999?.nanoseconds ?? null), ...percentile(99.9) },
    // Reports take the value beside a histogram for the largest one.
    { ...latency('maxLatencyMilliSec', job.latMaxNs), ...percentile(100), ...(histogram !== null && { histogram }) },
    ...(job.fairness === null || result.concurrency < 2
      ? []
      : [
          {
            ...common,
            name: 'jainIndex',
            value: job.fairness.jainIndex,
            unit: 'count' as const,
            better: 'higher' as const,
          },
          {
            ...common,
            name: 'minMaxRatio',
            value: job.fairness.minMaxRatio,
            unit: 'count' as const,
            better: 'higher' as const,
          },
        ]),
    ...(job.cpuPer1kIops === null || job.direction === 'sync'
      ? []
      : [
          {
            ...common,
            name: 'cpuPercentPer1000Iops',
            value: Number(job.cpuPer1kIops.toFixed(3)),
            unit: '%' as const,
            better: 'lower' as const,
          },
        ]),
  ]
}

function changeValues(result: PermutationResult, job: JobResult, { changes }: ComparisonRow): Value[] {
  const common = { subject: jobSubject(result, job), unit: '%' as const, better: 'lower' as const }
  const rounded = (value: number | null) => (value === null ? null : Number(value.toFixed(3)))
  const fall = (delta: number | null) => (delta === null ? null : rounded(-delta))
  return [
    ...(job.direction === 'sync'
      ? []
      : [
          { ...common, name: 'iopsFallPercent', value: fall(changes.iops.deltaPercent) },
          { ...common, name: 'bandwidthFallPercent', value: fall(changes.bandwidth.deltaPercent) },
        ]),
    { ...common, name: 'p99GrowthPercent', value: rounded(changes.p99.deltaPercent) },
  ]
}

/** @param before those of the baseline run; none: there is none */
export function storageRecording(
  findings: GroupFindings,
  of: StorageParameters,
  before: readonly PermutationResult[],
): Required<Recording> {
  const { results, facts, takenOver, notMeasured } = findings
  const [record] = results.flatMap(({ records }) => records)
  const [pool] = poolsOf(of)
  return {
    measurements: valuesOf(results, before).map(({ job: _job, ...value }) => value),
    tables: [
      ...results.filter(({ jobs }) => jobs.length > 0).map(jobTable),
      ...results.filter(({ concurrency }) => concurrency > 1).map(fleetTable),
      ...problemTable(findings),
    ],
    results: {
      storagePool: pool?.name ?? null,
      storageClass: facts?.storageClass ?? record?.storageClass ?? null,
      storageProvisioner: facts?.provisioner ?? record?.provisioner ?? null,
      storageVolumeMode: pool?.volumeMode ?? null,
      permutationsMeasured: String(results.filter(isComplete).length),
      permutationsTakenOver: String(takenOver),
      fioVersion: record?.fioVersion ?? null,
    },
    validity: {
      valid: results.length > 0,
      problems: results.length > 0 ? [] : notMeasured.map(({ subject, reason }) => `${subject}: ${reason}`),
    },
  }
}

const megabyte = 1e6

function jobTable(result: PermutationResult): RecordTable {
  const ms = (nanoseconds: number | null | undefined) =>
    nanoseconds === null || nanoseconds === undefined ? null : Number((nanoseconds / 1e6).toPrecision(4))
  return {
    title: `${subjectOf(result)}, job by job`,
    picture: true,
    columns: [
      'job',
      'direction',
      'IOPS',
      'MB/s',
      'mean (ms)',
      'p50 (ms)',
      'p95 (ms)',
      'p99 (ms)',
      'p99.9 (ms)',
      'Jain index',
      'CPU % per 1000 IOPS',
      'VMs',
    ],
    rows: result.jobs.map((job) => [
      job.job,
      job.direction,
      job.totalIops === null ? null : Math.round(job.totalIops),
      job.totalBwBytes === null ? null : Number((job.totalBwBytes / megabyte).toFixed(1)),
      ms(job.latAvgNs),
      ms(job.p50?.nanoseconds),
      ms(job.p95?.nanoseconds),
      ms(job.p99?.nanoseconds),
      ms(job.p999?.nanoseconds),
      job.fairness === null ? null : Number(job.fairness.jainIndex.toFixed(4)),
      job.cpuPer1kIops === null ? null : Number(job.cpuPer1kIops.toFixed(2)),
      job.vms,
    ]),
  }
}

function fleetTable(result: PermutationResult): RecordTable {
  const jobs = result.jobs.filter(({ direction }) => direction !== 'sync')
  return {
    title: `${subjectOf(result)}, I/Os per second of each VM`,
    columns: ['VM', 'node', ...jobs.map(({ job, direction }) => `${job} ${direction}`)],
    bars: jobs.map(({ job, direction, fairness }) => ({
      column: `${job} ${direction}`,
      title: `${job} ${direction}${fairness === null ? '' : `, Jain index ${fairness.jainIndex.toFixed(4)}`}`,
    })),
    rows: result.vms.map(({ vm, node }) => [
      vm,
      node,
      ...jobs.map(({ iopsByVm }) => {
        const own = iopsByVm.filter((each) => each.vm === vm).flatMap(({ iops }) => iops ?? [])
        return own.length === 0 ? null : Math.round(own.reduce((sum, iops) => sum + iops, 0))
      }),
    ]),
  }
}

function problemTable({ results, notMeasured }: GroupFindings): RecordTable[] {
  const rows = [
    ...results.flatMap((result) =>
      result.vms.flatMap(({ vm, problems }) => problems.map((problem) => [subjectOf(result), vm, problem])),
    ),
    ...notMeasured.map(({ subject, reason }) => [subject, 'all', reason]),
  ]
  return rows.length === 0 ? [] : [{ title: 'VMs without a valid result', columns: ['permutation', 'VM', 'why'], rows }]
}
