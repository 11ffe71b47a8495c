/**
 * `engine: upstream` as parameters of a checkup that has a documented counterpart: spread `upstreamParameters` into the
 * schema, report what does not go together by `upstreamRules`, and plan with `upstreamRequirements`.
 */
import { z } from 'zod'
import type { Permission } from '../helpers/kubernetes/permission.ts'
import { imageReference } from '../helpers/profile/parameter-text.ts'
import type { CaseRequirements, RuleContext } from '../helpers/run/checkup-contract.ts'
import { durationMilliseconds, formatDuration } from '../helpers/units/duration.ts'
import { helpful, required } from './permissions.ts'
import type { ProblemReport } from './rules.ts'
import type { UpstreamRole } from './upstream-manifests.ts'

/** Of the documented Jobs. */
export const upstreamImages = {
  latency: 'quay.io/kiagnose/kubevirt-vm-latency:main',
  dpdk: 'quay.io/kiagnose/kubevirt-dpdk-checkup:main',
  realtime: 'quay.io/kiagnose/kubevirt-realtime-checkup:main',
} as const

export const upstreamParameters = (checkup: keyof typeof upstreamImages) => ({
  engine: z
    .enum(['ours', 'upstream'], { error: 'ours or upstream' })
    .default('ours')
    .describe(
      'ours: this package measures. upstream: the documented checkup runs as a Job of the cluster, and what it reports is judged as far as it goes.',
    ),
  upstreamImage: imageReference()
    .optional()
    .describe(`Image of the documented checkup, with engine: upstream. Default: ${upstreamImages[checkup]}.`),
})

interface EngineParameters {
  engine: 'ours' | 'upstream'
  upstreamImage?: string | undefined
  timeout?: string | undefined
}

/** Only a case that needs the image has it: it is mirrored, and has to have a digest where the profile wants that. */
export const upstreamImage = (
  checkup: keyof typeof upstreamImages,
  of: EngineParameters,
): { upstreamImage?: string } =>
  of.engine === 'upstream' ? { upstreamImage: of.upstreamImage ?? upstreamImages[checkup] } : {}

/** What is left of the timeout of the case when `spec.timeout` is over, for the checkup to remove its VMs and to end. */
const endingMilliseconds = 60_000
/** And after that, to read what it left. */
export const readingMilliseconds = 30_000
/** Pods and VMs have to start before anything is measured. */
const startingMilliseconds = 30_000

/** `spec.timeout`: what the timeout of the case leaves to the documented checkup. */
export const specTimeoutMilliseconds = (timeout: string): number =>
  durationMilliseconds(timeout) - endingMilliseconds - readingMilliseconds

/**
 * @param known parameters that the documented checkup takes, and limits that are judged by its results
 * @param measuringMilliseconds how long the documented checkup measures
 */
export function upstreamRules<Parameters extends EngineParameters>(
  of: Parameters,
  { isGiven }: RuleContext,
  report: ProblemReport<Parameters>,
  { known, measuringMilliseconds }: { known: readonly (keyof Parameters & string)[]; measuringMilliseconds: number },
): void {
  if (of.engine !== 'upstream') {
    if (isGiven('upstreamImage')) report.warn('upstreamImage', 'has no effect without engine: upstream')
    return
  }
  const taken = new Set<string>([...known, 'engine', 'upstreamImage', 'timeout'])
  const idle = Object.keys(of).filter((name) => isGiven(name) && !taken.has(name))
  if (idle.length > 0)
    report.warn(
      'engine',
      `the upstream checkup has nothing like ${idle.join(', ')}: without effect with engine: upstream`,
    )
  const { timeout = '0s' } = of
  const needed = measuringMilliseconds + startingMilliseconds + endingMilliseconds + readingMilliseconds
  if (durationMilliseconds(timeout) < needed) {
    const text = (milliseconds: number) => formatDuration(BigInt(Math.ceil(milliseconds)) * 1_000_000n)
    report.error(
      'timeout',
      `${timeout} is too short: with engine: upstream the case needs ${text(needed)}, of which ${text(measuringMilliseconds)} are for measuring`,
    )
  }
}

/** Besides what a case of ours needs: rights to make the Job, and those that the Job gets, since nobody can grant others. */
export function upstreamRequirements(
  ours: CaseRequirements,
  namespace: string,
  roles: readonly UpstreamRole[],
): CaseRequirements {
  const one =
    (need: typeof required) =>
    (verb: string, group: string, resource: string, neededFor: string, place = namespace) =>
      need({ verb, group, resource, namespace: place }, neededFor)
  const rbac = 'rbac.authorization.k8s.io'
  const made: [group: string, resource: string, places: readonly string[]][] = [
    ['', 'serviceaccounts', [namespace]],
    [rbac, 'roles', [...new Set(roles.map((role) => role.namespace))]],
    [rbac, 'rolebindings', [...new Set(roles.map((role) => role.namespace))]],
    ['', 'configmaps', [namespace]],
    ['batch', 'jobs', [namespace]],
  ]
  const granted = roles.flatMap(({ namespace: place, rules }): Permission[] =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => ({ verb, group, resource, namespace: place }))),
      ),
    ),
  )
  return {
    ...ours,
    permissions: [
      ...made.flatMap(([group, resource, places]) =>
        places.flatMap((place) => [
          one(required)('create', group, resource, 'apply the upstream checkup', place),
          one(required)('get', group, resource, 'see whether it is gone', place),
          one(required)('delete', group, resource, 'remove the upstream checkup', place),
        ]),
      ),
      ...made.flatMap(([group, resource, places]) =>
        // Required below.
        resource === 'configmaps'
          ? []
          : places.map((place) => one(helpful)('list', group, resource, 'find what earlier runs left behind', place)),
      ),
      one(helpful)('watch', 'batch', 'jobs', 'see at once when the upstream checkup has ended'),
      one(required)('list', '', 'pods', 'see how the upstream checkup ended'),
      one(required)('get', '', 'pods/log', 'keep its log'),
      one(required)('list', 'kubevirt.io', 'virtualmachineinstances', 'find what it left behind'),
      one(required)('list', '', 'configmaps', 'find what it left behind'),
      ...granted.map((permission) => required(permission, 'grant it to the upstream checkup')),
    ],
    creates: [
      ...ours.creates,
      { kind: 'ServiceAccount', count: 1 },
      { kind: 'Role', count: roles.length },
      { kind: 'RoleBinding', count: roles.length },
      { kind: 'ConfigMap', count: 1 },
      { kind: 'Job', count: 1 },
    ],
  }
}
