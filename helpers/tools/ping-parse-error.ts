/**
 * unresolved: the name of the destination was not found. unreachable: there is no route, and no statistics either.
 * refused: ping did not start (missing, not permitted, an option that it does not know). truncated: the output ends
 * early. unreadable: a line is none of those that ping writes. inconsistent: the lines contradict each other.
 */
type PingProblem = 'unresolved' | 'unreachable' | 'refused' | 'truncated' | 'unreadable' | 'inconsistent'

/** Output of ping that holds no measurement. */
export class PingParseError extends Error {
  override readonly name = 'PingParseError'
  readonly problem: PingProblem
  /** From 1. */
  readonly lineNumber: number
  readonly line: string

  constructor(problem: PingProblem, explanation: string, lineNumber: number, line: string) {
    super(`ping output: ${explanation}, in line ${lineNumber}: ${JSON.stringify(line)}`)
    this.problem = problem
    this.lineNumber = lineNumber
    this.line = line
  }
}
