type DetachedCommandProblem =
  /** The guest did not take it. */
  | 'not-started'
  /** It ended without leaving an exit code: it was killed, or the guest restarted. */
  | 'vanished'
  | 'timed-out'
  /** What it wrote does not arrive as it is. */
  | 'unreadable'
  /** It runs on although it was killed. */
  | 'not-ended'

/** Something is wrong with a command that runs detached in a guest, other than its exit code. */
export class DetachedCommandError extends Error {
  override readonly name = 'DetachedCommandError'
  readonly problem: DetachedCommandProblem
  /** `namespace/name` of the VirtualMachineInstance. */
  readonly vmi: string

  constructor(problem: DetachedCommandProblem, vmi: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
    this.vmi = vmi
  }
}
