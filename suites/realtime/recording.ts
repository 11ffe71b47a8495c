/** The numbers of a realtime case for its record, and whether they may be judged. */
import type { Recording } from '../../fixtures/case-recorder.ts'
import type { RecordTable, Unit, ValueHistogram } from '../../helpers/run/case-record.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { LatencyHistogram } from '../../helpers/statistics/histogram.ts'
import { formatCpuList } from '../../helpers/tools/cpu-list.ts'
import type { LatencyDistribution } from '../../helpers/units/latency-distribution.ts'
import type { RealtimeFindings, ToolRun } from './findings.ts'
import type { RealtimeParameters } from './parameters.ts'
import { oslatPercentiles } from './percentiles.ts'

/** A number of one CPU, or of the whole guest where `subject` is ''. */
export interface Value {
  name: string
  subject: string
  value: number | null
  unit: Unit
  histogram?: ValueHistogram
  rawOutput: string
}

export function realtimeRecording(findings: RealtimeFindings, of: RealtimeParameters): Required<Recording> {
  const values = valuesOf(findings, of)
  const problems = runs(findings).flatMap((run) => run.problems)
  return {
    measurements: values.map(({ subject, ...value }) => ({
      ...value,
      ...(subject !== '' && { subject }),
      better: value.name.endsWith('RuntimeSeconds') ? 'higher' : 'lower',
    })),
    tables: tablesOf(findings, of),
    results: resultsOf(findings, values),
    validity: { valid: problems.length === 0, problems },
  }
}

const subjectOf = (cpu: number | null, index: number): string => `CPU ${cpu ?? index}`

/** Everything that was measured, CPU by CPU. */
export function valuesOf(findings: RealtimeFindings, of: RealtimeParameters): Value[] {
  const { guest } = findings
  const seconds = runs(findings).map(({ name, run, seconds: measured }) => ({
    name,
    subject: '',
    value: measured,
    unit: 's' as const,
    rawOutput: run.rawOutput,
  }))
  return [
    ...oslatValues(findings, of),
    ...cyclictestValues(findings),
    ...hwlatValues(findings),
    ...seconds,
    { name: 'guestSwapAreas', subject: '', value: guest.swapAreas, unit: 'count', rawOutput: guest.rawOutput },
  ]
}

/** A megahertz in the slowest counters that there are. */
const counterError = 0.002

interface RunOfTool {
  tool: string
  /** Of the result. */
  name: string
  run: ToolRun<unknown>
  /** How long the tool measured. */
  seconds: number
  problems: string[]
}

/** Of the tools that the case asked for. */
function runs({ oslat, cyclictest, hwlatdetect }: RealtimeFindings): RunOfTool[] {
  return [
    ...(oslat ? [oslatRun(oslat)] : []),
    ...(cyclictest ? [timedRun('cyclictest', 'cyclictestRuntimeSeconds', cyclictest)] : []),
    ...(hwlatdetect ? [timedRun('hwlatdetect', 'hwlatRuntimeSeconds', hwlatdetect)] : []),
  ]
}

/**
 * oslat says what it was asked for, in whole seconds, and how long it measured on each CPU: by counters whose frequency it
 * knows to a megahertz, so with an error that grows with the time.
 */
function oslatRun(run: NonNullable<RealtimeFindings['oslat']>): RunOfTool {
  const { askedSeconds } = run
  const { header, cpus } = run.result
  const times = [
    ...(header === null ? [] : [header.totalRuntimeSeconds]),
    ...cpus.map(({ durationSeconds: measured }) =>
      Math.abs(measured - askedSeconds) <= Math.max(0.5, askedSeconds * counterError)
        ? askedSeconds
        : Math.round(measured),
    ),
  ]
  // Not longer either: then it was not the run that was asked for.
  const other = times.find((seconds) => seconds !== askedSeconds)
  return {
    tool: 'oslat',
    name: 'oslatRuntimeSeconds',
    run,
    seconds: Math.min(...times),
    problems: other === undefined ? [] : [otherTime('oslat', run, other)],
  }
}

/** The other tools do not say how long they really measured; the clock of the cluster does. */
function timedRun(tool: string, name: string, run: ToolRun<unknown>): RunOfTool {
  const seconds = Math.floor(run.elapsedSeconds)
  return { tool, name, run, seconds, problems: seconds >= run.askedSeconds ? [] : [otherTime(tool, run, seconds)] }
}

const otherTime = (tool: string, { askedSeconds }: ToolRun<unknown>, seconds: number): string =>
  `${tool} measured ${withUnit(seconds, 's')}, but was asked for ${withUnit(askedSeconds, 's')}`

function oslatValues({ oslat }: RealtimeFindings, of: RealtimeParameters): Value[] {
  if (oslat === null) return []
  const { result, rawOutput } = oslat
  return result.cpus.flatMap((cpu, index) => {
    const own = { subject: subjectOf(cpu.cpu, index), rawOutput, unit: 'us' as const }
    const histogram = new LatencyHistogram(cpu)
    return [
      { ...own, name: 'oslatMinLatencyMicroSeconds', value: cpu.minimumMicroseconds },
      { ...own, name: 'oslatAvgLatencyMicroSeconds', value: cpu.averageMicroseconds },
      {
        ...own,
        name: 'oslatMaxLatencyMicroSeconds',
        value: cpu.maximumMicroseconds,
        histogram: valueHistogram(cpu),
      },
      // Bounds are never below the true value: a limit that they keep is kept.
      ...oslatPercentiles.map(({ percent, result: name }) => ({
        ...own,
        name,
        value: histogram.percentile(percent)?.atMost ?? null,
      })),
      {
        ...own,
        name: 'oslatSpikes',
        value: histogram.above(of.oslatSpikeMicroSeconds).atMost,
        unit: 'count' as const,
      },
    ]
  })
}

