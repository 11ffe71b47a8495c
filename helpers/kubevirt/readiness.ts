import { isApiError } from '../kubernetes/api-error.ts'
import type { ClusterClient, RequestOptions } from '../kubernetes/cluster-client.ts'
import { conditionOf } from '../kubernetes/conditions.ts'
import { type Event, eventsAbout } from '../kubernetes/events.ts'
import { permissionRule } from '../kubernetes/permission.ts'
import { phaseOf } from '../kubernetes/terminal-state.ts'
import { findLauncherPod, type Pod } from './launcher-pod.ts'
import type { VirtualMachineInstance } from './virtual-machine-instance.ts'

interface Finding {
  reason: string
  message: string
}

/** What to do about a reason; the first pattern that fits the reason or its message counts. */
const nextSteps: readonly [pattern: RegExp, step: string][] = [
  [
    /NoNetworkFound|network-attachment-definition/i,
    'create the NetworkAttachmentDefinition, or correct its name or namespace in the cluster profile',
  ],
  [/FailedCreatePodSandBox|AddedInterface/, 'check the CNI configuration of the network on that node'],
  [
    /ErrImagePull|ImagePullBackOff|InvalidImageName/,
    'check the image name, and that the nodes may pull from its registry',
  ],
  [/FailedPvcNotFound/, 'create the PersistentVolumeClaim or DataVolume, or correct its name'],
  [/SMT ?Alignment/i, 'ask for a number of CPUs that fills whole cores, or turn off isolateEmulatorThread'],
  [/Unschedulable|FailedScheduling/, 'make room on a node, add one, or relax what the VMI asks for'],
  [/exceeded quota/i, 'raise the ResourceQuota of the namespace'],
]

/**
 * Why a VMI is not up, in one line for people: from its own conditions, then from its launcher pod and the events about
 * both. What may not be read is named with the missing permission. undefined: nothing wrong could be found.
 */
export async function explainVmi(
  client: ClusterClient,
  vmi: VirtualMachineInstance | undefined,
  options: RequestOptions = {},
): Promise<string | undefined> {
  if (vmi?.metadata.uid === undefined) return undefined
  const object = { namespace: vmi.metadata.namespace ?? client.namespace, uid: vmi.metadata.uid }
  const findings = [...findingsOfVmi(vmi)]
  const unreadable: string[] = []
  const read = async <T>(what: string, work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work
    } catch (error) {
      const missing = isApiError(error) ? error.missingPermission : undefined
      const why = missing === undefined ? (error as Error).message : `missing permission ${permissionRule(missing)}`
      unreadable.push(`${what} cannot be read: ${why}`)
      return undefined
    }
  }
  const [pod, events] = await Promise.all([
    read('the launcher pod', findLauncherPod(client, object, options)),
    read('events', eventsAbout(client, object, options)),
  ])
  if (pod !== undefined) findings.push(...findingsOfPod(pod))
  findings.push(...warnings(events ?? []))
  if (pod?.metadata.uid !== undefined && events !== undefined) {
    const ofPod = await read(
      'events of the launcher pod',
      eventsAbout(client, { ...object, uid: pod.metadata.uid }, options),
    )
    findings.push(...warnings(ofPod ?? []))
  }
  if (findings.length === 0 && phaseOf(vmi) === 'Pending' && vmi.status?.conditions === undefined) {
    findings.push({ reason: 'Pending', message: 'no controller has looked at it yet; is virt-controller running?' })
  }
  const parts = [...distinct(findings).map(describe), ...unreadable]
  return parts.length === 0 ? undefined : parts.join('; ')
}

function findingsOfVmi(vmi: VirtualMachineInstance): Finding[] {
  return ['Synchronized', 'PodScheduled', 'DataVolumesReady', 'Provisioning'].flatMap((type) => {
    const condition = conditionOf(vmi, type)
    if (condition?.status !== 'False') return []
    return [{ reason: condition.reason ?? type, message: condition.message ?? '' }]
  })
}

function findingsOfPod(pod: Pod): Finding[] {
  const { conditions = [], initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {}
  const scheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  const findings: Finding[] =
    scheduled === undefined ? [] : [{ reason: scheduled.reason ?? 'Unschedulable', message: scheduled.message ?? '' }]
  for (const { name, state } of [...initContainerStatuses, ...containerStatuses]) {
    const { waiting, terminated } = state ?? {}
    // Every container passes through these two on its way up.
    if (waiting?.reason !== undefined && !['ContainerCreating', 'PodInitializing'].includes(waiting.reason)) {
      findings.push({ reason: waiting.reason, message: `container ${name}: ${waiting.message ?? 'waiting'}` })
    }
    if (terminated !== undefined && terminated.exitCode !== 0) {
      const exit = `ended with exit code ${terminated.exitCode ?? 'unknown'}`
      findings.push({
        reason: terminated.reason ?? 'Terminated',
        message: `container ${name}: ${[exit, terminated.message].filter((part) => part !== undefined).join(', ')}`,
      })
    }
  }
  return findings
}

/** The last three different warnings. */
function warnings(events: Event[]): Finding[] {
  const found = events
    .filter(({ type }) => type === 'Warning')
    .map(({ reason, message }) => ({ reason: reason ?? 'Warning', message: message ?? '' }))
  return distinct(found.reverse()).slice(0, 3)
}

/** One finding per message: the pod's condition, the VMI's condition and an event often say the same. */
function distinct(findings: Finding[]): Finding[] {
  return [...new Map(findings.toReversed().map((finding) => [finding.message, finding])).values()].toReversed()
}

function describe({ reason, message }: Finding): string {
  const line = message.replace(/\s+/g, ' ').trim()
  const short = line.length > 400 ? `${line.slice(0, 400)}...` : line
  const step = nextSteps.find(([pattern]) => pattern.test(`${reason} ${message}`))?.[1]
  return `${reason}${short === '' ? '' : `: ${short}`}${step === undefined ? '' : ` (next: ${step})`}`
}
