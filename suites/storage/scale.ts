/** Modes scale and qd: how many VMs, or how deep a queue, a pool carries within a latency. */
import type { CheckResult, RecordTable } from '../../helpers/run/case-record.ts'
import { judgeOf } from '../statements.ts'
import { isLackOfRoom, type StorageContext } from './bring-up.ts'
import { storageChecks } from './checks.ts'
import { csv } from './csv.ts'
import { runGroup, type GroupFindings } from './group-run.ts'
import { judgeStorage } from './judgement.ts'
import { scaleGroup } from './matrix.ts'
import { baseline, keepExports } from './measure-group.ts'
import type { JobResult, PermutationResult } from './permutation-result.ts'
import { plannedGroups, poolsOf, storageMatrix } from './plan.ts'
import { storageRecording } from './recording.ts'
import {
  nextRampSize,
  queueDepthSummary,
  rampOutcome,
  rampSummary,
  type RampOutcome,
  type RampStep,
} from './scale-ramp.ts'
import { scaleVmName } from './vm-names.ts'

interface MeasuredStep extends RampStep {
  /** null: there was no room for it. */
  result: PermutationResult | null
}

export async function measureScale(context: StorageContext): Promise<void> {
  const { parameters, sources } = context
  const [pool] = poolsOf(parameters)
  if (pool === undefined) throw new Error('the case has no pool')
  const before = baseline(context)
  const matrix = storageMatrix(parameters)
  const steps: MeasuredStep[] = []
  const all: GroupFindings = { results: [], takenOver: 0, notMeasured: [], facts: null }
  for (
    let vms = nextRampSize(steps, parameters.maxScaleVms);
    vms !== null;
    vms = nextRampSize(steps, parameters.maxScaleVms)
  ) {
    const names = Array.from({ length: vms }, (_, index) => scaleVmName(pool.name, vms ?? 0, index + 1))
    const found = await runGroup(context, scaleGroup(matrix, pool.name, vms), { names, removeWithoutRoom: true }).catch(
      (error: unknown) => {
        if (!isLackOfRoom(error) || steps.length === 0) throw error
        return null
      },
    )
    const [result] = found?.results ?? []
    const outcome = found === null ? 'no-room' : outcomeOf(context, result)
    context.progress('RAMP', pool.name, `${vms} ${vms === 1 ? 'VM' : 'VMs'}: ${outcome}`)
    steps.push({ vms, outcome, result: result ?? null })
    if (found === null) continue
    all.takenOver += found.takenOver
    all.facts ??= found.facts
    // The steps are told apart by their VMs alone.
    all.results.push(...found.results.map((each) => ({ ...each, profile: `${each.concurrency}-vms-${each.profile}` })))
  }
  const summary = rampSummary(steps)
  await keepExports(context, all.results)
  await keepRamp(context, steps)
  const recording = storageRecording(all, parameters, before)
  const capacity = summary.valid ? (summary.capacityVms ?? 0) : null
  await context.record({
    ...recording,
    measurements: [
      ...recording.measurements,
      { name: 'capacityVms', value: capacity, unit: 'count', better: 'higher' },
      { name: 'breachVms', value: summary.breachVms, unit: 'count', better: 'higher' },
    ],
    tables: [rampTable(steps), ...recording.tables],
    results: {
      ...recording.results,
      capacityVms: capacity === null ? null : String(capacity),
      breachVms: summary.breachVms === null ? null : String(summary.breachVms),
    },
  })
  const judge = judgeOf({ name: 'storage', checks: storageChecks }, sources)
  const scale: CheckResult = judge({
    id: 'storage.scale',
    subject: '',
    metric: 'capacityVms',
    measurement: 'capacityVms',
    actual: capacity,
    limit: parameters.minScaleVms ?? null,
    unit: 'count',
  })
  context.judge([scale, ...judgeStorage(all, parameters, { sources, before })])
}

/** Latency of writes of each VM that was asked for. */
function outcomeOf({ parameters }: StorageContext, result: PermutationResult | undefined): RampOutcome {
  const p99 = (result?.vms ?? []).map(
    ({ vm }) =>
      result?.records.find(({ vmName, direction }) => vmName === vm && direction === 'write')?.clatP99Ns ?? null,
  )
  return rampOutcome(p99, parameters.latencySlaMilliseconds * 1e6)
}

const ofDirection = (result: PermutationResult | null, direction: JobResult['direction']): JobResult | undefined =>
  result?.jobs.find((job) => job.direction === direction)

const milliseconds = (nanoseconds: number | undefined): number | null =>
  nanoseconds === undefined ? null : Number((nanoseconds / 1e6).toFixed(3))

const rampColumns = [
  'vm_count',
  'rate_iops',
  'total_read_iops',
  'total_write_iops',
  'total_bw_mbs',
  'p50_ms',
  'p95_ms',
  'max_p99_ms',
  'sla_pass',
] as const

