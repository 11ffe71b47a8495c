import type { KubernetesObject } from './kubernetes-object.ts'

const managedByLabel = 'app.kubernetes.io/managed-by'
const managedByUs = 'kubevirt-acceptance'
const runIdLabel = 'kubevirt-acceptance/run-id'
const checkupLabel = 'kubevirt-acceptance/checkup'
/** RFC 3339, wall-clock time: from then on nobody needs the object any more. */
const expiresAtAnnotation = 'kubevirt-acceptance/expires-at'

export interface Ownership {
  runId: string
  checkup: string
  expiresAt: Date
}

/** A copy of the object that says whose it is and until when. Labels of the object itself are kept. */
export function withOwnership<T extends KubernetesObject>(object: T, { runId, checkup, expiresAt }: Ownership): T {
  return {
    ...object,
    metadata: {
      ...object.metadata,
      labels: {
        ...object.metadata.labels,
        [managedByLabel]: managedByUs,
        [runIdLabel]: runId,
        [checkupLabel]: checkup,
      },
      annotations: { ...object.metadata.annotations, [expiresAtAnnotation]: expiresAt.toISOString() },
    },
  }
}

export function isOurs(object: KubernetesObject): boolean {
  return object.metadata.labels?.[managedByLabel] === managedByUs && runIdOf(object) !== undefined
}

/** Checkup of what `run --in-cluster` applies: it holds no lease by itself, its pods do, or will. */
export const inClusterCheckup = 'in-cluster'

export const isAppliedForPods = (object: KubernetesObject): boolean =>
  object.metadata.labels?.[checkupLabel] === inClusterCheckup

export function runIdOf(object: KubernetesObject): string | undefined {
  return object.metadata.labels?.[runIdLabel]
}

/** Milliseconds since the epoch; undefined when the object does not say, or not in a way that can be read. */
export function expiryOf(object: KubernetesObject): number | undefined {
  const time = Date.parse(object.metadata.annotations?.[expiresAtAnnotation] ?? '')
  return Number.isNaN(time) ? undefined : time
}

/** Selects everything of ours, or of one run of ours. */
export function ownershipSelector(runId?: string): string {
  const ours = `${managedByLabel}=${managedByUs}`
  return runId === undefined ? `${ours},${runIdLabel}` : `${ours},${runIdLabel}=${runId}`
}

/** @throws Error when `value` cannot be a label's value. */
export function assertLabelValue(value: string, what: string): void {
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(value)) {
    throw new Error(
      `${what} "${value}" cannot be a label: 1 to 63 letters, digits, ".", "_" and "-", the first and last a letter or digit`,
    )
  }
}
