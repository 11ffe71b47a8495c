import { expect, test } from 'vitest'
import type { CheckResult } from '../../helpers/run/case-record.ts'
import type { OslatCpu } from '../../helpers/tools/oslat-result.ts'
import { realtimeContract } from './contract.ts'
import { documentedFailure, measurementFailure, setUpFailure } from './documented-status.ts'
import type { GuestFacts, MachineFacts, RealtimeFindings } from './findings.ts'
import { judgeRealtime } from './judgement.ts'
import { ToolRunError } from './procedure.ts'
import { realtimeRecording } from './recording.ts'

const parse = (given: object = {}) => realtimeContract.parameters.parse(given)

/** A million observations: most of 1 µs, some of 2, and one each of the given values. */
function cpu(number: number, values: number[] = [12], other: Partial<OslatCpu> = {}): OslatCpu {
  const single = new Map<number, number>()
  for (const value of values) single.set(value, (single.get(value) ?? 0) + 1)
  const inBuckets = [...single].filter(([value]) => value <= 64).toSorted(([one], [two]) => one - two)
  const above = [...single].filter(([value]) => value > 64).reduce((sum, [, count]) => sum + count, 0)
  const buckets = [[1, 999_000 - values.length], [2, 1000], ...inBuckets].map(([value = 0, count = 0]) => ({
    fromMicroseconds: value,
    toMicroseconds: value,
    count,
  }))
  return {
    cpu: number,
    frequencyMhz: 2597,
    minimumMicroseconds: 1,
    averageMicroseconds: 1.001,
    maximumMicroseconds: Math.max(2, ...values),
    durationSeconds: 300.002,
    buckets,
    overflow: above === 0 ? null : { fromMicroseconds: 65, count: above },
    ...other,
  }
}

const machine: MachineFacts = { node: 'worker1', dedicatedCpus: true, qosClass: 'Guaranteed', hugepageSize: '1Gi' }
const guest: GuestFacts = {
  kernel: '5.14.0-570.el9.x86_64 #1 SMP PREEMPT_RT Tue Mar 4 2025',
  isRealtimeKernel: true,
  isolatedCpus: [2, 3],
  nohzFullCpus: [2, 3],
  rcuNocbsCpus: [2, 3],
  tunedProfile: 'realtime-virtual-guest',
  swapAreas: 0,
  rawOutput: 'guest.txt',
}
const header = {
  totalRuntimeSeconds: 300,
  fifoPriority: 1,
  cpuList: '2-3',
  mainThreadCpu: 0,
  workload: 'memmove',
  workloadMemoryKiB: 4,
  preheatCpus: 2,
}
const oslat = (cpus: OslatCpu[], totalRuntimeSeconds = 300): NonNullable<RealtimeFindings['oslat']> => ({
  askedSeconds: 300,
  elapsedSeconds: 302.5,
  rawOutput: 'oslat.txt',
  result: { version: '2.40', cpus, header: { ...header, totalRuntimeSeconds }, biasMicroseconds: null, system: null },
})
const findings = (other: Partial<RealtimeFindings> = {}): RealtimeFindings => ({
  machine,
  guest,
  oslat: oslat([cpu(2), cpu(3)]),
  cyclictest: null,
  hwlatdetect: null,
  ...other,
})
const judge = (found: Partial<RealtimeFindings> = {}, given: object = {}, sources: Record<string, string> = {}) =>
  judgeRealtime(findings(found), parse(given), sources)
const not = (checks: CheckResult[], ...verdicts: string[]) =>
  checks.filter(({ verdict }) => !verdicts.includes(verdict)).map(({ id, subject }) => `${id} ${subject}`.trim())
const messagesOf = (checks: CheckResult[], verdict: string) =>
  checks
    .filter((check) => check.verdict === verdict)
    .map(({ message, remediation }) => message.replace(remediation, '').trim())

