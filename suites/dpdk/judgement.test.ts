import { expect, test } from 'vitest'
import type { CheckResult } from '../../helpers/run/case-record.ts'
import type { ForwardPort, ForwardStatistics } from '../../helpers/tools/testpmd-stats.ts'
import { dpdkContract } from './contract.ts'
import { documentedFailure } from './documented-status.ts'
import type { DpdkFindings, TrafficFindings } from './findings.ts'
import { judgeDpdk } from './judgement.ts'
import { dpdkRecording } from './recording.ts'
import {
  portsOf,
  type Direction,
  type FlowLatency,
  type GeneratorCounters,
  type PortCounters,
} from './traffic-generator.ts'

const rate = 8_000_000
const seconds = 300
const all = rate * seconds

const parse = (given: object = {}) =>
  dpdkContract.parameters.parse({
    networkAttachmentDefinitionNamespace: 'ns',
    networkAttachmentDefinitionName: 'sriov',
    ...given,
  })

const noPackets: PortCounters = { opackets: 0, ipackets: 0, oerrors: 0, ierrors: 0, obytes: 0, ibytes: 0 }
const generator = (ports: GeneratorCounters['ports'], latency: FlowLatency | null = null): GeneratorCounters => ({
  ports,
  latency,
  rawOutput: '',
})

/** What happens to packets on the way; each in packets. */
interface Events {
  sent?: number
  outputErrors?: number
  inputErrors?: number
  /** Vanish before the VM under test, in it, and on the way back. */
  lostBefore?: number
  rxDropped?: number
  txDropped?: number
  lostAfter?: number
  rxErrors?: number
  rxNoBuffers?: number
  txErrors?: number
  /** Broadcast frames that come in on the near and on the far port of the VM under test. */
  strayNear?: number
  strayFar?: number
  latency?: FlowLatency
}

const count = (packets: number, dropped: number) => ({ packets, dropped, total: packets + dropped })
const idle = (port: number): ForwardPort => ({ port, rx: count(0, 0), tx: count(0, 0), rxErrors: 0, rxNoBuffers: 0 })
const forward = (ports: ForwardPort[], txErrors = 0): ForwardStatistics => ({
  streams: [],
  ports,
  accumulated: { rx: count(0, 0), tx: count(0, 0), rxNoBuffers: 0 },
  txErrors,
})

function traffic(direction: Direction, events: Events = {}, other: Partial<TrafficFindings> = {}): TrafficFindings {
  const { sent = all, strayNear = 0, strayFar = 0, rxDropped = 0, txDropped = 0, txErrors = 0 } = events
  const arrived = sent - (events.lostBefore ?? 0) + strayNear
  const forwarded = arrived - rxDropped - txDropped
  const { sending, receiving } = portsOf(direction)
  const near: ForwardPort = {
    port: sending,
    rx: count(arrived - rxDropped, rxDropped),
    tx: count(strayFar, 0),
    rxErrors: events.rxErrors ?? 0,
    rxNoBuffers: events.rxNoBuffers ?? 0,
  }
  const far: ForwardPort = { ...idle(receiving), rx: count(strayFar, 0), tx: count(forwarded, txDropped) }
  const ports = {
    [sending]: { ...noPackets, opackets: sent, oerrors: events.outputErrors ?? 0 },
    [receiving]: { ...noPackets, ipackets: forwarded - (events.lostAfter ?? 0), ierrors: events.inputErrors ?? 0 },
  } as GeneratorCounters['ports']
  return {
    direction,
    asked: { packetsPerSecond: rate, durationSeconds: seconds },
    measuredSeconds: seconds,
    generator: { before: generator({ 0: noPackets, 1: noPackets }), after: generator(ports, events.latency ?? null) },
    vmUnderTest: { before: forward([idle(0), idle(1)]), after: forward([near, far], txErrors) },
    atRest: true,
    samples: [],
    rawOutputs: { generator: 'trex.txt', vmUnderTest: 'testpmd.txt' },
    ...other,
  }
}

const findings = (events: Events = {}, other: Partial<TrafficFindings> = {}): DpdkFindings => ({
  trafficGeneratorNode: 'worker1',
  vmUnderTestNode: 'worker2',
  traffic: [traffic('east-to-west', events, other), traffic('west-to-east')],
  searches: [],
})

