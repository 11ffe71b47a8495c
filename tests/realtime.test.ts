/** For every check of the realtime checkup there is a fault that turns it red, with the right verdict and text. */
import { expect, test } from 'vitest'
import * as table from './fault-table.ts'
import { acceptanceRun, temporaryFolder } from './acceptance-run.ts'
import { type Expectation, type GreenRow, type RedRow, runProject, testGreen, testRed } from './fault-table.ts'

interface Changes {
  faults?: Record<string, unknown>[]
  node?: Record<string, unknown>
  case?: Record<string, unknown>
  embedded?: Record<string, unknown>
}

const realtimeNode = { 'kubevirt.io/realtime': 'true' }
const node = (name: string) => ({ name, cpus: 16, memory: '64Gi', hugepages1Gi: 8, labels: realtimeNode })

/** Two nodes, one case of a minute. */
const realtimeProfile = ({ faults = [], node: parts = {}, case: parameters = {}, embedded = {} }: Changes = {}) => ({
  apiVersion: 'kubevirt-acceptance/v1',
  name: 'test',
  cluster: { embedded: { nodes: [{ ...node('worker1'), ...parts }, node('worker2')], faults, ...embedded } },
  checkups: { realtime: { cases: [{ mode: 'smoke', vmUnderTestTargetNodeName: 'worker1', ...parameters }] } },
})

const row =
  (expected: (check: string, text: RegExp) => Expectation) =>
  (what: string, changes: Changes, check: string, text: RegExp): RedRow => [
    what,
    realtimeProfile(changes),
    expected(check, text),
  ]
const failed = row(table.failed)
const broken = row(table.broken)
const invalid = row(table.invalid)

const fault = (name: string, parts: Record<string, unknown> = {}): Changes => ({ faults: [{ fault: name, ...parts }] })
const output = (defect: string) => fault('oslat-output', { defect })
const allProcedures = { procedures: ['oslat', 'cyclictest', 'hwlatdetect'] }

testRed('realtime', [
  failed(
    'one CPU 1 µs over the limit',
    fault('cpu-latency', { cpu: 3, maximum: '41us' }),
    'realtime.max-latency',
    /realtime\.max-latency \(CPU 3\): oslatMaxLatencyMicroSeconds 41 µs > 40 µs \(default: documented behaviour\)/,
  ),
  failed(
    'a kernel that is no realtime kernel',
    fault('kernel-not-realtime'),
    'realtime.kernel',
    /kernel of the guest: .* != PREEMPT_RT/,
  ),
  failed(
    'CPUs that are not isolated',
    fault('cpus-not-isolated'),
    'realtime.isolated-cpus',
    /isolcpus of the guest has none != has 2-3/,
  ),
  failed('CPUs with a tick', fault('cpus-not-isolated'), 'realtime.tickless-cpus', /nohz_full .* has none/),
  failed('CPUs with RCU callbacks', fault('cpus-not-isolated'), 'realtime.rcu-offloaded-cpus', /rcu_nocbs .* has none/),
  failed(
    'another tuned profile',
    fault('tuned-not-applied'),
    'realtime.tuned-profile',
    /active tuned profile: virtual-guest != realtime-virtual-guest/,
  ),
  failed('swap', fault('swap-on'), 'realtime.no-swap', /guestSwapAreas 1 > 0/),
  failed('a VM on another node', fault('wrong-node', { node: 'worker2' }), 'realtime.placement', /worker2 != worker1/),
  failed(
    'a smallest latency above its limit',
    { case: { oslatMinLatencyLimitMicroSeconds: 0 } },
    'realtime.min-latency',
    /oslatMinLatencyMicroSeconds 1 µs > 0 µs/,
  ),
  failed(
    'a mean latency above its limit',
    { case: { oslatAvgLatencyLimitMicroSeconds: 0.5 } },
    'realtime.average-latency',
    /µs > 0\.5 µs/,
  ),
  ...['99', '999', '9999', '99999', '999999'].map((digits) =>
    failed(
      `a percentile of ${digits} above its limit`,
      { case: { [`oslatP${digits}LatencyLimitMicroSeconds`]: 0.5 } },
      `realtime.p${digits}`,
      /µs > 0\.5 µs/,
    ),
  ),
  failed(
    'more spikes than allowed',
    { ...fault('cpu-latency', { cpu: 2, maximum: '30us' }), case: { oslatMaxSpikes: 0 } },
    'realtime.spikes',
    /realtime\.spikes \(CPU 2\): oslatSpikes \d+ > 0/,
  ),
  failed(
    'a timer that wakes too late',
    { ...fault('cpu-latency', { cpu: 2, maximum: '41us' }), case: { procedures: ['cyclictest'] } },
    'realtime.cyclictest-max',
    /realtime\.cyclictest-max \(CPU 2\): cyclictestMaxLatencyMicroSeconds 41 µs > 40 µs/,
  ),
  failed(
    'timers that are late on average',
    { case: { procedures: ['cyclictest'], cyclictestAvgLatencyLimitMicroSeconds: 0.5 } },
    'realtime.cyclictest-average',
    /µs > 0\.5 µs/,
  ),
  failed(
    'gaps that the hardware causes',
    { ...fault('hardware-latency', { maximum: '50us' }), case: { procedures: ['hwlatdetect'] } },
    'realtime.hardware-latency',
    /hwlatSamples \d+ > 0/,
  ),
  invalid(
    'a run that is too short',
    output('short-runtime'),
    'realtime.full-duration',
    /oslat measured 30 s, but was asked for 60 s/,
  ),
  invalid('a run that is shorter than it says', output('other-runtime'), 'realtime.max-latency', /measured 30 s/),
  broken('no Maximum line', output('missing-maximum'), 'realtime.measured', /oslat output: .*Maximum/),
  broken(
    'an empty Maximum line',
    output('empty-maximum'),
    'realtime.measured',
    /oslat output: .*in line \d+: "\s*Maximum/,
  ),
  broken('a wrong unit', output('wrong-unit'), 'realtime.measured', /oslat output: /),
  broken(
    'one CPU fewer',
    output('one-cpu-fewer'),
    'realtime.measured',
    /oslat measured CPU 2, but was asked for 2-3|oslat output/,
  ),
  broken('interleaved output', output('interleaved'), 'realtime.measured', /oslat/),
  broken(
    'truncated output',
    fault('truncated-output', { command: 'oslat', bytes: 600 }),
    'realtime.measured',
    /oslat output: /,
  ),
  broken(
    'a guest without oslat',
    fault('command-missing', { command: 'oslat' }),
    'realtime.measured',
    /oslat ended with exit code 127, so it measured nothing that counts: .*Use an image with rt-tests/,
  ),
  broken('a tool that never ends', fault('command-hangs', { command: 'oslat' }), 'realtime.measured', /oslat/),
  broken('a guest that never gets ready', fault('boot-commands-hang'), 'realtime.provisioned', /did not become Ready/),
  broken('CPUs that do not fill whole cores', fault('smt-alignment'), 'realtime.provisioned', /SMT/),
  broken(
    'a guest that crashes while it is measured',
    { ...fault('guest-crashes', { after: '4m' }), case: { mode: 'gate' } },
    'realtime.measured',
    /./,
  ),
  broken(
    'a VM that may not be deleted',
    fault('delete-refused', { resource: 'virtualmachineinstances' }),
    'realtime.nothing-left',
    /left behind/,
  ),
  [
    'nodes that promise no realtime',
    { ...realtimeProfile(), cluster: { embedded: { nodes: [{ ...node('worker1'), labels: {} }] } } },
    { verdict: 'broken', exitCode: 3, check: '', text: /lacks the label kubevirt\.io\/realtime=true/ },
  ],
])

