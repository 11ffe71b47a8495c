import { z } from 'zod'

/** A Kubernetes quantity such as `32Gi`, kept as it was written. */
export const quantityText = (description: string) =>
  z
    .string()
    .regex(/^\d+(\.\d+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$/, 'expected a Kubernetes quantity such as 32Gi')
    .describe(description)