const notPassed = (results: CheckResult[]) =>
  results
    .filter(({ verdict }) => verdict === 'failed' || verdict === 'invalid')
    .map(({ verdict, message }) => `${verdict} ${message.split('. ')[0]}`)
const judged = (found: DpdkFindings, given: object = {}, sources: Record<string, string> = {}) =>
  notPassed(judgeDpdk(found, parse(given), sources))
const problems = (found: DpdkFindings, given: object = {}) => dpdkRecording(found, parse(given)).validity.problems

test('without loss every check passes in both directions, and limits that are not set are skipped', () => {
  const results = judgeDpdk(findings(), parse(), {})
  expect(notPassed(results)).toEqual([])
  expect(results).toHaveLength(1 + 2 * 12)
  expect(results.filter(({ verdict }) => verdict === 'skipped').map(({ id }) => id)).toEqual([
    'dpdk.latency-max',
    'dpdk.latency-average',
    'dpdk.latency-jitter',
    'dpdk.latency-max',
    'dpdk.latency-average',
    'dpdk.latency-jitter',
  ])
  expect(problems(findings())).toEqual([])
  expect(documentedFailure(findings(), parse())).toBe('')
})

test('the record has the documented results of the first direction, and measurements of both', () => {
  const { results, measurements } = dpdkRecording(findings({ strayNear: 4, strayFar: 4 }), parse())
  expect(results).toMatchObject({
    trafficGenSentPackets: '2400000000',
    trafficGenOutputErrorPackets: '0',
    trafficGenInputErrorPackets: '0',
    vmUnderTestReceivedPackets: '2400000000',
    vmUnderTestRxDroppedPackets: '0',
    vmUnderTestTxDroppedPackets: '0',
    trafficGenActualNodeName: 'worker1',
    vmUnderTestActualNodeName: 'worker2',
    achievedPacketsPerSecond: '8000000',
    strayPackets: '4',
    maxLatencyNanoSec: null,
  })
  const declared = dpdkContract.results
  for (const name of Object.keys(results)) expect(declared.map((each) => each.name)).toContain(name)
  for (const { name, unit } of measurements) expect(declared.find((each) => each.name === name)?.unit, name).toBe(unit)
  expect(measurements.filter(({ name }) => name === 'trafficGenSentPackets').map(({ subject }) => subject)).toEqual([
    'east-to-west',
    'west-to-east',
  ])
})

