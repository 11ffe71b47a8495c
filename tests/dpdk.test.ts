/** For every check of the DPDK checkup there is a fault that turns it red, with the right verdict and text. */
import { expect, test } from 'vitest'
import * as table from './fault-table.ts'
import { type Expectation, type RedRow, runProject, testGreen, testRed } from './fault-table.ts'

interface Changes {
  faults?: Record<string, unknown>[]
  embedded?: Record<string, unknown>
  link?: Record<string, unknown>
  case?: Record<string, unknown>
  profile?: Record<string, unknown>
}

const node = (name: string, parts: Record<string, unknown> = {}) => ({
  name,
  cpus: 16,
  memory: '64Gi',
  hugepages1Gi: 8,
  resources: { 'openshift.io/dpdk': 4 },
  ...parts,
})

/** Two nodes, one SR-IOV network, one case of half a minute in one direction. */
const dpdkProfile = ({ faults = [], embedded = {}, link = {}, case: parameters = {}, profile = {} }: Changes = {}) => ({
  apiVersion: 'kubevirt-acceptance/v1',
  name: 'test',
  cluster: {
    embedded: {
      nodes: [node('worker1'), node('worker2')],
      networks: [{ name: 'dpdk', type: 'sriov', resourceName: 'openshift.io/dpdk', link }],
      faults,
      ...embedded,
    },
  },
  checkups: {
    dpdk: {
      cases: [
        {
          networkAttachmentDefinitionName: 'dpdk',
          mode: 'smoke',
          trafficGenPacketsPerSecond: '8m',
          directions: ['east-to-west'],
          ...parameters,
        },
      ],
    },
  },
  ...profile,
})

const run = (changes: Changes) => runProject('dpdk', dpdkProfile(changes))

const row =
  (expected: (checks: Expectation['checks']) => Expectation) =>
  (what: string, changes: Changes, checks: Expectation['checks']): RedRow => [
    what,
    dpdkProfile(changes),
    expected(checks),
  ]
const failed = row(table.failed)
const broken = row(table.broken)
const invalid = row(table.invalid)

const red: RedRow[] = [
  failed(
    'a VM that forwards less than is sent',
    { embedded: { dataPlane: { forwardingCapacity: '5m' } } },
    { 'dpdk.no-rx-drops': /packets > 0 packets/ },
  ),
  failed(
    'packets dropped in the VM and lost on the way back, VMs on one node, and a flow that is late',
    {
      faults: [
        { fault: 'rx-drops', percent: 0.001 },
        { fault: 'tx-drops', percent: 0.001 },
        { fault: 'generator-output-errors', percent: 0.001 },
        // The documented checkup does not see what is lost on the way back.
        { fault: 'return-leg-loss', percent: 0.001 },
        { fault: 'wrong-node', node: 'worker1' },
      ],
      embedded: {
        nodes: [
          node('worker1', { cpus: 32, hugepages1Gi: 16, resources: { 'openshift.io/dpdk': 8 } }),
          node('worker2'),
        ],
      },
      link: { latency: '2ms', jitter: '1ms' },
      case: { measureLatency: true, maxLatency: '1ms', maxAverageLatency: '1ms', maxJitter: '1us' },
    },
    {
      'dpdk.no-rx-drops': /vmUnderTestRxDroppedPackets [\d,]+ packets > 0 packets/,
      'dpdk.no-tx-drops': /vmUnderTestTxDroppedPackets [\d,]+ packets > 0 packets/,
      'dpdk.generator-errors': /packets > 0 packets/,
      'dpdk.all-returned': /trafficGenReceivedPackets [\d,]+ packets < [\d,]+ packets/,
      'dpdk.placement': /worker1/,
      'dpdk.latency-max': /ms > 1ms/,
      'dpdk.latency-average': /ms > 1ms/,
      'dpdk.latency-jitter': /> 1µs/,
    },
  ),
  failed(
    'receive errors, which testpmd prints in a line of their own, bad packets at the generator, and loss on the wire',
    {
      faults: [
        { fault: 'rx-errors', percent: 0.001 },
        { fault: 'generator-input-errors', percent: 0.001 },
      ],
      link: { lossPercent: 0.01 },
    },
    {
      'dpdk.no-rx-errors': /vmUnderTestRxErrors [\d,]*\d \+ .* packets > 0 packets/,
      'dpdk.generator-errors': /packets > 0 packets/,
      'dpdk.all-received': /vmUnderTestReceivedPackets [\d,]+ packets != [\d,]+ packets/,
    },
  ),
  failed(
    'a shortage of buffers, and a generator that nearly reaches the rate',
    {
      faults: [
        { fault: 'rx-no-buffers', percent: 0.001 },
        { fault: 'generator-rate-limited', reachedPercent: 95 },
      ],
    },
    {
      'dpdk.no-rx-errors': /vmUnderTestRxNoMbufs [1-9].* packets > 0 packets/,
      'dpdk.rate': /achievedPacketsPerSecond 7,6\d\d,\d+(\.\d+)? pps < 7,920,000 pps/,
    },
  ),
  failed(
    'a rate without loss below the asked share of the line rate',
    {
      embedded: { dataPlane: { forwardingCapacity: '6m' } },
      case: { mode: 'ndr', trafficGenPacketsPerSecond: undefined, ndrFrameSizes: [64], ndrMinLineRatePercent: 90 },
    },
    { 'dpdk.ndr': /ndrLineRatePercent 4\d\.\d+% < 90%/ },
  ),
  failed(
    'loss at every rate of a search',
    {
      link: { lossPercent: 10 },
      case: { mode: 'ndr', trafficGenPacketsPerSecond: undefined, ndrFrameSizes: [64], ndrMaxTrials: 60 },
    },
    { 'dpdk.ndr-found': /< 1 pps/ },
  ),
  invalid(
    'a generator that does not reach the rate',
    { faults: [{ fault: 'generator-rate-limited', reachedPercent: 80 }] },
    { 'dpdk.rate': /rate/ },
  ),
  broken(
    'a generator that never gets ready',
    { faults: [{ fault: 'trex-never-starts' }] },
    { 'dpdk.provisioned': /TRex server .*not ready 60 s/ },
  ),
  broken(
    'statistics that end early',
    { faults: [{ fault: 'trex-statistics-truncated', bytes: 100 }] },
    { 'dpdk.measured': /trex/i },
  ),
  broken(
    'statistics that are empty',
    { faults: [{ fault: 'trex-statistics-truncated', bytes: 0 }] },
    { 'dpdk.measured': /trex/i },
  ),
  broken(
    'a guest that never gets ready',
    { faults: [{ fault: 'boot-commands-hang', vmi: '*under-test*' }] },
    { 'dpdk.provisioned': /did not become Ready/ },
  ),
  broken('CPUs that do not fill whole cores', { faults: [{ fault: 'smt-alignment' }] }, { 'dpdk.provisioned': /SMT/ }),
  broken(
    'a network that does not exist',
    { case: { networkAttachmentDefinitionName: 'nope' } },
    { 'dpdk.provisioned': /"nope" not found/ },
  ),
]

