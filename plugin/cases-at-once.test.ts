import { expect, test } from 'vitest'
import { inShard } from '../helpers/in-cluster/pod-environment.ts'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import type { Parallelism } from '../helpers/run/case-exclusion.ts'
import { latencyContract } from '../suites/latency/contract.ts'
import { storageContract } from '../suites/storage/contract.ts'
import { casesAtOnceByCheckup, undisturbedCases } from './cases-at-once.ts'

const contracts = [storageContract, latencyContract]

const onPool = (id: string, ...pools: string[]) => ({
  id: `storage/${id}`,
  parameters: storageContract.parameters.parse({ pools }),
})

const profile = (parallelism: Parallelism) =>
  ({
    namespace: { name: 'ns', create: false },
    parallelism,
    checkups: [
      {
        name: 'latency',
        cases: [
          {
            id: 'latency/blue',
            parameters: latencyContract.parameters.parse({
              networkAttachmentDefinitionNamespace: 'ns',
              networkAttachmentDefinitionName: 'blue',
            }),
          },
        ],
      },
      {
        name: 'storage',
        cases: [onPool('a1', 'a'), onPool('a2', 'a'), onPool('b1', 'b'), onPool('c1', 'c'), onPool('b2', 'b')],
      },
    ],
  }) as unknown as LoadedProfile

test('auto is as many storage cases as there are pools, and one of what else there is', () => {
  expect([...casesAtOnceByCheckup(profile('auto'), contracts)]).toEqual([
    ['latency', 1],
    ['storage', 3],
  ])
  expect([...casesAtOnceByCheckup(profile(2), contracts)]).toEqual([
    ['latency', 2],
    ['storage', 2],
  ])
})

test('shards keep cases on one pool together', () => {
  const sets = undisturbedCases(profile(1), contracts, 'storage')
  expect(sets).toEqual([['storage/a1', 'storage/a2'], ['storage/b1', 'storage/b2'], ['storage/c1']])
  expect(inShard(sets, { index: 0, count: 2 }).flat()).toEqual(['storage/a1', 'storage/a2', 'storage/c1'])
  expect(inShard(sets, { index: 1, count: 2 }).flat()).toEqual(['storage/b1', 'storage/b2'])
})
