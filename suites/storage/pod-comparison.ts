/** What virtualisation costs: VMs beside the plain pods that did the same. */
import type { CheckResult, RecordTable } from '../../helpers/run/case-record.ts'
import { type Judge, judgeOf } from '../statements.ts'
import { storageChecks } from './checks.ts'
import type { StorageParameters } from './parameters.ts'
import {
  isComplete,
  loadOf,
  subjectOf,
  validVms,
  type JobResult,
  type PermutationResult,
} from './permutation-result.ts'
import type { PodFindings } from './pod-run.ts'
import type { Value } from './recording.ts'

/** One job in one direction. */
interface Pair {
  /** `random-rw/4k rand-read read` */
  subject: string
  load: string
  job: string
  direction: JobResult['direction']
  /** null: not all VMs, or not all pods, have a valid result: what is left is another load. */
  vm: JobResult | null
  pod: JobResult | null
}

export interface Compared {
  results: readonly PermutationResult[]
  pods: PodFindings
}

/** Each job that VMs or pods have done, in the order of the plan. */
function pairsOf({ results, pods }: Compared): Pair[] {
  const loads = new Set([...results, ...pods.results].map(loadOf))
  return [...loads].flatMap((load) => {
    const jobsOf = (all: readonly PermutationResult[]) => {
      const found = all.find((each) => loadOf(each) === load)
      return { all: found?.jobs ?? [], whole: found !== undefined && isComplete(found) ? found.jobs : [] }
    }
    const [vm, pod] = [jobsOf(results), jobsOf(pods.results)]
    const same = (one: JobResult) => (other: JobResult) => one.job === other.job && one.direction === other.direction
    const jobs = [...vm.all, ...pod.all.filter((one) => !vm.all.some(same(one)))]
    return jobs.map((one) => ({
      subject: `${load} ${one.job} ${one.direction}`,
      load,
      job: one.job,
      direction: one.direction,
      vm: vm.whole.find(same(one)) ?? null,
      pod: pod.whole.find(same(one)) ?? null,
    }))
  })
}

const percentOf = (value: number | null | undefined, whole: number | null | undefined): number | null =>
  typeof value !== 'number' || typeof whole !== 'number' || whole === 0
    ? null
    : Number(((value / whole) * 100).toFixed(2))

const milliseconds = (nanoseconds: number | null | undefined): number | null =>
  typeof nanoseconds === 'number' ? Number((nanoseconds / 1e6).toFixed(6)) : null

const completenessPercent = (of: PermutationResult): number =>
  of.vms.length === 0 ? 0 : (validVms(of) / of.vms.length) * 100

export function podValues(compared: Compared): Value[] {
  return [
    ...compared.pods.results.map((result) => ({
      name: 'podCompletenessPercent',
      subject: loadOf(result),
      value: completenessPercent(result),
      unit: '%' as const,
      better: 'higher' as const,
    })),
    ...pairsOf(compared).flatMap(pairValues),
  ]
}

function pairValues({ subject, load, job, direction, vm, pod }: Pair): Value[] {
  const latencies = (
    [
      ['podP50LatencyMilliSec', 50, pod?.p50?.nanoseconds],
      ['podP95LatencyMilliSec', 95, pod?.p95?.nanoseconds],
      ['podP99LatencyMilliSec', 99, pod?.p99?.nanoseconds],
      ['podP999LatencyMilliSec', 99.9, pod?.p999?.nanoseconds],
      ['podMaxLatencyMilliSec', 100, pod?.latMaxNs],
    ] as const
  ).map(([name, percent, nanoseconds]): Value => ({
    name,
    subject,
    value: milliseconds(nanoseconds),
    unit: 'ms',
    better: 'lower',
    // Beside the curve of the VMs.
    percentile: { group: load, series: `${job} ${direction} in pods`, percent },
  }))
  const percent = (name: string, value: number | null, better: Value['better']): Value => ({
    name,
    subject,
    value,
    unit: '%',
    better,
  })
  const growth = percent('p99PercentOfPod', percentOf(vm?.p99?.nanoseconds, pod?.p99?.nanoseconds), 'lower')
  if (direction === 'sync') return [...latencies, growth]
  return [
    { name: 'podTotalIops', subject, value: pod?.totalIops ?? null, unit: 'iops', better: 'higher' },
    { name: 'podTotalBytesPerSec', subject, value: pod?.totalBwBytes ?? null, unit: 'bytes/s', better: 'higher' },
    ...latencies,
    percent('iopsPercentOfPod', percentOf(vm?.totalIops, pod?.totalIops), 'higher'),
    percent('bandwidthPercentOfPod', percentOf(vm?.totalBwBytes, pod?.totalBwBytes), 'higher'),
    growth,
  ]
}