test('every check of what was asked for is judged, or says that it has no limit', () => {
  const checks = judge()
  const ofOslat = realtimeContract.checks.map(({ id }) => id).filter((id) => !/cyclictest|hardware/.test(id))
  expect(new Set(checks.map(({ id }) => id))).toEqual(new Set(ofOslat))
  expect(not(checks, 'passed', 'skipped')).toEqual([])
  expect(
    checks.filter(({ verdict }) => verdict === 'passed').map(({ id, subject }) => `${id} ${subject}`.trim()),
  ).toEqual([
    'realtime.dedicated-cpus',
    'realtime.hugepages',
    'realtime.kernel',
    'realtime.isolated-cpus',
    'realtime.tickless-cpus',
    'realtime.rcu-offloaded-cpus',
    'realtime.tuned-profile',
    'realtime.no-swap',
    'realtime.full-duration oslat',
    'realtime.max-latency CPU 2',
    'realtime.max-latency CPU 3',
  ])
})

test('at the limit passes; one µs above fails and names the CPU', () => {
  const at = judge({ oslat: oslat([cpu(2, [40]), cpu(3, [40])]) })
  expect(not(at, 'passed', 'skipped')).toEqual([])
  const above = judge({ oslat: oslat([cpu(2, [40]), cpu(3, [41])]) })
  expect(not(above, 'passed', 'skipped')).toEqual(['realtime.max-latency CPU 3'])
  expect(messagesOf(above, 'failed')).toEqual([
    'realtime.max-latency (CPU 3): oslatMaxLatencyMicroSeconds 41 µs > 40 µs (default: documented behaviour).',
  ])
})

test.each<[string, Partial<RealtimeFindings>, object, string]>([
  [
    'placement',
    {},
    { vmUnderTestTargetNodeName: 'worker2' },
    'realtime.placement: node of the VM: worker1 != worker2 (lab.yaml:1:1).',
  ],
  [
    'dedicated-cpus',
    { machine: { ...machine, dedicatedCpus: false, qosClass: 'Burstable' } },
    {},
    'realtime.dedicated-cpus: the VM has shared CPUs, Burstable != dedicated CPUs, Guaranteed (default: documented behaviour).',
  ],
  [
    'hugepages',
    { machine: { ...machine, hugepageSize: null } },
    {},
    'realtime.hugepages: hugepages of the VM: none != 1Gi (default: documented behaviour).',
  ],
  [
    'kernel',
    { guest: { ...guest, isRealtimeKernel: false, kernel: '5.14.0 #1 SMP PREEMPT_DYNAMIC' } },
    {},
    'realtime.kernel: kernel of the guest: 5.14.0 #1 SMP PREEMPT_DYNAMIC != PREEMPT_RT (default: a guest without it has no realtime promise to keep).',
  ],
  [
    'isolated-cpus',
    { guest: { ...guest, isolatedCpus: [3] } },
    {},
    'realtime.isolated-cpus: isolcpus of the guest has 3 != has 2-3 (default: all CPUs but the first two).',
  ],
  [
    'tickless-cpus',
    { guest: { ...guest, nohzFullCpus: [] } },
    {},
    'realtime.tickless-cpus: nohz_full of the guest has none != has 2-3 (default: all CPUs but the first two).',
  ],
  [
    'rcu-offloaded-cpus',
    { guest: { ...guest, rcuNocbsCpus: [0, 1] } },
    {},
    'realtime.rcu-offloaded-cpus: rcu_nocbs of the guest has none != has 2-3 (default: all CPUs but the first two).',
  ],
  [
    'tuned-profile',
    { guest: { ...guest, tunedProfile: null } },
    {},
    'realtime.tuned-profile: active tuned profile: none != realtime-virtual-guest (default: documented behaviour).',
  ],
  [
    'no-swap',
    { guest: { ...guest, swapAreas: 1 } },
    {},
    'realtime.no-swap: guestSwapAreas 1 > 0 (default: documented behaviour).',
  ],
  [
    'min-latency',
    {},
    { oslatMinLatencyLimitMicroSeconds: 0.5 },
    'realtime.min-latency (CPU 2): oslatMinLatencyMicroSeconds 1 µs > 0.5 µs (lab.yaml:1:1).',
  ],
  [
    'average-latency',
    {},
    { oslatAvgLatencyLimitMicroSeconds: 1 },
    'realtime.average-latency (CPU 2): oslatAvgLatencyMicroSeconds 1.001 µs > 1 µs (lab.yaml:1:1).',
  ],
  [
    'p99999',
    {
      oslat: oslat([
        cpu(
          2,
          Array.from({ length: 11 }, () => 21),
        ),
        cpu(3),
      ]),
    },
    { oslatP99999LatencyLimitMicroSeconds: 20 },
    'realtime.p99999 (CPU 2): oslatP99999LatencyMicroSeconds 21 µs > 20 µs (lab.yaml:1:1).',
  ],
  [
    'spikes',
    { oslat: oslat([cpu(2, [21, 22, 30]), cpu(3)]) },
    { oslatMaxSpikes: 2 },
    'realtime.spikes (CPU 2): oslatSpikes 3 > 2 (lab.yaml:1:1).',
  ],
])('%s turns red', (id, found, given, message) => {
  const sources = Object.fromEntries(Object.keys(given).map((name) => [name, 'lab.yaml:1:1']))
  const checks = judge(found, given, sources)
  expect(not(checks, 'passed', 'skipped')).toContain(
    message.includes('(CPU') ? `realtime.${id} CPU 2` : `realtime.${id}`,
  )
  expect(messagesOf(checks, 'failed')).toContain(message)
})