// Each row: what happens, what our checks say, and what the documented checkup would have said.
test.each<[string, Events, string[], string]>([
  [
    'nothing is sent',
    { sent: 0 },
    [
      'invalid dpdk.rate (east-to-west): achievedPacketsPerSecond 0 pps < 7,920,000 pps (default: 0.99 of the asked rate)',
      'failed dpdk.sent (east-to-west): trafficGenSentPackets 0 packets < 1 packets (default: documented behaviour)',
    ],
    'no packets were sent from the traffic generator',
  ],
  [
    'errors of the generator',
    { outputErrors: 3, inputErrors: 2 },
    [
      'failed dpdk.generator-errors (east-to-west): trafficGenOutputErrorPackets 3 + trafficGenInputErrorPackets 2 = 5 packets > 0 packets (default: documented behaviour)',
    ],
    "detected Error Packets on the traffic generator's side: Oerrors 3 Ierrors 2",
  ],
  [
    'receive drops',
    { rxDropped: 2 },
    [
      'failed dpdk.no-rx-drops (east-to-west): vmUnderTestRxDroppedPackets 2 packets > 0 packets (default: documented behaviour)',
    ],
    "detected packets dropped on the VM-Under-Test's side: RX: 2; TX: 0",
  ],
  [
    'send drops and send errors',
    { txDropped: 5, txErrors: 1 },
    [
      'failed dpdk.no-tx-drops (east-to-west): vmUnderTestTxDroppedPackets 6 packets > 0 packets (default: documented behaviour)',
    ],
    "detected packets dropped on the VM-Under-Test's side: RX: 0; TX: 6",
  ],
  [
    'receive errors and too few buffers',
    { rxErrors: 7, rxNoBuffers: 1 },
    [
      'failed dpdk.no-rx-errors (east-to-west): vmUnderTestRxErrors 7 + vmUnderTestRxNoMbufs 1 = 8 packets > 0 packets (default: a packet in bad shape or without a buffer is lost)',
    ],
    '',
  ],
  [
    'loss on the way there',
    { lostBefore: 1 },
    [
      'failed dpdk.all-received (east-to-west): vmUnderTestReceivedPackets 2,399,999,999 packets != 2,400,000,000 packets (default: documented behaviour)',
    ],
    'not all generated packets had reached VM-Under-Test: Sent from traffic generator: 2400000000; Received on VM-Under-Test: 2399999999',
  ],
  [
    'loss on the way back, which the documented checkup does not see',
    { lostAfter: 1 },
    [
      'failed dpdk.all-returned (east-to-west): trafficGenReceivedPackets 2,399,999,999 packets < 2,400,000,000 packets (default: a packet lost on the way back is lost)',
    ],
    '',
  ],
  ['stray frames on both ports are no loss', { strayNear: 7, strayFar: 7 }, [], ''],
  [
    'stray frames do not hide a loss',
    { strayNear: 7, strayFar: 7, lostBefore: 7 },
    [
      'failed dpdk.all-received (east-to-west): vmUnderTestReceivedPackets 2,399,999,993 packets != 2,400,000,000 packets (default: documented behaviour)',
    ],
    'not all generated packets had reached VM-Under-Test: Sent from traffic generator: 2400000000; Received on VM-Under-Test: 2399999993',
  ],
  [
    'everything at once: every check tells, the documented checkup only the first',
    { outputErrors: 1, rxDropped: 1, txDropped: 1, rxErrors: 1, lostBefore: 1, lostAfter: 1 },
    [
      expect.stringContaining('dpdk.generator-errors'),
      expect.stringContaining('dpdk.no-rx-drops'),
      expect.stringContaining('dpdk.no-tx-drops'),
      expect.stringContaining('dpdk.no-rx-errors'),
      expect.stringContaining('dpdk.all-received'),
      expect.stringContaining('dpdk.all-returned'),
    ] as string[],
    "detected Error Packets on the traffic generator's side: Oerrors 1 Ierrors 0",
  ],
])('%s', (_, events, expected, upstream) => {
  const found = findings(events)
  expect(judged(found)).toEqual(expected)
  expect(documentedFailure(found, parse())).toBe(upstream)
})

test('the second direction is judged as the first is', () => {
  const found = { ...findings(), traffic: [traffic('east-to-west'), traffic('west-to-east', { rxDropped: 1 })] }
  expect(judged(found)).toEqual([expect.stringContaining('failed dpdk.no-rx-drops (west-to-east)')])
  expect(documentedFailure(found, parse())).toBe('')
})

test('the documented example of stray frames: 480000015 - 4 - 7', () => {
  const near: ForwardPort = { ...idle(0), rx: count(480_000_006, 2), tx: count(4, 0) }
  const far: ForwardPort = { ...idle(1), rx: count(7, 0), tx: count(480_000_000, 0) }
  const example = traffic(
    'east-to-west',
    {},
    { vmUnderTest: { before: forward([idle(0), idle(1)]), after: forward([near, far]) } },
  )
  expect(dpdkRecording({ ...findings(), traffic: [example] }, parse()).results['vmUnderTestReceivedPackets']).toBe(
    '480000004',
  )
})

test('on two networks a stray frame of one is none of the other', () => {
  const two = { westNetworkAttachmentDefinitionName: 'west' }
  expect(judged(findings({ strayFar: 1 }), two)).toEqual([])
  expect(judged(findings({ strayFar: 1, lostBefore: 1 }), two)).toEqual([
    expect.stringContaining('failed dpdk.all-received'),
  ])
})