testRed('dpdk', red)

test.concurrent(
  'a case that runs out of time in mid-traffic is invalid, and says how far it came',
  { timeout: 180_000 },
  async () => {
    // Slow guests leave less than the asked four minutes.
    const { document, exitCode } = await run({
      case: { testDuration: '4m', timeout: '7m6s' },
      embedded: { boot: '55s', dataPlane: { trexStart: '58s' } },
    })
    expect({ verdict: document?.verdict, exitCode }, document?.reason).toEqual({ verdict: 'invalid', exitCode: 4 })
    expect(document?.cases[0]?.validity.problems.join()).toMatch(/measured \d+(\.\d+)? s of 240 s/)
  },
)

const green: [what: string, changes: Changes][] = [
  [
    'the documented defaults, in both directions',
    { case: { mode: 'gate', directions: ['east-to-west', 'west-to-east'] } },
  ],
  ['stray frames', { faults: [{ fault: 'stray-frames', perSecond: 1 }] }],
  ['counters that settle late', { faults: [{ fault: 'counters-settle-late', after: '2s' }] }],
  ['kernel messages on the consoles', { faults: [{ fault: 'kernel-messages', every: '20s' }] }],
  ['the timing of a flow', { case: { measureLatency: true, maxLatency: '10ms' } }],
]

testGreen(
  'dpdk',
  green.map(([what, changes]) => [what, dpdkProfile(changes)]),
)

test.concurrent(
  'the search finds what the VM under test forwards within 1 %, in a bounded number of trials',
  { timeout: 180_000 },
  async () => {
    const capacity = 6_000_000
    const { document, output, exitCode } = await run({
      embedded: { dataPlane: { forwardingCapacity: '6m' } },
      case: { mode: 'ndr', trafficGenPacketsPerSecond: undefined, ndrFrameSizes: [64], ndrMaxTrials: 15 },
    })
    expect(exitCode, document?.reason ?? output).toBe(0)
    const measured = (wanted: string) => document?.cases[0]?.measurements.find(({ name }) => name === wanted)?.value
    expect(measured('ndrPacketsPerSecond')).toBeLessThanOrEqual(capacity)
    expect(measured('ndrPacketsPerSecond')).toBeGreaterThan(capacity * 0.99)
    expect(measured('ndrTrials')).toBeLessThanOrEqual(15)
  },
)