test('what is not required of the guest is not judged', () => {
  const plain = {
    ...guest,
    isRealtimeKernel: false,
    isolatedCpus: [],
    nohzFullCpus: [],
    rcuNocbsCpus: [],
    tunedProfile: null,
  }
  const given = { requireRealtimeKernel: false, requireIsolatedCpus: false, tunedProfile: 'none' }
  expect(not(judge({ guest: plain }, given), 'passed', 'skipped')).toEqual([])
})

test('without limits nothing but the guest is judged', () => {
  const checks = judge({ oslat: oslat([cpu(2, [5000]), cpu(3)]) }, { mode: 'measure-only' })
  expect(not(checks, 'passed', 'skipped')).toEqual([])
  expect(checks.find(({ id }) => id === 'realtime.max-latency')?.message).toBe(
    'realtime.max-latency (CPU 2): oslatMaxLatencyMicroSeconds 5,000 µs and is not judged: oslatLatencyThresholdMicroSeconds is not set',
  )
})

test.each([
  ['announced', oslat([cpu(2), cpu(3)], 60), 'oslat measured 60 s, but was asked for 300 s'],
  [
    'measured on one CPU',
    oslat([cpu(2), cpu(3, [12], { durationSeconds: 149.9 })]),
    'oslat measured 150 s, but was asked for 300 s',
  ],
  [
    'announced too much',
    oslat([cpu(2, [3], { durationSeconds: 3600 }), cpu(3, [3], { durationSeconds: 3600 })], 3600),
    'oslat measured 3,600 s, but was asked for 300 s',
  ],
])('another time %s is no valid measurement', (_, run, problem) => {
  const { validity } = realtimeRecording(findings({ oslat: run }), parse())
  expect(validity).toEqual({ valid: false, problems: [problem] })
})

test.each([
  [43_197.3, true],
  [43_280, true],
  [43_000, false],
])('of 12 hours, %d s by the counters of a CPU are valid: %s', (durationSeconds, valid) => {
  const half = [cpu(2, [12], { durationSeconds: 43_200.1 }), cpu(3, [12], { durationSeconds })]
  const run = { ...oslat(half, 43_200), askedSeconds: 43_200 }
  expect(realtimeRecording(findings({ oslat: run }), parse({ mode: 'soak' })).validity.valid).toBe(valid)
})