type RampRow = Record<(typeof rampColumns)[number], string | number | boolean | null>

/** Of the writes; max_p99_ms is that of the slowest VM, and the others are of all VMs together. */
function rampRow({ vms, outcome, result }: MeasuredStep, rateIops: number): RampRow {
  const [read, write] = [ofDirection(result, 'read'), ofDirection(result, 'write')]
  const slowest = (result?.records ?? [])
    .filter(({ direction }) => direction === 'write')
    .flatMap(({ clatP99Ns }) => clatP99Ns ?? [])
  const bytes = [read, write].flatMap((job) => job?.totalBwBytes ?? [])
  return {
    vm_count: vms,
    rate_iops: rateIops,
    total_read_iops: read?.totalIops ?? null,
    total_write_iops: write?.totalIops ?? null,
    total_bw_mbs: bytes.length === 0 ? null : bytes.reduce((sum, each) => sum + each, 0) / 1e6,
    p50_ms: milliseconds(write?.p50?.nanoseconds),
    p95_ms: milliseconds(write?.p95?.nanoseconds),
    max_p99_ms: slowest.length === 0 ? null : milliseconds(Math.max(...slowest)),
    sla_pass: outcome === 'no-room' || outcome === 'invalid' ? null : outcome === 'within',
  }
}

async function keepRamp({ keepRawOutput, parameters }: StorageContext, steps: readonly MeasuredStep[]): Promise<void> {
  const rows = steps.toSorted((one, other) => one.vms - other.vms).map((step) => rampRow(step, parameters.rateIops))
  await keepRawOutput('ramp.csv', csv(rampColumns, rows), 'text/csv')
  await keepRawOutput(
    'ramp-summary.json',
    `${JSON.stringify({ ...rampSummary(steps), rows }, null, 2)}\n`,
    'application/json',
  )
}

const rampTable = (steps: readonly MeasuredStep[]): RecordTable => ({
  title: 'VMs that the pool carries',
  picture: true,
  columns: ['VMs', 'IOPS', 'p50 of writes (ms)', 'p95 of writes (ms)', 'largest p99 of writes (ms)', 'outcome'],
  rows: steps
    .toSorted((one, other) => one.vms - other.vms)
    .map((step) => {
      const row = rampRow(step, 0)
      const iops = [ofDirection(step.result, 'read'), ofDirection(step.result, 'write')].flatMap(
        (job) => job?.totalIops ?? [],
      )
      return [
        step.vms,
        iops.length === 0 ? null : Math.round(iops.reduce((sum, each) => sum + each, 0)),
        numberOf(row.p50_ms),
        numberOf(row.p95_ms),
        numberOf(row.max_p99_ms),
        step.outcome,
      ]
    }),
})

const numberOf = (cell: RampRow['p50_ms']): number | null => (typeof cell === 'number' ? cell : null)

/** A fleet of fixed size, and a depth after the other. */
export async function measureQueueDepths(context: StorageContext): Promise<void> {
  const { parameters, sources } = context
  const [group] = plannedGroups(parameters).groups
  if (group === undefined) throw new Error('the case has no group of VMs; the plan should have refused it')
  const before = baseline(context)
  const findings = await runGroup(context, group)
  const depthOf = ({ profile }: PermutationResult) => Number(/-qd(\d+)$/.exec(profile)?.[1] ?? 0)
  const steps = findings.results.map((result) => ({
    queueDepth: depthOf(result),
    outcome: outcomeOf(context, result),
    totalIops: totalIops(result),
    result,
  }))
  const { highestWithin, peak } = queueDepthSummary(steps)
  await keepExports(context, findings.results)
  await context.keepRawOutput(
    'qd-summary.json',
    `${JSON.stringify({ highestQueueDepthWithinSla: highestWithin, peak }, null, 2)}\n`,
    'application/json',
  )
  const recording = storageRecording(findings, parameters, before)
  await context.record({
    ...recording,
    tables: [
      {
        title: 'Queue depths',
        picture: true,
        columns: ['depth', 'IOPS', 'p50 of writes (ms)', 'p99 of writes (ms)', 'outcome'],
        rows: steps.map(({ queueDepth, outcome, totalIops: iops, result }) => {
          const write = ofDirection(result, 'write')
          return [
            queueDepth,
            iops === null ? null : Math.round(iops),
            milliseconds(write?.p50?.nanoseconds),
            milliseconds(write?.p99?.nanoseconds),
            outcome,
          ]
        }),
      },
      ...recording.tables,
    ],
    results: {
      ...recording.results,
      highestQueueDepth: highestWithin === null ? null : String(highestWithin),
      peakQueueDepth: peak === null ? null : String(peak.queueDepth),
    },
  })
  context.judge(judgeStorage(findings, parameters, { sources, before }))
}

function totalIops({ jobs }: PermutationResult): number | null {
  const known = jobs.flatMap((job) => job.totalIops ?? [])
  return known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0)
}
