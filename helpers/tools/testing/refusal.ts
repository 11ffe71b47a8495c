import { ToolOutputError } from '../tool-output.ts'

/** The error with which a parser refuses an output. @throws Error when it does not */
export function refusal(read: () => unknown): ToolOutputError {
  try {
    read()
  } catch (error) {
    if (error instanceof ToolOutputError) return error
    throw error
  }
  throw new Error('it was read')
}
