/** What is measured in which mode: groups of VMs, and what each group does one after the other. */
import { nativeBlockSize, ratedProfile } from './profiles.ts'

export const storageModes = ['quick', 'overview', 'rank', 'full', 'scale', 'qd'] as const
export type StorageMode = (typeof storageModes)[number]

export interface VmSize {
  label: string
  vcpus: number
  /** Bytes. */
  memory: bigint
}

interface MatrixProfile {
  name: string
  /** Measured once, with `native` for the block size. */
  ownBlockSizes: boolean
}

/** What a group is, besides what it does. */
export interface GroupIdentity {
  pool: string
  vmSize: string
  /** As a Kubernetes quantity: `150Gi`. */
  pvcSize: string
  /** VMs at once. */
  concurrency: number
}

export interface Permutation extends GroupIdentity {
  /** `pool:size:pvc:concurrency:profile:bs`, unique in a plan. */
  key: string
  profile: string
  /** As in the profile, such as 4k; or native. */
  blockSize: string
  /** null: that of the run. */
  iodepth: number | null
  /** Done in plain pods, to compare with. Absent: in VMs. */
  inPods?: boolean
}

/** VMs are made once for a group, and do its permutations one after the other. */
export interface StorageGroup extends GroupIdentity {
  permutations: readonly Permutation[]
}

export interface StorageMatrix {
  pools: readonly string[]
  vmSizes: readonly VmSize[]
  pvcSizes: readonly string[]
  concurrency: readonly number[]
  profiles: readonly MatrixProfile[]
  blockSizes: readonly string[]
  /** VMs of the sweep over queue depths. */
  fixedVms: number
  queueDepths: readonly number[]
  /** Most VMs of the scale ramp. */
  maxVms: number
}

export const documentedMatrix = {
  pvcSizes: ['150Gi', '500Gi', '1000Gi'],
  concurrency: [1, 5, 10],
  blockSizes: ['4k', '64k', '1M'],
  fixedVms: 200,
  queueDepths: [1, 2, 4, 8, 16, 32, 64],
  maxVms: 256,
} as const

/** The rank mode is shorter than the others. null: as long as the run says. */
export const modeRuntimeSeconds = (mode: StorageMode): number | null => (mode === 'rank' ? 60 : null)

type Cell = readonly [profile: string, blockSize: string]
const fixedCells: Record<'quick' | 'overview' | 'rank', readonly Cell[]> = {
  quick: [
    ['random-rw', '4k'],
    ['random-rw', '1M'],
    ['sequential-rw', '4k'],
    ['sequential-rw', '1M'],
  ],
  overview: [
    ['random-rw', '4k'],
    ['sequential-rw', '1M'],
  ],
  rank: [
    ['random-rw', '4k'],
    ['sequential-rw', '1M'],
    ['mixed-70-30', '4k'],
  ],
}
const scaleBlockSize = '4k'

/** Six fields. No field may hold a colon; names of pools, sizes and profiles cannot. */
export const permutationKey = (of: Omit<Permutation, 'key' | 'iodepth' | 'inPods'>): string =>
  [of.pool, of.vmSize, of.pvcSize, of.concurrency, of.profile, of.blockSize].join(':')

/** VM sizes of pods begin so. */
export const podSizePrefix = 'pod-'

/** The same in plain pods, with a key of its own: `pool:pod-small:150Gi:1:random-rw:4k`. */
export function inPods(of: Permutation): Permutation {
  const changed = { ...of, vmSize: `${podSizePrefix}${of.vmSize}`, inPods: true }
  return { ...changed, key: permutationKey(changed) }
}

/**
 * The groups of a mode, all permutations in them. quick, overview, rank, scale and qd take the PVC size that stands first, and
 * the VM size `small` (rank: `medium`), or else the first. scale: the doublings of the ramp up to its end; where it turns is
 * not known before (see `nextRampSize`).
 */
export const planGroups = (mode: StorageMode, matrix: StorageMatrix): StorageGroup[] =>
  matrix.pools.flatMap((pool) => poolGroups(mode, matrix, pool))

function poolGroups(mode: StorageMode, matrix: StorageMatrix, pool: string): StorageGroup[] {
  if (mode === 'full') return fullGroups(pool, matrix)
  if (mode === 'scale') return doublings(matrix.maxVms).map((vms) => scaleGroup(matrix, pool, vms))
  if (mode === 'qd') return [queueDepthGroup(smallIdentity(matrix, pool, matrix.fixedVms), matrix.queueDepths)]
  return [group(smallIdentity(matrix, pool, 1, mode === 'rank' ? 'medium' : 'small'), fixedCells[mode])]
}

/** One step of the scale ramp: VMs of its own. */
export const scaleGroup = (matrix: StorageMatrix, pool: string, vms: number): StorageGroup =>
  group(smallIdentity(matrix, pool, vms), [[ratedProfile, scaleBlockSize]])

const smallIdentity = (
  { vmSizes, pvcSizes }: StorageMatrix,
  pool: string,
  concurrency: number,
  label = 'small',
): GroupIdentity => ({
  pool,
  vmSize: (vmSizes.find((size) => size.label === label) ?? vmSizes[0])?.label ?? '',
  pvcSize: pvcSizes[0] ?? '',
  concurrency,
})

function doublings(most: number): number[] {
  const steps: number[] = []
  for (let vms = 1; vms < most; vms *= 2) steps.push(vms)
  return [...steps, most]
}

function fullGroups(pool: string, matrix: StorageMatrix): StorageGroup[] {
  const cells = matrix.profiles.flatMap(({ name, ownBlockSizes }): Cell[] =>
    (ownBlockSizes ? [nativeBlockSize] : matrix.blockSizes).map((blockSize): Cell => [name, blockSize]),
  )
  return matrix.vmSizes.flatMap(({ label }) =>
    matrix.pvcSizes.flatMap((pvcSize) =>
      matrix.concurrency.map((concurrency) => group({ pool, vmSize: label, pvcSize, concurrency }, cells)),
    ),
  )
}

const group = (identity: GroupIdentity, cells: readonly Cell[]): StorageGroup => ({
  ...identity,
  permutations: cells.map(([profile, blockSize]) => permutation({ ...identity, profile, blockSize }, null)),
})

/** The depth stands in the field of the profile: the key has six fields. */
const queueDepthGroup = (identity: GroupIdentity, depths: readonly number[]): StorageGroup => ({
  ...identity,
  permutations: depths.map((depth) =>
    permutation({ ...identity, profile: `${ratedProfile}-qd${depth}`, blockSize: scaleBlockSize }, depth),
  ),
})

const permutation = (of: Omit<Permutation, 'key' | 'iodepth'>, iodepth: number | null): Permutation => ({
  ...of,
  key: permutationKey(of),
  iodepth,
})
