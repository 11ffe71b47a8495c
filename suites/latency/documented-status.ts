/**
 * What the documented checkup would have written into its ConfigMap for the same findings. Kept beside the raw output
 * for those who know its texts; the verdict is that of the checks, which see more than it does.
 */
import { GuestError } from '../../helpers/guest/guest-error.ts'
import { ApiError } from '../../helpers/kubernetes/api-error.ts'
import { nanosecondsFromMilliseconds } from '../../helpers/units/milliseconds.ts'
import type { LatencyParameters } from './contract.ts'
import type { LatencyFindings } from './judgement.ts'
import {
  addressNotReported,
  allPacketsLost,
  guestNotReached,
  maxLatencyExceeded,
  networkNotRead,
  pingNotRead,
  vmiNotStarted,
} from './upstream-failure.ts'

/** It looks at source to target only, at nothing but the largest round-trip time, and at loss only when all is lost. */
export function documentedFailure({ paths }: LatencyFindings, parameters: LatencyParameters): string {
  const [path] = paths
  if (!path?.packets) return pingNotRead()
  if (path.packets.received === 0) return allPacketsLost()
  const { max } = path.summary
  const { maxDesiredLatencyMilliseconds } = parameters
  if (max === null || maxDesiredLatencyMilliseconds === undefined) return ''
  const desired = nanosecondsFromMilliseconds(maxDesiredLatencyMilliseconds)
  return max > desired ? maxLatencyExceeded({ actual: max, desired }) : ''
}

/** It tells a VM that never runs from one without address no more than this. */
export function setUpFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof GuestError) return guestNotReached(message)
  if (error instanceof ApiError && error.resource === 'virtualmachineinstances')
    return vmiNotStarted(error.objectName ?? '', error.serverMessage)
  if (error instanceof ApiError) return networkNotRead(error.serverMessage)
  const vmi = /VirtualMachineInstance (\S+)/.exec(message)?.[1]
  return vmi === undefined ? networkNotRead(message) : addressNotReported(vmi)
}
