import {
  ApiError,
  ConnectionError,
  RequestTimeoutError,
  UnexpectedAnswerError,
} from '../helpers/kubernetes/api-error.ts'
import { CheckupRequestError } from '../helpers/in-cluster/checkup-request.ts'
import { ConfigMapInUseError } from '../helpers/in-cluster/config-map-status.ts'
import { PodEnvironmentError } from '../helpers/in-cluster/pod-environment.ts'
import { KubeconfigError } from '../helpers/kubernetes/kubeconfig.ts'
import { LockedError } from '../helpers/kubernetes/lease.ts'
import { ProfileError } from '../helpers/profile/profile-problem.ts'
import { redact } from '../helpers/run/redaction.ts'
import { exitCodes } from './exit-codes.ts'
import { OperationalError } from './operational-error.ts'
import { UsageError } from './usage-error.ts'

export interface FailureText {
  exitCode: number
  /** For people. */
  lines: string[]
  /** For programs, in place of the result. */
  document: { error: { kind: string; message: string; problems?: unknown }; exitCode: number }
}

/** Exit code and words for whatever a command threw. */
export function explainFailure(error: unknown): FailureText {
  const known = error instanceof Error ? error : new Error(String(error))
  const exitCode = exitCodeOf(known)
  const message = redact(known.message)
  const lines = [`kubevirt-acceptance: ${message}`]
  if (known instanceof UsageError && known.hint !== '') lines.push(`See ${known.hint}`)
  // A stack tells users nothing, except about what nobody expected.
  if (!isExpected(known))
    lines.push('This was not expected. Please report it with the lines below.', redact(known.stack ?? ''))
  const problems = known instanceof ProfileError ? { problems: known.problems } : {}
  return { exitCode, lines, document: { error: { kind: known.name, message, ...problems }, exitCode } }
}

function exitCodeOf(error: Error): number {
  if (givenByUser.some((kind) => error instanceof kind)) return exitCodes.usage
  return error instanceof LockedError ? exitCodes.locked : exitCodes.broken
}

/** A kubeconfig or ConfigMap that cannot be used is named by the user, as the profile is. */
const givenByUser = [
  UsageError,
  ProfileError,
  KubeconfigError,
  PodEnvironmentError,
  CheckupRequestError,
  ConfigMapInUseError,
]

function isExpected(error: Error): boolean {
  const expected = [
    ...givenByUser,
    LockedError,
    OperationalError,
    ApiError,
    ConnectionError,
    RequestTimeoutError,
    UnexpectedAnswerError,
  ]
  return expected.some((kind) => error instanceof kind)
}
