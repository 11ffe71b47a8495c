import type { ConcurrentRequests, PlannedPermission, PreflightPlan } from '../helpers/preflight/preflight-plan.ts'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import { casesAtOnce, type Parallelism } from '../helpers/run/case-exclusion.ts'
import type { CaseRequirements, CheckupContract } from '../helpers/run/checkup-contract.ts'

/** What each planned case needs, by the contract of its checkup. */
export function requirementsOf(
  profile: LoadedProfile,
  contracts: readonly CheckupContract[],
  selected: readonly string[] = profile.checkups.map(({ name }) => name),
): { id: string; requirements: CaseRequirements }[] {
  return profile.checkups
    .filter(({ name }) => selected.includes(name))
    .flatMap(({ name, cases }) => {
      const contract = contracts.find((each) => each.name === name)
      if (!contract) throw new Error(`the profile plans a checkup "${name}" that this version does not have`)
      return cases.map(({ id, parameters }) => ({
        id,
        requirements: contract.requirements(contract.parameters.parse(parameters), profile.namespace.name),
      }))
    })
}

/** Whether the selected cases grant rights to others, which then have to be swept. */
export const grantsRights = (
  profile: LoadedProfile,
  contracts: readonly CheckupContract[],
  selected?: readonly string[],
): boolean =>
  requirementsOf(profile, contracts, selected).some(({ requirements }) =>
    requirements.creates.some(({ kind }) => kind === 'ServiceAccount'),
  )

/** What all selected cases together need of the cluster. */
export function preflightPlan(
  profile: LoadedProfile,
  contracts: readonly CheckupContract[],
  selected?: readonly string[],
): PreflightPlan {
  const byCase = requirementsOf(profile, contracts, selected)
  const all = byCase.map(({ requirements }) => requirements)
  const lease = { group: 'coordination.k8s.io', resource: 'leases', namespace: profile.namespace.name }
  const common: PlannedPermission[] = ['get', 'create', 'update', 'delete'].map((verb) => ({
    permission: { verb, ...lease },
    neededFor: 'keep two runs off one cluster',
    required: false,
  }))
  // Where the namespace is there already, none of these is needed.
  const namespace: PlannedPermission[] = (profile.namespace.create ? ['get', 'create', 'delete'] : []).map((verb) => ({
    // RBAC knows no name yet when something is created.
    permission: {
      verb,
      group: '',
      resource: 'namespaces',
      ...(verb === 'create' ? {} : { name: profile.namespace.name }),
    },
    neededFor: 'create the namespace when it is missing, and remove it again',
    required: false,
  }))
  const concurrent = concurrentRequests(byCase, profile.parallelism)
  const caseSpace = byCase.flatMap(({ id, requirements: { space } }) => (space === undefined ? [] : [{ id, space }]))
  const room = [
    ...(caseSpace.length > 0 ? [{ group: 'storage.k8s.io', resource: 'csistoragecapacities' }] : []),
    ...((concurrent.concurrentRequests?.atOnce ?? 1) > 1 ? [{ group: '', resource: 'nodes' }] : []),
  ].map((target): PlannedPermission => ({
    permission: { verb: 'list', ...target },
    neededFor: 'see how much room there is for the VMs of cases',
    required: false,
  }))
  return {
    namespace: profile.namespace,
    permissions: distinct([...all.flatMap(({ permissions }) => permissions), ...room, ...common, ...namespace]),
    networks: distinct(all.flatMap(({ networks }) => networks)),
    nodes: distinct(all.flatMap(({ nodes }) => nodes)),
    machineSets: distinct(all.flatMap(({ machineSets = [] }) => machineSets)),
    minimumSchedulableNodes: Math.max(0, ...all.map((each) => each.minimumSchedulableNodes)),
    ...concurrent,
    caseSpace,
  }
}

/** Checkups run one after the other: cases of one are never at the same time as those of another. */
function concurrentRequests(
  byCase: readonly { id: string; requirements: CaseRequirements }[],
  parallelism: Parallelism,
): Pick<PreflightPlan, 'concurrentRequests'> {
  const memory = ({ atOnce, cases }: ConcurrentRequests) =>
    cases
      .map(({ memoryBytes }) => memoryBytes)
      .toSorted((one, other) => other - one)
      .slice(0, atOnce)
      .reduce((sum, bytes) => sum + bytes, 0)
  const byCheckup = [...Map.groupBy(byCase, ({ id }) => id.split('/')[0]).values()].map((cases) => ({
    atOnce: casesAtOnce(
      parallelism,
      cases.map(({ requirements: { exclusive } }) => exclusive),
    ),
    cases: cases.flatMap(({ id, requirements: { requests } }) => (requests === undefined ? [] : [{ id, ...requests }])),
  }))
  const [most] = byCheckup.filter(({ cases }) => cases.length > 0).toSorted((one, other) => memory(other) - memory(one))
  return most === undefined ? {} : { concurrentRequests: most }
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()]
}
