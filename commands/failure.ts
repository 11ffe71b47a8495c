import {
  ApiError,
  ConnectionError,
  RequestTimeoutError,
  UnexpectedAnswerError,
} from '../helpers/kubernetes/api-error.ts'
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
  // A kubeconfig that cannot be used is named by the user, as the profile is.
  if (error instanceof UsageError || error instanceof ProfileError || error instanceof KubeconfigError)
    return exitCodes.usage
  return error instanceof LockedError ? exitCodes.locked : exitCodes.broken
}

function isExpected(error: Error): boolean {
  const expected = [
    UsageError,
    ProfileError,
    KubeconfigError,
    LockedError,
    OperationalError,
    ApiError,
    ConnectionError,
    RequestTimeoutError,
    UnexpectedAnswerError,
  ]
  return expected.some((kind) => error instanceof kind)
}
