/** How a documented checkup writes its verdict into its ConfigMap. */

export const documentedStatusFile = 'documented-status.txt'

/** @param failureReason '' for success */
export const documentedStatusText = (failureReason: string): string =>
  `status.succeeded: "${failureReason === ''}"\nstatus.failureReason: ${JSON.stringify(failureReason)}\n`
