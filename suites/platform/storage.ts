/** The area `storage`: whether VMs get the disks that they ask for. */
import { readCdiNamespace } from '../../helpers/cdi/installation.ts'
import {
  addressesOf,
  type GoldenImage,
  hasProvisioner,
  isDefaultClass,
  isDefaultVirtClass,
  readVmStorage,
  type StorageClass,
  uploadProxyUrl,
  type VmStorage,
} from '../../helpers/cdi/storage.ts'
import type { ClusterReader, Reading } from '../../helpers/kubernetes/cluster-reader.ts'
import { becauseOf, conditionOf } from '../../helpers/kubernetes/conditions.ts'
import type { PlatformParameters } from './parameters.ts'
import type { PlatformReport } from './report.ts'

const counted = { unit: 'count', better: 'higher' } as const

export async function readStorage(reader: ClusterReader, of: PlatformParameters): Promise<VmStorage> {
  return readVmStorage(reader, of.cdiNamespace ?? (await readCdiNamespace(reader)))
}

export function judgeStorage(found: VmStorage, of: PlatformParameters, report: PlatformReport): void {
  const ofClasses = ['default-storage-class', 'default-virt-storage-class', 'storage-profiles', 'snapshot-classes']
  if ('missing' in found.classes) report.cannotRead(found.classes.missing, ...ofClasses.map((id) => `platform.${id}`))
  else judgeClasses(found.classes.known, found, of, report)
  judgeGoldenImages(found, of, report)
  judgeUploadProxy(found.uploadProxy, of, report)
}

function judgeClasses(
  classes: readonly StorageClass[],
  { profiles, snapshotClasses }: VmStorage,
  of: PlatformParameters,
  report: PlatformReport,
): void {
  const defaults = classes.filter(isDefaultClass).map(nameOf)
  const virtDefaults = classes.filter(isDefaultVirtClass).map(nameOf)
  report.results['defaultStorageClass'] = defaults.join(',') || null
  report.results['defaultVirtStorageClass'] = virtDefaults.join(',') || null
  report.number({
    ...counted,
    id: 'platform.default-storage-class',
    metric: 'default StorageClasses',
    detail: defaults,
    name: 'defaultStorageClasses',
    actual: defaults.length,
    limit: 1,
  })
  report.number({
    ...counted,
    id: 'platform.default-virt-storage-class',
    metric: 'default StorageClasses for VMs',
    detail: virtDefaults,
    name: 'defaultVirtStorageClasses',
    actual: virtDefaults.length,
    limit: 1,
    better: 'lower',
  })
  const asked = of.storageClasses ?? classes.filter(hasProvisioner).map(nameOf)
  for (const name of asked) {
    const storageClass = classes.find((each) => nameOf(each) === name)
    const absent = storageClass === undefined ? [`there is no StorageClass ${name}`] : []
    if ('missing' in profiles) report.cannotRead(profiles.missing, 'platform.storage-profiles')
    else
      report.number({
        ...counted,
        id: 'platform.storage-profiles',
        subject: name,
        metric: 'claimPropertySets of its StorageProfile',
        detail: absent,
        name: 'claimPropertySets',
        actual: profiles.known.find((each) => nameOf(each) === name)?.status?.claimPropertySets?.length ?? 0,
        limit: 1,
      })
    if ('missing' in snapshotClasses) report.cannotRead(snapshotClasses.missing, 'platform.snapshot-classes')
    else
      report.number({
        ...counted,
        id: 'platform.snapshot-classes',
        subject: name,
        metric: `VolumeSnapshotClasses of driver ${storageClass?.provisioner ?? 'unknown'}`,
        detail: absent,
        name: 'snapshotClasses',
        actual: snapshotClasses.known.filter(({ driver }) => driver === storageClass?.provisioner).length,
        limit: of.requireSnapshotClasses ? 1 : null,
      })
  }
}

function judgeGoldenImages(
  { dataSources, dataImportCrons }: VmStorage,
  of: PlatformParameters,
  report: PlatformReport,
): void {
  const notInOrder = (id: string, found: Reading<GoldenImage[]>, condition: string, name: string, metric: string) => {
    if ('missing' in found) {
      report.cannotRead(found.missing, id)
      return
    }
    const bad = found.known.flatMap((image) => {
      const state = conditionOf(image, condition)
      if (state?.status === 'True') return []
      return [
        `${image.metadata.namespace}/${nameOf(image)} is ${condition}=${state?.status ?? 'not set'}${becauseOf(state)}`,
      ]
    })
    report.number({ id, metric, detail: bad, name, actual: bad.length, limit: 0, unit: 'count', better: 'lower' })
  }
  notInOrder('platform.data-sources', dataSources, 'Ready', 'unreadyDataSources', 'DataSources that are not ready')
  notInOrder(
    'platform.data-import-crons',
    dataImportCrons,
    'UpToDate',
    'outdatedDataImportCrons',
    'DataImportCrons that are not up to date',
  )
  if ('missing' in dataSources) report.cannotRead(dataSources.missing, 'platform.golden-images')
  else
    report.number({
      ...counted,
      id: 'platform.golden-images',
      metric: 'DataSources that are ready',
      name: 'readyDataSources',
      actual: dataSources.known.filter((image) => conditionOf(image, 'Ready')?.status === 'True').length,
      limit: of.minimumGoldenImages,
    })
}

function judgeUploadProxy(
  { service, endpoints, config }: VmStorage['uploadProxy'],
  of: PlatformParameters,
  report: PlatformReport,
): void {
  if ('missing' in service) report.cannotRead(service.missing, 'platform.upload-proxy')
  else if ('missing' in endpoints) report.cannotRead(endpoints.missing, 'platform.upload-proxy')
  else
    report.number({
      ...counted,
      id: 'platform.upload-proxy',
      metric: 'addresses behind service cdi-uploadproxy',
      detail: service.known === null ? ['there is no such service'] : [],
      name: 'uploadProxyAddresses',
      actual: service.known === null ? 0 : addressesOf(endpoints.known),
      limit: 1,
    })
  if ('missing' in config) {
    report.cannotRead(config.missing, 'platform.upload-proxy-url')
    return
  }
  const url = uploadProxyUrl(config.known)
  report.results['uploadProxyURL'] = url
  report.state({
    id: 'platform.upload-proxy-url',
    metric: 'address of the upload proxy for clients outside of the cluster:',
    actual: url === null ? 'none' : 'set',
    limit: of.requireUploadProxyUrl ? 'set' : null,
  })
}

const nameOf = ({ metadata: { name = '' } }: { metadata: { name?: string } }): string => name
