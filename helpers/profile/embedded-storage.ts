/** The storage of the simulated cluster: its classes and what they are capable of, golden images, CDI, and what goes wrong. */
import { z } from 'zod'
import { durationText } from './duration-text.ts'
import { quantityText } from './quantity-text.ts'

const accessMode = z.enum(['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'])
const volumeMode = z.enum(['Block', 'Filesystem'])

const claimPropertySet = z.strictObject({
  accessModes: z.array(accessMode).min(1),
  volumeMode,
})

/** How fast the pool behind a storage class is. All volumes of the class share it. */
export const poolPerformance = z.strictObject({
  baseLatency: durationText('Service time of one 4 KiB read at an idle pool, before jitter.').default('400us'),
  writeFactor: z
    .number()
    .positive()
    .default(1.5)
    .describe('How many times longer than a read a write takes; an fsync takes twice as long as a write.'),
  virtualisationPercent: z
    .number()
    .min(0)
    .lt(100)
    .default(6)
    .describe('Share of the service time that is virtualisation: plain pods do without it.'),
  jitter: z.number().nonnegative().default(0.35).describe('Sigma of the log-normal spread of the service time.'),
  slots: z.int().positive().default(64).describe('How many requests the pool serves at the same time.'),
  iops: z.int().positive().optional().describe('Limit of the pool over all volumes, reads and writes together.'),
  bandwidth: quantityText('Limit of the pool over all volumes, in bytes per second.').optional(),
  volumeIops: z.int().positive().optional().describe('Limit of one volume; a QEMU guest throttles its disk with it.'),
  volumeBandwidth: quantityText(
    'Limit of one volume in bytes per second; a QEMU guest throttles its disk with it.',
  ).optional(),
})
export type PoolPerformance = z.infer<typeof poolPerformance>

