/**
 * How a documented checkup writes its verdict into its ConfigMap. A checkup gives `provisionDocumented` and `keepDocumentedStatus` the
 * context of its case, and the text that the documented one would have for a failure.
 */
import type { CheckupContext } from '../fixtures/checkup-context.ts'

type Context = Pick<CheckupContext<unknown>, 'provision' | 'keepRawOutput'>

/** @param failureReason '' for success */
export const documentedStatusText = (failureReason: string): string =>
  `status.succeeded: "${failureReason === ''}"\nstatus.failureReason: ${JSON.stringify(failureReason)}\n`

/** Keeps it beside the raw output. @param failureReason '' for success */
export async function keepDocumentedStatus(
  { keepRawOutput }: Pick<Context, 'keepRawOutput'>,
  failureReason: string,
): Promise<void> {
  await keepRawOutput('documented-status.txt', documentedStatusText(failureReason))
}

/** Runs the set-up of the case; when it fails, the documented status is kept before the case is broken. */
export async function provisionDocumented<T>(
  context: Context,
  setUp: () => Promise<T>,
  failureReason: (error: unknown) => string,
): Promise<T> {
  try {
    return await context.provision(setUp)
  } catch (error) {
    await keepDocumentedStatus(context, failureReason(error))
    throw error
  }
}
