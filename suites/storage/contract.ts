/** The storage checkup: the one source of its parameters, results and checks. */
import type { CheckupContract, JsonValue } from '../../helpers/run/checkup-contract.ts'
import { storageChecks } from './checks.ts'
import type { StorageGroup } from './matrix.ts'
import { parameters, type StorageParameters } from './parameters.ts'
import { plannedGroups, poolsOf } from './plan.ts'
import { poolText } from './pools.ts'
import { storageRequirements } from './requirements.ts'
import { storageResults } from './results.ts'
import { storageRules } from './rules.ts'

export const storageContract: CheckupContract<typeof parameters> = {
  name: 'storage',
  title: 'VM storage',
  description:
    'fio in VMs measures what storage pools give them, over a matrix of VM sizes, volume sizes, VMs at once, loads and block sizes. Besides it checks what upgrades break: classes, clones, snapshots, hot-plugged volumes, migration.',
  parameters,
  deprecatedNames: {},
  imageParameters: ['rootDiskImage', 'podImage'],
  results: storageResults,
  checks: storageChecks,
  axes: {},
  profileDefaults: () => ({}),
  rules: storageRules,
  requirements: storageRequirements,
  expandCase,
  caseName,
  caseTitle,
}

/** One case for each group of VMs that is made once; of the ramp, and of all other procedures, one for each pool. */
function expandCase(of: StorageParameters): Record<string, JsonValue>[] {
  if (of.procedure === 'preflight') return [{}]
  const narrowed = poolsOf(of).map((pool) => ({ pools: [poolText(pool)], name: pool.name }))
  if (of.procedure !== 'fio') return narrowed.map(({ pools }) => ({ pools }))
  const { groups } = plannedGroups(of)
  return narrowed.flatMap(({ pools, name }) => {
    const own = groups.filter(({ pool }) => pool === name)
    if (of.mode === 'scale') return own.length === 0 ? [] : [{ pools }]
    return own.map((group) => ({
      pools,
      vmSizes: of.vmSizes.filter((text) => text.startsWith(`${group.vmSize}:`)),
      pvcSizes: [group.pvcSize],
      ...(of.mode === 'full' && { concurrencyLevels: [group.concurrency] }),
    }))
  })
}

const firstGroup = (of: StorageParameters): StorageGroup | undefined => plannedGroups(of).groups[0]

function caseName(of: StorageParameters): string {
  const pool = poolsOf(of)[0]?.name ?? 'none'
  if (of.procedure === 'preflight') return 'preflight'
  if (of.procedure !== 'fio') return `${of.procedure}/${pool}`
  if (of.mode === 'scale') return `scale/${pool}`
  const group = firstGroup(of)
  const place = group === undefined ? pool : `${group.pool}/${group.vmSize}/${group.pvcSize}/c${group.concurrency}`
  return `${of.mode === 'full' ? 'fio' : of.mode}/${place}`
}

function caseTitle(of: StorageParameters): string {
  const pool = poolsOf(of)[0]?.name ?? 'none'
  const titles: Record<Exclude<StorageParameters['procedure'], 'fio'>, string> = {
    preflight: 'storage has a default class, known properties and bound volumes',
    clone: 'a root disk is cloned without being copied',
    snapshot: `a VM on pool ${pool} is restored from its snapshot with the data that it had`,
    hotplug: `a volume of pool ${pool} is plugged into a running VM, and out of it`,
    bootstorm: `${of.bootStormVms} VMs on pool ${pool} boot together`,
    migration: `a VM on pool ${pool} is migrated while fio runs in it`,
  }
  if (of.procedure !== 'fio') return titles[of.procedure]
  if (of.mode === 'scale') return `pool ${pool} carries VMs with a p99 of writes within ${of.latencySlaMilliseconds} ms`
  const group = firstGroup(of)
  if (group === undefined) return `pool ${pool}`
  const { vmSize, pvcSize, concurrency, permutations } = group
  const vms = `${concurrency} ${vmSize} ${concurrency === 1 ? 'VM' : 'VMs'}`
  const beside = of.podBaseline ? ', in pods as well' : ''
  return `${vms} with ${pvcSize} on pool ${pool}: ${permutations.length} permutations of fio${beside}`
}
