/** For every check of the realtime checkup there is a fault that turns it red, with the right verdict and text. */
import { expect, test } from 'vitest'
import * as table from './fault-table.ts'
import { acceptanceRun, temporaryFolder } from './acceptance-run.ts'
import { type Expectation, type GreenRow, type RedRow, refused, runProject, testGreen, testRed } from './fault-table.ts'

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
  (expected: (checks: Expectation['checks']) => Expectation) =>
  (what: string, changes: Changes, checks: Expectation['checks']): RedRow => [
    what,
    realtimeProfile(changes),
    expected(checks),
  ]
const failed = row(table.failed)
const broken = row(table.broken)
const invalid = row(table.invalid)

const fault = (name: string, parts: Record<string, unknown> = {}): Changes => ({ faults: [{ fault: name, ...parts }] })
const output = (defect: string) => fault('oslat-output', { defect })
const percentiles = ['99', '999', '9999', '99999', '999999']
const allProcedures = { procedures: ['oslat', 'cyclictest', 'hwlatdetect'] }

testRed('realtime', [
  failed(
    'a CPU 1 µs over the limit, and hardware that takes it away',
    {
      faults: [
        { fault: 'cpu-latency', cpu: 3, maximum: '41us' },
        { fault: 'hardware-latency', maximum: '50us' },
      ],
      case: allProcedures,
    },
    {
      'realtime.max-latency':
        /realtime\.max-latency \(CPU 3\): oslatMaxLatencyMicroSeconds 41 µs > 40 µs \(default: documented behaviour\)/,
      'realtime.cyclictest-max': /realtime\.cyclictest-max \(CPU 3\): cyclictestMaxLatencyMicroSeconds 41 µs > 40 µs/,
      'realtime.hardware-latency': /hwlatSamples \d+ > 0/,
    },
  ),
  failed(
    'a guest that is not what it claims, on another node',
    {
      faults: [
        { fault: 'kernel-not-realtime' },
        { fault: 'cpus-not-isolated' },
        { fault: 'swap-on' },
        { fault: 'wrong-node', node: 'worker2' },
      ],
    },
    {
      'realtime.kernel': /kernel of the guest: .* != PREEMPT_RT/,
      'realtime.isolated-cpus': /isolcpus of the guest has none != has 2-3/,
      'realtime.tickless-cpus': /nohz_full .* has none/,
      'realtime.rcu-offloaded-cpus': /rcu_nocbs .* has none/,
      'realtime.no-swap': /guestSwapAreas 1 > 0/,
      'realtime.placement': /worker2 != worker1/,
    },
  ),
  failed('another tuned profile', fault('tuned-not-applied'), {
    'realtime.tuned-profile': /active tuned profile: virtual-guest != realtime-virtual-guest/,
  }),
  failed(
    'latencies above their limits',
    {
      ...fault('cpu-latency', { cpu: 2, maximum: '30us' }),
      case: {
        procedures: ['oslat', 'cyclictest'],
        oslatMinLatencyLimitMicroSeconds: 0,
        oslatAvgLatencyLimitMicroSeconds: 0.5,
        ...Object.fromEntries(percentiles.map((digits) => [`oslatP${digits}LatencyLimitMicroSeconds`, 0.5])),
        oslatMaxSpikes: 0,
        cyclictestAvgLatencyLimitMicroSeconds: 0.5,
      },
    },
    {
      'realtime.min-latency': /oslatMinLatencyMicroSeconds 1 µs > 0 µs/,
      'realtime.average-latency': /µs > 0\.5 µs/,
      ...Object.fromEntries(percentiles.map((digits) => [`realtime.p${digits}`, /µs > 0\.5 µs/])),
      'realtime.spikes': /realtime\.spikes \(CPU 2\): oslatSpikes \d+ > 0/,
      'realtime.cyclictest-average': /µs > 0\.5 µs/,
    },
  ),
  invalid('a run that is too short', output('short-runtime'), {
    'realtime.full-duration': /oslat measured 30 s, but was asked for 60 s/,
  }),
  invalid('a run that is shorter than it says', output('other-runtime'), { 'realtime.max-latency': /measured 30 s/ }),
  broken('no Maximum line', output('missing-maximum'), { 'realtime.measured': /oslat output: .*Maximum/ }),
  broken('an empty Maximum line', output('empty-maximum'), {
    'realtime.measured': /oslat output: .*in line \d+: "\s*Maximum/,
  }),
  broken('a wrong unit', output('wrong-unit'), { 'realtime.measured': /oslat output: / }),
  broken('one CPU fewer', output('one-cpu-fewer'), {
    'realtime.measured': /oslat measured CPU 2, but was asked for 2-3|oslat output/,
  }),
  broken('interleaved output', output('interleaved'), { 'realtime.measured': /oslat/ }),
  broken('truncated output', fault('truncated-output', { command: 'oslat', bytes: 600 }), {
    'realtime.measured': /oslat output: /,
  }),
  broken('a guest without oslat', fault('command-missing', { command: 'oslat' }), {
    'realtime.measured':
      /oslat ended with exit code 127, so it measured nothing that counts: .*Use an image with rt-tests/,
  }),
  broken('a tool that never ends', fault('command-hangs', { command: 'oslat' }), { 'realtime.measured': /oslat/ }),
  broken('a guest that never gets ready', fault('boot-commands-hang'), {
    'realtime.provisioned': /did not become Ready/,
  }),
  broken('CPUs that do not fill whole cores', fault('smt-alignment'), { 'realtime.provisioned': /SMT/ }),
  broken(
    'a guest that crashes',
    { ...fault('guest-crashes', { after: '4m' }), case: { mode: 'gate' } },
    // How far the run is then depends on how busy this machine is.
    {},
  ),
  broken('a VM that may not be deleted', fault('delete-refused', { resource: 'virtualmachineinstances' }), {
    'realtime.nothing-left': /left behind/,
  }),
  [
    'nodes that promise no realtime',
    { ...realtimeProfile(), cluster: { embedded: { nodes: [{ ...node('worker1'), labels: {} }] } } },
    refused(/lacks the label kubevirt\.io\/realtime=true/),
  ],
])

const green: GreenRow[] = [
  ['the documented defaults', realtimeProfile({ case: { mode: 'gate' } })],
  ['a CPU right at the limit', realtimeProfile(fault('cpu-latency', { cpu: 3, maximum: '40us' }))],
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
