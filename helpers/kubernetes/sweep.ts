import { Journal, type JournalledObject, journalledLeftovers, readJournal } from '../run/journal.ts'
import { isApiError } from './api-error.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { expiryOf, isAppliedForPods, isOurs, ownershipSelector, runIdOf } from './labels.ts'
import { type Permission, permissionRule } from './permission.ts'
import { type RemovalLimits, type RemovalTarget, removeObjects } from './removal.ts'
import { describeReference, referenceTo } from './resources.ts'

export interface SweepOptions extends RemovalLimits {
  /** Where to look. Namespaces that a run created are found by themselves. */
  namespaces: readonly string[]
  /** Only what this run left. */
  runId?: string
  /** Only what nobody needs any more by its own account. false also removes objects of runs that may be going on. */
  expiredOnly: boolean
  /** A namespace whose lease the caller holds: no other run can be at work there, so what others left is nobody's any more. */
  orphansIn?: string
  /**
   * Look for service accounts, Roles and bindings, too, in the namespaces or also cluster-wide: only some runs create them,
   * and not everybody may list them.
   */
  rights?: 'namespace' | 'cluster' | undefined
  /** Journals of earlier runs: what they created and did not remove is looked up by name, also where lists are forbidden. */
  journalPaths?: readonly string[]
  /** Wall-clock time that expiry is compared with, in milliseconds since the epoch. Default: now. */
  now?: number
  signal?: AbortSignal
  onOperation?: (operation: { status: 'RUN' | 'DONE' | 'FAIL'; object: string; detail?: string }) => void
}

export interface SweepReport {
  /** `kind namespace/name`, in the order in which they went. */
  removed: string[]
  /** Ours, but still there. */
  left: { object: string; reason: string }[]
  /** Ours, and not to be removed yet. */
  kept: { object: string; reason: string }[]
  /** Where nothing could be looked up, with the permission that is missing. */
  forbidden: { where: string; missingPermission: string }[]
  /** Journals that cannot be read, with the reason: what they tell of has to be found by its labels. */
  unreadable: string[]
}

interface SweepTarget extends RemovalTarget {
  journals: string[]
}

