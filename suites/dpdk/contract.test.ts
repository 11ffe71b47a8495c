import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import type { RuleContext } from '../../helpers/run/checkup-contract.ts'
import { dpdkContract } from './contract.ts'
import type { DpdkParameters } from './parameters.ts'
import { formerResultNames } from './results.ts'
import { measurementSeconds, searchPlan, trafficPlan } from './traffic-plan.ts'

const network = { networkAttachmentDefinitionNamespace: 'ns', networkAttachmentDefinitionName: 'sriov' }
const parse = (given: object): DpdkParameters => dpdkContract.parameters.parse({ ...network, ...given })

const world: RuleContext['world'] = { embedded: false, namespace: 'ns', nodes: null, networks: null }
const rules = (given: object, other: Partial<RuleContext['world']> = {}) =>
  dpdkContract
    .rules(parse(given), { world: { ...world, ...other }, isGiven: (name) => name in given })
    .map(({ severity, parameter, message }) => `${severity} ${parameter}: ${message}`)

test('has the documented parameters and results', () => {
  expect(Object.keys(dpdkContract.parameters.shape)).toEqual(
    expect.arrayContaining([
      'networkAttachmentDefinitionName',
      'trafficGenContainerDiskImage',
      'vmUnderTestContainerDiskImage',
      'trafficGenTargetNodeName',
      'vmUnderTestTargetNodeName',
      'trafficGenPacketsPerSecond',
      'testDuration',
      'portBandwidthGbps',
      'verbose',
    ]),
  )
  const documented = dpdkContract.results.filter(({ origin }) => origin === 'documented').map(({ name }) => name)
  expect(documented).toEqual([
    'trafficGenSentPackets',
    'trafficGenOutputErrorPackets',
    'trafficGenInputErrorPackets',
    'vmUnderTestReceivedPackets',
    'vmUnderTestRxDroppedPackets',
    'vmUnderTestTxDroppedPackets',
    'trafficGenActualNodeName',
    'vmUnderTestActualNodeName',
  ])
  expect(Object.values(formerResultNames).toSorted()).toEqual(documented.toSorted())
})

test('defaults are the documented ones', () => {
  expect(parse({})).toMatchObject({
    trafficGenContainerDiskImage: 'quay.io/kiagnose/kubevirt-dpdk-checkup-traffic-gen:main',
    vmUnderTestContainerDiskImage: 'quay.io/kiagnose/kubevirt-dpdk-checkup-vm:main',
    trafficGenPacketsPerSecond: '8m',
    testDuration: '5m',
    portBandwidthGbps: 10,
    verbose: false,
    directions: ['east-to-west', 'west-to-east'],
    timeout: '30m',
  })
  expect(rules({})).toEqual([])
  expect(trafficPlan(parse({}))).toEqual({
    directions: ['east-to-west', 'west-to-east'],
    packetsPerSecond: 8_000_000,
    frameBytes: 64,
    durationSeconds: 300,
    sampleIntervalSeconds: 10,
  })
})

test.each([
  ['smoke', '30s', '1m', '20m'],
  ['gate', '5m', '8m', '30m'],
  ['soak', '30m', '8m', '90m'],
])('mode: %s is %s at %s packets/s', (mode, testDuration, trafficGenPacketsPerSecond, timeout) => {
  expect(parse({ mode })).toMatchObject({ testDuration, trafficGenPacketsPerSecond, timeout })
  expect(rules({ mode })).toEqual([])
  expect(parse({ mode, testDuration: '7s', trafficGenPacketsPerSecond: '2k', timeout: '5m' })).toMatchObject({
    testDuration: '7s',
    trafficGenPacketsPerSecond: '2k',
    timeout: '5m',
  })
})

test('mode: ndr searches each frame size up to the line rate, or up to a given rate', () => {
  const defaults = parse({ mode: 'ndr' })
  expect(defaults).not.toHaveProperty('testDuration')
  expect(rules({ mode: 'ndr' })).toEqual([])
  expect(searchPlan(defaults).frames.map(({ frame, highestRate }) => [frame, highestRate])).toEqual([
    [64, 14_880_952],
    [128, 8_445_945],
    [256, 4_528_985],
    [512, 2_349_624],
    [1024, 1_197_318],
    [1280, 961_538],
    [1518, 812_743],
    ['IMIX', 3_273_679],
  ])
  expect(
    searchPlan(parse({ mode: 'ndr', ndrFrameSizes: '64, IMIX', trafficGenPacketsPerSecond: '4m' })).frames,
  ).toEqual([
    { frame: 64, lineRate: 14_880_952, highestRate: 4_000_000 },
    { frame: 'IMIX', lineRate: 3_273_679, highestRate: 3_273_679 },
  ])
  expect(measurementSeconds(defaults)).toBe(2 * 8 * 15 * 15)
  expect(() => trafficPlan(defaults)).toThrow('mode: ndr has no traffic of one rate and duration')
})

