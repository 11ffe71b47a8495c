/** Claims and DataVolumes that a VM's disks are made of. */
import type { V1DataVolumeTemplateSpec } from '@kubevirt-ui-ext/kubevirt-api/kubevirt'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'

export interface ClaimParts {
  name: string
  namespace: string
  labels?: Record<string, string>
  /** null: the default class. */
  storageClass: string | null
  volumeMode: string
  accessMode: string
  /** Quantity. */
  size: string
}

export type PersistentVolumeClaim = KubernetesObject & {
  spec: {
    accessModes: string[]
    volumeMode: string
    resources: { requests: { storage: string } }
    storageClassName?: string
  }
  status?: { phase?: string; capacity?: { storage?: string } }
}

export function persistentVolumeClaim(parts: ClaimParts): PersistentVolumeClaim {
  const { name, namespace, labels, storageClass, volumeMode, accessMode, size } = parts
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace, ...(labels !== undefined && { labels }) },
    spec: {
      accessModes: [accessMode],
      volumeMode,
      resources: { requests: { storage: size } },
      ...(storageClass !== null && { storageClassName: storageClass }),
    },
  }
}

/** What a DataVolume is filled from. */
export type DataVolumeSource =
  | { kind: 'data-source'; namespace: string; name: string }
  | { kind: 'http'; url: string }
  /** `docker://...` */
  | { kind: 'registry'; url: string }
  | { kind: 'claim'; namespace: string; name: string }
  /** A VolumeSnapshot. */
  | { kind: 'snapshot'; namespace: string; name: string }
  | { kind: 'upload' }
  | { kind: 'blank' }

export interface DataVolumeParts {
  name: string
  source: DataVolumeSource
  /** null: the default class for VMs. */
  storageClass: string | null
  /** Quantity. null: that of the source, for clones. */
  size: string | null
  volumeMode?: string
  accessMode?: string
}

/** With `storage`, so that CDI takes access modes and volume mode from the StorageProfile where none is given. */
function dataVolumeSpec(parts: Omit<DataVolumeParts, 'name'>): V1DataVolumeTemplateSpec['spec'] {
  const { source, storageClass, size, volumeMode, accessMode } = parts
  return {
    ...sourceOf(source),
    storage: {
      ...(size !== null && { resources: { requests: { storage: size } } }),
      ...(storageClass !== null && { storageClassName: storageClass }),
      ...(volumeMode !== undefined && { volumeMode }),
      ...(accessMode !== undefined && { accessModes: [accessMode] }),
    },
  } as V1DataVolumeTemplateSpec['spec']
}

function sourceOf(source: DataVolumeSource): Record<string, unknown> {
  const { kind, ...of } = source
  if (kind === 'data-source') return { sourceRef: { kind: 'DataSource', ...of } }
  return { source: { [kind === 'claim' ? 'pvc' : kind]: of } }
}

/** For `dataVolumeTemplates` of a VirtualMachine. */
export const dataVolumeTemplate = ({ name, ...spec }: DataVolumeParts): V1DataVolumeTemplateSpec => ({
  metadata: { name },
  spec: dataVolumeSpec(spec),
})

export type DataVolume = KubernetesObject & {
  spec: unknown
  status?: { phase?: string; progress?: string; restartCount?: number; claimName?: string }
}

/** @param bindAtOnce binds it although its class waits for the first consumer */
export const dataVolume = (
  { name, ...spec }: DataVolumeParts,
  { namespace, labels, bindAtOnce }: { namespace: string; labels?: Record<string, string>; bindAtOnce: boolean },
): DataVolume => ({
  apiVersion: 'cdi.kubevirt.io/v1beta1',
  kind: 'DataVolume',
  metadata: {
    name,
    namespace,
    ...(labels !== undefined && { labels }),
    ...(bindAtOnce && { annotations: { 'cdi.kubevirt.io/storage.bind.immediate.requested': 'true' } }),
  },
  spec: dataVolumeSpec(spec),
})