/** What the suites create; who uses others comes before them. */
const sweptKinds = [
  { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstanceMigration' },
  { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' },
  { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance' },
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume' },
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  { apiVersion: 'k8s.cni.cncf.io/v1', kind: 'NetworkAttachmentDefinition' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'Secret' },
]
/** What the pods of Jobs may do: after the Jobs, which go on until they are gone. */
const rightsKinds = [
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' },
  { apiVersion: 'v1', kind: 'ServiceAccount' },
]
const clusterRightsKinds = [
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' },
]
const namespaceKind = { apiVersion: 'v1', kind: 'Namespace' }

/**
 * Removes what earlier runs left: found by our labels, and by their journals. Only objects that carry our labels are
 * touched, each under its uid.
 */
export async function sweep(client: ClusterClient, options: SweepOptions): Promise<SweepReport> {
  const report: SweepReport = { removed: [], left: [], kept: [], forbidden: [], unreadable: [] }
  const now = options.now ?? Date.now()
  const targets = new Map<string, SweepTarget>()
  const consider = (object: KubernetesObject, journal?: string): void => {
    const runId = runIdOf(object)
    const { uid } = object.metadata
    if (!isOurs(object) || runId === undefined || uid === undefined) return
    if (options.runId !== undefined && runId !== options.runId) return
    // Made by a controller, as launcher pods are, with the labels of their VMI: it goes with its owner, and many who may
    // delete VMIs may not delete pods.
    if (object.metadata.ownerReferences?.some(({ controller }) => controller === true)) return
    const known = targets.get(uid)
    if (known !== undefined) {
      if (journal !== undefined) known.journals.push(journal)
      return
    }
    const reference = referenceTo(object)
    const expiry = expiryOf(object)
    const { orphansIn } = options
    const orphaned = orphansIn !== undefined && object.metadata.namespace === orphansIn && !isAppliedForPods(object)
    if (options.expiredOnly && !orphaned && (expiry === undefined || expiry > now)) {
      const until = expiry === undefined ? 'it does not say until when' : `until ${new Date(expiry).toISOString()}`
      report.kept.push({ object: describeReference(reference), reason: `needed by run ${runId}, ${until}` })
      return
    }
    targets.set(uid, { reference, uid, runId, journals: journal === undefined ? [] : [journal] })
  }
  for (const object of await findByLabel(client, options, report)) consider(object)
  for (const { object, journal } of await findByJournal(client, options, report)) consider(object, journal)
  await removeObjects(client, inOrder([...targets.values()]), options, {
    begun: ({ reference }) => options.onOperation?.({ status: 'RUN', object: describeReference(reference) }),
    removed: ({ reference, runId, journals }) => {
      const object = describeReference(reference)
      report.removed.push(object)
      for (const path of journals) new Journal(path, runId, client.server).append({ event: 'removed', ...reference })
      options.onOperation?.({ status: 'DONE', object })
    },
    left: ({ reference }, reason) => {
      const object = describeReference(reference)
      report.left.push({ object, reason })
      options.onOperation?.({ status: 'FAIL', object, detail: reason })
    },
  })
  return report
}

async function findByLabel(
  client: ClusterClient,
  { namespaces, runId, rights, signal }: SweepOptions,
  report: SweepReport,
): Promise<KubernetesObject[]> {
  const labelSelector = ownershipSelector(runId)
  const kinds = rights === undefined ? sweptKinds : [...sweptKinds, ...rightsKinds]
  const places = [
    ...namespaces.flatMap((namespace) => kinds.map((kind) => ({ ...kind, namespace }))),
    ...(rights === 'cluster' ? clusterRightsKinds : []),
    namespaceKind,
  ]
  const found = await Promise.all(
    places.map(async (place) => {
      try {
        return (await client.list({ ...place, labelSelector }, { signal })).items
      } catch (error) {
        // A kind that the cluster does not serve has left nothing; 404 without a reason says so.
        if (isApiError(error, 404)) return []
        const missing = isApiError(error) ? error.missingPermission : undefined
        if (missing === undefined) throw error
        report.forbidden.push(forbidden(missing))
        return []
      }
    }),
  )
  return found.flat()
}

async function findByJournal(
  client: ClusterClient,
  { journalPaths = [], runId, signal }: SweepOptions,
  report: SweepReport,
): Promise<{ object: KubernetesObject; journal: string }[]> {
  const found: { object: KubernetesObject; journal: string }[] = []
  for (const journal of journalPaths) {
    for (const entry of leftoversIn(journal, report)) {
      if (entry.cluster !== client.server || (runId !== undefined && entry.runId !== runId)) continue
      try {
        const object = await client.getIfExists(entry, { signal })
        if (object !== undefined && isSameObject(object, entry)) found.push({ object, journal })
        else
          new Journal(journal, entry.runId, client.server).append({
            event: 'removed',
            ...entry,
            reason: 'not there any more',
          })
      } catch (error) {
        if (isApiError(error, 404)) continue
        const missing = isApiError(error) ? error.missingPermission : undefined
        if (missing === undefined) throw error
        report.forbidden.push({ ...forbidden(missing), where: describeReference(entry) })
      }
    }
  }
  return found
}

/** One bad journal, perhaps of another version, must not keep anybody from cleaning up. */
function leftoversIn(journal: string, report: SweepReport): JournalledObject[] {
  try {
    return journalledLeftovers(readJournal(journal))
  } catch (error) {
    report.unreadable.push((error as Error).message)
    return []
  }
}

function isSameObject(object: KubernetesObject, entry: JournalledObject): boolean {
  return (
    isOurs(object) && runIdOf(object) === entry.runId && (entry.uid === undefined || entry.uid === object.metadata.uid)
  )
}

function forbidden(permission: Permission): { where: string; missingPermission: string } {
  const place = permission.namespace === undefined ? '' : ` in namespace ${permission.namespace}`
  return { where: `${permission.resource}${place}`, missingPermission: permissionRule(permission) }
}

/** Namespaces last: they go when their content has gone. */
function inOrder(targets: SweepTarget[]): SweepTarget[] {
  const kinds = [...sweptKinds, ...rightsKinds, ...clusterRightsKinds, namespaceKind].map(({ kind }) => kind)
  return targets.sort((one, other) => kinds.indexOf(one.reference.kind) - kinds.indexOf(other.reference.kind))
}
