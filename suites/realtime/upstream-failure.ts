/**
 * The failure texts that the documented checkup would have put into `status.failureReason`, for those who match on them.
 * They are evidence; the verdict is that of the checks.
 */

/** @param latencies in µs, whole */
export const thresholdExceeded = (latencies: { measured: number; threshold: number }): string =>
  `oslat Max Latency measured ${latencies.measured}µs exceeded the given threshold ${latencies.threshold}µs`

/** An object could not be created. @param reason the API server's message */
export const notCreated = (reason: string): string => `Setup: ${reason}`

/** @param vmi `namespace/name` */
export const notReady = (vmi: string): string =>
  `failed to wait for VMI "${vmi}" be ready: timed out waiting for the condition`

/** @param vmi `namespace/name` */
export const oslatFailed = (vmi: string, reason: string): string => `failed to run Oslat on VMI "${vmi}": ${reason}`

export const exitCode = (code: number): string =>
  `oslat test failed with exit code: ${code}. See logs for more information`

export const noMaximum = (): string => 'failed parsing maximum latency from oslat results'
