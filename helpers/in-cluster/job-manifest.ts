/** The Job of a checkup, with no more rights on its node than it needs, and what it reads its parameters from. */
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { type JsonValue, type CheckupContract } from '../run/checkup-contract.ts'
import type { PlannedCase } from '../profile/loaded-profile.ts'
import { checkupTypeLabel, checkupTypeOf, profileKey } from './checkup-request.ts'
import { shardCountVariable } from './pod-environment.ts'
import { reportVariable } from './report-parts.ts'

export interface JobOptions {
  checkup: string
  /** Of the Job, and its pods. */
  name: string
  namespace: string
  serviceAccount: string
  configMap: string
  image: string
  /** More than one makes an Indexed Job. */
  shards: number
  /** What the names of the ConfigMaps begin with that the report is handed over in; undefined: nobody fetches it. */
  report?: string | undefined
  /** For everything, from the start of the Job. */
  deadlineSeconds: number
  /** Between being asked to end and being killed, for clean-up. */
  graceSeconds: number
}

/** Measured, see docs/in-cluster.md. Each process of Node.js takes half of the memory limit as that of its heap. */
const containerResources = {
  requests: { cpu: '250m', memory: '640Mi', 'ephemeral-storage': '512Mi' },
  limits: { cpu: '2', memory: '2Gi', 'ephemeral-storage': '2Gi' },
}

export function checkupJob(options: JobOptions): KubernetesObject {
  const { checkup, name, namespace, shards, graceSeconds } = options
  const indexed = {
    completionMode: 'Indexed',
    completions: shards,
    parallelism: shards,
    // One shard that fails does not keep the others from telling what they found.
    backoffLimitPerIndex: 0,
  }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: {
      // A ConfigMap is good for one run: a second try would be refused.
      ...(shards > 1 ? indexed : { backoffLimit: 0 }),
      activeDeadlineSeconds: options.deadlineSeconds,
      template: {
        spec: {
          serviceAccountName: options.serviceAccount,
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: graceSeconds,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: checkup,
              image: options.image,
              args: ['run', checkup],
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
                readOnlyRootFilesystem: true,
                runAsNonRoot: true,
                seccompProfile: { type: 'RuntimeDefault' },
              },
              resources: containerResources,
              env: environmentOf(options),
              volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
            },
          ],
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }],
        },
      },
    },
  }
}

function environmentOf({ namespace, configMap, shards, report }: JobOptions): object[] {
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
  return [
    { name: 'CONFIGMAP_NAMESPACE', value: namespace },
    { name: 'CONFIGMAP_NAME', value: configMap },
    field('POD_NAME', 'metadata.name'),
    field('POD_UID', 'metadata.uid'),
    { name: 'HOME', value: '/tmp' },
    ...(shards > 1 ? [{ name: shardCountVariable, value: String(shards) }] : []),
    ...(report === undefined ? [] : [{ name: reportVariable, value: report }]),
  ]
}

export interface ConfigMapOptions {
  name: string
  namespace: string
  contract: CheckupContract
  cases: readonly PlannedCase[]
  /** Whether even a single case is written as a profile. */
  asProfile: boolean
  /** Other parts of the profile that the cases depend on. */
  settings: Record<string, unknown>
}

/** One case as the documented keys; several, or what text cannot say, as a profile of its own. */
export function checkupConfigMap(options: ConfigMapOptions): KubernetesObject {
  const { name, namespace, contract, cases } = options
  const [only, ...others] = cases
  const single = only !== undefined && others.length === 0 && !options.asProfile ? documentedData(only) : undefined
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { [checkupTypeLabel]: checkupTypeOf(contract.name) } },
    data: single ?? { [profileKey]: JSON.stringify(profileOf(options), null, 2) },
  }
}

/** Only what was given: defaults are those of the image that runs. undefined: not everything has a text. */
function documentedData({ parameters, sources }: PlannedCase): Record<string, string> | undefined {
  const data: Record<string, string> = { 'spec.timeout': textOf(parameters['timeout'] ?? '') ?? '' }
  for (const [name, value] of given(parameters, sources)) {
    const text = textOf(value)
    if (text === undefined) return undefined
    data[`spec.param.${name}`] = text
  }
  return data
}

const given = (parameters: PlannedCase['parameters'], sources: PlannedCase['sources']): [string, JsonValue][] =>
  Object.entries(parameters).filter(([name]) => name !== 'timeout' && sources[name] !== 'default')

function textOf(value: JsonValue): string | undefined {
  if (Array.isArray(value)) {
    const parts = value.map(textOf)
    return parts.includes(undefined) || parts.some((part) => part?.includes(',')) ? undefined : parts.join(',')
  }
  return typeof value === 'object' ? undefined : String(value)
}

function profileOf({ contract, cases, settings }: ConfigMapOptions): Record<string, unknown> {
  return {
    apiVersion: 'kubevirt-acceptance/v1',
    ...settings,
    checkups: { [contract.name]: { cases: cases.map((each) => caseOf(contract, each)) } },
  }
}

/** Gets the same id again: the part that the contract generates, and what the profile put before it or in its place. */
function caseOf(contract: CheckupContract, { id, parameters, sources }: PlannedCase): Record<string, unknown> {
  const own = Object.fromEntries([['timeout', parameters['timeout']], ...given(parameters, sources)])
  const name = id.slice(contract.name.length + 1)
  const generated = contract.caseName(contract.parameters.parse(parameters))
  if (name === generated) return own
  return name.endsWith(`/${generated}`)
    ? { name: name.slice(0, -generated.length - 1), ...own, matrix: {} }
    : { name, ...own }
}
