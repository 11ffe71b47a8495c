import type { ResultDeclaration } from '../../helpers/run/checkup-contract.ts'
import { declared } from '../result-declarations.ts'
import { timings } from './timings.ts'

/** There is no documented checkup of the life of VMs; all of these are ours. */
export const lifecycleResults: ResultDeclaration[] = declared('addition', [
  ['unmetRequirements', 'count', 'What the case needs and the cluster does not offer.'],
  ['nodeName', '', 'Node that the VM ran on, at the end.'],
  ['storageClass', '', 'StorageClass of the volume.'],
  ['cloneType', '', 'How CDI cloned: copy, snapshot or csi-clone.'],
  ['uploadBytesPerSecond', 'bytes/s', 'Rate of the upload, without what comes after the last byte.'],
  ['guestHeartbeats', 'count', 'Beats of a loop in the guest while it was paused for some time.'],
  ['labelledLeftovers', 'count', 'Objects with the label of the case that were left.'],
  ...Object.values(timings).map(
    ({ result, what }) => [result, 'ms', `Time of ${what}: the 95th percentile of all in the case.`] as const,
  ),
])
