import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import type { RuleContext } from '../../helpers/run/checkup-contract.ts'
import { latencyContract, type LatencyParameters } from './contract.ts'
import { packetPlan } from './packet-plan.ts'

const network = { networkAttachmentDefinitionNamespace: 'ns', networkAttachmentDefinitionName: 'blue' }
const parse = (given: object): LatencyParameters => latencyContract.parameters.parse({ ...network, ...given })

const world: RuleContext['world'] = { embedded: false, namespace: 'ns', nodes: null, networks: null }
const rules = (given: object) =>
  latencyContract
    .rules(parse(given), { world, isGiven: (name) => name in given })
    .map(({ severity, parameter, message }) => `${severity} ${parameter}: ${message}`)

test('has the documented parameters, old spellings and results', () => {
  const names = Object.keys(latencyContract.parameters.shape)
  const documented = [
    'networkAttachmentDefinitionNamespace',
    'networkAttachmentDefinitionName',
    'sampleDurationSeconds',
    'maxDesiredLatencyMilliseconds',
    'sourceNode',
    'targetNode',
  ]
  expect(names).toEqual(expect.arrayContaining(documented))
  for (const name of documented) {
    const old = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    expect(latencyContract.deprecatedNames[old]).toBe(name)
  }
  expect(latencyContract.results.filter(({ origin }) => origin === 'documented').map(({ name }) => name)).toEqual([
    'minLatencyNanoSec',
    'avgLatencyNanoSec',
    'maxLatencyNanoSec',
    'measurementDurationSec',
    'sourceNode',
    'targetNode',
  ])
})

test('defaults are the documented ones', () => {
  expect(parse({})).toMatchObject({
    sampleDurationSeconds: 5,
    sampleIntervalMilliseconds: 1000,
    maxPacketLossPercent: 0,
  })
  expect(parse({})).not.toHaveProperty('maxDesiredLatencyMilliseconds')
})

test('checks are unique, judge declared results, and take limits from declared parameters', () => {
  const ids = latencyContract.checks.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const results = latencyContract.results.map(({ name }) => name)
  for (const check of latencyContract.checks) {
    expect(check.id).toMatch(/^latency\.[a-z0-9-]+$/)
    for (const result of check.results) expect(results).toContain(result)
    if (check.limitParameter !== null)
      expect(Object.keys(latencyContract.parameters.shape)).toContain(check.limitParameter)
    expect(check.remediation).toMatch(/\.$/)
  }
})

test('ConfigMap text is accepted for every parameter, and means the same', () => {
  const typed = {
    sampleDurationSeconds: 3,
    sampleIntervalMilliseconds: 200,
    sampleCount: 10,
    warmUpPackets: 0,
    maxDesiredLatencyMilliseconds: 10.461,
    maxPacketLossPercent: 0.5,
    maxDuplicatePackets: 0,
    bothDirections: false,
    allowSameNode: true,
    ipFamilies: ['IPv4', 'IPv6'],
  }
  const text = Object.fromEntries(Object.entries(typed).map(([name, value]) => [name, String(value)]))
  expect(parse(text)).toEqual(parse(typed))
  expect(parse({ maxDesiredLatencyMilliseconds: '500us' }).maxDesiredLatencyMilliseconds).toBe(0.5)
})

test.each([
  [{ sampleDurationSeconds: '5s' }, 'a whole number, 1 to 86400 seconds'],
  [{ sampleDurationSeconds: 0 }, 'a whole number, 1 to 86400 seconds'],
  [{ sampleDurationSeconds: -5 }, 'a whole number, 1 to 86400 seconds'],
  [{ sampleDurationSeconds: '86401' }, 'a whole number, 1 to 86400 seconds'],
  [{ maxDesiredLatencyMilliseconds: '-1' }, '0 or more'],
  [{ maxDesiredLatencyMilliseconds: '9999999999999' }, '0 or more'],
  [{ maxDesiredLatencyMilliseconds: '' }, '0 or more'],
  [{ maxJitter: 5 }, 'a Go duration above 0'],
  [{ maxJitter: '0s' }, 'a Go duration above 0'],
  [{ timeout: '5 m' }, 'a Go duration above 0'],
  [{ networkAttachmentDefinitionName: '' }, "letters a-z, digits, '-' and '.'"],
  [{ networkAttachmentDefinitionName: 'a/b' }, "letters a-z, digits, '-' and '.'"],
  [{ sourceNode: 'Worker 1' }, "letters a-z, digits, '-' and '.'"],
  [{ ipFamilies: [] }, 'one or more of IPv4, IPv6, each once'],
  [{ ipFamilies: 'IPv4,IPv4' }, 'one or more of IPv4, IPv6, each once'],
  [{ bothDirections: 'TRUE' }, 'true or false'],
  [{ ipv4Subnet: '192.168.100.0' }, 'a prefix length of 8 to 30'],
  [{ ipv4Subnet: '192.168.300.0/24' }, 'a prefix length of 8 to 30'],
  [{ ipv6Subnet: '192.168.100.0/24' }, 'a prefix length of 16 to 126'],
  [{ containerDiskImage: 'quay.io/a b' }, 'an image reference without blanks'],
])('refuses %j and says what is allowed', (given, allowed) => {
  expect(() => parse(given)).toThrow(allowed)
})

