import { expect, test } from 'vitest'
import type { RuleContext } from '../../helpers/run/checkup-contract.ts'
import { realtimeContract } from './contract.ts'
import { type RealtimeParameters, measurementSeconds } from './parameters.ts'

const parse = (given: object = {}): RealtimeParameters => realtimeContract.parameters.parse(given)
const world: RuleContext['world'] = { embedded: false, namespace: 'ns', nodes: null, networks: null }
const rules = (given: object, other: Partial<RuleContext['world']> = {}) =>
  realtimeContract
    .rules(parse(given), { world: { ...world, ...other }, isGiven: (name) => name in given })
    .map(({ severity, parameter, message }) => `${severity} ${parameter}: ${message}`)

test('has the documented parameters and results', () => {
  expect(Object.keys(realtimeContract.parameters.shape)).toEqual(
    expect.arrayContaining([
      'timeout',
      'vmUnderTestContainerDiskImage',
      'vmUnderTestTargetNodeName',
      'oslatDuration',
      'oslatLatencyThresholdMicroSeconds',
    ]),
  )
  const documented = realtimeContract.results.filter(({ origin }) => origin === 'documented').map(({ name }) => name)
  expect(documented).toEqual(['vmUnderTestActualNodeName', 'oslatMaxLatencyMicroSeconds'])
})

test('defaults are the documented ones', () => {
  expect(parse()).toMatchObject({
    vmUnderTestContainerDiskImage: 'quay.io/kiagnose/kubevirt-realtime-checkup-vm:main',
    oslatDuration: '5m',
    oslatLatencyThresholdMicroSeconds: 40,
    procedures: ['oslat'],
    measuredCpus: '2-3',
    timeout: '20m0s',
  })
  expect(rules({})).toEqual([])
})

test.each([
  ['gate', '5m', 40, '20m0s'],
  ['smoke', '1m', 40, '16m0s'],
  ['soak', '12h', 40, '12h15m0s'],
  ['measure-only', '5m', undefined, '20m0s'],
])('mode: %s measures for %s with a limit of %s µs', (mode, oslatDuration, threshold, timeout) => {
  const of = parse({ mode })
  expect(of).toMatchObject({ oslatDuration, timeout })
  expect(of.oslatLatencyThresholdMicroSeconds).toBe(threshold)
  expect(of.cyclictestLatencyThresholdMicroSeconds).toBe(threshold)
  expect(rules({ mode })).toEqual([])
  // What is put out may be put in again with the same result.
  expect(parse(of)).toEqual(of)
  expect(parse({ mode, oslatDuration: '90s', oslatLatencyThresholdMicroSeconds: 7 })).toMatchObject({
    oslatDuration: '90s',
    oslatLatencyThresholdMicroSeconds: 7,
  })
})

test('ConfigMap text is accepted for every parameter, and means the same', () => {
  const typed = {
    oslatLatencyThresholdMicroSeconds: 45,
    procedures: ['oslat', 'cyclictest'],
    oslatP99999LatencyLimitMicroSeconds: 20.5,
    requireRealtimeKernel: false,
    cpuCores: 6,
    measuredCpus: '2,4-5',
  }
  const text = Object.fromEntries(
    Object.entries(typed).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]),
  )
  expect(parse(text)).toEqual(parse(typed))
  expect(parse({ measuredCpus: ' 3,2 ' }).measuredCpus).toBe('2-3')
})

test.each([
  ['oslatDuration', '500ms', 'a Go duration of whole seconds from 1s, such as 30s, 5m or 1h30m'],
  ['oslatDuration', '-5m', 'a Go duration of whole seconds from 1s, such as 30s, 5m or 1h30m'],
  ['oslatLatencyThresholdMicroSeconds', -1, 'a whole number, 1 to 60000000 µs'],
  ['oslatLatencyThresholdMicroSeconds', '9223372036854775807', 'a whole number, 1 to 60000000 µs'],
  ['oslatLatencyThresholdMicroSeconds', 0, 'a whole number, 1 to 60000000 µs'],
  ['procedures', 'oslat,ping', 'one or more of oslat, cyclictest, hwlatdetect, each once'],
  ['measuredCpus', '3-2', 'CPUs as the kernel writes them, such as 2-3 or 2,4-6'],
  ['measuredCpus', '', 'CPUs as the kernel writes them, such as 2-3 or 2,4-6'],
  ['tunedProfile', 'a; reboot', 'a tuned profile such as realtime-virtual-guest, or none'],
  ['oslatWorkloadMemory', '$(reboot)', 'an amount of memory for oslat such as 4K or 1M'],
  ['realtimeMask', '0-3;', 'a mask such as 0-3,^1'],
])('%s: %j is refused, saying what is allowed', (name, value, message) => {
  const result = realtimeContract.parameters.safeParse({ [name]: value })
  expect(result.error?.issues.map((issue) => issue.message)).toEqual([message])
})

