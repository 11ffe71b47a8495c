/** What procedure fio says about its measurements: every check of the case. */
import type { CheckResult } from '../../helpers/run/case-record.ts'
import { parseQuantity } from '../../helpers/units/quantity.ts'
import { type Judge, judgeOf } from '../statements.ts'
import { storageChecks } from './checks.ts'
import type { GroupFindings } from './group-run.ts'
import type { StorageParameters } from './parameters.ts'
import { subjectOf, validVms, type JobResult, type PermutationResult } from './permutation-result.ts'
import { hasNotEnded, valuesOf, type Value } from './recording.ts'

export function judgeStorage(
  findings: GroupFindings,
  of: StorageParameters,
  { sources, before }: { sources: Record<string, string>; before: readonly PermutationResult[] },
): CheckResult[] {
  const judge = judgeOf({ name: 'storage', checks: storageChecks }, sources)
  return [
    ...findings.results.flatMap((result) => judgePermutation(result, of, { judge, before })),
    ...findings.notMeasured.map(({ subject, reason }) =>
      judge({
        id: 'storage.completeness',
        subject,
        metric: `not measured, since ${reason}: completenessPercent`,
        actual: 0,
        limit: of.minCompletenessPercent,
        unit: '%',
      }),
    ),
  ]
}

/** What is so whoever is missing besides. */
const knownAnyway = new Set(['runtimePercent', 'clockOffsetSeconds'])

interface Judging {
  judge: Judge
  before: readonly PermutationResult[]
}

function judgePermutation(result: PermutationResult, of: StorageParameters, { judge, before }: Judging): CheckResult[] {
  const values = valuesOf([result], before)
  const complete = (validVms(result) / Math.max(1, result.vms.length)) * 100 >= of.minCompletenessPercent
  /** Without all VMs the numbers are those of another load: they pass nothing and fail nothing. */
  const each = (
    id: string,
    name: string,
    limit: number | null | undefined,
    only: (value: Value) => boolean = () => true,
  ) =>
    limit === null || limit === undefined
      ? []
      : values
          .filter((value) => value.name === name && only(value))
          .map((value) =>
            judge({
              id: `storage.${id}`,
              subject: value.subject,
              metric: name,
              measurement: name,
              actual: complete || knownAnyway.has(name) ? value.value : null,
              limit,
              unit: value.unit,
            }),
          )
  const ofKind =
    (...kinds: JobResult['kind'][]) =>
    (value: Value) =>
      value.job !== undefined && kinds.includes(value.job.kind)
  const isCompared = before.length > 0
  // These go on until the latency is too high: it is no failure of theirs.
  const isRated = of.mode === 'scale' || of.mode === 'qd'
  const latencies = isRated
    ? []
    : [
        ...each('random-p99', 'p99LatencyMilliSec', of.random4kP99LimitMilliseconds, ofKind('random-4k')),
        ...each('sequential-p99', 'p99LatencyMilliSec', of.sequential1MP99LimitMilliseconds, ofKind('sequential-1M')),
        ...each('sync-p99', 'p99LatencyMilliSec', of.syncP99LimitMilliseconds, ofKind('sync')),
        ...each('p99', 'p99LatencyMilliSec', of.p99LimitMilliseconds, ofKind('other')),
      ]
  return [
    ...wholeness(result, of, judge),
    ...each('runtime', 'runtimePercent', 95),
    ...latencies,
    ...each('iops', 'totalIops', of.minIops),
    ...each(
      'bandwidth',
      'totalBytesPerSec',
      of.minBandwidth === undefined ? null : Number(parseQuantity(of.minBandwidth)),
    ),
    ...each('fairness', 'jainIndex', of.minJainIndex),
    ...each('mix', 'mixDeviationPercent', of.maxMixDeviationPercent),
    ...each('guest-clock', 'clockOffsetSeconds', of.maxClockOffsetSeconds),
    ...each('start-skew', 'startSkewSeconds', of.maxStartSkewSeconds),
    ...(isCompared
      ? [
          ...each('iops-regression', 'iopsFallPercent', of.regressionPercent),
          ...each('bandwidth-regression', 'bandwidthFallPercent', of.regressionPercent),
          ...each('p99-regression', 'p99GrowthPercent', of.latencyRegressionPercent),
        ]
      : []),
  ]
}

/** Who is missing, and why: each VM by its name. */
function wholeness(result: PermutationResult, of: StorageParameters, judge: Judge): CheckResult[] {
  const subject = subjectOf(result)
  const { vms } = result
  const named = (
    some: readonly PermutationResult['vms'][number][],
    why: (vm: PermutationResult['vms'][number]) => string,
  ) => (some.length === 0 ? '' : `${some.map((vm) => `${vm.vm}: ${why(vm)}`).join('; ')}; `)
  const unfinished = vms.filter(hasNotEnded)
  const erroneous = vms.filter(({ hasFioError }) => hasFioError)
  const missing = vms.filter(({ problems }) => problems.length > 0)
  const why = ({ problems }: PermutationResult['vms'][number]) => problems.join(', ')
  const count = (id: string, name: string, who: typeof vms, prefix: string) =>
    judge({
      id: `storage.${id}`,
      subject,
      metric: `${prefix}${name}`,
      measurement: name,
      actual: who.length,
      limit: 0,
      unit: 'count',
    })
  return [
    count(
      'finished-in-time',
      'unfinishedVms',
      unfinished,
      named(unfinished, ({ lastState }) => lastState),
    ),
    count('fio-succeeded', 'vmsWithFioErrors', erroneous, named(erroneous, why)),
    judge({
      id: 'storage.short-ios',
      subject,
      metric: 'shortIos',
      measurement: 'shortIos',
      actual: vms.reduce((sum, { shortIos }) => sum + shortIos, 0),
      limit: 0,
      unit: 'count',
    }),
    judge({
      id: 'storage.completeness',
      subject,
      metric: `${named(missing, why)}completenessPercent`,
      measurement: 'completenessPercent',
      actual: vms.length === 0 ? 0 : (validVms(result) / vms.length) * 100,
      limit: of.minCompletenessPercent,
      unit: '%',
    }),
  ]
}
