/**
 * The failure texts that the documented checkup would have put into `status.failureReason`, for those who match on them.
 * They are evidence; the verdict is that of the checks.
 */
import { formatDuration } from '../../helpers/units/duration.ts'

/** @param nanoseconds both in ns */
export const maxLatencyExceeded = (nanoseconds: { actual: number; desired: number }): string =>
  `run : actual max latency "${formatDuration(BigInt(nanoseconds.actual))}" is greater than desired "${formatDuration(BigInt(nanoseconds.desired))}"`

/** @param reason the API server's message, such as `network-attachment-definitions.k8s.cni.cncf.io "blue" not found` */
export const networkNotRead = (reason: string): string => `setup: ${reason}`

/** The documented text has the VMI's name after a bare slash: it never knew the namespace. */
export const vmiNotStarted = (vmiName: string, reason: string): string =>
  `setup: failed to start VMI /${vmiName}: ${reason}`

/** @param vmi `namespace/name` */
export const addressNotReported = (vmi: string): string =>
  `setup: failed to wait for VMI '${vmi}' IP address to appear on status: timed out waiting for the condition`

/** The guest was not reached, or its login failed. */
export const guestNotReached = (reason: string): string => `run: failed to run check: ${reason}`

export const allPacketsLost = (): string => 'run: ping parser: no connectivity - 100% packet loss'

/** What it says to everything that it cannot read: iputils, a fractional loss, duplicates, an unreachable network. */
export const pingNotRead = (): string => 'run: ping parser: input does not match regex'
