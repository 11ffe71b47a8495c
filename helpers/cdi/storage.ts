/** What storage offers VMs: classes, what CDI knows of them, snapshots, golden images, and the way in for uploads. */
import type { ClusterReader, Reading } from '../kubernetes/cluster-reader.ts'
import type { Condition, KubernetesObject } from '../kubernetes/kubernetes-object.ts'

export type StorageClass = KubernetesObject & { provisioner?: string }

export type StorageProfile = KubernetesObject & {
  status?: { claimPropertySets?: unknown[]; cloneStrategy?: string; provisioner?: string }
}

export type SnapshotClass = KubernetesObject & { driver?: string }

/** A DataSource or a DataImportCron. */
export type GoldenImage = KubernetesObject & { status?: { conditions?: Condition[] } }

type Endpoints = KubernetesObject & { subsets?: { addresses?: unknown[] }[] }

export type CdiConfig = KubernetesObject & {
  spec?: { uploadProxyURLOverride?: string }
  status?: { uploadProxyURL?: string; uploadProxyCA?: string }
}

export interface VmStorage {
  classes: Reading<StorageClass[]>
  profiles: Reading<StorageProfile[]>
  snapshotClasses: Reading<SnapshotClass[]>
  dataSources: Reading<GoldenImage[]>
  dataImportCrons: Reading<GoldenImage[]>
  uploadProxy: {
    service: Reading<KubernetesObject | null>
    endpoints: Reading<Endpoints | null>
    config: Reading<CdiConfig | null>
  }
}

const uploadProxyName = 'cdi-uploadproxy'
const cdi = 'cdi.kubevirt.io/v1beta1'

/** @param cdiNamespace where CDI's components are */
export async function readVmStorage(reader: ClusterReader, cdiNamespace: string): Promise<VmStorage> {
  const proxy = { apiVersion: 'v1', namespace: cdiNamespace, name: uploadProxyName }
  const [classes, profiles, snapshotClasses, dataSources, dataImportCrons, service, endpoints, config] =
    await Promise.all([
      reader.list<StorageClass>({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }),
      reader.list<StorageProfile>({ apiVersion: cdi, kind: 'StorageProfile' }),
      reader.list<SnapshotClass>({ apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshotClass' }),
      reader.list<GoldenImage>({ apiVersion: cdi, kind: 'DataSource', namespace: '*' }),
      reader.list<GoldenImage>({ apiVersion: cdi, kind: 'DataImportCron', namespace: '*' }),
      reader.get({ ...proxy, kind: 'Service' }),
      reader.get<Endpoints>({ ...proxy, kind: 'Endpoints' }),
      reader.get<CdiConfig>({ apiVersion: cdi, kind: 'CDIConfig', name: 'config' }),
    ])
  const uploadProxy = { service, endpoints, config }
  return { classes, profiles, snapshotClasses, dataSources, dataImportCrons, uploadProxy }
}

const isMarked = (annotation: string) => (object: StorageClass) => object.metadata.annotations?.[annotation] === 'true'
export const isDefaultClass = isMarked('storageclass.kubernetes.io/is-default-class')
export const isDefaultVirtClass = isMarked('storageclass.kubevirt.io/is-default-virt-class')

/** Classes whose volumes somebody makes by hand have no driver to ask for snapshots. */
export const hasProvisioner = ({ provisioner }: StorageClass): boolean =>
  provisioner !== undefined && provisioner !== 'kubernetes.io/no-provisioner'

/** Addresses that the service of the upload proxy leads to. */
export const addressesOf = (endpoints: Endpoints | null): number =>
  (endpoints?.subsets ?? []).reduce((sum, { addresses = [] }) => sum + addresses.length, 0)

/** The address that clients outside of the cluster are given; null: none is known. */
export const uploadProxyUrl = (config: CdiConfig | null): string | null =>
  [config?.spec?.uploadProxyURLOverride, config?.status?.uploadProxyURL].find(
    (url) => url !== undefined && url !== '',
  ) ?? null
