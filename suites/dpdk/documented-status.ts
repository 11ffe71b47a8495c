/**
 * What the documented checkup would have written into its ConfigMap for the same findings. Kept beside the raw output
 * for those who know its texts; the verdict is that of the checks, which see more than it does.
 */
import { setUpFailureText } from '../documented-status.ts'
import type { DpdkFindings } from './findings.ts'
import type { DpdkParameters } from './parameters.ts'
import { trafficCounts } from './traffic-counts.ts'
import {
  countersNotRead,
  generatorErrors,
  notAllReceived,
  notCreated,
  notReady,
  nothingSent,
  packetsDropped,
} from './upstream-failure.ts'

/**
 * '' for success. It looks at the first direction only, not at the way back, and not at whether the run was complete;
 * of several failures it tells the first. It has no search for a rate: null.
 */
export function documentedFailure({ traffic }: DpdkFindings, parameters: DpdkParameters): string | null {
  if (parameters.mode === 'ndr') return null
  const [first] = traffic
  const { networkAttachmentDefinitionName: east, westNetworkAttachmentDefinitionName: west = east } = parameters
  const counts = first && trafficCounts(first, east === west)
  const { sent, outputErrors: output, inputErrors: input, received, rxDropped: rx, txDropped: tx } = counts ?? {}
  // Counters come in sets: those of the generator, and those of the VM under test.
  if (typeof sent !== 'number' || typeof output !== 'number' || typeof input !== 'number') return countersNotRead()
  if (typeof received !== 'number' || typeof rx !== 'number' || typeof tx !== 'number') return countersNotRead()
  if (sent === 0) return nothingSent()
  if (output !== 0 || input !== 0) return generatorErrors({ output, input })
  if (rx !== 0 || tx !== 0) return packetsDropped({ rx, tx })
  return sent === received ? '' : notAllReceived({ sent, received })
}

export const setUpFailure = (error: unknown): string => setUpFailureText(error, { notCreated, notReady })
