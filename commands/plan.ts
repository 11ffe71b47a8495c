import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import { preflightPlan } from '../plugin/preflight-plan.ts'
import { checkups } from '../suites/index.ts'
import { defineCommand } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { estimateRun } from './plan-estimate.ts'
import { planLines } from './plan-text.ts'
import { openProfile, profileOption, projectOption, selectCheckups } from './profile-choice.ts'
import { manifestsYaml, roleManifests } from './role-manifests.ts'
import { UsageError } from './usage-error.ts'

const defaultServiceAccount = 'kubevirt-acceptance'

export const plan = defineCommand({
  name: 'plan',
  synopsis: '[--profile PROFILE] [--project CHECKUP]... [--rbac [--with-optional] [--service-account NAME]] [--json]',
  description: [
    'Shows what a run with this profile would do, without a connection to any cluster: the cases with their parameters and where each value is set, the objects that are created, how long it takes, and which permissions are needed.',
    'With --rbac it prints manifests instead: a service account with exactly the permissions that the run requires.',
  ],
  options: {
    ...profileOption,
    ...projectOption,
    rbac: { type: 'boolean', description: 'Print ServiceAccount, Role and RoleBinding, ready for kubectl apply -f -.' },
    'with-optional': {
      type: 'boolean',
      description: 'With --rbac: also what the run can do without, but does something less well.',
    },
    'service-account': {
      type: 'string',
      value: 'NAME',
      description: `With --rbac: name of the service account and its roles. Default: ${defaultServiceAccount}.`,
    },
  },
  exitCodes: { 0: 'the profile is usable', 2: 'usage or profile' },
  examples: [
    'npx kubevirt-acceptance plan --profile my-cluster',
    'npx kubevirt-acceptance plan --rbac --with-optional | kubectl apply -f -',
  ],
  run({ options, output }) {
    const { rbac, 'with-optional': withOptional, 'service-account': serviceAccount } = options
    if (!rbac && (withOptional || serviceAccount !== undefined))
      throw new UsageError(
        `${withOptional ? '--with-optional' : '--service-account'} is about the manifests of --rbac; add --rbac`,
        'npx kubevirt-acceptance plan --help',
      )
    const profile = openProfile(options.profile, output)
    const selected = selectCheckups(profile, options.project)
    const { permissions } = preflightPlan(profile, checkups, selected)
    if (rbac) {
      const granted = permissions.filter(({ required }) => required || withOptional)
      const account = roleManifests(granted, {
        namespace: profile.namespace.name,
        serviceAccount: checkedName(serviceAccount ?? defaultServiceAccount),
      })
      output.print(manifestsYaml(account, heading(profile, selected, withOptional)).trimEnd())
      output.document({ apiVersion: 'v1', kind: 'List', items: account.map(({ manifest }) => manifest) })
      return Promise.resolve(exitCodes.ok)
    }
    const estimate = estimateRun(profile, selected)
    output.print(...planLines(profile, estimate, permissions, output))
    output.document({
      profile: { name: profile.name, path: profile.path, sha256: profile.sha256 },
      cluster: profile.cluster,
      namespace: profile.namespace,
      parallelism: profile.parallelism,
      checkups: selected,
      ...estimate,
      permissions,
      warnings: profile.warnings,
    })
    return Promise.resolve(exitCodes.ok)
  },
})

function heading({ name, namespace }: LoadedProfile, selected: readonly string[], withOptional: boolean): string[] {
  return [
    `What checkup ${selected.join(', ')} of cluster profile ${name} ${withOptional ? 'requires, and what helps it' : 'requires, and no more'}.`,
    `The namespace has to exist: kubectl create namespace ${namespace.name}`,
  ]
}

/** @throws UsageError for what cannot be the name of a service account and of a role */
function checkedName(name: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name
  throw new UsageError(
    `--service-account "${name}" cannot be an object's name: 1 to 63 lower-case letters, digits and "-", the first and last a letter or digit`,
  )
}
