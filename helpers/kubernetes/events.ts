import type { ClusterClient, RequestOptions } from './cluster-client.ts'
import type { KubernetesObject } from './kubernetes-object.ts'

/** A core/v1 Event, as far as we read it. */
export type Event = KubernetesObject & {
  type?: string
  reason?: string
  message?: string
  count?: number
  firstTimestamp?: string | null
  lastTimestamp?: string | null
  eventTime?: string | null
  source?: { component?: string; host?: string }
  reportingComponent?: string
  involvedObject?: { kind?: string; name?: string; uid?: string }
}

/** Oldest first. @throws ApiError 403 when events may not be listed */
export async function eventsAbout(
  client: ClusterClient,
  object: { namespace: string; uid: string },
  options: RequestOptions = {},
): Promise<Event[]> {
  const selection = {
    apiVersion: 'v1',
    kind: 'Event',
    namespace: object.namespace,
    fieldSelector: `involvedObject.uid=${object.uid}`,
  }
  const { items } = await client.list<Event>(selection, options)
  return items.sort((one, other) => timeOf(one).localeCompare(timeOf(other)))
}

/** `2026-11-20T10:00:00Z Warning FailedCreatePodSandBox x3 (kubelet): message` */
export function describeEvent(event: Event): string {
  const source = event.source?.component ?? event.reportingComponent ?? ''
  const repeated = event.count !== undefined && event.count > 1 ? ` x${event.count}` : ''
  return `${timeOf(event)} ${event.type ?? ''} ${event.reason ?? ''}${repeated}${source === '' ? '' : ` (${source})`}: ${event.message ?? ''}`.trim()
}

function timeOf(event: Event): string {
  return event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? event.metadata.creationTimestamp ?? ''
}
