/** Finds what the server answered in the output of a TRex console with `verbose on`. */
import { z } from 'zod'
import { findTrexFailure } from './trex-console.ts'
import { outputLines, ToolOutputError, type OutputLine } from './tool-output.ts'

const tool = 'trex-console'
const requestMark = '[verbose] Sending Request To Server:'
const responseMark = '[verbose] Server Response:'

const rpcRequest = z.looseObject({ id: z.unknown(), method: z.string(), params: z.record(z.string(), z.unknown()) })
const rpcResponse = z.looseObject({
  id: z.unknown(),
  result: z.unknown().optional(),
  error: z.looseObject({ code: z.number(), message: z.string(), specific_err: z.string().optional() }).optional(),
})

/** A JSON text in the output, pretty-printed over many lines or not. */
interface Document {
  value: unknown
  /** At least one. */
  lines: OutputLine[]
}

export interface TrexAnswer {
  params: Record<string, unknown>
  /** Not looked at yet. */
  result: unknown
  /** That the answer, or the batch with it, stands in. */
  lines: OutputLine[]
}

/**
 * @param method of TRex's JSON-RPC: `get_port_stats`
 * @returns at least one answer, in the order of the requests
 * @throws ToolOutputError when there is none, when it is cut off, and when the server refused
 */
export function trexAnswers(output: string, method: string): TrexAnswer[] {
  const lines = outputLines(output)
  const requests: { id: unknown; params: Record<string, unknown> }[] = []
  const answers: TrexAnswer[] = []
  for (const [index, { text }] of lines.entries()) {
    if (text.includes(requestMark))
      for (const message of messages(documentAfter(lines, index, requestMark), rpcRequest))
        if (message.method === method) requests.push(message)
    if (!text.includes(responseMark)) continue
    const document = documentAfter(lines, index, responseMark)
    for (const { id, result, error } of messages(document, rpcResponse)) {
      const request = requests.find((one) => one.id === id)
      if (request === undefined) continue
      if (error !== undefined)
        throw new ToolOutputError(
          tool,
          'refused',
          `the server answers ${method} with error ${error.code}, ${error.specific_err ?? error.message}`,
          lineWith(document.lines, 'error'),
        )
      answers.push({ params: request.params, result, lines: document.lines })
    }
  }
  const failure = findTrexFailure(output)
  if (answers.length === 0 && failure)
    throw new ToolOutputError(tool, 'refused', `TRex failed at "${failure.step}"`, failure)
  if (answers.length < Math.max(requests.length, 1))
    throw new ToolOutputError(
      tool,
      requests.length === 0 ? 'missing' : 'truncated',
      requests.length === 0 ? `it holds no request ${method}` : `it ends before the answer of the server to ${method}`,
      lines.at(-1) ?? null,
    )
  return answers
}

/**
 * The last of `trexAnswers` that is about `subject`.
 * @param isAboutIt by the parameters of the request
 * @throws ToolOutputError when there is none, as well
 */
export function lastTrexAnswer(
  output: string,
  method: string,
  subject = 'all ports',
  isAboutIt: (params: TrexAnswer['params']) => boolean = () => true,
): TrexAnswer {
  const answers = trexAnswers(output, method)
  const answer = answers.findLast(({ params }) => isAboutIt(params))
  if (answer !== undefined) return answer
  const place = answers[0]?.lines[0] ?? null
  throw new ToolOutputError(tool, 'missing', `none of the answers to ${method} is about ${subject}`, place)
}

/** @throws ToolOutputError that names the key and quotes its line when `result` is not of this shape */
export function checkAnswer<Shape>(shape: z.ZodType<Shape>, { result, lines }: TrexAnswer): Shape {
  const checked = shape.safeParse(result)
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  const key = issue?.path.findLast((part) => typeof part === 'string' && !/^\d+$/.test(part))
  throw new ToolOutputError(
    tool,
    'unreadable',
    `${issue?.path.join('.') || 'the answer'}: ${issue?.message ?? 'not understood'}`,
    lineWith(lines, String(key)),
  )
}

const lineWith = (lines: readonly OutputLine[], key: string): OutputLine | null =>
  lines.find(({ text }) => text.includes(`"${key}"`)) ?? lines[0] ?? null

/** One message, or a batch of them. */
function messages<Message>({ value, lines }: Document, shape: z.ZodType<Message>): Message[] {
  const all: unknown[] = Array.isArray(value) ? value : [value]
  return all.map((one) => {
    const message = shape.safeParse(one)
    if (message.success) return message.data
    throw new ToolOutputError(tool, 'unreadable', 'this begins no JSON-RPC message', lines[0] ?? null)
  })
}

function documentAfter(lines: readonly OutputLine[], index: number, mark: string): Document {
  const marked = lines[index]
  const rest = marked === undefined ? '' : marked.text.slice(marked.text.indexOf(mark) + mark.length)
  const candidates = lines.slice(index + 1)
  if (marked !== undefined && rest.trim() !== '') candidates.unshift({ number: marked.number, text: rest.trim() })
  const found = complete(candidates)
  if (found === null)
    throw new ToolOutputError(tool, 'truncated', `it ends in the midst of what follows ${mark}`, lines.at(-1) ?? null)
  try {
    const value: unknown = JSON.parse(found.map(({ text }) => text).join('\n'))
    return { value, lines: found }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ToolOutputError(tool, 'unreadable', `no JSON follows ${mark} (${error.message})`, found[0] ?? null)
  }
}

/** The lines up to the bracket that closes the first one; just the first line when that does not open any. */
function complete(lines: readonly OutputLine[]): OutputLine[] | null {
  let [depth, quoted] = [0, false]
  for (const [index, { text }] of lines.entries()) {
    for (const [token] of text.matchAll(/\\.|["[\]{}]/g)) {
      if (token === '"') quoted = !quoted
      else if (quoted || token.startsWith('\\')) continue
      else depth += token === '{' || token === '[' ? 1 : -1
    }
    if (depth <= 0) return lines.slice(0, index + 1)
  }
  return null
}
