/** What the status of a plain pod says about its fio, for people and for judging. */
import { exitMeaning } from './completion.ts'
import type { PlainPod } from './pod-manifests.ts'

export const hasEnded = ({ status }: PlainPod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

export const unscheduled = ({ status }: PlainPod) =>
  status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False')

/** Whether it waits for something that does not come by itself, as far as one can see. */
export const isInTrouble = (pod: PlainPod): boolean =>
  unscheduled(pod) !== undefined ||
  /BackOff|Err|Error|Invalid/.test(pod.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? '')

/** Of a pod that has ended. An eviction leaves no exit status, and is no success. */
export function endOf({ status }: PlainPod): { end: 'finished' | 'failed'; exitStatus: number | null } {
  const exitStatus = status?.containerStatuses?.[0]?.state?.terminated?.exitCode ?? null
  return { end: status?.phase === 'Succeeded' && exitStatus === 0 ? 'finished' : 'failed', exitStatus }
}

/** `Pending: ImagePullBackOff: ...`, `Failed with exit status 2 (fio failed)` */
export function stateOf(pod: PlainPod): string {
  const { phase = 'Pending', reason, message, containerStatuses = [] } = pod.status ?? {}
  const { waiting, terminated } = containerStatuses[0]?.state ?? {}
  const because = (...parts: (string | undefined)[]) =>
    parts
      .filter((part) => part !== undefined && part !== '')
      .map((part) => `: ${part}`)
      .join('')
  if (terminated !== undefined && terminated.exitCode !== 0)
    return `${phase} with exit status ${terminated.exitCode}${exitMeaning(terminated.exitCode)}${because(
      terminated.reason === 'Error' ? undefined : terminated.reason,
      terminated.message,
    )}`
  const obstacle = unscheduled(pod) ?? waiting
  return `${phase}${because(reason, message, obstacle?.reason, obstacle?.message)}`
}