export const embeddedStorageClass = z.strictObject({
  name: z.string().min(1),
  provisioner: z.string().min(1).default('rook-ceph.rbd.csi.ceph.com').describe('Name of the CSI driver.'),
  default: z.boolean().default(false).describe('Annotation storageclass.kubernetes.io/is-default-class.'),
  virtDefault: z.boolean().default(false).describe('Annotation storageclass.kubevirt.io/is-default-virt-class.'),
  bindingMode: z.enum(['Immediate', 'WaitForFirstConsumer']).default('Immediate'),
  reclaimPolicy: z.enum(['Delete', 'Retain']).default('Delete'),
  allowExpansion: z.boolean().default(true),
  parameters: z.record(z.string(), z.string()).default({}),
  claimPropertySets: z
    .array(claimPropertySet)
    .default([
      { accessModes: ['ReadWriteMany'], volumeMode: 'Block' },
      { accessModes: ['ReadWriteOnce'], volumeMode: 'Block' },
      { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' },
    ])
    .describe('What CDI knows of the class (status.claimPropertySets of its StorageProfile), best first.'),
  cloneStrategy: z.enum(['copy', 'snapshot', 'csi-clone']).default('csi-clone'),
  snapshots: z.boolean().default(true).describe('Whether there is a VolumeSnapshotClass of the same driver.'),
  snapshotClass: z.string().min(1).optional().describe('Name of the VolumeSnapshotClass; default: NAME-snapshot.'),
  capacity: quantityText('Size of the pool; claims beyond it are not provisioned.').default('20Ti'),
  provisionTime: durationText('From the claim to its volume.').default('600ms'),
  copyBandwidth: quantityText('Bytes per second of imports, uploads and copies into volumes of the class.').default(
    '200Mi',
  ),
  snapshotTime: durationText('Until a snapshot is ready to use.').default('1s'),
  performance: poolPerformance.prefault({}),
})
export type EmbeddedStorageClass = z.infer<typeof embeddedStorageClass>

const goldenImage = z.strictObject({
  name: z.string().min(1).describe('Name of the DataSource; the DataImportCron is called NAME-image-cron.'),
  namespace: z.string().min(1).default('kubevirt-os-images'),
  image: z.string().min(1).describe('Container disk that the DataImportCron imports, without docker://.'),
  size: quantityText('Size of the imported volume.').default('10Gi'),
  storageClass: z.string().min(1).optional().describe('Default: the default class for VMs, else the default class.'),
  schedule: z.string().min(1).default('0 */12 * * *'),
})
export type GoldenImage = z.infer<typeof goldenImage>

/** Sizes of the images behind registry and HTTP sources that nothing is known about are taken as `imageSize`. */
export const embeddedStorage = z.strictObject({
  classes: z
    .array(embeddedStorageClass)
    .prefault([{ name: 'standard', default: true, virtDefault: true }])
    .describe('StorageClasses. More than one default, or none, is possible as on real clusters.'),
  goldenImages: z.array(goldenImage).prefault([{ name: 'fedora', image: 'quay.io/containerdisks/fedora:latest' }]),
  imageSize: quantityText(
    'Virtual size of the disk images that DataVolumes import by HTTP or from a registry.',
  ).default('1Gi'),
  uploadProxyPort: z
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .describe('Port of the upload proxy on 127.0.0.1; 0: a free one.'),
  tokenLifetime: durationText('How long an upload token is valid.').default('5m'),
  cdiVersion: z
    .string()
    .regex(/^v\d+\.\d+\.\d+$/, 'expected a release such as v1.66.0')
    .default('v1.66.0')
    .describe('CDI release that the CDI resource reports.'),
})
export type EmbeddedStorage = z.infer<typeof embeddedStorage>

const claimSelector = z
  .string()
  .min(1)
  .default('*')
  .describe('Glob over names of PersistentVolumeClaims and DataVolumes.')
const classSelector = z.string().min(1).default('*').describe('Glob over names of StorageClasses.')

/** Things that go wrong with storage, CDI included. */
export const storageFaults = [
  z.strictObject({
    fault: z.literal('dv-import-crashloop'),
    claim: claimSelector.describe('Glob over DataVolumes. Their importer pods end with an error again and again.'),
    message: z
      .string()
      .min(1)
      .default(
        'Unable to process data: Unable to connect to http data source: expected status code 200, got 404. Status: 404 Not Found',
      ),
  }),
  z.strictObject({
    fault: z.literal('claim-lost'),
    claim: claimSelector.describe('Glob over claims. Their volume vanishes some time after they were bound.'),
    after: durationText('Time from Bound to Lost.').default('0s'),
  }),
  z.strictObject({
    fault: z.literal('provisioning-fails'),
    claim: claimSelector,
    storageClass: classSelector,
    message: z.string().min(1).default('rpc error: code = DeadlineExceeded desc = context deadline exceeded'),
  }),
  z.strictObject({ fault: z.literal('pool-full'), storageClass: classSelector }),
  z.strictObject({
    fault: z.literal('wffc-stays-pending'),
    claim: claimSelector.describe('Glob over claims. They are not bound although their first consumer is there.'),
  }),
  z.strictObject({
    fault: z.literal('wffc-ignored'),
    claim: claimSelector.describe('Glob over DataVolumes. They are filled before their first consumer is there.'),
  }),
  z.strictObject({
    fault: z.literal('clone-fallback'),
    claim: claimSelector.describe('Glob over DataVolumes. They are cloned by copying, whatever the class can do.'),
    reason: z.string().min(1).default('No compatible volumesnapshotclass found'),
  }),
  z.strictObject({
    fault: z.literal('empty-claim-property-sets'),
    storageClass: classSelector.describe('Glob over StorageClasses whose properties CDI does not know.'),
  }),
  z.strictObject({
    fault: z.literal('upload-503'),
    times: z.int().positive().default(1000).describe('How many uploads the proxy refuses.'),
  }),
  z.strictObject({
    fault: z.literal('token-expired'),
    times: z.int().positive().default(1000).describe('How many upload tokens are issued that are no longer valid.'),
  }),
  z.strictObject({
    fault: z.literal('golden-image-not-up-to-date'),
    image: z.string().min(1).default('*').describe('Glob over names of golden images.'),
  }),
  z.strictObject({
    fault: z.literal('volume-restore-corrupted'),
    claim: claimSelector.describe(
      'Glob over claims. The files on their volumes are damaged when they are restored from a snapshot.',
    ),
  }),
  z.strictObject({
    fault: z.literal('pod-log-rotated'),
    pod: z
      .string()
      .min(1)
      .default('*')
      .describe('Glob over pods that run to their end. Their node has kept the end of their log only.'),
    bytes: z.int().positive().default(2000).describe('How much of it.'),
  }),
  z.strictObject({
    fault: z.literal('volume-stays-attached'),
    node: z
      .string()
      .min(1)
      .default('*')
      .describe('Glob over nodes. A volume that no pod uses is still attached there.'),
  }),
] as const
