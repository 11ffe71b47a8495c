import { stringify } from 'yaml'
import { findLauncherPod, type Pod } from '../kubevirt/launcher-pod.ts'
import { isApiError } from './api-error.ts'
import type { ClusterClient } from './cluster-client.ts'
import { describeState } from './conditions.ts'
import { describeEvent, eventsAbout } from './events.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { permissionRule } from './permission.ts'

export interface EvidenceOptions {
  /** The VMIs in question. */
  vmis: readonly { namespace: string; name: string }[]
  /** Takes the secrets out of a text. Everything collected goes through it. */
  redact: (text: string) => string
  /** For everything together, in wall time. Default: 20 s. */
  budgetMilliseconds?: number
  /** Of each part; the end of logs and the beginning of everything else is kept. Default: 256 KiB. */
  maximumBytesPerPart?: number
}

export interface Evidence {
  parts: EvidencePart[]
  /** What could not be had, and why. */
  missing: { part: string; reason: string; missingPermission?: string }[]
}

interface EvidencePart {
  /** File name, e.g. `vmi-source.yaml`. */
  name: string
  mediaType: string
  content: string
}

interface Collection {
  client: ClusterClient
  signal: AbortSignal
  add(name: string, mediaType: string, content: string, keep: 'beginning' | 'end'): void
  /** Runs one part by itself: its failure is noted and stops nobody else. */
  part<T>(name: string, work: () => Promise<T>): Promise<T | undefined>
}

/**
 * What helps to understand why a case did not pass: the VMI with its status, events, the launcher pod with its logs and
 * the node. Never throws: what cannot be read is listed in `missing`, with the permission if that is the reason.
 */
export async function collectEvidence(client: ClusterClient, options: EvidenceOptions): Promise<Evidence> {
  const evidence: Evidence = { parts: [], missing: [] }
  const { redact, budgetMilliseconds = 20_000, maximumBytesPerPart = 262_144 } = options
  const signal = AbortSignal.timeout(budgetMilliseconds)
  const collection: Collection = {
    client,
    signal,
    add: (name, mediaType, content, keep) => {
      evidence.parts.push({ name, mediaType, content: shorten(redact(content), maximumBytesPerPart, keep) })
    },
    part: async (name, work) => {
      try {
        return await work()
      } catch (error) {
        const permission = isApiError(error) ? error.missingPermission : undefined
        const late = signal.aborted && !isApiError(error)
        const reason = late ? `not collected within ${budgetMilliseconds / 1000} s` : (error as Error).message
        evidence.missing.push({
          part: name,
          reason: redact(reason),
          ...(permission === undefined ? {} : { missingPermission: permissionRule(permission) }),
        })
        return undefined
      }
    },
  }
  const nodes = await Promise.all(options.vmis.map((vmi) => collectVmi(collection, vmi)))
  const names = new Set(nodes.filter((node) => node !== undefined))
  await Promise.all([...names].map((node) => collectNode(collection, node)))
  evidence.parts.sort((one, other) => one.name.localeCompare(other.name))
  return evidence
}

/** @returns the node that the VMI is, or is to be, on */
async function collectVmi(
  collection: Collection,
  { namespace, name }: { namespace: string; name: string },
): Promise<string | undefined> {
  const { client, signal } = collection
  const part = `vmi-${name}.yaml`
  const vmi = await collection.part(part, () =>
    client.get<KubernetesObject & { status?: { nodeName?: string } }>(
      { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', namespace, name },
      { signal },
    ),
  )
  if (vmi?.metadata.uid === undefined) return undefined
  collection.add(part, 'application/yaml', `# ${describeState(vmi)}\n${yamlOf(vmi)}`, 'beginning')
  const identity = { namespace, uid: vmi.metadata.uid }
  const pod = await collection.part(`launcher-${name}.yaml`, () => findLauncherPod(client, identity, { signal }))
  await Promise.all([
    collectEvents(collection, name, namespace, [identity.uid, pod?.metadata.uid]),
    ...(pod === undefined ? [] : [collectLauncher(collection, name, namespace, pod)]),
  ])
  return vmi.status?.nodeName ?? pod?.spec?.nodeName
}

async function collectEvents(
  collection: Collection,
  name: string,
  namespace: string,
  uids: (string | undefined)[],
): Promise<void> {
  const { client, signal } = collection
  const part = `events-${name}.txt`
  const known = uids.filter((uid) => uid !== undefined)
  const events = await collection.part(part, () =>
    Promise.all(known.map((uid) => eventsAbout(client, { namespace, uid }, { signal }))),
  )
  if (events === undefined) return
  const lines = events.flat().map(describeEvent).sort()
  collection.add(part, 'text/plain', lines.length === 0 ? '(no events)\n' : `${lines.join('\n')}\n`, 'end')
}

async function collectLauncher(collection: Collection, name: string, namespace: string, pod: Pod): Promise<void> {
  const { client, signal } = collection
  const podName = pod.metadata.name ?? ''
  collection.add(`launcher-${name}.yaml`, 'application/yaml', yamlOf(pod), 'beginning')
  const { initContainers = [], containers = [] } = pod.spec ?? {}
  const present = new Set([...initContainers, ...containers].map((container) => container.name))
  const logs = ['compute', 'guest-console-log'].filter((container) => present.has(container))
  await Promise.all(
    logs.map(async (container) => {
      const part = container === 'compute' ? `launcher-${name}.log` : `guest-console-${name}.log`
      const log = await collection.part(part, () => client.logs({ namespace, name: podName }, container, { signal }))
      if (log !== undefined) collection.add(part, 'text/plain', log, 'end')
    }),
  )
}

async function collectNode(collection: Collection, node: string): Promise<void> {
  const { client, signal } = collection
  const part = `node-${node}.yaml`
  const object = await collection.part(part, () =>
    client.get({ apiVersion: 'v1', kind: 'Node', name: node }, { signal }),
  )
  if (object === undefined) return
  collection.add(part, 'application/yaml', `# ${describeState(object)}\n${yamlOf(object)}`, 'beginning')
}

function yamlOf(object: KubernetesObject): string {
  const { managedFields: _, ...metadata } = object.metadata
  return stringify({ ...object, metadata })
}

function shorten(content: string, maximumBytes: number, keep: 'beginning' | 'end'): string {
  const bytes = Buffer.from(content)
  if (bytes.length <= maximumBytes) return content
  const omitted = `(${bytes.length - maximumBytes} of ${bytes.length} bytes left out)`
  return keep === 'end'
    ? `${omitted}\n${bytes.subarray(bytes.length - maximumBytes).toString()}`
    : `${bytes.subarray(0, maximumBytes).toString()}\n${omitted}\n`
}
