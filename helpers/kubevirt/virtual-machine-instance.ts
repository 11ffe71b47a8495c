import type { V1VirtualMachineInstance } from '@kubevirt-ui-ext/kubevirt-api/kubevirt'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'

/** A VMI as it travels over the wire. */
export type VirtualMachineInstance = V1VirtualMachineInstance & KubernetesObject

/** One aspect of a VMI. Options are applied in the order given, to a VMI that nobody else has seen yet. */
export type VmiOption = (vmi: VirtualMachineInstance) => void

/** `vmi('source', withMemory('128Mi'), withRng())`. A name that ends in `-` gets a random suffix when it is created. */
export function vmi(name: string, ...options: readonly VmiOption[]): VirtualMachineInstance {
  const draft: VirtualMachineInstance = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: name.endsWith('-') ? { generateName: name } : { name },
    spec: { domain: { devices: {} } },
  }
  for (const option of options) option(draft)
  return draft
}
