/** Names of the VMs of a group: readable, valid, and never the same for two. */
import { createHash } from 'node:crypto'
import type { GroupIdentity } from './matrix.ts'

const longest = 63
const hashLength = 8

/**
 * `perf-<pool>-<size>-<pvc>-c<concurrency>-<index>`, at most 63 characters. What cannot stand in a name, or could be mistaken
 * for another group's, gets a hash of all of it.
 * @param index from 1
 */
export function storageVmName({ pool, vmSize, pvcSize, concurrency }: GroupIdentity, index: number): string {
  const plain =
    isPlain(pool, /^[a-z\d]+(-[a-z\d]+)*$/) && isPlain(vmSize, /^[a-z\d]+$/) && isPlain(pvcSize, /^\d+[KMGTPE]i$/)
  return name(['perf', pool, vmSize, pvcSize, `c${concurrency}`, String(index)], plain)
}

/** `scale-<pool>-c<vms>-<index>`, for a step of the scale ramp. */
export const scaleVmName = (pool: string, vms: number, index: number): string =>
  name(['scale', pool, `c${vms}`, String(index)], isPlain(pool, /^[a-z\d]+(-[a-z\d]+)*$/))

/**
 * `perf-pod-<pool>-<size>-<pvc>-c<concurrency>[-<profile>-<block size>]-<hash>-<index>`, of one pod or, without profile, of its
 * claim. Always with a hash: profiles and pools have dashes in their names.
 * @param index from 1; 0: what all of them share
 */
export const storagePodName = (
  { pool, vmSize, pvcSize, concurrency }: GroupIdentity,
  load: { profile: string; blockSize: string } | null,
  index: number,
): string =>
  name(
    [
      'perf-pod',
      pool,
      vmSize,
      pvcSize,
      `c${concurrency}`,
      ...(load === null ? ['data'] : [load.profile, load.blockSize]),
      String(index),
    ],
    false,
  )

const isPlain = (text: string, pattern: RegExp) => pattern.test(text)

function name(parts: readonly string[], plain: boolean): string {
  const readable = parts
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z\d-]/g, '-')
  if (plain && readable.length <= longest) return readable
  const index = parts.at(-1) ?? ''
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, hashLength)
  const room = longest - hash.length - index.length - 2
  const front = readable.slice(0, readable.length - index.length - 1).slice(0, room)
  return `${front.replace(/-+$/, '')}-${hash}-${index}`
}
