/** What may be wrong with the life of VMs in the embedded cluster, and with KubeVirt itself. */
import { z } from 'zod'
import { durationText } from './duration-text.ts'
import { guestSelector } from './guest-selector.ts'

const nodeSelector = z.string().min(1).default('*').describe('Glob over names of nodes.')

export const lifecycleFaults = [
  z.strictObject({
    fault: z.literal('migration-fails'),
    vmi: guestSelector.describe('Glob over VMI names. Their live migrations fail while memory is copied.'),
    message: z
      .string()
      .min(1)
      .default(
        "error encountered during MigrateToURI3 libvirt api call: virError(Code=1, Domain=0, Message='internal error: client socket is closed')",
      ),
  }),
  z.strictObject({
    fault: z.literal('migration-stuck'),
    vmi: guestSelector.describe('Glob over VMI names. Their live migrations copy memory for ever.'),
  }),
  z.strictObject({
    fault: z.literal('migration-in-name-only'),
    vmi: guestSelector.describe(
      'Glob over VMI names. Their live migrations are said to have succeeded; the guest stays where it is, and the target pod does, too.',
    ),
  }),
  z.strictObject({
    fault: z.literal('hotplug-stuck'),
    vmi: guestSelector.describe('Glob over VMI names. Volumes that are plugged into them are never mounted.'),
  }),
  z.strictObject({
    fault: z.literal('snapshot-fails'),
    vmi: guestSelector.describe('Glob over VM names. The snapshots of their volumes are never taken.'),
    message: z
      .string()
      .min(1)
      .default('Failed to take snapshot of the volume: rpc error: code = Internal desc = snapshot limit reached'),
  }),
  z.strictObject({
    fault: z.literal('snapshot-without-indications'),
    vmi: guestSelector.describe('Glob over VM names. Their snapshots do not say that the VM was running.'),
  }),
  z.strictObject({
    fault: z.literal('restore-fails'),
    vmi: guestSelector.describe('Glob over VM names. They are never restored.'),
    message: z.string().min(1).default('rpc error: code = ResourceExhausted desc = no room for another volume'),
  }),
  z.strictObject({
    fault: z.literal('console-shared'),
    vmi: guestSelector.describe(
      'Glob over VMI names. Further console clients join the first, in place of taking over.',
    ),
  }),
  z.strictObject({
    fault: z.literal('ssh-any-key'),
    vmi: guestSelector.describe('Glob over VMI names. Their sshd lets in whoever has a key, whichever that is.'),
  }),
  z.strictObject({
    fault: z.literal('ssh-stops'),
    vmi: guestSelector.describe('Glob over VMI names. Their sshd ends after some logins.'),
    afterLogins: z.int().positive().default(1),
  }),
  z.strictObject({
    fault: z.literal('subresource-answers'),
    subresource: z
      .string()
      .regex(/^(virtualmachines|virtualmachineinstances)\/[a-z-]+$/, 'such as virtualmachines/start')
      .describe('What virt-api answers in its own way, without doing anything.'),
    code: z.int().min(200).max(599),
    message: z.string().min(1).default('the request was answered by a proxy'),
  }),
  z.strictObject({
    fault: z.literal('boot-id-stays'),
    vmi: guestSelector.describe('Glob over VMI names. Every boot of the guest has the same id.'),
  }),
  z.strictObject({
    fault: z.literal('pause-ignored'),
    vmi: guestSelector.describe('Glob over VMI names. The guest goes on while its VMI is said to be paused.'),
  }),
  z.strictObject({
    fault: z.literal('volumes-forget'),
    vmi: guestSelector.describe('Glob over VMI names. Their volumes are blank again whenever they start.'),
  }),
  z
    .strictObject({ fault: z.literal('policies-not-enforced') })
    .describe('The CNI plugin takes no notice of NetworkPolicies, as some do.'),
  z
    .strictObject({ fault: z.literal('policy-deny') })
    .describe('A NetworkPolicy in the namespace of the run denies all ingress.'),
  z
    .strictObject({ fault: z.literal('multus-missing') })
    .describe('Multus is not installed: nobody serves NetworkAttachmentDefinitions.'),
  z.strictObject({ fault: z.literal('virt-handler-not-ready'), node: nodeSelector }),
  z.strictObject({
    fault: z.literal('component-not-ready'),
    component: z
      .enum(['virt-api', 'virt-controller', 'virt-operator', 'virt-exportproxy'])
      .describe('The Deployment whose pods are not ready.'),
  }),
  z.strictObject({
    fault: z.literal('upgrade-in-progress'),
    target: z
      .string()
      .regex(/^v\d+\.\d+\.\d+$/, 'expected a release such as v1.9.1')
      .default('v1.9.1')
      .describe('The KubeVirt release that is being rolled out, and never gets there.'),
  }),
  z.strictObject({
    fault: z.literal('apiservice-unavailable'),
    apiService: z
      .string()
      .min(1)
      .default('v1.subresources.kubevirt.io')
      .describe('Name of the APIService without endpoints; requests to it are answered with 503.'),
  }),
  z.strictObject({
    fault: z.literal('webhook-unavailable'),
    webhook: z
      .string()
      .min(1)
      .default('virtualmachineinstances-mutator.kubevirt.io')
      .describe('Name of the admission webhook that cannot be called.'),
  }),
  z.strictObject({
    fault: z.literal('certificate-expires'),
    secret: z
      .string()
      .min(1)
      .default('kubevirt-virt-api-certs')
      .describe('Secret in the namespace of KubeVirt whose certificate is about to expire.'),
    within: durationText('Time until it expires.').default('1h'),
  }),
  z.strictObject({ fault: z.literal('node-not-ready'), node: nodeSelector }),
  z.strictObject({
    fault: z.literal('heartbeat-stale'),
    node: nodeSelector,
    age: durationText('How old the heartbeat of virt-handler is.').default('15m'),
  }),
  z.strictObject({
    fault: z.literal('node-without-devices'),
    node: nodeSelector,
    device: z.enum(['kvm', 'tun', 'vhost-net']).default('kvm').describe('The virtual device that nodes do not offer.'),
  }),
] as const
