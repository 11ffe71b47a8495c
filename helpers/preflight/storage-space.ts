/** Whether storage classes have the space that each case takes, where their drivers say how much they have. */
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import { formatBytes } from '../units/quantity.ts'
import { readStorageRoom, type ClusterRoom } from './cluster-room.ts'
import type { PlannedSpace, PreflightPlan, PreflightResult } from './preflight-plan.ts'

export async function checkStorageSpace(
  client: ClusterClient,
  { caseSpace = [] }: PreflightPlan,
  options: RequestOptions,
): Promise<PreflightResult[]> {
  if (caseSpace.length === 0) return []
  const room = await readStorageRoom(client, options)
  const taken = caseSpace.flatMap(({ id, space }) => [...spaceByClass(space, room)].map((of) => ({ id, of })))
  const byClass = Map.groupBy(taken, ({ of: [storageClass] }) => storageClass)
  return [...byClass].flatMap(([storageClass, of]): PreflightResult[] => {
    const free = room.space[storageClass]
    const [most] = of.toSorted((one, other) => other.of[1] - one.of[1])
    // Most drivers do not say: what is missing shows when volumes are not bound.
    if (free === undefined || most === undefined) return []
    const check = `space of StorageClass ${storageClass}`
    const detail = `${most.id} takes ${bytes(most.of[1])}; its driver has ${bytes(free)} (CSIStorageCapacity)`
    if (most.of[1] <= free) return [{ check, status: 'ok', detail, remediation: '' }]
    const remediation = 'take smaller volumes or fewer VMs in the case, or free space; its volumes would not be bound'
    return [{ check, status: 'failed', detail, remediation }]
  })
}

/** Where there is one default class it takes what names none; else nobody knows where that goes. */
export function spaceByClass(
  space: readonly PlannedSpace[],
  { defaultClasses }: Pick<ClusterRoom, 'defaultClasses'>,
): Map<string, number> {
  const [only, ...more] = defaultClasses
  const byClass = new Map<string, number>()
  for (const { storageClass, bytes: needed } of space) {
    const name = storageClass ?? (more.length === 0 ? only : undefined)
    if (name !== undefined) byClass.set(name, (byClass.get(name) ?? 0) + needed)
  }
  return byClass
}

const bytes = (amount: number): string => formatBytes(BigInt(amount))
