/** What a cluster profile may say. The checkup contracts are given, so that a profile knows only what this run can do. */
import { z } from 'zod'
import type { CheckupContract } from '../run/checkup-contract.ts'
import { embeddedCluster } from './embedded-cluster.ts'
import { gateSection } from './gate-section.ts'
import { objectName, positiveDuration } from './parameter-text.ts'

const cluster = z
  .strictObject({
    embedded: embeddedCluster.optional().describe('The simulated cluster that is started for the run.'),
    kubeconfig: z
      .strictObject({
        path: z
          .string()
          .min(1)
          .optional()
          .describe('A kubeconfig file, relative to this profile. Default: KUBECONFIG, ~/.kube/config, or in-cluster.'),
        context: z.string().min(1).optional().describe('Context to use. Default: the current context.'),
      })
      .optional()
      .describe('A real cluster. `{}` uses KUBECONFIG, ~/.kube/config or the service account of the pod.'),
  })
  .refine((value) => (value.embedded === undefined) !== (value.kubeconfig === undefined), {
    error: 'exactly one of embedded and kubeconfig (`kubeconfig: {}` for the usual KUBECONFIG rules)',
    // Also when something inside is wrong: all problems are told at once.
    when: ({ value }) => typeof value === 'object' && value !== null,
  })

const namespace = z.strictObject({
  name: objectName('namespace').default('kubevirt-acceptance').describe('Namespace in which everything is created.'),
  create: z
    .boolean()
    .default(true)
    .describe('Create the namespace when it is missing, and then remove it again. false: it has to be there.'),
})

const images = z.strictObject({
  registry: z
    .string()
    .regex(/^[^\s/]+(\/[^\s]*[^\s/])?$/, 'a registry with an optional path, such as registry.lab.example:5000/mirror')
    .optional()
    .describe('Takes the place of the registry host in every image, for clusters that reach only a mirror.'),
  replace: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .describe('Whole images to use instead of others; goes before `registry`.'),
  requireDigests: z.boolean().default(false).describe('Refuse images that are not pinned with @sha256:.'),
})
export type ProfileImages = z.output<typeof images>

const guest = z.strictObject({
  memory: z
    .string()
    .regex(/^\d+(\.\d+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$/, 'a Kubernetes quantity such as 128Mi')
    .default('128Mi')
    .describe('Memory request of VMs for which a checkup asks for no more.'),
  connectTimeout: positiveDuration().default('1m').describe('Until the serial console or SSH is connected.'),
  loginTimeout: positiveDuration()
    .default('4m')
    .describe('Until a shell prompt is there, counted from the connection. Some images need more than three minutes.'),
  commandTimeout: positiveDuration().default('30s').describe('For one short command in a guest.'),
})

const timeouts = z.strictObject({
  setup: positiveDuration().default('5m').describe('For VMs to be scheduled, started and running.'),
  tearDown: positiveDuration()
    .default('2m')
    .describe('For clean-up. It has its own budget, whatever the case has used up.'),
  lease: positiveDuration()
    .default('1m')
    .describe('How long the Lease that keeps two runs off one cluster is held without renewal.'),
  objectExpiry: positiveDuration()
    .default('2h')
    .describe('Label on every object: after this time `sweep` and the next run may remove it.'),
})

const nameList = (what: string) => z.array(z.string().min(1)).min(1).optional().describe(what)

/** Everything but the checkups. */
const base = {
  apiVersion: z
    .literal('kubevirt-acceptance/v1', { error: 'kubevirt-acceptance/v1' })
    .describe('Version of this format.'),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/, "letters a-z, digits, '.', '_' and '-'")
    .describe('Name of the profile, in every report.'),
  description: z.string().optional(),
  cluster,
  nodes: nameList('Nodes under test, for `all` in matrices. Default with an embedded cluster: its schedulable nodes.'),
  networks: nameList(
    'NetworkAttachmentDefinitions under test (`name` or `namespace/name`), for `all` in matrices. Default with an embedded cluster: its networks.',
  ),
  namespace: namespace.prefault({}).describe('Where the run creates its objects.'),
  images: images.prefault({}).describe('Where images come from.'),
  guest: guest.prefault({}).describe('How guests are reached.'),
  timeouts: timeouts.prefault({}).describe('Budgets of what is not a checkup itself, as Go durations.'),
  parallelism: z
    .union([z.int().min(1).max(64), z.literal('auto')], { error: 'a whole number, 1 to 64, or auto' })
    .default(1)
    .describe(
      'Cases of a checkup that run at the same time, as far as the nodes hold their VMs; cases on one storage class never do. auto: storage cases of different classes together, all others one after the other. A number lets other measurements disturb each other.',
    ),
  gate: gateSection.prefault({}).describe('What `kubevirt-acceptance gate` asks of a run.'),
}

/** The `checkups.<name>` part for one contract. */
function checkupSection(contract: CheckupContract) {
  // Of the shape alone: a contract may go on to fill in defaults that depend on each other, which a part cannot.
  const parameters = z.strictObject(contract.parameters.shape).partial().shape
  const axes = Object.fromEntries(Object.entries(contract.axes).map(([name, axis]) => [name, axis.schema.optional()]))
  return z.strictObject({
    timeout: positiveDuration().optional().describe('Short for `defaults.timeout`.'),
    required: z
      .boolean()
      .default(true)
      .describe('false: the gate may pass although this checkup did not run. It never passes when the checkup failed.'),
    defaults: z.strictObject(parameters).optional().describe('Parameters of every case that does not set them itself.'),
    cases: z
      .array(
        z.strictObject({
          name: z
            .string()
            .regex(/^[a-z0-9][a-z0-9._-]*$/, "letters a-z, digits, '.', '_' and '-'")
            .optional()
            .describe('Takes the place of the generated case name; with a matrix it goes before it.'),
          ...parameters,
          matrix: z
            .strictObject({ ...parameters, ...axes })
            .optional()
            .describe('Expands into one case per combination of its axes.'),
        }),
      )
      .min(1, 'at least one case')
      .describe('The cases to run: parameters, or a matrix, or both.'),
  })
}

/** The schema of whole profiles for the given checkups. */
export function profileSchema(contracts: readonly CheckupContract[]) {
  const sections = Object.fromEntries(
    contracts.map((contract) => [
      contract.name,
      checkupSection(contract).optional().describe(`${contract.title}. ${contract.description}`),
    ]),
  )
  return z.strictObject({
    ...base,
    checkups: z
      .strictObject(sections)
      .refine((value) => Object.keys(value).length > 0, 'at least one checkup; a run without cases cannot pass')
      .describe('The checkups to run.'),
  })
}

export type ProfileBase = z.output<z.ZodObject<typeof base>>

/** A validated `checkups.<name>` as written; defaults are applied later, when it is known where each value is from. */
export interface CheckupSection {
  timeout?: string
  required?: boolean
  defaults?: Record<string, unknown>
  cases: ({ name?: string; matrix?: Record<string, unknown> } & Record<string, unknown>)[]
}
