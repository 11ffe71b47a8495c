/** The area `api`: what is served, by whom, and whether the webhooks look at what is created. */
import type { ClusterReader, DryRun, Reading } from '../../helpers/kubernetes/cluster-reader.ts'
import { isApiError } from '../../helpers/kubernetes/api-error.ts'
import { becauseOf, conditionOf } from '../../helpers/kubernetes/conditions.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { groupOf } from '../../helpers/kubernetes/resources.ts'
import { withDisk } from './probe-machines.ts'
import type { PlatformParameters } from './parameters.ts'
import type { PlatformReport } from './report.ts'

export type ApiService = KubernetesObject & {
  spec?: { group?: string; version?: string; service?: { namespace?: string; name?: string } | null; caBundle?: string }
}

export interface ApiFindings {
  /** Those of KubeVirt and CDI that a service answers for. */
  apiServices: Reading<ApiService[]>
  /** Served versions of the API groups in question, as `group/version`. */
  servedVersions: string[]
  /** As virt-api says; null: it does not answer. */
  virtApiVersion: string | null
  validMachine: Reading<DryRun>
  invalidMachine: Reading<DryRun>
}

interface ApiGroup {
  versions?: { groupVersion: string }[]
}

const isOfKubevirt = (group: string | undefined): boolean => group !== undefined && /(^|\.)kubevirt\.io$/.test(group)

export async function readApi(
  reader: ClusterReader,
  namespace: string,
  of: Pick<PlatformParameters, 'requiredApiVersions'>,
): Promise<ApiFindings> {
  const groups = [...new Set(of.requiredApiVersions.map(groupOf))]
  const [apiServices, versions, virtApi, validMachine, invalidMachine] = await Promise.all([
    readApiServices(reader),
    Promise.all(groups.map((group) => reader.json<ApiGroup>(`/apis/${group}`))),
    unlessUnavailable(reader.json<{ gitVersion?: string }>('/apis/subresources.kubevirt.io/v1/version')),
    reader.dryRunCreate(withDisk(namespace, 'there')),
    reader.dryRunCreate(withDisk(namespace, 'missing')),
  ])
  return {
    apiServices,
    servedVersions: versions.flatMap((group) =>
      'known' in group ? (group.known?.versions ?? []).map(({ groupVersion }) => groupVersion) : [],
    ),
    virtApiVersion: virtApi !== null && 'known' in virtApi ? (virtApi.known?.gitVersion ?? null) : null,
    validMachine,
    invalidMachine,
  }
}

/** All APIServices of KubeVirt and CDI that are not answered by the API server itself. */
export async function readApiServices(reader: ClusterReader): Promise<Reading<ApiService[]>> {
  const all = await reader.list<ApiService>({ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService' })
  if ('missing' in all) return all
  return { known: all.known.filter(({ spec }) => spec?.service !== undefined && isOfKubevirt(spec.group)) }
}

export function judgeApi(found: ApiFindings, of: PlatformParameters, report: PlatformReport): void {
  judgeApiServices(found.apiServices, of, report)
  report.results['servedApiVersions'] = found.servedVersions.join(',')
  for (const version of of.requiredApiVersions)
    report.state({
      id: 'platform.api-versions',
      subject: version,
      metric: `API version ${version} is`,
      actual: found.servedVersions.includes(version) ? 'served' : notServed(version, found.servedVersions),
      limit: 'served',
    })
  report.results['virtApiVersion'] = found.virtApiVersion
  report.state({
    id: 'platform.virt-api-answers',
    metric: 'virt-api',
    actual: found.virtApiVersion === null ? 'does not tell its version' : 'answers',
    limit: 'answers',
  })
  const dryRun = (id: string, metric: string, run: Reading<DryRun>, limit: DryRun['outcome']) => {
    if ('missing' in run) {
      report.cannotRead(run.missing, id)
      return
    }
    const { outcome } = run.known
    // The words of the refusal tell what is wrong, or that the right one refused.
    const actual = outcome === limit || !('reason' in run.known) ? outcome : `${outcome}: ${run.known.reason}`
    report.state({ id, metric, actual, limit })
  }
  dryRun('platform.webhooks-admit', 'dry run of a valid VMI is', found.validMachine, 'admitted')
  dryRun(
    'platform.webhooks-refuse',
    'dry run of a VMI without the volume of its disk is',
    found.invalidMachine,
    'refused',
  )
}

function judgeApiServices(found: Reading<ApiService[]>, of: PlatformParameters, report: PlatformReport): void {
  const id = 'platform.api-services'
  if ('missing' in found) {
    report.cannotRead(found.missing, id)
    return
  }
  const names = new Set([...of.requiredApiServices, ...found.known.map(({ metadata }) => metadata.name ?? '')])
  const states = [...names].map((name) => {
    const service = found.known.find(({ metadata }) => metadata.name === name)
    return { name, state: service === undefined ? 'missing' : availability(service) }
  })
  for (const { name, state } of states)
    report.state({ id, subject: name, metric: `APIService ${name} is`, actual: state, limit: 'available' })
  report.measurements.push({
    name: 'availableApiServices',
    value: states.filter(({ state }) => state === 'available').length,
    unit: 'count',
    better: 'higher',
  })
}

function availability(service: ApiService): string {
  const condition = conditionOf(service, 'Available')
  if (condition?.status === 'True') return 'available'
  return `unavailable${becauseOf(condition)}`
}

function notServed(version: string, served: readonly string[]): string {
  const others = served.filter((other) => groupOf(other) === groupOf(version))
  return others.length === 0 ? 'not served, nor is another of its group' : `not served, but ${others.join(', ')}`
}

/** null: what answers for this part of the API does not. */
async function unlessUnavailable<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (isApiError(error, 401, 406, 500, 502, 503, 504)) return null
    throw error
  }
}
