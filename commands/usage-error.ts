/** The command line cannot be followed. Nothing has been done. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** What to type to see how it is meant. */
  readonly hint: string
  constructor(message: string, hint = '') {
    super(message)
    this.hint = hint
  }
}
