import type { KubernetesObject } from './kubernetes-object.ts'

/** Where objects of one kind live in the API. Kept here so that no run has to ask the cluster (discovery) for it. */
export interface ResourceType {
  /** '' for the core group. */
  group: string
  kind: string
  /** Plural, as in the path. */
  resource: string
  namespaced: boolean
}

/** Names one object, or where it would be. */
export interface ObjectReference {
  apiVersion: string
  kind: string
  /** Left out: the client's namespace, for namespaced kinds. */
  namespace?: string
  name: string
  uid?: string
}

/** Names all objects of a kind in one place. */
export interface KindReference {
  apiVersion: string
  kind: string
  /** Left out: the client's namespace, for namespaced kinds. `*`: all namespaces. */
  namespace?: string
}

type Row = readonly [kind: string, resource: string, scope?: 'cluster']

const kindsByGroup: Record<string, readonly Row[]> = {
  '': [
    ['Namespace', 'namespaces', 'cluster'],
    ['Node', 'nodes', 'cluster'],
    ['PersistentVolume', 'persistentvolumes', 'cluster'],
    ['ConfigMap', 'configmaps'],
    ['Endpoints', 'endpoints'],
    ['Event', 'events'],
    ['LimitRange', 'limitranges'],
    ['PersistentVolumeClaim', 'persistentvolumeclaims'],
    ['Pod', 'pods'],
    ['ResourceQuota', 'resourcequotas'],
    ['Secret', 'secrets'],
    ['Service', 'services'],
    ['ServiceAccount', 'serviceaccounts'],
  ],
  apps: [
    ['DaemonSet', 'daemonsets'],
    ['Deployment', 'deployments'],
    ['ReplicaSet', 'replicasets'],
    ['StatefulSet', 'statefulsets'],
  ],
  batch: [
    ['CronJob', 'cronjobs'],
    ['Job', 'jobs'],
  ],
  policy: [['PodDisruptionBudget', 'poddisruptionbudgets']],
  'apiextensions.k8s.io': [['CustomResourceDefinition', 'customresourcedefinitions', 'cluster']],
  'apiregistration.k8s.io': [['APIService', 'apiservices', 'cluster']],
  'authorization.k8s.io': [
    ['SelfSubjectAccessReview', 'selfsubjectaccessreviews', 'cluster'],
    ['SelfSubjectRulesReview', 'selfsubjectrulesreviews', 'cluster'],
  ],
  'coordination.k8s.io': [['Lease', 'leases']],
  'networking.k8s.io': [['NetworkPolicy', 'networkpolicies']],
  'rbac.authorization.k8s.io': [
    ['ClusterRole', 'clusterroles', 'cluster'],
    ['ClusterRoleBinding', 'clusterrolebindings', 'cluster'],
    ['Role', 'roles'],
    ['RoleBinding', 'rolebindings'],
  ],
  'snapshot.storage.k8s.io': [
    ['VolumeSnapshot', 'volumesnapshots'],
    ['VolumeSnapshotClass', 'volumesnapshotclasses', 'cluster'],
  ],
  'storage.k8s.io': [
    ['CSIStorageCapacity', 'csistoragecapacities'],
    ['StorageClass', 'storageclasses', 'cluster'],
    ['VolumeAttachment', 'volumeattachments', 'cluster'],
  ],
  'k8s.cni.cncf.io': [['NetworkAttachmentDefinition', 'network-attachment-definitions']],
  'kubevirt.io': [
    ['KubeVirt', 'kubevirts'],
    ['VirtualMachine', 'virtualmachines'],
    ['VirtualMachineInstance', 'virtualmachineinstances'],
    ['VirtualMachineInstanceMigration', 'virtualmachineinstancemigrations'],
    ['VirtualMachineInstanceReplicaSet', 'virtualmachineinstancereplicasets'],
  ],
  'snapshot.kubevirt.io': [
    ['VirtualMachineRestore', 'virtualmachinerestores'],
    ['VirtualMachineSnapshot', 'virtualmachinesnapshots'],
  ],
  'cdi.kubevirt.io': [
    ['CDI', 'cdis', 'cluster'],
    ['CDIConfig', 'cdiconfigs', 'cluster'],
    ['DataImportCron', 'dataimportcrons'],
    ['DataSource', 'datasources'],
    ['DataVolume', 'datavolumes'],
    ['StorageProfile', 'storageprofiles', 'cluster'],
  ],
  'upload.cdi.kubevirt.io': [['UploadTokenRequest', 'uploadtokenrequests']],
  'sriovnetwork.openshift.io': [
    ['SriovNetworkNodePolicy', 'sriovnetworknodepolicies'],
    ['SriovNetworkNodeState', 'sriovnetworknodestates'],
  ],
}

const resourceTypes = new Map<string, ResourceType>()
for (const [group, rows] of Object.entries(kindsByGroup)) {
  for (const [kind, resource, scope] of rows) {
    resourceTypes.set(`${group}/${kind}`, { group, kind, resource, namespaced: scope !== 'cluster' })
  }
}

/** The API group of an apiVersion: `kubevirt.io/v1` -> `kubevirt.io`, `v1` -> ''. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}

/** @throws Error for a kind that is not in the table of this file. */
export function resourceTypeOf(reference: { apiVersion: string; kind: string }): ResourceType {
  const type = resourceTypes.get(`${groupOf(reference.apiVersion)}/${reference.kind}`)
  if (type === undefined) {
    throw new Error(
      `the plural of kind "${reference.kind}" in "${reference.apiVersion}" is not known; add it to helpers/kubernetes/resources.ts`,
    )
  }
  return type
}

/** The path of a collection or, with `name`, of an object, without query. */
export function resourcePath(
  reference: { apiVersion: string; kind: string },
  namespace: string | undefined,
  name?: string,
  subresource?: string,
): string {
  const type = resourceTypeOf(reference)
  const parts = [type.group === '' ? `/api/${reference.apiVersion}` : `/apis/${reference.apiVersion}`]
  if (type.namespaced && namespace !== undefined && namespace !== '*') {
    parts.push('namespaces', encodeURIComponent(namespace))
  }
  parts.push(type.resource)
  if (name !== undefined) parts.push(encodeURIComponent(name))
  if (subresource !== undefined) parts.push(...subresource.split('/').map(encodeURIComponent))
  return parts.join('/')
}

/** @throws Error when the object has no name yet. */
export function referenceTo(object: KubernetesObject): ObjectReference & { uid?: string } {
  const { name, namespace, uid } = object.metadata
  if (name === undefined) throw new Error(`${object.kind} has no metadata.name yet`)
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
  }
}

/** `VirtualMachineInstance acceptance/source`, for people. */
export function describeReference(reference: { kind: string; namespace?: string; name: string }): string {
  const place = reference.namespace === undefined ? '' : `${reference.namespace}/`
  return `${reference.kind} ${place}${reference.name}`
}
