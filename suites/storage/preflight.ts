/** Procedure preflight: whether storage is as VMs need it, before anything is measured. */
import type { Reading } from '../../helpers/kubernetes/cluster-reader.ts'
import { conditionOf } from '../../helpers/kubernetes/conditions.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import {
  hasProvisioner,
  isDefaultClass,
  isDefaultVirtClass,
  type GoldenImage,
  type SnapshotClass,
  type StorageClass,
  type StorageProfile,
} from '../../helpers/cdi/storage.ts'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { dataVolume, type DataVolume, type PersistentVolumeClaim } from '../../helpers/kubevirt/claims.ts'
import { limitOf, type StorageContext } from './bring-up.ts'
import { FeatureReport, timedUpTo } from './feature-report.ts'
import { poolsOf } from './plan.ts'
import type { StoragePool } from './pools.ts'

const cdi = 'cdi.kubevirt.io/v1beta1'

type Node = KubernetesObject & { status?: { volumesAttached?: { name: string }[]; volumesInUse?: string[] } }

/** A class as far as it may be read. */
const known = <T>(reading: Reading<T>): T | null => ('known' in reading ? reading.known : null)

export async function runPreflight(context: StorageContext): Promise<void> {
  const { parameters, reader } = context
  const report = new FeatureReport()
  await context.provision(() => Promise.resolve())
  await context.measure(async () => {
    const classes = known(await reader.list<StorageClass>({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }))
    const preferred = defaultClasses(classes)
    await context.keepRawOutput('storage-classes.json', `${JSON.stringify(classes, null, 2)}\n`, 'application/json')
    report.results['defaultStorageClasses'] = preferred?.map(({ metadata }) => metadata.name).join(',') ?? null
    report.state('default-class', 'default classes', preferred === null ? null : String(preferred.length), '1')
    for (const pool of poolsOf(parameters)) await lookAtPool(context, report, pool, { classes, preferred })
    await lookAtNodes(context, report)
    const image = await reader.get<GoldenImage>({
      apiVersion: cdi,
      kind: 'DataSource',
      namespace: parameters.dataSourceNamespace,
      name: parameters.dataSourceName,
    })
    if ('known' in image)
      report.state(
        'golden-image',
        `DataSource ${parameters.dataSourceNamespace}/${parameters.dataSourceName} is`,
        image.known === null
          ? 'not there'
          : conditionOf(image.known, 'Ready')?.status === 'True'
            ? 'ready'
            : 'not ready',
        parameters.rootDiskImage === undefined && parameters.rootDiskUrl === undefined ? 'ready' : null,
      )
  })
  await report.conclude(context)
}

function defaultClasses(classes: readonly StorageClass[] | null): StorageClass[] | null {
  if (classes === null) return null
  const forVms = classes.filter(isDefaultVirtClass)
  return forVms.length > 0 ? forVms : classes.filter(isDefaultClass)
}

interface Classes {
  classes: readonly StorageClass[] | null
  preferred: readonly StorageClass[] | null
}

async function lookAtPool(
  context: StorageContext,
  report: FeatureReport,
  pool: StoragePool,
  { classes, preferred }: Classes,
): Promise<void> {
  const { reader } = context
  const name = pool.storageClass ?? preferred?.[0]?.metadata.name
  const storageClass = classes?.find(({ metadata }) => metadata.name === name)
  if (name !== undefined) {
    const profile = await reader.get<StorageProfile>({ apiVersion: cdi, kind: 'StorageProfile', name })
    if ('known' in profile)
      report.state(
        'claim-properties',
        `properties of class ${name} are`,
        (profile.known?.status?.claimPropertySets ?? []).length > 0 ? 'known' : 'unknown',
        'known',
        pool.name,
      )
  }
  if (storageClass !== undefined && hasProvisioner(storageClass)) {
    const snapshots = await reader.list<SnapshotClass>({
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotClass',
    })
    const { provisioner } = storageClass
    if ('known' in snapshots)
      report.state(
        'snapshot-class',
        `a VolumeSnapshotClass for ${provisioner} is`,
        snapshots.known.some(({ driver }) => driver === provisioner) ? 'there' : 'missing',
        'there',
        pool.name,
      )
  }
  await bindBlankVolume(context, report, pool)
}

async function bindBlankVolume(context: StorageContext, report: FeatureReport, pool: StoragePool): Promise<void> {
  const limit = limitOf(context, 'claimTimeout')
  const name = randomName(`perf-preflight-${pool.name}-`)
  const volume = dataVolume(
    { name, source: { kind: 'blank' }, storageClass: pool.storageClass, size: '10Mi' },
    { namespace: context.namespace, bindAtOnce: true },
  )
  const created = await context.create<DataVolume>(volume)
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: context.namespace, name }
  const { measured } = await timedUpTo(context, limit.milliseconds / 1000, () =>
    context.waitFor<PersistentVolumeClaim, true>(claim, {
      describe: 'be bound',
      limit,
      mayNotExistYet: true,
      until: ({ status }) => (status?.phase === 'Bound' ? true : undefined),
    }),
  )
  report.time({ id: 'blank-volume', subject: pool.name, name: 'blankVolumeSeconds', ...measured })
  await context.release([created])
}

async function lookAtNodes({ reader }: StorageContext, report: FeatureReport): Promise<void> {
  const nodes = await reader.list<Node>({ apiVersion: 'v1', kind: 'Node' })
  if (!('known' in nodes)) return
  for (const { metadata, status } of nodes.known) {
    const used = new Set(status?.volumesInUse)
    const attached = (status?.volumesAttached ?? []).map(({ name }) => name)
    const idle = attached.filter((name) => !used.has(name))
    const lost = [...used].filter((name) => !attached.includes(name))
    const problems = [
      ...idle.map((name) => `${name} is attached and not in use`),
      ...lost.map((name) => `${name} is in use and not attached`),
    ]
    report.state(
      'attachments',
      'attached volumes are',
      problems.join('; ') || 'all in use',
      'all in use',
      metadata.name,
    )
  }
}
