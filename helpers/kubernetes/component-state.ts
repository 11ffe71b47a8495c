/** How far the parts of an installation have come: its Deployments and DaemonSets, and the pods of those. */
import { becauseOf } from './conditions.ts'
import type { KubernetesObject } from './kubernetes-object.ts'

export type Deployment = KubernetesObject & {
  spec?: { replicas?: number }
  status?: { readyReplicas?: number; updatedReplicas?: number }
}

export type DaemonSet = KubernetesObject & {
  status?: { desiredNumberScheduled?: number; numberReady?: number; updatedNumberScheduled?: number }
}

export interface ComponentState {
  kind: 'Deployment' | 'DaemonSet'
  name: string
  /** Pods that there should be. */
  wanted: number
  ready: number
  /** Pods of the newest revision. */
  updated: number
}

// The API leaves counts of 0 out.
export const deploymentState = ({ metadata, spec, status }: Deployment): ComponentState => ({
  kind: 'Deployment',
  name: metadata.name ?? '',
  wanted: spec?.replicas ?? 1,
  ready: status?.readyReplicas ?? 0,
  updated: status?.updatedReplicas ?? 0,
})

export const daemonSetState = ({ metadata, status }: DaemonSet): ComponentState => ({
  kind: 'DaemonSet',
  name: metadata.name ?? '',
  wanted: status?.desiredNumberScheduled ?? 0,
  ready: status?.numberReady ?? 0,
  updated: status?.updatedNumberScheduled ?? 0,
})

export type ComponentPod = KubernetesObject & {
  spec?: { nodeName?: string }
  status?: {
    phase?: string
    conditions?: { type: string; status: string; reason?: string; message?: string }[]
    containerStatuses?: {
      name: string
      restartCount: number
      state?: { waiting?: { reason?: string; message?: string } }
      lastState?: { terminated?: { finishedAt?: string; reason?: string; exitCode?: number } }
    }[]
  }
}

/** A pod without what nobody looks at, such as the environment of its containers. */
export const withoutDetails = ({ apiVersion, kind, metadata, spec, status }: ComponentPod): ComponentPod => ({
  apiVersion,
  kind,
  metadata,
  ...(spec?.nodeName !== undefined && { spec: { nodeName: spec.nodeName } }),
  ...(status && { status }),
})

/** Why a pod does not serve, in a few words; undefined when it does. A pod that is being deleted is on its way out. */
export function podProblem({ metadata, status }: ComponentPod): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined
  const phase = status?.phase ?? 'without a phase'
  const waiting = status?.containerStatuses?.find(({ state }) => state?.waiting !== undefined)
  if (waiting?.state?.waiting !== undefined)
    return `${phase}, container ${waiting.name} ${waiting.state.waiting.reason ?? 'waiting'}`
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  if (phase === 'Running' && ready?.status === 'True') return undefined
  return `${phase}, not ready${becauseOf(ready)}`
}

/** Containers that ended and were started again since then, as `pod/container`. @param since milliseconds since the epoch */
export function restartedSince(pods: readonly ComponentPod[], since: number): string[] {
  return pods.flatMap(({ metadata, status }) =>
    (status?.containerStatuses ?? []).flatMap(({ name, restartCount, lastState }) => {
      const ended = Date.parse(lastState?.terminated?.finishedAt ?? '')
      // Equal counts as within: times have whole seconds.
      return restartCount > 0 && ended >= since ? [`${metadata.name ?? ''}/${name}`] : []
    }),
  )
}