test.each<[object, string]>([
  [
    { oslatDuration: '1h', timeout: '10m' },
    'error timeout: 10m is too short: oslat takes 1h0m0s, and with 3m for set-up the case needs 1h3m0s',
  ],
  [
    { procedures: ['oslat', 'cyclictest', 'hwlatdetect'], timeout: '5m' },
    'error timeout: 5m is too short: oslat, cyclictest, hwlatdetect take 7m0s, and with 3m for set-up the case needs 10m0s',
  ],
  [
    { cpuCores: 5 },
    'error cpuCores: cpuSockets x cpuCores x cpuThreads is 5; an odd number of dedicated CPUs splits a physical core on nodes with hyper-threads, which refuse it with SMTAlignmentError. Use an even one',
  ],
  [
    { cpuCores: 2 },
    'error cpuCores: cpuSockets x cpuCores x cpuThreads is 2; at least 4 are needed: two for the operating system, two to measure',
  ],
  [
    { measuredCpus: '3-5' },
    'error measuredCpus: the VM has no CPU 4, 5: cpuSockets x cpuCores x cpuThreads is 4, so they are 0-3',
  ],
  [
    { measuredCpus: '0-3' },
    'error measuredCpus: 0-3 are all CPUs of the VM; leave at least one to the operating system',
  ],
  [{ guestMemory: '1536Mi' }, 'error guestMemory: 1536Mi is not a multiple of hugepageSize: 1Gi'],
  [
    { oslatP99LatencyLimitMicroSeconds: 50 },
    'warning oslatP99LatencyLimitMicroSeconds: 50 µs never decides: oslatLatencyThresholdMicroSeconds is 40 µs already',
  ],
  [
    { oslatMaxSpikes: 3, oslatSpikeMicroSeconds: 64 },
    'warning oslatMaxSpikes: 64 µs lies above the last of oslatBuckets: 64; give at least 65',
  ],
])('%j is a problem', (given, problem) => {
  expect(rules(given)).toEqual([problem])
})

test('a node that the profile does not know is a warning', () => {
  expect(rules({ vmUnderTestTargetNodeName: 'nope' }, { nodes: ['worker1', 'worker2'] })).toEqual([
    'warning vmUnderTestTargetNodeName: no schedulable node "nope" in the profile; it has worker1, worker2',
  ])
})

test('all procedures count as measuring', () => {
  expect(measurementSeconds(parse({ procedures: ['oslat', 'cyclictest', 'hwlatdetect'] }))).toBe(300 + 60 + 60)
  expect(realtimeContract.requirements(parse(), 'ns').measurementMilliseconds).toBe(300_000)
})

test('a case asks for the permissions of the documented Role, and no more', () => {
  const { permissions } = realtimeContract.requirements(parse(), 'ns')
  expect(
    permissions
      .filter(({ required }) => required)
      .map(({ permission: { verb, group, resource } }) => `${verb} ${resource}${group === '' ? '' : `.${group}`}`),
  ).toEqual([
    'create virtualmachineinstances.kubevirt.io',
    'get virtualmachineinstances.kubevirt.io',
    'delete virtualmachineinstances.kubevirt.io',
    'get virtualmachineinstances/console.subresources.kubevirt.io',
    'create configmaps',
    'delete configmaps',
  ])
})

test('a VM takes its CPUs, that of the emulator thread, its hugepages and a realtime node', () => {
  const { machineSets } = realtimeContract.requirements(parse({ vmUnderTestTargetNodeName: 'worker1' }), 'ns')
  expect(machineSets).toEqual([
    {
      differentNodes: false,
      machines: [
        {
          name: 'realtime VM',
          node: 'worker1',
          nodeLabels: { 'kubevirt.io/realtime': 'true' },
          dedicatedCpus: 5,
          hugepages: { pageSize: '1Gi', memory: '4Gi' },
          networks: [],
        },
      ],
    },
  ])
})

test('cases are named by node and mode, and titled by what they promise', () => {
  const named = (given: object) => [realtimeContract.caseName(parse(given)), realtimeContract.caseTitle(parse(given))]
  expect(named({})).toEqual(['any-node', 'VM keeps its latencies within 40 µs for 5m'])
  expect(named({ mode: 'soak', vmUnderTestTargetNodeName: 'worker1' })).toEqual([
    'worker1/soak',
    'VM on worker1 keeps its latencies within 40 µs for 12h',
  ])
  expect(named({ mode: 'measure-only' })).toEqual(['any-node/measure-only', 'VM has its latencies measured for 5m'])
  expect(named({ procedures: ['cyclictest'] })[1]).toBe('VM is measured with cyclictest')
})

test('nodes: one case each', () => {
  const { nodes } = realtimeContract.axes
  const expand = (value: unknown, known: string[] | null) => nodes!.expand(value, { ...world, nodes: known })
  const cases = ['a', 'b'].map((node) => ({ vmUnderTestTargetNodeName: node }))
  expect(expand('all', ['a', 'b'])).toEqual({ combinations: cases })
  expect(expand(['a', 'b'], null)).toEqual({ combinations: cases })
  expect(expand('all', null)).toEqual({
    problem: 'all needs the nodes before the cluster is asked; list them under `nodes`',
  })
  expect(expand('all', [])).toEqual({ problem: 'all finds no schedulable node: the profile has none' })
})

test('checks are unique, judge declared results, and take limits from declared parameters', () => {
  const ids = realtimeContract.checks.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const results = realtimeContract.results.map(({ name }) => name)
  expect(new Set(results).size).toBe(results.length)
  for (const check of realtimeContract.checks) {
    expect(check.id).toMatch(/^realtime\.[a-z0-9-]+$/)
    for (const result of check.results) expect(results).toContain(result)
    if (check.limitParameter !== null)
      expect(Object.keys(realtimeContract.parameters.shape)).toContain(check.limitParameter)
    expect(check.remediation).toMatch(/\.$/)
  }
})
