/**
 * How a documented checkup writes its verdict into its ConfigMap. A checkup gives `provisionDocumented` and `keepDocumentedStatus` the
 * context of its case, and the text that the documented one would have for a failure.
 */
import type { CheckupContext } from '../fixtures/checkup-context.ts'
import { GuestError } from '../helpers/guest/guest-error.ts'
import { ApiError } from '../helpers/kubernetes/api-error.ts'

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

/** The texts of a documented checkup that boots VMs and logs into their guests. */
interface SetUpTexts {
  /** @param reason the API server's message */
  notCreated: (reason: string) => string
  /** @param vmi `namespace/name` */
  notReady: (vmi: string) => string
}

/** What such a checkup writes about a set-up that failed. It tells nothing of why a VM did not become ready. */
export function setUpFailureText(error: unknown, { notCreated, notReady }: SetUpTexts): string {
  const message = error instanceof Error ? error.message : String(error)
  const vmi = /VirtualMachineInstance (\S+)/.exec(message)?.[1]
  if (error instanceof GuestError) return `failed to login to VMI "${error.vmi}": ${message}`
  if (error instanceof ApiError) return notCreated(error.serverMessage)
  return vmi === undefined ? notCreated(message) : notReady(vmi)
}
