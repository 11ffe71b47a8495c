/** For checkups whose VMs are on a network of a NetworkAttachmentDefinition: a parameter with its default in profiles. */
import { objectName } from '../helpers/profile/parameter-text.ts'
import type { ProfileWorld } from '../helpers/run/checkup-contract.ts'

export const networkAttachmentDefinitionNamespace = objectName('namespace').describe(
  'Namespace of the NetworkAttachmentDefinition. In a profile it defaults to the namespace of the run.',
)

export const networkDefaults = ({ namespace }: ProfileWorld) => ({ networkAttachmentDefinitionNamespace: namespace })
