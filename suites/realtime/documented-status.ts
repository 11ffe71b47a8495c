/**
 * What the documented checkup would have written into its ConfigMap for the same findings. Kept beside the raw output
 * for those who know its texts; the verdict is that of the checks, which see more than it does.
 */
import { GuestError } from '../../helpers/guest/guest-error.ts'
import { ApiError } from '../../helpers/kubernetes/api-error.ts'
import type { RealtimeFindings } from './findings.ts'
import type { RealtimeParameters } from './parameters.ts'
import { ToolRunError } from './procedure.ts'
import {
  exitCode,
  loginFailed,
  noMaximum,
  notCreated,
  notReady,
  oslatFailed,
  thresholdExceeded,
} from './upstream-failure.ts'

/** '' for success. It looks at the maximum only. It has no other tool than oslat, and no run without a limit: null. */
export function documentedFailure({ oslat }: RealtimeFindings, of: RealtimeParameters): string | null {
  const threshold = of.oslatLatencyThresholdMicroSeconds
  if (oslat === null || threshold === undefined) return null
  const measured = Math.max(...oslat.result.cpus.map(({ maximumMicroseconds }) => maximumMicroseconds))
  return measured > threshold ? thresholdExceeded({ measured, threshold }) : ''
}

/** It tells nothing of why a VM did not become ready. */
export function setUpFailure(error: unknown): string {
  const message = messageOf(error)
  const vmi = /VirtualMachineInstance (\S+)/.exec(message)?.[1]
  if (error instanceof GuestError) return loginFailed(error.vmi, message)
  if (error instanceof ApiError) return notCreated(error.serverMessage)
  return vmi === undefined ? notCreated(message) : notReady(vmi)
}

/** @param vmi `namespace/name` */
export function measurementFailure(vmi: string, error: unknown): string {
  if (error instanceof ToolRunError)
    return oslatFailed(vmi, error.exitCode === null ? noMaximum() : exitCode(error.exitCode))
  return oslatFailed(vmi, messageOf(error))
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
