/** The parameters of the lifecycle checkup. */
import { z } from 'zod'
import {
  imageReference,
  memoryQuantity,
  objectName,
  positiveDuration,
  someOf,
  truthValue,
  wholeNumber,
} from '../../helpers/profile/parameter-text.ts'
import { networkAttachmentDefinitionNamespace } from '../network-parameters.ts'
import { kinds } from './kinds.ts'
import { timings, type TimingName } from './timings.ts'

const runStrategies = ['Always', 'Halted', 'Manual', 'RerunOnFailure', 'Once'] as const

const limits = Object.fromEntries(
  Object.values(timings).map(({ parameter, what }) => [
    parameter,
    positiveDuration()
      .optional()
      .describe(`Largest allowed time of ${what} (95th percentile over all in the case). Default: no limit.`),
  ]),
) as Record<(typeof timings)[TimingName]['parameter'], ReturnType<ReturnType<typeof positiveDuration>['optional']>>

const storageClass = () => objectName('storage class').optional()

export const parameters = z.strictObject({
  kind: z.enum(kinds, { error: `one of ${kinds.join(', ')}` }).describe('What the case lives through.'),
  timeout: positiveDuration()
    .default('30m')
    .describe('Limit for the whole case (`spec.timeout` of the ConfigMap), as a Go duration.'),
  required: truthValue()
    .prefault(false)
    .describe(
      'Whether the cluster must offer what the case needs. false: a case whose needs are not met is skipped, with the reason.',
    ),
  stepTimeout: positiveDuration()
    .default('5m')
    .describe('For each step that is waited for: a VM to run or to stop, a migration, a snapshot, a deletion.'),
  dataVolumeTimeout: positiveDuration().default('10m').describe('For a DataVolume to be filled.'),
  containerDiskImage: imageReference()
    .default(
      'quay.io/kubevirtci/alpine-with-test-tooling-container-disk@sha256:a40c4a7bb9644098740ad5f8aa64040b0a64bb84cc4e3b42d633bb752ab4b9ce',
    )
    .describe('containerDisk of the VMs.'),
  guestUser: z
    .string()
    .min(1)
    .optional()
    .describe('Who logs in on the console, by guestPassword. Default: root without a password, as in Alpine.'),
  guestPassword: z.string().min(1).optional().describe('Password of guestUser, such as that of a demo image.'),
  guestMemory: memoryQuantity().optional().describe('Requested by each VM. Default: guest.memory of the profile.'),
  repeats: wholeNumber({ min: 1, max: 1000, unit: 'times' })
    .prefault(1)
    .describe('stateless, migration: how many times it is started and stopped, or migrated.'),
  judgeAnswerTexts: truthValue()
    .prefault(true)
    .describe('Whether answers must have the words that KubeVirt is known for, besides their codes.'),
  pauseDuration: positiveDuration().default('5s').describe('lifecycle: how long the VM is paused.'),
  runStrategies: someOf(runStrategies)
    .prefault([...runStrategies])
    .describe('run-strategies: those that are tried.'),
  requireGuestAgent: truthValue()
    .prefault(true)
    .describe('guest-agent: the agent must connect. false: without one its absence must be told as documented.'),
  storageClass: storageClass().describe('StorageClass of the volumes. Default: the default class for VMs.'),
  volumeSize: memoryQuantity().default('1Gi').describe('Size of the volumes.'),
  accessMode: z
    .enum(['ReadWriteOnce', 'ReadWriteMany', 'ReadOnlyMany', 'ReadWriteOncePod'], { error: 'such as ReadWriteMany' })
    .optional()
    .describe('Access mode of the volumes. Default: what CDI knows of the class.'),
  volumeMode: z
    .enum(['Block', 'Filesystem'], { error: 'Block or Filesystem' })
    .optional()
    .describe('Volume mode of the volumes. Default: what CDI knows of the class.'),
  imageUrl: z
    .url({ error: 'an address such as https://example.org/disk.qcow2' })
    .optional()
    .describe('data-volume-http: the image that is imported.'),
  expectedCloneType: z
    .enum(['copy', 'snapshot', 'csi-clone'], { error: 'copy, snapshot or csi-clone' })
    .optional()
    .describe('data-volume-clone, -snapshot: how CDI must clone. Default: any way.'),
  imagePath: z
    .string()
    .min(1)
    .optional()
    .describe(
      'stateful-upload: image file that is uploaded and booted from, with cloud-init; logged in over SSH as sshUser. Default: a blank image of uploadSize, which becomes a second disk.',
    ),
  uploadSize: memoryQuantity().default('64Mi').describe('stateful-upload without imagePath: bytes that are uploaded.'),
  uploadProxyUrl: z
    .string()
    .regex(/^\S+$/, 'an address such as https://cdi-uploadproxy.example.org')
    .optional()
    .describe('stateful-upload: address of the upload proxy. Default: what CDIConfig says.'),
  uploadInsecure: truthValue()
    .prefault(false)
    .describe('stateful-upload: whether the certificate of the upload proxy is accepted unseen.'),
  sshUser: z.string().min(1).default('root').describe('ssh, stateful-upload with imagePath: who logs in over SSH.'),
  networkAttachmentDefinitionNamespace,
  networkAttachmentDefinitionName: objectName('NetworkAttachmentDefinition')
    .optional()
    .describe('sriov: the network of the virtual functions.'),
  ...limits,
})
export type LifecycleParameters = z.output<typeof parameters>
