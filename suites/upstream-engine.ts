/**
 * `engine: upstream`: the documented checkup itself runs as a Job of the cluster, and what it reports is judged. A checkup
 * describes its counterpart as an `UpstreamCheckup`, and hands it to `runUpstreamCheckup` with the context of its case.
 */
import { stringify } from 'yaml'
import type { CheckupContext } from '../fixtures/checkup-context.ts'
import type { ConfigMap } from '../helpers/in-cluster/config-map-status.ts'
import { isApiError } from '../helpers/kubernetes/api-error.ts'
import type { Reading } from '../helpers/kubernetes/cluster-reader.ts'
import type { Condition, KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'
import { permissionRule } from '../helpers/kubernetes/permission.ts'
import { randomName } from '../helpers/kubernetes/random-name.ts'
import { referenceTo, resourcePath } from '../helpers/kubernetes/resources.ts'
import type { CheckResult, Measurement } from '../helpers/run/case-record.ts'
import type { CheckupContract } from '../helpers/run/checkup-contract.ts'
import { formatDuration } from '../helpers/units/duration.ts'
import { keepDocumentedStatus } from './documented-status.ts'
import { type Judge, judgeOf } from './statements.ts'
import { upstreamManifests, type UpstreamRole } from './upstream-manifests.ts'
import { type UpstreamOutcome, upstreamOutcome } from './upstream-outcome.ts'
import { readingMilliseconds, specTimeoutMilliseconds } from './upstream-parameters.ts'

export interface UpstreamCheckup {
  contract: Pick<CheckupContract, 'name' | 'results' | 'checks'>
  /** Name of the documented Job. */
  job: string
  image: string
  roles: readonly UpstreamRole[]
  /** Go duration: that of the case. */
  timeout: string
  /** `spec.param.*`; undefined is left out. */
  parameters: Readonly<Record<string, string | undefined>>
  measuringMilliseconds: number
  /** Results that are above 0 whenever they were measured. */
  aboveZero: readonly string[]
  /** Results of which more is better. */
  higherIsBetter?: readonly string[]
  /** Of its measurements; '' when there is only one. */
  subject: (outcome: UpstreamOutcome) => string
  /** The checks that its results can decide. */
  judge: (outcome: UpstreamOutcome, judge: Judge) => CheckResult[]
}

type Context = Pick<
  CheckupContext<unknown>,
  | 'namespace'
  | 'sources'
  | 'signal'
  | 'reader'
  | 'create'
  | 'adopt'
  | 'waitFor'
  | 'request'
  | 'remainingMilliseconds'
  | 'provision'
  | 'measure'
  | 'operation'
  | 'keepRawOutput'
  | 'record'
  | 'judge'
>

type Job = KubernetesObject & { status?: { conditions?: Condition[] } }
type Pod = KubernetesObject & {
  status?: {
    phase?: string
    containerStatuses?: {
      state?: { waiting?: { reason?: string; message?: string }; terminated?: { exitCode?: number } }
    }[]
  }
}

const configMapOutput = 'upstream-configmap.yaml'
const logLimitBytes = 8 * 1024 * 1024

/**
 * Runs, records and judges the whole case. What the upstream checkup says is never taken for more than it proves.
 * @throws UpstreamCheckupError, WaitTimeoutError and what `judge` of the context throws
 */
export async function runUpstreamCheckup(context: Context, checkup: UpstreamCheckup): Promise<void> {
  const { contract } = checkup
  const applied = await context.provision(() => apply(context, checkup))
  const checks = await context.measure(async () => {
    const ended = await context.operation('UPSTREAM', `Job ${applied.job.metadata.name}`, () =>
      followed(context, checkup, applied),
    )
    const judged = allChecks(contract, context.sources, (judge) => checkup.judge(ended, judge))
    await context.record({
      measurements: measurementsOf(ended, checkup),
      results: Object.fromEntries(
        Object.entries(ended.values).map(([name, value]) => [name, value === null ? null : String(value)]),
      ),
      validity: { valid: ended.problems.length === 0, problems: ended.problems },
    })
    await keepDocumentedStatus(context, ended.failureReason)
    if (ended.failureReason !== '' && !judged.some(({ verdict }) => verdict === 'failed'))
      throw new Error(
        `the upstream checkup failed: ${JSON.stringify(ended.failureReason)}; upstream.log and the ConfigMap are kept as raw output`,
      )
    return judged
  })
  context.judge(checks)
}

interface Applied {
  job: Job
  configMap: KubernetesObject
}

async function apply(context: Context, checkup: UpstreamCheckup): Promise<Applied> {
  const { contract, job, image, roles, parameters, timeout } = checkup
  const specTimeout = formatDuration(BigInt(Math.floor(specTimeoutMilliseconds(timeout))) * 1_000_000n)
  const data: Record<string, string> = { 'spec.timeout': specTimeout }
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) data[`spec.param.${name}`] = value
  const { namespace } = context
  const manifests = upstreamManifests({
    checkup: contract.name,
    job,
    suffix: randomName(''),
    namespace,
    roles,
    image,
    data,
  })
  for (const object of manifests.rights) await context.create(object)
  const configMap = await context.create(manifests.configMap)
  return { configMap, job: await context.create(manifests.job) }
}