test('counters are compared with those before the traffic; one that went back is an error', () => {
  const counters = traffic('east-to-west').generator?.after ?? generator({ 0: noPackets, 1: noPackets })
  const same = findings({}, { generator: { before: counters, after: counters } })
  expect(dpdkRecording(same, parse()).results['trafficGenSentPackets']).toBe('0')
  const restarted = findings({}, { generator: { before: counters, after: generator({ 0: noPackets, 1: noPackets }) } })
  expect(() => dpdkRecording(restarted, parse())).toThrow(
    'opackets of port 0 of the traffic generator went from 2400000000 to 0 while traffic ran, so something started them anew',
  )
})

test('a testpmd without the second port is an error', () => {
  const statistics = forward([idle(0)])
  expect(() =>
    dpdkRecording(findings({}, { vmUnderTest: { before: statistics, after: statistics } }), parse()),
  ).toThrow('testpmd has no port 1, only 0; both interfaces of the VM under test must be given to it')
})

test('a timeout in mid-traffic is invalid, never a pass, and no loss either', () => {
  const sent = rate * 4
  const found = findings({ sent, lostBefore: 12 }, { measuredSeconds: 4 })
  expect(problems(found)).toEqual(['east-to-west: measured 4 s of 300 s'])
  const results = judgeDpdk(found, parse(), {}).filter(({ subject }) => subject === 'east-to-west')
  expect(results.filter(({ verdict }) => verdict === 'passed').map(({ id }) => id)).toEqual([])
  expect(results.filter(({ verdict }) => verdict === 'failed').map(({ id }) => id)).toEqual([])
  expect(notPassed(results)).toContain(
    'invalid dpdk.full-duration (east-to-west): measured 4 s of 300 s (default: documented behaviour)',
  )
  expect(notPassed(results)).toContain(
    'invalid dpdk.all-received (east-to-west): vmUnderTestReceivedPackets cannot be judged: measured 4 s of 300 s.',
  )
  // The documented checkup judges it as if it were complete.
  expect(documentedFailure(findings({ sent }, { measuredSeconds: 4 }), parse())).toBe('')
})

test('drops of a run that was cut short are drops', () => {
  expect(judged(findings({ sent: rate * 4, rxDropped: 1 }, { measuredSeconds: 4 }))).toContain(
    'failed dpdk.no-rx-drops (east-to-west): vmUnderTestRxDroppedPackets 1 packets > 0 packets (default: documented behaviour)',
  )
})

test('counters that never came to rest, or were not read, are not judged', () => {
  expect(problems(findings({}, { atRest: false }))).toEqual([
    'east-to-west: the counters were still moving when they were read last',
  ])
  expect(judged(findings({ lostBefore: 1 }, { atRest: false })).every((line) => line.startsWith('invalid '))).toBe(true)
  const unread = findings({}, { generator: null, vmUnderTest: null })
  expect(problems(unread)).toEqual([
    'east-to-west: the counters of the traffic generator could not be read',
    'east-to-west: the counters of the VM under test could not be read',
  ])
  const results = judgeDpdk(unread, parse({ measureLatency: true, maxLatency: '1ms' }), {})
  const verdicts = results.filter(({ subject, id }) => subject === 'east-to-west' && !/average|jitter/.test(id))
  expect(verdicts.map(({ id, verdict }) => [id, verdict])).toEqual(verdicts.map(({ id }) => [id, 'invalid']))
  expect(dpdkRecording(unread, parse()).results['trafficGenSentPackets']).toBeNull()
  expect(documentedFailure(unread, parse())).toContain('could not extract statistics section')
})

test('a direction that was asked for and not measured is invalid', () => {
  const half = { ...findings(), traffic: [traffic('east-to-west')] }
  expect(problems(half)).toContain('west-to-east: measured 0 s of 300 s')
  expect(judged(half)).toHaveLength(9)
  expect(judged(half, { directions: 'east-to-west' })).toEqual([])
})

test.each([
  [0.995, 'passed', []],
  [0.99, 'passed', []],
  [0.95, 'failed', []],
  [
    0.89,
    'invalid',
    ['east-to-west: the traffic generator reached 7,120,000 pps of 8,000,000 pps, less than 0.9 of it'],
  ],
])('%d of the asked rate is %s', (share, verdict, expected) => {
  const found = findings({ sent: Math.round(all * share) })
  const check = judgeDpdk(found, parse(), {}).find(({ id }) => id === 'dpdk.rate')
  expect(check?.verdict).toBe(verdict)
  expect(problems(found)).toEqual(expected)
})