const green: GreenRow[] = [
  ['the documented defaults', realtimeProfile({ case: { mode: 'gate' } })],
  ['a CPU right at the limit', realtimeProfile(fault('cpu-latency', { cpu: 3, maximum: '40us' }))],
  ['all procedures', realtimeProfile({ case: allProcedures })],
  ['twelve hours', realtimeProfile({ case: { mode: 'soak' } })],
  [
    'any latency that is only measured',
    realtimeProfile({ ...fault('cpu-latency', { cpu: 3, maximum: '9ms' }), case: { mode: 'measure-only' } }),
  ],
  ['a console that drops meanwhile', realtimeProfile(fault('console-drops', { after: '20s', times: 3 }))],
  ['kernel messages on the console', realtimeProfile(fault('kernel-messages', { every: '7s' }))],
]
testGreen('realtime', green)

test.concurrent(
  'cancelled in the midst of measuring, it leaves nothing on the cluster',
  { timeout: 180_000 },
  async () => {
    const folder = await temporaryFolder()
    try {
      const profile = realtimeProfile({
        embedded: { time: 'wall', boot: '1s' },
        case: { readyDelaySeconds: 1, oslatDuration: '2m' },
      })
      let interrupted = false
      const { document, output: text } = await acceptanceRun(folder.path, {
        profile,
        arguments: ['--project=realtime'],
        onOutput: (seen, { kill }) => {
          if (interrupted || !/measure +\| OSLAT +\| RUN/.test(seen)) return
          interrupted = true
          kill('SIGINT')
        },
      })
      expect(interrupted, text).toBe(true)
      expect(document?.verdict, text).toBe('cancelled')
      expect(document?.leftovers).toEqual([])
      // oslat was ended before the VM was removed.
      expect(text).not.toMatch(/could not be|still runs/)
    } finally {
      await folder.remove()
    }
  },
)

test.concurrent(
  'the record has each CPU with its histogram, and the documented results',
  { timeout: 180_000 },
  async () => {
    const { document, output: text } = await runProject('realtime', realtimeProfile({ case: allProcedures }))
    const [record] = document?.cases ?? []
    expect(record?.verdict, text).toBe('passed')
    expect(record?.results).toMatchObject({
      vmUnderTestActualNodeName: 'worker1',
      oslatMaxLatencyMicroSeconds: expect.stringMatching(/^\d+$/),
      guestIsolatedCpus: '2-3',
      vmUnderTestQosClass: 'Guaranteed',
    })
    const histograms = record?.measurements.filter(({ histogram }) => histogram !== undefined) ?? []
    expect(histograms.map(({ name, subject }) => `${name} ${subject}`)).toEqual([
      'oslatMaxLatencyMicroSeconds CPU 2',
      'oslatMaxLatencyMicroSeconds CPU 3',
      'cyclictestMaxLatencyMicroSeconds CPU 2',
      'cyclictestMaxLatencyMicroSeconds CPU 3',
    ])
    expect(record?.rawOutputs.map(({ name }) => name)).toEqual([
      'guest.txt',
      'oslat.txt',
      'oslat.json',
      'cyclictest.txt',
      'cyclictest.json',
      'hwlatdetect.txt',
      'documented-status.txt',
    ])
  },
)
