import { expect, test } from 'vitest'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import { latencyContract } from '../suites/latency/contract.ts'
import { storageContract } from '../suites/storage/contract.ts'
import { preflightPlan } from './preflight-plan.ts'

const storageCase = (name: string, parameters: Record<string, unknown>) => ({
  id: `storage/${name}`,
  parameters: storageContract.parameters.parse(parameters),
})

const profile = (checkups: unknown[]) =>
  ({ namespace: { name: 'ns', create: false }, parallelism: 2, checkups }) as unknown as LoadedProfile

test('the preflight knows what the VMs of cases request that may run at the same time', () => {
  const plan = preflightPlan(
    profile([
      {
        name: 'storage',
        cases: [
          storageCase('quick', {}),
          storageCase('scale', { mode: 'scale' }),
          storageCase('bootstorm', { procedure: 'bootstorm', bootStormVms: 4 }),
        ],
      },
    ]),
    [storageContract, latencyContract],
  )
  expect(plan.concurrentRequests).toEqual({
    atOnce: 2,
    cases: [
      { id: 'storage/quick', cpus: 2, memoryBytes: 4 * 2 ** 30 },
      { id: 'storage/bootstorm', cpus: 8, memoryBytes: 16 * 2 ** 30 },
    ],
  })
})

test('cases that say nothing of it are not looked at', () => {
  const plan = preflightPlan(profile([{ name: 'storage', cases: [storageCase('scale', { mode: 'scale' })] }]), [
    storageContract,
  ])
  expect(plan).not.toHaveProperty('concurrentRequests')
})
