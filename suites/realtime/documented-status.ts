/**
 * What the documented checkup would have written into its ConfigMap for the same findings. Kept beside the raw output
 * for those who know its texts; the verdict is that of the checks, which see more than it does.
 */
import { setUpFailureText } from '../documented-status.ts'
import type { RealtimeFindings } from './findings.ts'
import type { RealtimeParameters } from './parameters.ts'
import { ToolRunError } from './procedure.ts'
import { exitCode, noMaximum, notCreated, notReady, oslatFailed, thresholdExceeded } from './upstream-failure.ts'

/** '' for success. It looks at the maximum only. It has no other tool than oslat, and no run without a limit: null. */
export function documentedFailure({ oslat }: RealtimeFindings, of: RealtimeParameters): string | null {
  const threshold = of.oslatLatencyThresholdMicroSeconds
  if (oslat === null || threshold === undefined) return null
  const measured = Math.max(...oslat.result.cpus.map(({ maximumMicroseconds }) => maximumMicroseconds))
  return measured > threshold ? thresholdExceeded({ measured, threshold }) : ''
}

export const setUpFailure = (error: unknown): string => setUpFailureText(error, { notCreated, notReady })

/** @param vmi `namespace/name` */
export function measurementFailure(vmi: string, error: unknown): string {
  if (error instanceof ToolRunError)
    return oslatFailed(vmi, error.exitCode === null ? noMaximum() : exitCode(error.exitCode))
  return oslatFailed(vmi, messageOf(error))
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