test('records the largest of all CPUs under the documented names, and each CPU with its histogram', () => {
  const { results, measurements, tables, validity } = realtimeRecording(
    findings({ oslat: oslat([cpu(2, [17]), cpu(3, [39, 70, 80])]) }),
    parse(),
  )
  expect(validity).toEqual({ valid: true, problems: [] })
  expect(results).toMatchObject({
    vmUnderTestActualNodeName: 'worker1',
    oslatMaxLatencyMicroSeconds: '80',
    oslatMinLatencyMicroSeconds: '1',
    oslatSpikes: '3',
    oslatRuntimeSeconds: '300',
    guestIsolatedCpus: '2-3',
    guestTunedProfile: 'realtime-virtual-guest',
  })
  expect(Object.keys(results).toSorted()).toEqual(
    realtimeContract.results
      .map(({ name }) => name)
      .filter((name) => !/^(cyclictest|hwlat)/.test(name))
      .toSorted(),
  )
  const maximum = measurements.filter(({ name }) => name === 'oslatMaxLatencyMicroSeconds')
  expect(
    maximum.map(({ subject, value, unit, better, rawOutput }) => [subject, value, unit, better, rawOutput]),
  ).toEqual([
    ['CPU 2', 17, 'us', 'lower', 'oslat.txt'],
    ['CPU 3', 80, 'us', 'lower', 'oslat.txt'],
  ])
  expect(maximum[1]?.histogram).toEqual({
    buckets: [
      [1, 998_997],
      [2, 1000],
      [39, 1],
    ],
    overflow: 2,
  })
  expect(tables).toHaveLength(1)
  expect(tables[0]?.rows.map(([subject, observations]) => [subject, observations])).toEqual([
    ['CPU 2', 1_000_000],
    ['CPU 3', 1_000_000],
  ])
})

test('a percentile above all buckets is told by its bounds, and judged by the upper one', () => {
  const found = {
    oslat: oslat([
      cpu(2),
      cpu(
        3,
        Array.from({ length: 20 }, () => 90),
      ),
    ]),
  }
  const [table] = realtimeRecording(findings(found), parse()).tables
  expect(table?.rows[1]).toContain('65 to 90')
  expect(messagesOf(judge(found, { oslatP99999LatencyLimitMicroSeconds: 70 }), 'failed')[1]).toContain(
    'realtime.p99999 (CPU 3): oslatP99999LatencyMicroSeconds 90 µs > 70 µs',
  )
})

test('says what the documented checkup would have said', () => {
  expect(documentedFailure(findings(), parse())).toBe('')
  expect(documentedFailure(findings({ oslat: oslat([cpu(2, [40]), cpu(3)]) }), parse())).toBe('')
  expect(documentedFailure(findings({ oslat: oslat([cpu(2, [56]), cpu(3)]) }), parse())).toBe(
    'oslat Max Latency measured 56µs exceeded the given threshold 40µs',
  )
  expect(
    documentedFailure(findings({ oslat: oslat([cpu(2, [56]), cpu(3)]) }), parse({ mode: 'measure-only' })),
  ).toBeNull()
  expect(measurementFailure('ns/vm', new ToolRunError('oslat', 127, 'not found'))).toBe(
    'failed to run Oslat on VMI "ns/vm": oslat test failed with exit code: 127. See logs for more information',
  )
  expect(measurementFailure('ns/vm', new ToolRunError('oslat', null, 'x'))).toBe(
    'failed to run Oslat on VMI "ns/vm": failed parsing maximum latency from oslat results',
  )
  expect(setUpFailure(new Error('VirtualMachineInstance ns/vm cannot become Ready'))).toBe(
    'failed to wait for VMI "ns/vm" be ready: timed out waiting for the condition',
  )
  expect(setUpFailure(new Error('no quota'))).toBe('Setup: no quota')
})