test.each<[object, string[]]>([
  [{}, []],
  [{ sourceNode: 'a' }, ['error sourceNode: sourceNode without targetNode; give both nodes or neither']],
  [{ targetNode: 'a' }, ['error targetNode: targetNode without sourceNode; give both nodes or neither']],
  [
    { sourceNode: 'a', targetNode: 'a' },
    ['error targetNode: source and target are both "a"; name two nodes, or set allowSameNode: true'],
  ],
  [{ sourceNode: 'a', targetNode: 'a', allowSameNode: true }, []],
  [
    { timeout: '1m', sampleDurationSeconds: 20 },
    ['error timeout: 1m is too short: 2 measurements of 21s and 30s for set-up need 1m12s'],
  ],
  [{ timeout: '1m12s', sampleDurationSeconds: 20 }, []],
  [{ timeout: '1m', sampleDurationSeconds: 20, bothDirections: false }, []],
  [
    { timeout: '1m', sampleDurationSeconds: 20, bothDirections: false, ipFamilies: ['IPv4', 'IPv6'] },
    ['error timeout: 1m is too short: 2 measurements of 21s and 30s for set-up need 1m12s'],
  ],
  [
    { sampleDurationSeconds: 5, sampleCount: 100, sampleIntervalMilliseconds: 100 },
    [
      'error sampleCount: 100 packets every 100ms take 10s, more than sampleDurationSeconds: 5; lower sampleCount or sampleIntervalMilliseconds, or leave sampleDurationSeconds out',
    ],
  ],
  [{ sampleDurationSeconds: 5, sampleCount: 50, sampleIntervalMilliseconds: 100 }, []],
  [{ sampleCount: 100, sampleIntervalMilliseconds: 100 }, []],
  [
    { sampleDurationSeconds: 1, sampleIntervalMilliseconds: 1500 },
    ['error sampleIntervalMilliseconds: 1500ms is longer than sampleDurationSeconds: 1; not one interval fits'],
  ],
  [
    { maxAverageLatency: '11ms', maxP99Latency: '12ms', maxDesiredLatencyMilliseconds: 10 },
    [
      'warning maxAverageLatency: 11ms never decides: maxDesiredLatencyMilliseconds is 10ms already',
      'warning maxP99Latency: 12ms never decides: maxDesiredLatencyMilliseconds is 10ms already',
    ],
  ],
  [{ maxAverageLatency: '1ms', maxP99Latency: '1ms', maxDesiredLatencyMilliseconds: 1 }, []],
  [
    { maxDesiredLatencyMilliseconds: '0' },
    ['warning maxDesiredLatencyMilliseconds: 0 is a limit that no packet keeps; leave it out for no limit'],
  ],
])('rules for %j', (given, expected) => {
  expect(rules(given)).toEqual(expected)
})

test('the packets of a measurement', () => {
  expect(packetPlan(parse({}))).toEqual({
    warmUp: 1,
    judged: 5,
    total: 6,
    intervalMilliseconds: 1000,
    durationMilliseconds: 6000,
  })
  expect(packetPlan(parse({ sampleIntervalMilliseconds: 50, warmUpPackets: 0 }))).toMatchObject({
    judged: 100,
    total: 100,
  })
  expect(packetPlan(parse({ sampleCount: 7 }))).toMatchObject({ judged: 7, total: 8 })
})

property.prop([
  fc.record(
    {
      sampleDurationSeconds: fc.integer({ min: 1, max: 86_400 }),
      sampleIntervalMilliseconds: fc.integer({ min: 4, max: 120_000 }).map((halves) => halves / 2),
      maxDesiredLatencyMilliseconds: fc.integer({ min: 0, max: 10 ** 9 }).map((nanoseconds) => nanoseconds / 1e6),
      maxPacketLossPercent: fc.integer({ min: 0, max: 1000 }).map((perMille) => perMille / 10),
      ipFamilies: fc.constantFrom('IPv4', 'IPv6', 'IPv6,IPv4', ['IPv4']),
    },
    { requiredKeys: [] },
  ),
])('parameters that were parsed are parsed again to the same', (given) => {
  expect(parse(parse(given))).toEqual(parse(given))
})
