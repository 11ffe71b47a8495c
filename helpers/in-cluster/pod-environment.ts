/** What the Job of a checkup tells its container: the documented environment variables, and those of an Indexed Job. */
import type { OwnerReference } from '../kubernetes/kubernetes-object.ts'
import { serviceAccountNamespace } from '../kubernetes/service-account.ts'

export interface PodEnvironment {
  configMap: { namespace: string; name: string }
  shard: Shard | undefined
}

/** Which part of the cases this pod does, of an Indexed Job. */
export interface Shard {
  /** From 0. */
  index: number
  count: number
}

type Environment = Readonly<Record<string, string | undefined>>

/** The environment does not name the ConfigMap, or the part, in a way that can be used. Nothing was written anywhere. */
export class PodEnvironmentError extends Error {
  override readonly name = 'PodEnvironmentError'
}

/**
 * undefined when neither of CONFIGMAP_NAMESPACE and CONFIGMAP_NAME is set: this is no Job of a checkup.
 * @throws PodEnvironmentError in the documented words when only one is
 */
export function podEnvironment(env: Environment): PodEnvironment | undefined {
  const { CONFIGMAP_NAMESPACE: namespace, CONFIGMAP_NAME: name } = env
  if (!namespace && !name) return undefined
  for (const [variable, value] of Object.entries({ CONFIGMAP_NAMESPACE: namespace, CONFIGMAP_NAME: name }))
    if (!value) throw new PodEnvironmentError(`missing required environment variable: "${variable}"`)
  return { configMap: { namespace: namespace ?? '', name: name ?? '' }, shard: shardOf(env) }
}

export const shardCountVariable = 'KUBEVIRT_ACCEPTANCE_SHARDS'
const shardIndexVariable = 'JOB_COMPLETION_INDEX'

/** @throws PodEnvironmentError when the number of parts, or which one this is, is no such number */
export function shardOf(env: Environment): Shard | undefined {
  const { [shardCountVariable]: countText, [shardIndexVariable]: indexText } = env
  if (!countText) return undefined
  const count = wholeNumber(shardCountVariable, countText)
  const index = wholeNumber(shardIndexVariable, indexText ?? '')
  if (count < 1 || index >= count)
    throw new PodEnvironmentError(
      `${shardIndexVariable} is ${index} and ${shardCountVariable} is ${count}: the index has to be below the number of shards; set completions of the Job to ${count}`,
    )
  return { index, count }
}

function wholeNumber(variable: string, text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text)
  throw new PodEnvironmentError(
    `${variable} is "${text}", which is no whole number; the Job has to have completionMode: Indexed`,
  )
}

/** The cases of one shard: every `count`th, so that long and short ones are spread. */
export const inShard = <T>(cases: readonly T[], { index, count }: Shard): T[] =>
  cases.filter((_, position) => position % count === index)

/**
 * The pod that a checkup runs in, for owner references: what it creates is removed with the pod, whatever happens.
 * undefined outside of the Job of a checkup, and where the pod does not know its own uid.
 */
export function owningPod(
  env: Environment = process.env,
): { reference: OwnerReference; namespace: string } | undefined {
  const { CONFIGMAP_NAME: isJob, POD_NAME, HOSTNAME, POD_UID: uid, [shardIndexVariable]: index } = env
  // As documented, the host name is that of the pod; but all tries of one index of a Job share one.
  const name = POD_NAME || (index === undefined ? HOSTNAME : undefined)
  const namespace = serviceAccountNamespace()
  if (!isJob || !name || !uid || namespace === undefined) return undefined
  return { reference: { apiVersion: 'v1', kind: 'Pod', name, uid }, namespace }
}