const megabyte = 1e6

export function podTables(compared: Compared): RecordTable[] {
  const rounded = (value: number | null | undefined, digits: number) =>
    typeof value === 'number' ? Number(value.toFixed(digits)) : null
  const rows = pairsOf(compared).map(({ load, job, direction, vm, pod }) => [
    load,
    job,
    direction,
    rounded(vm?.totalIops, 0),
    rounded(pod?.totalIops, 0),
    percentOf(vm?.totalIops, pod?.totalIops),
    rounded(vm?.totalBwBytes === undefined || vm.totalBwBytes === null ? null : vm.totalBwBytes / megabyte, 1),
    rounded(pod?.totalBwBytes === undefined || pod.totalBwBytes === null ? null : pod.totalBwBytes / megabyte, 1),
    percentOf(vm?.totalBwBytes, pod?.totalBwBytes),
    rounded(milliseconds(vm?.p99?.nanoseconds), 3),
    rounded(milliseconds(pod?.p99?.nanoseconds), 3),
    percentOf(vm?.p99?.nanoseconds, pod?.p99?.nanoseconds),
  ])
  const problems = [
    ...compared.pods.results.flatMap((result) =>
      result.vms.flatMap(({ vm, problems: own }) => own.map((problem) => [loadOf(result), vm, problem])),
    ),
    ...compared.pods.notMeasured.map(({ subject, reason }) => [subject, 'all', reason]),
  ]
  return [
    {
      title: 'What virtualisation costs: VMs in % of pods',
      picture: true,
      columns: [
        'permutation',
        'job',
        'direction',
        'VM IOPS',
        'pod IOPS',
        '% IOPS',
        'VM MB/s',
        'pod MB/s',
        '% MB/s',
        'VM p99 (ms)',
        'pod p99 (ms)',
        '% p99',
      ],
      rows,
    },
    ...(problems.length === 0
      ? []
      : [{ title: 'Pods without a valid result', columns: ['permutation', 'pod', 'why'], rows: problems }]),
  ]
}

export function judgePods(compared: Compared, of: StorageParameters, sources: Record<string, string>): CheckResult[] {
  const judge = judgeOf({ name: 'storage', checks: storageChecks }, sources)
  const { results, notMeasured } = compared.pods
  return [
    ...results.flatMap((result) => wholeness(result, of, judge)),
    ...notMeasured.map(({ subject, reason }) =>
      judge({
        id: 'storage.pod-completeness',
        subject,
        metric: `not measured, since ${reason}: podCompletenessPercent`,
        actual: 0,
        limit: of.minCompletenessPercent,
        unit: '%',
      }),
    ),
    ...(of.minPodIopsPercent === undefined ? [] : overheads(compared, of.minPodIopsPercent, judge)),
  ]
}

function wholeness(result: PermutationResult, of: StorageParameters, judge: Judge): CheckResult[] {
  const missing = result.vms.filter(({ problems }) => problems.length > 0)
  const named = missing.map(({ vm, problems }) => `${vm}: ${problems.join(', ')}; `).join('')
  return [
    judge({
      id: 'storage.pod-completeness',
      subject: loadOf(result),
      metric: `${named}podCompletenessPercent`,
      measurement: 'podCompletenessPercent',
      actual: completenessPercent(result),
      limit: of.minCompletenessPercent,
      unit: '%',
    }),
    // Storage that loses parts of I/O is broken, whoever uses it.
    ...(validVms(result) === 0
      ? []
      : [
          judge({
            id: 'storage.short-ios',
            subject: subjectOf(result),
            metric: 'shortIos',
            actual: result.vms.reduce((sum, { shortIos }) => sum + shortIos, 0),
            limit: 0,
            unit: 'count',
          }),
        ]),
  ]
}

const overheads = (compared: Compared, limit: number, judge: Judge): CheckResult[] =>
  pairsOf(compared)
    .filter(({ direction }) => direction !== 'sync')
    .map(({ subject, vm, pod }) =>
      judge({
        id: 'storage.pod-overhead',
        subject,
        metric: 'iopsPercentOfPod',
        measurement: 'iopsPercentOfPod',
        actual: percentOf(vm?.totalIops, pod?.totalIops),
        limit,
        unit: '%',
      }),
    )
