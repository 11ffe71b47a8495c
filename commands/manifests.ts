import { Document } from 'yaml'
import { checkupConfigMap, checkupJob } from '../helpers/in-cluster/job-manifest.ts'
import type { KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import { resolveImage } from '../helpers/profile/images.ts'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import type { PlannedPermission } from '../helpers/preflight/preflight-plan.ts'
import { durationMilliseconds } from '../helpers/units/duration.ts'
import { undisturbedCases } from '../plugin/cases-at-once.ts'
import { preflightPlan, requirementsOf } from '../plugin/preflight-plan.ts'
import { checkups } from '../suites/index.ts'
import { defineCommand } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { packageVersion } from './package-version.ts'
import { openProfile, profileOption, selectCheckups } from './profile-choice.ts'
import { type CommentedManifest, manifestsYaml, roleManifests } from './role-manifests.ts'
import { UsageError } from './usage-error.ts'

export const jobOptions = {
  shards: {
    type: 'string',
    value: 'NUMBER',
    description:
      'Spread the cases over so many pods of an Indexed Job, at the same time; those on one storage class stay in one pod. Default: 1.',
  },
  image: {
    type: 'string',
    value: 'IMAGE',
    description:
      'Image of this package, to which images of the profile (registry, replace) apply. Default: kubevirt-acceptance:VERSION.',
  },
  name: {
    type: 'string',
    value: 'NAME',
    description: 'Name of the Job, and the first part of the other names. Default: CHECKUP-checkup.',
  },
  'with-optional': {
    type: 'boolean',
    description: 'Also allow what the run can do without, but does something less well.',
  },
} as const

export interface CheckupManifests {
  /** Service account, roles and bindings. */
  rights: CommentedManifest[]
  configMap: KubernetesObject
  job: KubernetesObject
}

export const manifests = defineCommand({
  name: 'manifests',
  synopsis: 'CHECKUP [--profile PROFILE] [--shards NUMBER] [--image IMAGE] [--name NAME] [--with-optional] [--json]',
  description: [
    'Prints what runs a checkup inside of the cluster, ready for kubectl apply -f -: a service account with exactly the permissions that the checkup of this profile requires, the ConfigMap that it reads its parameters from and writes its results into, and the Job.',
    'A ConfigMap is good for one run; to repeat it, delete Job and ConfigMap and apply them again.',
  ],
  options: { ...profileOption, ...jobOptions },
  maximumPositionals: 1,
  exitCodes: { 0: 'printed', 2: 'usage or profile' },
  examples: [
    'npx kubevirt-acceptance manifests latency --profile my-cluster | kubectl apply -f -',
    'npx kubevirt-acceptance manifests platform --shards 2 > platform.yaml',
  ],
  run({ options, positionals, output }) {
    const profile = openProfile(options.profile, output)
    const made = checkupManifests(profile, positionals[0], options)
    const others = [made.configMap, made.job]
    const heading = [
      `Checkup ${positionals[0]} of cluster profile ${profile.name} as a Job.`,
      `The namespace has to exist: kubectl create namespace ${profile.namespace.name}`,
    ]
    output.print([manifestsYaml(made.rights, heading), ...others.map(yamlOf)].join('---\n').trimEnd())
    output.document({
      apiVersion: 'v1',
      kind: 'List',
      items: [...made.rights, ...others].map(({ manifest }) => manifest),
    })
    return Promise.resolve(exitCodes.ok)
  },
})

const yamlOf = (manifest: KubernetesObject): string =>
  new Document(manifest, { aliasDuplicateObjects: false }).toString({ lineWidth: 0 })

export interface ManifestOptions {
  shards?: string | undefined
  image?: string | undefined
  name?: string | undefined
  'with-optional'?: boolean
  /** Have the pods hand over the files of the run, as ConfigMaps whose names begin with this. */
  report?: string
}

/** @throws UsageError for a checkup that the profile does not plan, and for options that cannot be used */
export function checkupManifests(
  profile: LoadedProfile,
  checkup: string | undefined,
  options: ManifestOptions,
): CheckupManifests {
  if (checkup === undefined)
    throw new UsageError(
      `which checkup? The profile ${profile.file} plans ${profile.checkups.map(({ name }) => name).join(', ')}`,
      'npx kubevirt-acceptance manifests --help',
    )
  const [selected = checkup] = selectCheckups(profile, [checkup])
  const contract = checkups.find(({ name }) => name === selected)
  const cases = profile.checkups.find(({ name }) => name === selected)?.cases ?? []
  if (contract === undefined) throw new UsageError(`there is no checkup "${selected}"`)
  const shards = shardsOf(options.shards, undisturbedCases(profile, checkups, selected).length)
  const name = objectName(options.name ?? `${selected}-checkup`)
  const [namespace, serviceAccount, configMap] = [profile.namespace.name, `${name}-sa`, `${name}-config`]
  const place = { name: configMap, namespace }
  const { name: profileName, guest, timeouts, parallelism } = profile
  const tearDown = durationMilliseconds(timeouts.tearDown)
  const longest = cases.reduce((sum, each) => sum + each.timeoutMilliseconds + 2 * tearDown, 5 * 60_000)
  return {
    rights: roleManifests(permissionsOf(profile, selected, place, options), {
      namespace,
      serviceAccount,
    }),
    configMap: checkupConfigMap({
      ...place,
      contract,
      cases,
      asProfile: shards > 1,
      settings: { name: profileName, guest, timeouts, parallelism },
    }),
    job: checkupJob({
      checkup: selected,
      name,
      namespace,
      serviceAccount,
      configMap,
      image: options.image ?? resolveImage(`kubevirt-acceptance:${packageVersion()}`, profile.images),
      shards,
      report: options.report,
      deadlineSeconds: Math.ceil(longest / 1000),
      graceSeconds: Math.ceil(tearDown / 1000) + 30,
    }),
  }
}

function permissionsOf(
  profile: LoadedProfile,
  checkup: string,
  configMap: { name: string; namespace: string },
  { 'with-optional': withOptional = false, report }: ManifestOptions,
): PlannedPermission[] {
  // The namespace is there: the Job is in it.
  const inPlace = { ...profile, namespace: { ...profile.namespace, create: false } }
  const { permissions } = preflightPlan(inPlace, checkups, [checkup])
  const ofCases = requirementsOf(inPlace, checkups, [checkup]).flatMap(({ requirements }) => requirements.permissions)
  // What only looks requires nothing, but has nothing to judge without what it looks at.
  const onlyLooks = ofCases.every(({ required }) => !required)
  const isLookedAt = (each: PlannedPermission) =>
    onlyLooks && ofCases.some((other) => JSON.stringify(other) === JSON.stringify(each))
  const own = ['get', 'update'].map((verb): PlannedPermission => ({
    permission: { verb, group: '', resource: 'configmaps', ...configMap },
    neededFor: 'read the parameters, and write the results',
    required: true,
  }))
  if (report !== undefined)
    own.push({
      permission: { verb: 'create', group: '', resource: 'configmaps', namespace: configMap.namespace },
      neededFor: 'hand over the report',
      required: true,
    })
  const others = permissions.filter((each) => each.required || withOptional || isLookedAt(each))
  // What is allowed for every ConfigMap needs no rule for this one.
  const isAllowed = ({ permission: { verb, group, resource } }: PlannedPermission) =>
    others.some(
      ({ permission: other, required }) =>
        required &&
        other.name === undefined &&
        other.namespace === configMap.namespace &&
        [other.verb, other.group, other.resource].join() === [verb, group, resource].join(),
    )
  return [...own.filter((each) => !isAllowed(each)), ...others]
}

/** @param parts into which the cases can be divided: those that disturb each other stay in one pod, one after the other */
function shardsOf(text: string | undefined, parts: number): number {
  if (text === undefined) return 1
  const shards = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : 0
  if (shards >= 1 && shards <= parts) return shards
  throw new UsageError(
    `--shards "${text}" has to be a whole number from 1 to ${parts}, the number of cases, where those on one storage class count as one`,
  )
}

/** Its longest derivative is that of a pod of an Indexed Job. */
function objectName(name: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,45}[a-z0-9])?$/.test(name)) return name
  throw new UsageError(
    `--name "${name}" cannot be an object's name: 1 to 47 lower-case letters, digits and "-", the first and last a letter or digit`,
  )
}