test('checks are unique, judge declared results, and take limits from declared parameters', () => {
  const ids = dpdkContract.checks.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const results = dpdkContract.results.map(({ name }) => name)
  expect(new Set(results).size).toBe(results.length)
  for (const check of dpdkContract.checks) {
    expect(check.id).toMatch(/^dpdk\.[a-z0-9-]+$/)
    for (const result of check.results) expect(results).toContain(result)
    if (check.limitParameter !== null)
      expect(Object.keys(dpdkContract.parameters.shape)).toContain(check.limitParameter)
    expect(check.remediation).toMatch(/\.$/)
  }
})

test('ConfigMap text is accepted for every parameter, and means the same', () => {
  const typed = {
    portBandwidthGbps: 25,
    trafficGenPacketsPerSecond: 2000,
    verbose: true,
    directions: ['west-to-east'],
    frameBytes: 1518,
    requireDifferentNodes: false,
    ndrFrameSizes: [64, 'IMIX'],
    ndrMaxLossPercent: 0.001,
    cpuCores: 8,
  }
  const text = Object.fromEntries(Object.entries(typed).map(([name, value]) => [name, String(value)]))
  expect(parse(text)).toEqual(parse(typed))
})

test.each([
  [{ networkAttachmentDefinitionName: '' }, "letters a-z, digits, '-' and '.'"],
  [{ trafficGenContainerDiskImage: '' }, 'an image reference without blanks'],
  [{ trafficGenPacketsPerSecond: '8M' }, 'a whole number of packets per second above 0'],
  [{ trafficGenPacketsPerSecond: '0' }, 'a whole number of packets per second above 0'],
  [{ trafficGenPacketsPerSecond: '1.5m' }, 'a whole number of packets per second above 0'],
  [{ testDuration: '0' }, 'a Go duration of whole seconds from 1s'],
  [{ testDuration: '-5m' }, 'a Go duration of whole seconds from 1s'],
  [{ testDuration: '500ms' }, 'a Go duration of whole seconds from 1s'],
  [{ testDuration: '1.5s' }, 'a Go duration of whole seconds from 1s'],
  [{ testDuration: 300 }, 'a Go duration of whole seconds from 1s'],
  [{ portBandwidthGbps: 0 }, 'a whole number, 1 to 1600 Gbit/s'],
  [{ verbose: 'yes' }, 'true or false'],
  [{ mode: 'quick' }, 'gate, smoke, soak, ndr or custom'],
  [{ directions: [] }, 'one or more of east-to-west, west-to-east, each once'],
  [{ frameBytes: 60 }, 'a whole number, 64 to 9216 bytes'],
  [{ ndrFrameSizes: [64, 64] }, 'frame sizes of 64 to 9216 bytes and IMIX, each once'],
  [{ ndrFrameSizes: 'imix' }, 'frame sizes of 64 to 9216 bytes and IMIX, each once'],
  [{ ndrFrameSizes: [] }, 'frame sizes of 64 to 9216 bytes and IMIX, each once'],
  [{ cpuThreads: 4 }, 'a whole number, 1 to 2 threads'],
  [{ guestMemory: '4 GB' }, 'a Kubernetes quantity of memory such as 4Gi'],
  [{ hugepageSize: '4Ki' }, '1Gi or 2Mi'],
  [{ eastPciAddress: '06:00.0' }, 'a PCI address such as 0000:06:00.0'],
])('refuses %j and says what is allowed', (given, allowed) => {
  expect(() => parse(given)).toThrow(allowed)
})

const pair = { trafficGenTargetNodeName: 'a', vmUnderTestTargetNodeName: 'b' }