function cyclictestValues({ cyclictest }: RealtimeFindings): Value[] {
  if (cyclictest === null) return []
  const { result, rawOutput } = cyclictest
  return result.cpus.flatMap((cpu, index) => {
    const own = { subject: subjectOf(cpu.cpu, index), rawOutput, unit: 'us' as const }
    return [
      { ...own, name: 'cyclictestMinLatencyMicroSeconds', value: cpu.minimumMicroseconds },
      { ...own, name: 'cyclictestAvgLatencyMicroSeconds', value: cpu.averageMicroseconds },
      {
        ...own,
        name: 'cyclictestMaxLatencyMicroSeconds',
        value: cpu.maximumMicroseconds,
        histogram: valueHistogram(cpu),
      },
    ]
  })
}

function hwlatValues({ hwlatdetect }: RealtimeFindings): Value[] {
  if (hwlatdetect === null) return []
  const { result, rawOutput } = hwlatdetect
  const own = { subject: '', rawOutput }
  return [
    { ...own, name: 'hwlatSamples', value: result.samplesAboveThreshold, unit: 'count' },
    // Of gaps below its threshold the tool says nothing.
    ...(result.maximumMicroseconds === null
      ? []
      : [
          {
            ...own,
            name: 'hwlatMaxLatencyMicroSeconds',
            value: result.maximumMicroseconds,
            unit: 'us' as const,
          },
        ]),
  ]
}

const valueHistogram = ({ buckets, overflow }: LatencyDistribution): ValueHistogram => ({
  buckets: buckets.map(({ fromMicroseconds, count }) => [fromMicroseconds, count]),
  overflow: overflow?.count ?? 0,
})

/** Over all CPUs: the smallest minimum, the sum of what is counted, the largest of everything else. */
function resultsOf({ machine, guest }: RealtimeFindings, values: readonly Value[]): Record<string, string | null> {
  const numbers = [...Map.groupBy(values, ({ name }) => name)].map(([name, own]): [string, string | null] => {
    const known = own.flatMap(({ value }) => value ?? [])
    if (known.length < own.length) return [name, null]
    if (name.includes('Min')) return [name, String(Math.min(...known))]
    return [name, String(own[0]?.unit === 'count' ? known.reduce((sum, value) => sum + value, 0) : Math.max(...known))]
  })
  return {
    vmUnderTestActualNodeName: machine.node,
    ...Object.fromEntries(numbers),
    vmUnderTestQosClass: machine.qosClass,
    vmUnderTestHugepageSize: machine.hugepageSize,
    guestKernel: guest.kernel,
    guestIsolatedCpus: formatCpuList(guest.isolatedCpus),
    guestNohzFullCpus: formatCpuList(guest.nohzFullCpus),
    guestRcuNocbsCpus: formatCpuList(guest.rcuNocbsCpus),
    guestTunedProfile: guest.tunedProfile,
  }
}

function tablesOf({ oslat, cyclictest }: RealtimeFindings, of: RealtimeParameters): RecordTable[] {
  const tables: RecordTable[] = []
  if (oslat !== null)
    tables.push({
      title: 'oslat, CPU by CPU',
      picture: true,
      columns: [
        'CPU',
        'observations',
        'minimum (µs)',
        'average (µs)',
        ...oslatPercentiles.map(({ percent }) => `p${percent} (µs)`),
        'maximum (µs)',
        `above ${of.oslatSpikeMicroSeconds} µs`,
        'measured (s)',
      ],
      rows: oslat.result.cpus.map((cpu, index) => {
        const histogram = new LatencyHistogram(cpu)
        const bounded = ({ atLeast, atMost }: { atLeast: number; atMost: number | null }) =>
          atLeast === atMost ? atMost : `${atLeast} to ${atMost ?? '?'}`
        return [
          subjectOf(cpu.cpu, index),
          histogram.total,
          cpu.minimumMicroseconds,
          cpu.averageMicroseconds,
          ...oslatPercentiles.map(({ percent }) => {
            const found = histogram.percentile(percent)
            return found === null ? null : bounded(found)
          }),
          cpu.maximumMicroseconds,
          bounded(histogram.above(of.oslatSpikeMicroSeconds)),
          cpu.durationSeconds,
        ]
      }),
    })
  if (cyclictest !== null)
    tables.push({
      title: 'cyclictest, CPU by CPU',
      picture: true,
      columns: ['CPU', 'cycles', 'minimum (µs)', 'average (µs)', 'maximum (µs)'],
      rows: cyclictest.result.cpus.map((cpu, index) => [
        subjectOf(cpu.cpu, index),
        cpu.cycles,
        cpu.minimumMicroseconds,
        cpu.averageMicroseconds,
        cpu.maximumMicroseconds,
      ]),
    })
  return tables
}
