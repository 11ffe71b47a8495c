import { expect, test } from 'vitest'
import type { ProfileWorld } from '../../helpers/run/checkup-contract.ts'
import { areas } from './areas.ts'
import { platformChecks } from './checks.ts'
import { platformContract } from './contract.ts'

const world: ProfileWorld = { embedded: false, namespace: 'ns', nodes: null, networks: ['blue', 'other/red'] }
const parse = (given: Record<string, unknown>) => platformContract.parameters.parse({ area: 'kubevirt', ...given })
const problems = (given: Record<string, unknown>) =>
  platformContract.rules(parse(given), { world, isGiven: (name) => name in given })

test('what comes out of the schema goes in again with the same result, as does its text', () => {
  const typed = parse({
    requiredChecks: ['platform.multus'],
    expectedReplicas: ['virt-api=2', 'virt-controller=2'],
    minimumVmNodes: 3,
    requireCpuManager: true,
  })
  expect(platformContract.parameters.parse(typed)).toEqual(typed)
  expect(
    parse({
      requiredChecks: 'platform.multus',
      expectedReplicas: 'virt-api=2, virt-controller=2',
      minimumVmNodes: '3',
      requireCpuManager: 'true',
    }),
  ).toEqual(typed)
})

test.each([
  [{ area: 'storages' }, 'one of kubevirt, cdi, api'],
  [{ expectedReplicas: ['virt-api'] }, 'such as virt-api=2'],
  [{ deviceResources: 'dpdk=4' }, 'such as openshift.io/dpdk=4'],
  [{ requiredApiVersions: 'kubevirt.io' }, 'such as kubevirt.io/v1'],
  [{ upgradeDeadline: '10' }, 'a Go duration such as 10m, or 0s for no waiting'],
  [{ expectedKubevirtVersion: '1.9' }, 'a release such as v1.9.0'],
])('%j is refused with what is allowed', (given, allowed) => {
  expect(() => parse(given)).toThrow(allowed)
})

test('an installation is not watched longer than the case may take', () => {
  expect(problems({})).toEqual([])
  expect(problems({ timeout: '10m30s' })).toEqual([
    {
      severity: 'error',
      parameter: 'timeout',
      message:
        '10m30s is too short: upgradeDeadline is 10m, and looking at the rest takes up to 1m; raise timeout or lower upgradeDeadline',
    },
  ])
  expect(problems({ timeout: '10m30s', upgradeDeadline: '0s' })).toEqual([])
  expect(problems({ area: 'nodes', timeout: '1m' })).toEqual([])
})

test('only checks that exist can be required', () => {
  expect(problems({ requiredChecks: ['all'] })).toEqual([])
  expect(problems({ requiredChecks: ['platform.kubevirt-redy'] })).toMatchObject([
    {
      parameter: 'requiredChecks',
      message: expect.stringContaining('there is no check "platform.kubevirt-redy"') as string,
    },
  ])
})

test('all areas become one case each, with the networks of the profile', () => {
  const axis = platformContract.axes['areas']
  expect(axis?.expand('all', world)).toEqual({ combinations: areas.map((area) => ({ area })) })
  expect(axis?.expand(['cdi', 'nodes'], world)).toEqual({ combinations: [{ area: 'cdi' }, { area: 'nodes' }] })
  expect(platformContract.profileDefaults(world)).toEqual({ networks: ['blue', 'other/red'] })
  expect(areas.map((area) => platformContract.caseName(parse({ area })))).toEqual([...areas])
})

test('a case creates nothing, and no permission is required', () => {
  for (const area of areas) {
    const { permissions, creates, minimumSchedulableNodes } = platformContract.requirements(parse({ area }), 'ns')
    expect({ creates, minimumSchedulableNodes }).toEqual({ creates: [], minimumSchedulableNodes: 0 })
    expect(permissions.length).toBeGreaterThan(0)
    expect(permissions.filter(({ required }) => required)).toEqual([])
    const writing = permissions.filter(({ permission }) => !['get', 'list'].includes(permission.verb))
    expect(writing.map(({ permission }) => permission)).toEqual(
      area === 'api'
        ? [{ verb: 'create', group: 'kubevirt.io', resource: 'virtualmachineinstances', namespace: 'ns' }]
        : [],
    )
  }
})

test('every check has an id of its own, says what to do, and names parameters and results that exist', () => {
  const ids = platformChecks.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const known = new Set(platformContract.results.map(({ name }) => name))
  for (const { id, remediation, limitParameter, results } of platformChecks) {
    expect(id).toMatch(/^platform\.[a-z-]+$/)
    expect(remediation.length).toBeGreaterThan(20)
    if (limitParameter !== null) expect(Object.keys(platformContract.parameters.shape)).toContain(limitParameter)
    expect(results.filter((name) => !known.has(name))).toEqual([])
  }
})