test.each<[object, string[]]>([
  [pair, []],
  [
    { trafficGenTargetNodeName: 'a' },
    [
      'error trafficGenTargetNodeName: trafficGenTargetNodeName without vmUnderTestTargetNodeName; give both nodes or neither',
    ],
  ],
  [
    { vmUnderTestTargetNodeName: 'a' },
    [
      'error vmUnderTestTargetNodeName: vmUnderTestTargetNodeName without trafficGenTargetNodeName; give both nodes or neither',
    ],
  ],
  [{ ...pair, vmUnderTestTargetNodeName: 'a' }, []],
  [
    { ...pair, vmUnderTestTargetNodeName: 'a', requireDifferentNodes: true },
    ['error vmUnderTestTargetNodeName: both VMs are to run on "a", but requireDifferentNodes is true'],
  ],
  [
    { trafficGenPacketsPerSecond: '20m' },
    [
      'error trafficGenPacketsPerSecond: 20m packets/s of 64 bytes are 13.44 Gbit/s on the wire, more than portBandwidthGbps: 10; at most 14880952 packets/s fit',
    ],
  ],
  [{ trafficGenPacketsPerSecond: '14880952' }, []],
  [{ trafficGenPacketsPerSecond: '20m', portBandwidthGbps: 25 }, []],
  [
    { frameBytes: 1518 },
    [
      'error frameBytes: 8m packets/s of 1518 bytes are 98.432 Gbit/s on the wire, more than portBandwidthGbps: 10; at most 812743 packets/s fit',
    ],
  ],
  [
    { timeout: '10m' },
    [
      'error timeout: 10m is too short: traffic in east-to-west and west-to-east direction takes 10m10s, and with 3m for set-up the case needs 13m10s',
    ],
  ],
  [{ timeout: '10m', directions: 'east-to-west' }, []],
  [
    { mode: 'ndr', timeout: '1h' },
    [
      'error timeout: 1h is too short: searching 8 frame sizes takes up to 1h0m0s, and with 3m for set-up the case needs 1h3m0s',
    ],
  ],
  [{ mode: 'custom' }, ['error mode: mode: custom has no duration of its own; give testDuration']],
  [{ mode: 'custom', testDuration: '20s' }, []],
  [{ ndrMaxTrials: 5 }, ['warning ndrMaxTrials: ndrMaxTrials is for mode: ndr; mode: gate does not use it']],
  [
    { mode: 'ndr', testDuration: '5m', frameBytes: 128 },
    [
      'warning testDuration: mode: ndr does not use testDuration; it has ndrTrialDuration',
      'warning frameBytes: mode: ndr does not use frameBytes; it has ndrFrameSizes',
    ],
  ],
  [
    { mode: 'ndr', ndrPdrLossPercent: 0 },
    ['error ndrPdrLossPercent: 0% is not above ndrMaxLossPercent: 0; both would find the same rate'],
  ],
  [{ maxLatency: '1ms' }, ['error maxLatency: maxLatency needs something to judge; set measureLatency: true']],
  [{ maxLatency: '1ms', measureLatency: true }, []],
  [
    { measureLatency: true, trafficGenerator: 'pktgen' },
    ['error measureLatency: pktgen cannot time packets; use trafficGenerator: trex, or leave measureLatency out'],
  ],
  [
    { cpuCores: 5, cpuThreads: 1 },
    [
      'error cpuCores: cpuSockets x cpuCores x cpuThreads is 5; an odd number of dedicated CPUs splits a physical core on nodes with hyper-threads, which refuse it with SMTAlignmentError. Use an even one',
    ],
  ],
  [
    { cpuCores: 1 },
    [
      'error cpuCores: cpuSockets x cpuCores x cpuThreads is 2; TRex needs at least 4: one each for the system, its master, its latency thread and a worker',
    ],
  ],
  [{ cpuCores: 1, trafficGenerator: 'pktgen' }, []],
  [
    { westPciAddress: '0000:06:00.0' },
    ['error westPciAddress: both interfaces are at 0000:06:00.0; give each an address of its own'],
  ],
  [{ guestMemory: '4500Mi' }, ['error guestMemory: 4500Mi is not a multiple of hugepageSize: 1Gi']],
  [{ guestMemory: '512Mi', hugepageSize: '2Mi' }, []],
])('rules for %j', (given, expected) => {
  expect(rules(given)).toEqual(expected)
})

test('nodes and networks that the profile does not list are warned of', () => {
  expect(
    rules({ ...pair, westNetworkAttachmentDefinitionName: 'west' }, { nodes: ['a'], networks: ['sriov'] }),
  ).toEqual([
    'warning vmUnderTestTargetNodeName: no schedulable node "b" in the profile; it has a',
    'warning westNetworkAttachmentDefinitionName: no network "ns/west" in the profile; it has sriov',
  ])
})

test.each([
  [{}, 'sriov', 'VM on sriov forwards 8m packets/s of 64 bytes without loss in both directions'],
  [
    { ...pair, mode: 'smoke', directions: 'west-to-east', frameBytes: 512 },
    'sriov/a-b/smoke/512-bytes',
    'VM on sriov forwards 1m packets/s of 512 bytes without loss from west to east',
  ],
  [{ mode: 'ndr' }, 'sriov/ndr', 'VM on sriov forwards packets without loss up to a rate that is searched'],
])('names and titles of %j', (given, name, title) => {
  expect(dpdkContract.caseName(parse(given))).toBe(name)
  expect(dpdkContract.caseTitle(parse(given))).toBe(title)
})

test('a matrix of node pairs sets the nodes of both VMs', () => {
  const axis = dpdkContract.axes['nodePairs']
  expect(axis?.expand('all-unordered', { ...world, nodes: ['a', 'b'] })).toEqual({ combinations: [pair] })
})

property.prop([
  fc.record(
    {
      mode: fc.constantFrom('gate', 'smoke', 'soak', 'ndr', 'custom'),
      testDuration: fc.constantFrom('1s', '5m', '1h'),
      trafficGenPacketsPerSecond: fc.oneof(fc.integer({ min: 1 }), fc.constantFrom('8m', '3k')),
      directions: fc.constantFrom('east-to-west', ['west-to-east', 'east-to-west']),
      ndrFrameSizes: fc.constantFrom(64, '64,IMIX', ['IMIX', 128]),
    },
    { requiredKeys: [] },
  ),
])('parameters that were parsed are parsed again to the same', (given) => {
  expect(parse(parse(given))).toEqual(parse(given))
})
