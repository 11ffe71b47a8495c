/** How KubeVirt itself is doing: its custom resource, its components, and what they say. */
import type { ClusterReader, Reading } from '../kubernetes/cluster-reader.ts'
import { mapReading } from '../kubernetes/cluster-reader.ts'
import {
  type ComponentPod,
  type ComponentState,
  type DaemonSet,
  daemonSetState,
  type Deployment,
  deploymentState,
  withoutDetails,
} from '../kubernetes/component-state.ts'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { isBeyondHope, unreadiness } from '../kubernetes/operator-status.ts'

export type InstallationResource = KubernetesObject & {
  status?: {
    phase?: string
    observedKubeVirtVersion?: string
    targetKubeVirtVersion?: string
    observedDeploymentID?: string
    targetDeploymentID?: string
    outdatedVirtualMachineInstanceWorkloads?: number
    observedVersion?: string
    targetVersion?: string
    operatorVersion?: string
  }
}

/** Version as it is, and as it should be; null where the resource does not say. */
interface Rollout {
  observed: string | null
  target: string | null
}

/** What KubeVirt and CDI have in common: an operator that installs a version, and says how far it is. */
export interface InstallationKind {
  apiVersion: string
  kind: 'KubeVirt' | 'CDI'
  /** Names of its Deployments and DaemonSets begin so. */
  prefix: string
  /** Those without which there is no installation. */
  components: readonly string[]
  rollout: (resource: InstallationResource) => Rollout
}

export const kubevirtKind: InstallationKind = {
  apiVersion: 'kubevirt.io/v1',
  kind: 'KubeVirt',
  prefix: 'virt-',
  components: ['virt-operator', 'virt-api', 'virt-controller', 'virt-handler'],
  rollout: ({ status = {} }) => {
    const { observedKubeVirtVersion, targetKubeVirtVersion, observedDeploymentID, targetDeploymentID } = status
    const observed = observedKubeVirtVersion ?? null
    const target = targetKubeVirtVersion ?? null
    // The same version is deployed anew when its configuration changes.
    return observed !== null && observed === target && observedDeploymentID !== targetDeploymentID
      ? { observed: `${observed} (${observedDeploymentID})`, target: `${target} (${targetDeploymentID})` }
      : { observed, target }
  },
}

export interface Installation {
  resources: InstallationResource[]
  /** Where its components are; undefined: there is no installation. */
  namespace: string | undefined
  components: Reading<ComponentState[]>
  pods: Reading<ComponentPod[]>
}

/** Whether nothing keeps the installation from being used, and no other version is on its way. */
export function isReady(resource: InstallationResource, { rollout }: Pick<InstallationKind, 'rollout'>): boolean {
  const { observed, target } = rollout(resource)
  return unreadiness(resource).length === 0 && observed === target
}

export interface InstallationOptions {
  /** How long to watch an installation that is on its way, in the cluster's time. */
  waitMilliseconds: number
  /** Where the components of a cluster-scoped resource are. */
  namespace?: string
}

/** Reads the installation as soon as it is ready, beyond hope, or the time is up. */
export async function readInstallation(
  reader: ClusterReader,
  kind: InstallationKind,
  { waitMilliseconds, namespace: given }: InstallationOptions,
): Promise<Reading<Installation>> {
  const listed = await reader.list<InstallationResource>({
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    namespace: '*',
  })
  if ('missing' in listed) return listed
  const [first] = listed.known
  const namespace = first === undefined ? undefined : (given ?? first.metadata.namespace)
  if (first === undefined || namespace === undefined)
    return { known: { resources: [], namespace, components: { known: [] }, pods: { known: [] } } }
  const resource = await reader.waitWhile(first, {
    done: (seen) => isReady(seen, kind),
    hopeless: isBeyondHope,
    limitMilliseconds: waitMilliseconds,
  })
  const [deployments, daemonSets, pods] = await Promise.all([
    reader.list<Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', namespace }),
    reader.list<DaemonSet>({ apiVersion: 'apps/v1', kind: 'DaemonSet', namespace }),
    reader.list<ComponentPod>({ apiVersion: 'v1', kind: 'Pod', namespace }),
  ])
  const own = <T extends KubernetesObject>(objects: T[]): T[] =>
    objects.filter(({ metadata }) => metadata.name?.startsWith(kind.prefix))
  const components: Reading<ComponentState[]> =
    'missing' in deployments
      ? deployments
      : mapReading(daemonSets, (sets) => [
          ...own(deployments.known).map(deploymentState),
          ...own(sets).map(daemonSetState),
        ])
  // Launcher pods are of VMs, not of KubeVirt.
  const isComponent = ({ metadata }: KubernetesObject) => metadata.labels?.['kubevirt.io'] !== 'virt-launcher'
  return {
    known: {
      resources: [resource, ...listed.known.slice(1)],
      namespace,
      components,
      pods: mapReading(pods, (all) => own(all).filter(isComponent).map(withoutDetails)),
    },
  }
}

const customaryNamespace = 'kubevirt'

/** The namespace of KubeVirt's components; the customary one where nothing tells. */
export async function readKubeVirtNamespace(reader: ClusterReader): Promise<string> {
  const { apiVersion, kind } = kubevirtKind
  const found = await reader.list({ apiVersion, kind, namespace: '*' })
  return ('known' in found ? found.known[0]?.metadata.namespace : undefined) ?? customaryNamespace
}
