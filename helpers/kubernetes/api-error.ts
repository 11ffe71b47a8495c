import type { StatusBody } from './kubernetes-object.ts'
import { type Permission, permissionOf, permissionRule } from './permission.ts'
import { describeRequest, type RequestInformation } from './request-information.ts'

/** The API server answered, and the answer is not a success. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status. */
  readonly code: number
  /** Of the Status body, e.g. `NotFound`; '' when the answer had none. */
  readonly reason: string
  readonly details: StatusBody['details']
  readonly verb: string
  readonly resource: string
  readonly namespace: string | undefined
  readonly objectName: string | undefined
  /** What the API server itself said, without our words around it. */
  readonly serverMessage: string
  /** The right that is missing, when the answer is a refusal by RBAC (a 403 can also come from a quota or a policy). */
  readonly missingPermission: Permission | undefined

  constructor(
    request: RequestInformation,
    code: number,
    answer: { reason: string; message: string; details?: StatusBody['details'] },
  ) {
    const missing =
      code === 403 && /cannot \S+ (resource|path) "/.test(answer.message) ? permissionOf(request) : undefined
    const grant = missing === undefined ? '' : `; missing permission: ${permissionRule(missing)}`
    const reason = answer.reason === '' ? '' : ` ${answer.reason}`
    super(`${describeRequest(request)}: ${code}${reason}: ${answer.message}${grant}`)
    this.code = code
    this.reason = answer.reason
    this.details = answer.details
    this.verb = request.verb
    this.resource = request.resource
    this.namespace = request.namespace
    this.objectName = request.name
    this.serverMessage = answer.message
    this.missingPermission = missing
  }
}

/** No answer: the API server could not be reached, or the connection ended before the answer was complete. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  /** As Node names it, e.g. `ECONNREFUSED`. */
  readonly code: string
  /** Whether the API server may have carried out the request all the same. */
  readonly outcomeUnknown: boolean
  constructor(message: string, code: string, outcomeUnknown: boolean, cause: unknown) {
    super(message, { cause })
    this.code = code
    this.outcomeUnknown = outcomeUnknown
  }
}

/** No answer within the request's own time limit. */
export class RequestTimeoutError extends Error {
  override readonly name = 'RequestTimeoutError'
}

/** An answer that is neither what was asked for nor a Status, e.g. the HTML page of a proxy with status 200. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError'
}

export function isApiError(error: unknown, ...codes: number[]): error is ApiError {
  return error instanceof ApiError && (codes.length === 0 || codes.includes(error.code))
}

/** Reads the body of an unsuccessful answer: a Status, a JSON string (KubeVirt's agent subresources), or any text. */
export function apiErrorFrom(request: RequestInformation, code: number, body: string): ApiError {
  const parsed = parseJson(body)
  if (isStatusBody(parsed)) {
    return new ApiError(request, code, {
      reason: parsed.reason ?? '',
      message: parsed.message ?? '(no message)',
      ...(parsed.details === undefined ? {} : { details: parsed.details }),
    })
  }
  const text = typeof parsed === 'string' ? parsed : body
  if (code === 404 && text.trim() === '404 page not found') {
    const group = request.group === '' ? '' : ` of API group "${request.group}"`
    return new ApiError(request, code, {
      reason: '',
      message: `the cluster does not serve "${request.resource}"${group} (404 page not found); is the component that brings it installed?`,
    })
  }
  return new ApiError(request, code, { reason: '', message: excerpt(text) })
}

/** One line of at most 300 characters, without markup, for quoting what should not have been there. */
export function excerpt(text: string): string {
  const line = text
    .replace(/<(script|style)[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  if (line === '') return '(empty answer)'
  return line.length > 300 ? `${line.slice(0, 300)}...` : line
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isStatusBody(value: unknown): value is StatusBody {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status'
}
