import { expect, test } from 'vitest'
import { lifecycleContract } from './contract.ts'
import { kinds } from './kinds.ts'
import type { LifecycleParameters } from './parameters.ts'

const namespace = { networkAttachmentDefinitionNamespace: 'ns' }
const parse = (given: object): LifecycleParameters => lifecycleContract.parameters.parse({ ...namespace, ...given })

const problemsOf = (given: object): string[] =>
  lifecycleContract
    .rules(parse(given), {
      world: { embedded: false, namespace: 'ns', nodes: null, networks: null },
      isGiven: () => true,
    })
    .map(({ parameter, message }) => `${parameter}: ${message}`)

const rightsOf = (given: object): string[] =>
  lifecycleContract
    .requirements(parse(given), 'ns')
    .permissions.filter(({ required }) => required)
    .map(({ permission: { verb, resource } }) => `${verb} ${resource}`)

test.each(kinds.map((kind) => ({ kind })))(
  '$kind has defaults that make a case, and come out as they went in',
  (given) => {
    const of = parse({ ...given, imageUrl: 'https://images.example/disk.qcow2' })
    expect(lifecycleContract.parameters.parse(of)).toEqual(of)
    expect(problemsOf({ ...of })).toEqual([])
    expect(lifecycleContract.caseTitle(of)).not.toBe('')
  },
)

test('what does not fit together is said', () => {
  expect(problemsOf({ kind: 'data-volume-http' })).toEqual([
    'imageUrl: a DataVolume that is imported by HTTP needs the address of an image; set imageUrl',
  ])
  expect(problemsOf({ kind: 'console', guestUser: 'cirros' })).toEqual([
    'guestUser: guestUser without guestPassword; give both or neither',
  ])
  expect(problemsOf({ kind: 'console', guestPassword: 'gocubsgo' })).toEqual([
    'guestPassword: guestPassword without guestUser; give both or neither',
  ])
  expect(problemsOf({ kind: 'deletion', timeout: '5m' })).toEqual([
    'timeout: 5m is shorter than dataVolumeTimeout, 10m; raise timeout or lower dataVolumeTimeout',
  ])
  expect(problemsOf({ kind: 'console', timeout: '5m' })).toEqual([])
})

test.each([
  ['kind', 'snapshots', /one of stateless, lifecycle/],
  ['runStrategies', ['Sometimes'], /Always/],
  ['volumeSize', '0', /quantity/],
  ['maxInterruption', '-1s', /Go duration above 0/],
  ['uploadProxyUrl', 'two words', /an address such as/],
] as const)('%s: %j is refused with what is allowed', (parameter, value, message) => {
  const result = lifecycleContract.parameters.safeParse({ ...namespace, kind: 'console', [parameter]: value })
  expect(result.success).toBe(false)
  expect(result.error?.issues.map((issue) => issue.message).join()).toMatch(message)
})

test('text of a ConfigMap is taken for every parameter that is no text', () => {
  expect(
    parse({
      kind: 'migration',
      repeats: '3',
      required: 'true',
      judgeAnswerTexts: 'false',
      runStrategies: 'Once, Manual',
    }),
  ).toMatchObject({ repeats: 3, required: true, judgeAnswerTexts: false, runStrategies: ['Once', 'Manual'] })
})

test('a case asks for the rights that its kind needs, and no more', () => {
  expect(rightsOf({ kind: 'migration' })).toContain('create virtualmachineinstancemigrations')
  expect(rightsOf({ kind: 'console' })).not.toContain('create virtualmachineinstancemigrations')
  expect(rightsOf({ kind: 'console' })).toContain('get virtualmachineinstances/console')
  expect(rightsOf({ kind: 'ssh' })).toContain('get virtualmachineinstances/portforward')
  expect(rightsOf({ kind: 'stateful-upload' })).toContain('create uploadtokenrequests')
  expect(rightsOf({ kind: 'data-volume-blank' })).not.toContain('create virtualmachines')
  expect(rightsOf({ kind: 'sriov', networkAttachmentDefinitionName: 'vf' })).toContain(
    'get network-attachment-definitions',
  )
})

test('every limit of a time has a check, and every check a result that is declared', () => {
  const results = new Set(lifecycleContract.results.map(({ name }) => name))
  for (const { id, results: judged, limitParameter } of lifecycleContract.checks) {
    for (const result of judged) expect(results, id).toContain(result)
    if (limitParameter !== null) expect(Object.keys(lifecycleContract.parameters.shape), id).toContain(limitParameter)
  }
})
