import { expect, test } from 'vitest'
import type { CheckupContract } from '../helpers/run/checkup-contract.ts'
import { dpdkContract } from './dpdk/contract.ts'
import { latencyContract } from './latency/contract.ts'
import { realtimeContract } from './realtime/contract.ts'

const network = { networkAttachmentDefinitionNamespace: 'ns', networkAttachmentDefinitionName: 'blue' }
const world = { embedded: false, namespace: 'ns', nodes: null, networks: null }

function problems(contract: CheckupContract, given: object): string[] {
  const parameters = contract.parameters.parse(given)
  return contract
    .rules(parameters, { world, isGiven: (name) => name in given })
    .map(({ severity, parameter, message }) => `${severity} ${parameter}: ${message}`)
}

test.each<[CheckupContract, object, string[]]>([
  [latencyContract, { ...network, engine: 'upstream' }, []],
  [dpdkContract, { ...network, engine: 'upstream' }, []],
  [realtimeContract, { engine: 'upstream' }, []],
  [
    latencyContract,
    { ...network, engine: 'upstream', timeout: '2m' },
    ['error timeout: 2m is too short: with engine: upstream the case needs 2m5s, of which 5s are for measuring'],
  ],
  [
    latencyContract,
    { ...network, engine: 'upstream', maxDesiredLatencyMilliseconds: 0.5 },
    ['error maxDesiredLatencyMilliseconds: 0.5 is no whole number, and the upstream checkup takes no other'],
  ],
  [
    latencyContract,
    { ...network, engine: 'upstream', warmUpPackets: 2, maxJitter: '1ms' },
    [
      'warning engine: the upstream checkup has nothing like warmUpPackets, maxJitter: without effect with engine: upstream',
    ],
  ],
  [
    latencyContract,
    { ...network, upstreamImage: 'x' },
    ['warning upstreamImage: has no effect without engine: upstream'],
  ],
  [
    dpdkContract,
    { ...network, networkAttachmentDefinitionNamespace: 'other', engine: 'upstream' },
    [
      'error networkAttachmentDefinitionNamespace: the upstream checkup looks for its network in the namespace of the run, ns, only',
    ],
  ],
  [
    dpdkContract,
    { ...network, mode: 'ndr', engine: 'upstream' },
    ['error mode: the upstream checkup searches no rate; use another mode, or engine: ours'],
  ],
  [
    realtimeContract,
    { engine: 'upstream', oslatDuration: '90s' },
    [
      'error oslatDuration: the upstream checkup gives oslat 1m30s, of which it takes the first part only; use whole hours, minutes below an hour, or seconds below a minute',
    ],
  ],
  [realtimeContract, { engine: 'upstream', oslatDuration: '2h' }, []],
  [realtimeContract, { engine: 'upstream', oslatDuration: '30s' }, []],
])('%# what the documented checkup cannot do is told', (contract, given, expected) => {
  expect(problems(contract, given)).toEqual(expected)
})

test('a case of ours has neither the image nor the rights of the other engine', () => {
  const ours = latencyContract.parameters.parse(network)
  expect(ours).not.toHaveProperty('upstreamImage')
  const verbs = (given: object) =>
    latencyContract
      .requirements(latencyContract.parameters.parse({ ...network, ...given }), 'ns')
      .permissions.filter(({ required }) => required)
      .map(({ permission: { verb, resource, namespace } }) => `${verb} ${resource} in ${namespace}`)
  expect(verbs({}).filter((each) => /jobs|roles|configmaps/.test(each))).toEqual([])
  expect(verbs({ engine: 'upstream' })).toEqual(
    expect.arrayContaining([
      'create jobs in ns',
      'delete rolebindings in ns',
      'get pods/log in ns',
      // Nobody can grant what they may not do.
      'update configmaps in ns',
      'get virtualmachineinstances/console in ns',
    ]),
  )
  const elsewhere = { engine: 'upstream', networkAttachmentDefinitionNamespace: 'networks' }
  expect(verbs(elsewhere)).toEqual(
    expect.arrayContaining(['create roles in networks', 'get network-attachment-definitions in networks']),
  )
  expect(latencyContract.parameters.parse({ ...network, engine: 'upstream' })).toMatchObject({
    upstreamImage: 'quay.io/kiagnose/kubevirt-vm-latency:main',
  })
})
