/** Something outside of the program failed: a file, a port, a tool. The message says what, where, and what to do. Exit code 6. */
export class OperationalError extends Error {
  override readonly name = 'OperationalError'
}
