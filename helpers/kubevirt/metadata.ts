import type { OwnerReference } from '../kubernetes/kubernetes-object.ts'
import type { VmiOption } from './virtual-machine-instance.ts'

export function withNamespace(namespace: string): VmiOption {
  return ({ metadata }) => {
    metadata.namespace = namespace
  }
}

export function withLabel(key: string, value: string): VmiOption {
  return ({ metadata }) => {
    metadata.labels = { ...metadata.labels, [key]: value }
  }
}

export function withAnnotation(key: string, value: string): VmiOption {
  return ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [key]: value }
  }
}

/** The VMI is removed with its owner. The owner must exist: an unknown uid makes the cluster remove the VMI at once. */
export function withOwner(owner: OwnerReference): VmiOption {
  return ({ metadata }) => {
    metadata.ownerReferences = [...(metadata.ownerReferences ?? []), owner]
  }
}
