import type { V1DataVolumeTemplateSpec, V1VirtualMachine } from '@kubevirt-ui-ext/kubevirt-api/kubevirt'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { type VirtualMachineInstance, vmi, type VmiOption } from './virtual-machine-instance.ts'

/** A VirtualMachine as it travels over the wire. */
export type VirtualMachineObject = V1VirtualMachine & KubernetesObject

export type RunStrategy = 'Always' | 'Halted' | 'Manual' | 'RerunOnFailure' | 'Once'

export interface VirtualMachineParts {
  name: string
  namespace: string
  labels?: Record<string, string>
  runStrategy: RunStrategy
  /** DataVolumes that are made with the VM, and removed with it. */
  dataVolumeTemplates?: readonly V1DataVolumeTemplateSpec[]
  /** Labels of the VMI, besides those of its options. */
  vmiLabels?: Record<string, string>
}

/** `options` make the template of its VMI. */
export function virtualMachine(parts: VirtualMachineParts, ...options: readonly VmiOption[]): VirtualMachineObject {
  const { name, namespace, labels, runStrategy, dataVolumeTemplates, vmiLabels } = parts
  const draft: VirtualMachineInstance = vmi(name, ...options)
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace, ...(labels !== undefined && { labels }) },
    spec: {
      runStrategy,
      ...(dataVolumeTemplates !== undefined && { dataVolumeTemplates: [...dataVolumeTemplates] }),
      template: {
        metadata: { labels: { ...vmiLabels, ...draft.metadata.labels } },
        spec: draft.spec,
      },
    },
  }
}
