/** All checkups, in the order in which they run. A new one is added here and nowhere else. */
import type { CheckupContract } from '../helpers/run/checkup-contract.ts'
import { dpdkContract } from './dpdk/contract.ts'
import { latencyContract } from './latency/contract.ts'
import { lifecycleContract } from './lifecycle/contract.ts'
import { platformContract } from './platform/contract.ts'
import { realtimeContract } from './realtime/contract.ts'
import { storageContract } from './storage/contract.ts'

export const checkups: readonly CheckupContract[] = [
  latencyContract,
  dpdkContract,
  realtimeContract,
  storageContract,
  platformContract,
  lifecycleContract,
]