/** Until the Job is over, either way, and what it left. */
async function followed(context: Context, checkup: UpstreamCheckup, applied: Applied): Promise<UpstreamOutcome> {
  const { sources, signal, remainingMilliseconds } = context
  let condition: 'Complete' | 'Failed'
  try {
    condition = await context.waitFor<Job, 'Complete' | 'Failed'>(applied.job, {
      describe: 'end (Complete or Failed)',
      until: ({ status }) => (['Complete', 'Failed'] as const).find((type) => isTrue(status?.conditions, type)),
      limit: {
        milliseconds: Math.max(1, (await remainingMilliseconds()) - readingMilliseconds),
        setBy: `timeout of the case, ${sources['timeout'] ?? 'default'}`,
      },
    })
  } catch (error) {
    if (signal.aborted) throw error
    const { pod } = await keepWhatItLeft(context, applied)
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`${message}; ${stateOf(pod)}`, { cause: error })
  }
  const { pod, log, data } = await keepWhatItLeft(context, applied)
  return upstreamOutcome(
    {
      job: condition,
      exitCode: pod?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode ?? null,
      data,
      log,
    },
    {
      results: checkup.contract.results,
      aboveZero: checkup.aboveZero,
      specTimeoutMilliseconds: specTimeoutMilliseconds(checkup.timeout),
      measuringMilliseconds: checkup.measuringMilliseconds,
    },
  )
}

const isTrue = (conditions: readonly Condition[] = [], type: string): boolean =>
  conditions.some((condition) => condition.type === type && condition.status === 'True')

interface Left {
  /** undefined: none was made. */
  pod: Pod | undefined
  log: string
  data: Record<string, string>
}

/** Log and ConfigMap as raw output; VMs and ConfigMaps that it did not remove are removed with the case. */
async function keepWhatItLeft(context: Context, { job, configMap }: Applied): Promise<Left> {
  const { namespace, reader, keepRawOutput } = context
  const labelSelector = `job-name=${job.metadata.name}`
  const [pod] = known(await reader.list<Pod>({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector }))
  const log = pod === undefined ? `${stateOf(pod)}\n` : await logOf(context, pod)
  await keepRawOutput('upstream.log', log)
  const found = known(await reader.get<ConfigMap>(referenceTo(configMap)))
  const data = found?.data ?? {}
  await keepRawOutput(configMapOutput, stringify({ data }), 'application/yaml')
  const uid = pod?.metadata.uid
  const kinds = [
    { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', namespace },
    { apiVersion: 'v1', kind: 'ConfigMap', namespace },
  ]
  for (const kind of kinds)
    for (const object of known(await reader.list(kind)))
      if (uid !== undefined && object.metadata.ownerReferences?.some((owner) => owner.uid === uid))
        context.adopt({ ...object, apiVersion: kind.apiVersion, kind: kind.kind })
  return { pod, log, data }
}

async function logOf({ request }: Context, pod: Pod): Promise<string> {
  const { name, namespace } = pod.metadata
  const path = resourcePath({ apiVersion: 'v1', kind: 'Pod' }, namespace, name, 'log')
  try {
    return (await request('GET', `${path}?limitBytes=${logLimitBytes}`)).body
  } catch (error) {
    // It has not begun to run.
    if (!isApiError(error, 400)) throw error
    return `no log: ${stateOf(pod)}\n`
  }
}

function stateOf(pod: Pod | undefined): string {
  if (pod === undefined) return 'no pod was made for it'
  const { reason = '', message = '' } = pod.status?.containerStatuses?.[0]?.state?.waiting ?? {}
  return [`its pod is ${pod.status?.phase ?? 'new'}`, reason, message].filter((text) => text !== '').join(': ')
}

function known<T>(reading: Reading<T>): T {
  if ('known' in reading) return reading.known
  throw new Error(`what the upstream checkup left cannot be read: missing ${permissionRule(reading.missing)}`)
}

function measurementsOf(
  outcome: UpstreamOutcome,
  { contract, higherIsBetter = [], subject }: UpstreamCheckup,
): Measurement[] {
  const about = subject(outcome)
  return contract.results.flatMap(({ name, unit }): Measurement[] => {
    const value = outcome.values[name]
    if (unit === '' || value === undefined || typeof value === 'string') return []
    return [
      {
        name,
        ...(about !== '' && { subject: about }),
        value,
        unit,
        better: higherIsBetter.includes(name) ? 'higher' : 'lower',
        rawOutput: configMapOutput,
      },
    ]
  })
}

/** In the order of the contract; those that nothing is known about are skipped. */
function allChecks(
  contract: UpstreamCheckup['contract'],
  sources: Record<string, string>,
  judged: (judge: Judge) => CheckResult[],
): CheckResult[] {
  const judge = judgeOf(contract, sources)
  const checks = judged(judge)
  return contract.checks.flatMap(({ id, title }) => {
    const own = checks.filter((check) => check.id === id)
    if (own.length > 0) return own
    const skipped = judge({ id, subject: '', metric: title, actual: null, limit: null, unit: '' })
    return [{ ...skipped, message: `${id}: not measured by the upstream checkup` }]
  })
}
