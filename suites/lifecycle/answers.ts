/** Answers to requests, whether they were carried out or refused. */
import type { CheckupContext } from '../../fixtures/checkup-context.ts'
import { isApiError } from '../../helpers/kubernetes/api-error.ts'

export interface Answer {
  code: number
  /** Of a refusal its message, else the body. */
  text: string
}

type Request = CheckupContext<unknown>['request']

/** @throws Error when there is no answer, or it says nothing of what was asked: the API server is overloaded, or a permission is missing */
export async function answerOf(request: Request, ...asked: Parameters<Request>): Promise<Answer> {
  try {
    const { status, body } = await request(...asked)
    return { code: status, text: body }
  } catch (error) {
    if (!isApiError(error) || error.missingPermission !== undefined || [429, 502, 503, 504].includes(error.code))
      throw error
    return { code: error.code, text: error.serverMessage }
  }
}

const group = 'kubevirt.io'

/** Texts of the API machinery around what KubeVirt says. */
export const expected = {
  accepted: { code: 202, text: '' },
  done: { code: 200, text: '' },
  notFound: (kind: 'virtualmachine' | 'virtualmachineinstance', name: string): Answer => ({
    code: 404,
    text: `${kind}.${group} "${name}" not found`,
  }),
  conflict: (kind: 'virtualmachine' | 'virtualmachineinstance', name: string, text: string): Answer => ({
    code: 409,
    text: `Operation cannot be fulfilled on ${kind}.${group} "${name}": ${text}`,
  }),
  badRequest: (text: string): Answer => ({ code: 400, text }),
}
