/** The parameters of the platform checkup; each is of the area that its description names. */
import { z } from 'zod'
import { holds, objectName, positiveDuration, truthValue, wholeNumber } from '../../helpers/profile/parameter-text.ts'
import { parseDuration } from '../../helpers/units/duration.ts'
import { areas } from './areas.ts'

/** Texts that `pattern` accepts: a list, or text with commas between. */
const textList = (pattern: RegExp, allowed: string) =>
  z
    .union([z.array(z.string({ error: allowed })), z.string()], { error: allowed })
    .transform((value) =>
      typeof value === 'string'
        ? value
            .split(',')
            .map((word) => word.trim())
            .filter((word) => word !== '')
        : value,
    )
    .refine((list) => list.every((text) => pattern.test(text)), { error: allowed, abort: true })

const release = z
  .string()
  .regex(/^v\d+\.\d+\.\d+\S*$/, 'a release such as v1.9.0')
  .optional()

const waitAllowed = 'a Go duration such as 10m, or 0s for no waiting'

export const parameters = z.strictObject({
  area: z
    .enum(areas, { error: `one of ${areas.join(', ')}` })
    .describe('What the case looks at. One case each with `matrix: { areas: all }`.'),
  timeout: positiveDuration()
    .default('15m')
    .describe('Limit for the whole case (`spec.timeout` of the ConfigMap), as a Go duration.'),
  requiredChecks: textList(
    /^(all|platform\.[a-z0-9.-]+)$/,
    'check ids such as platform.kubevirt-ready, or all: a list, or text with commas',
  )
    .prefault([])
    .describe(
      'Checks that must be judged: one that cannot be, since a permission or a baseline is missing, fails instead of being skipped. all: every check.',
    ),
  upgradeDeadline: z
    .string({ error: waitAllowed })
    .refine((text) => holds(() => parseDuration(text) >= 0n), { error: waitAllowed, abort: true })
    .default('10m')
    .describe(
      'kubevirt, cdi: how long to watch an installation that is on its way before it is judged. Ready or failed, it is judged at once.',
    ),
  expectedKubevirtVersion: release.describe('kubevirt: the release that must be there. Default: any.'),
  expectedCdiVersion: release.describe('cdi: the release that must be there. Default: any.'),
  expectedReplicas: textList(/^[a-z0-9-]+=\d+$/, 'such as virt-api=2: a list, or text with commas')
    .prefault([])
    .describe(
      'kubevirt, cdi: ready pods that a component must have. Default: as many as its Deployment or DaemonSet asks for, and at least one.',
    ),
  restartWindow: positiveDuration()
    .default('10m')
    .describe('kubevirt, cdi: containers that restarted this long before the check, or during the run, count.'),
  cdiNamespace: objectName('namespace')
    .optional()
    .describe('cdi, networking, storage, certificates: where CDI runs. Default: as its APIService says, else cdi.'),
  requiredApiVersions: textList(/^[a-z0-9.-]+\/v\d\S*$/, 'such as kubevirt.io/v1: a list, or text with commas')
    .prefault([
      'kubevirt.io/v1',
      'subresources.kubevirt.io/v1',
      'snapshot.kubevirt.io/v1beta1',
      'cdi.kubevirt.io/v1beta1',
      'upload.cdi.kubevirt.io/v1beta1',
    ])
    .describe('api: API versions that must be served.'),
  requiredApiServices: textList(/^v\d\S*\.[a-z0-9.-]+$/, 'names of APIServices: a list, or text with commas')
    .prefault(['v1.subresources.kubevirt.io', 'v1beta1.upload.cdi.kubevirt.io'])
    .describe('api: APIServices that must be there. Those of KubeVirt and CDI must be available in any case.'),
  minimumVmNodes: wholeNumber({ min: 1, max: 100_000, unit: 'nodes' })
    .prefault(1)
    .describe('nodes: nodes on which VMs can be started.'),
  maxHeartbeatAge: positiveDuration()
    .default('5m')
    .describe('nodes: largest age of the heartbeat of virt-handler; it comes every minute.'),
  minimumDevices: wholeNumber({ min: 1, max: 100_000, unit: 'devices' })
    .prefault(1)
    .describe('nodes: kvm, tun and vhost-net devices that each node must offer.'),
  requireCpuManager: truthValue()
    .prefault(false)
    .describe('nodes: each node must have the static CPU manager, which dedicated CPUs need.'),
  networks: textList(/^([a-z0-9.-]+\/)?[a-z0-9.-]+$/, 'names as name or namespace/name: a list, or text with commas')
    .prefault([])
    .describe('networking: NetworkAttachmentDefinitions that must be there. Default: the networks of the profile.'),
  deviceResources: textList(
    /^[a-z0-9.-]+\/[A-Za-z0-9._-]+=\d+$/,
    'such as openshift.io/dpdk=4: a list, or text with commas',
  )
    .prefault([])
    .describe(
      'networking: allocatable devices that the nodes together must have. Those of the networks must have at least one.',
    ),
  storageClasses: textList(/^[a-z0-9.-]+$/, 'names of StorageClasses: a list, or text with commas')
    .optional()
    .describe('storage: classes that must be ready for VMs. Default: all that have a provisioner.'),
  requireSnapshotClasses: truthValue()
    .prefault(true)
    .describe('storage: each class must have a VolumeSnapshotClass of its driver.'),
  minimumGoldenImages: wholeNumber({ min: 0, max: 10_000, unit: 'DataSources' })
    .prefault(0)
    .describe('storage: DataSources that must be ready. None that exists may be out of order in any case.'),
  requireUploadProxyUrl: truthValue()
    .prefault(false)
    .describe('storage: CDI must know an address of its upload proxy for clients outside of the cluster.'),
  minimumCertificateLife: positiveDuration()
    .default('168h')
    .describe(
      'certificates: time that must be left. Of certificates with short lives, which KubeVirt and CDI renew early, a tenth of the life.',
    ),
  baselineRun: z
    .string()
    .min(1)
    .optional()
    .describe(
      'workloads: run that VMs are compared with: an id below the folder of the runs, or the path of a run.json. Default: the newest run of the same cluster in which this case passed.',
    ),
})
export type PlatformParameters = z.output<typeof parameters>