test('a generator that takes longer to send everything has a lower rate', () => {
  const check = judgeDpdk(findings({}, { measuredSeconds: 320 }), parse(), {}).find(({ id }) => id === 'dpdk.rate')
  expect(check).toMatchObject({ verdict: 'failed', actual: 7_500_000 })
})

test('placement', () => {
  const together = { ...findings(), vmUnderTestNode: 'worker1' }
  expect(judged(together)).toEqual([
    'failed dpdk.placement: nodes of the VMs: both on worker1 != different nodes (default: traffic within one node does not prove the network between nodes)',
  ])
  expect(judged(together, { requireDifferentNodes: false })).toEqual([])
  const nodes = { trafficGenTargetNodeName: 'worker1', vmUnderTestTargetNodeName: 'worker3' }
  expect(judged(findings(), nodes)).toEqual([
    expect.stringContaining('failed dpdk.placement: nodes of the VMs: worker1 and worker2 != worker1 and worker3'),
  ])
})

test('limits say where they are set', () => {
  const sources = { testDuration: 'lab.yaml:7:5', trafficGenPacketsPerSecond: 'lab.yaml:8:5' }
  const results = judgeDpdk(findings(), parse(), sources)
  const messageOf = (id: string) => results.find((each) => each.id === id)?.message
  expect(messageOf('dpdk.full-duration')).toBe(
    'dpdk.full-duration (east-to-west): trafficDurationSeconds 300 s >= 300 s (lab.yaml:7:5)',
  )
  expect(messageOf('dpdk.rate')).toBe(
    'dpdk.rate (east-to-west): achievedPacketsPerSecond 8,000,000 pps >= 7,920,000 pps (lab.yaml:8:5)',
  )
})

test('latency has limits of its own, and is invalid where nothing was timed', () => {
  const limits = { measureLatency: true, maxLatency: '100us', maxAverageLatency: '20us', maxJitter: '5us' }
  const latency = {
    packets: 300_000,
    minNanoseconds: 9000,
    averageNanoseconds: 20_000,
    maxNanoseconds: 100_001,
    jitterNanoseconds: 4000,
  }
  const found = { ...findings({ latency }), traffic: [traffic('east-to-west', { latency })] }
  const one = { ...limits, directions: 'east-to-west' }
  expect(judged(found, one)).toEqual([
    'failed dpdk.latency-max (east-to-west): maxLatencyNanoSec 100.001µs > 100µs (default: not judged unless given)',
  ])
  expect(judged({ ...found, traffic: [traffic('east-to-west')] }, one).map((line) => line.split(' (')[0])).toEqual([
    'invalid dpdk.latency-max',
    'invalid dpdk.latency-average',
    'invalid dpdk.latency-jitter',
  ])
})

test('samples are kept with the rate and the drop rate that they belong to', () => {
  const sample = (txPps: number, rxDropBps: number | null) => ({
    txPps,
    rxPps: txPps,
    txBps: null,
    rxBps: null,
    rxDropBps,
    cpuPercent: null,
    rawOutput: '',
  })
  const samples = [
    { atSeconds: 10, sample: sample(8_000_000, 0) },
    { atSeconds: 20, sample: sample(7_999_000, 512) },
  ]
  const { measurements } = dpdkRecording(findings({}, { samples }), parse())
  const of = (name: string) => measurements.find((each) => each.name === name)
  expect(of('achievedPacketsPerSecond')).toMatchObject({ samples: [8_000_000, 7_999_000], rawOutput: 'trex.txt' })
  expect(of('achievedPacketsPerSecond')).toMatchObject({ sampleTimesSeconds: [10, 20], asked: 8_000_000 })
  expect(of('returnedPacketsPerSecond')).toMatchObject({ value: rate, samples: [8_000_000, 7_999_000] })
  expect(of('maxRxDropBitsPerSecond')).toMatchObject({ value: 512, samples: [0, 512], unit: 'bit/s' })
  expect(of('vmUnderTestRxErrors')).toMatchObject({ rawOutput: 'testpmd.txt' })
})
