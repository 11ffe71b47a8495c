/** One thing that is wrong, or odd, in a profile. */
export interface ProfileProblem {
  /** As the user wrote it or would find it. */
  file: string
  /** From 1; null when the problem is not about a place in the file. */
  line: number | null
  column: number | null
  /** `checkups.latency.cases[0].timeout`; '' for the whole file. */
  path: string
  /** What was given and what is allowed. */
  message: string
}

/** `file:line:column path: message`, the way editors and terminals make it a link. */
export function formatProblem({ file, line, column, path, message }: ProfileProblem): string {
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`
  return path === '' ? `${place}: ${message}` : `${place} ${path}: ${message}`
}

/** All that is wrong with a profile, at once. Nothing was created; the exit code is 2. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError'
  readonly problems: readonly ProfileProblem[]

  constructor(problems: readonly ProfileProblem[]) {
    const [first] = problems
    const head =
      problems.length === 1
        ? 'The cluster profile cannot be used:'
        : `The cluster profile has ${problems.length} problems:`
    super(first ? [head, ...problems.map((problem) => `  ${formatProblem(problem)}`)].join('\n') : head)
    this.problems = problems
  }
}
