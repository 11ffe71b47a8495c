import type { PreflightResult } from '../helpers/preflight/preflight-plan.ts'

/** The cluster lacks something that the run needs; nothing has been created. Exit code 3. */
export class PreflightError extends Error {
  override readonly name = 'PreflightError'
  /** Tells the reporters, across the process boundary, which exit code this is. */
  readonly phase = 'preflight'
  readonly results: readonly PreflightResult[]
  constructor(results: readonly PreflightResult[]) {
    const failed = results.filter(({ status }) => status === 'failed')
    super(
      `preflight failed, nothing was created:\n${failed
        .map(({ check, detail, remediation }) => `  ${check}: ${detail}. ${remediation}`)
        .join('\n')}\nThe whole table: npx kubevirt-acceptance preflight`,
    )
    this.results = results
  }
}
