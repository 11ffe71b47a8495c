/** The areas `kubevirt` and `cdi`: whether an operator has installed what it should, and keeps it up. */
import { cdiKind, readCdiNamespace } from '../../helpers/cdi/installation.ts'
import type { ClusterReader, Reading } from '../../helpers/kubernetes/cluster-reader.ts'
import { type ComponentState, podProblem, restartedSince } from '../../helpers/kubernetes/component-state.ts'
import { unreadiness } from '../../helpers/kubernetes/operator-status.ts'
import {
  type Installation,
  type InstallationKind,
  kubevirtKind,
  readInstallation,
} from '../../helpers/kubevirt/installation.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import type { PlatformParameters } from './parameters.ts'
import type { PlatformReport } from './report.ts'

type InstallationArea = 'kubevirt' | 'cdi'

const kinds: Record<InstallationArea, InstallationKind> = { kubevirt: kubevirtKind, cdi: cdiKind }

export async function readInstallationArea(
  reader: ClusterReader,
  area: InstallationArea,
  of: PlatformParameters,
): Promise<Reading<Installation>> {
  return readInstallation(reader, kinds[area], {
    waitMilliseconds: durationMilliseconds(of.upgradeDeadline),
    ...(area === 'cdi' && { namespace: of.cdiNamespace ?? (await readCdiNamespace(reader)) }),
  })
}

/** @param since from when on a restart counts, in milliseconds since the epoch */
export function judgeInstallation(
  found: Reading<Installation>,
  area: InstallationArea,
  of: PlatformParameters,
  { since, report }: { since: number; report: PlatformReport },
): void {
  const kind = kinds[area]
  const id = (check: string) => `platform.${area}-${check}`
  if ('missing' in found) {
    report.cannotRead(found.missing, ...['installed', 'ready', 'rolled-out', 'version', 'components'].map(id))
    return
  }
  const { resources, components, pods } = found.known
  const [resource] = resources
  report.number({
    id: id('installed'),
    metric: `${kind.kind} resources in the cluster`,
    detail: resources.slice(1).map(({ metadata }) => `another one is ${nameOf(metadata)}`),
    name: `${area}Installations`,
    actual: resources.length,
    limit: 1,
    unit: 'count',
    better: 'lower',
  })
  // There is nothing more to say of what is not there.
  if (resource === undefined) return
  const subject = nameOf(resource.metadata)
  const problems = unreadiness(resource)
  report.state({
    id: id('ready'),
    subject,
    metric: `${kind.kind}, watched for up to ${of.upgradeDeadline}, is`,
    actual: problems.length === 0 ? 'ready' : problems.join(', '),
    limit: 'ready',
  })
  const { observed, target } = kind.rollout(resource)
  report.results[`${area}Version`] = observed
  report.results[`${area}OperatorVersion`] = resource.status?.operatorVersion ?? null
  report.state({
    id: id('rolled-out'),
    subject,
    metric: 'observed version',
    actual: observed,
    limit: target ?? 'a version',
  })
  const expected = area === 'kubevirt' ? of.expectedKubevirtVersion : of.expectedCdiVersion
  report.state({ id: id('version'), subject, metric: 'observed version', actual: observed, limit: expected ?? null })
  if (area === 'kubevirt')
    report.number({
      id: id('workloads-current'),
      metric: 'outdatedVirtualMachineInstanceWorkloads',
      name: 'outdatedVirtualMachineInstanceWorkloads',
      actual: resource.status?.outdatedVirtualMachineInstanceWorkloads ?? null,
      limit: 0,
      unit: 'count',
      better: 'lower',
    })
  if ('missing' in components) report.cannotRead(components.missing, id('components'))
  else judgeComponents(components.known, kind, area, of, report)
  if ('missing' in pods) {
    report.cannotRead(pods.missing, id('pods'), id('restarts'))
    return
  }
  const unready = pods.known.flatMap((pod) => {
    const problem = podProblem(pod)
    return problem === undefined ? [] : [`${pod.metadata.name ?? ''} is ${problem}`]
  })
  const count = { unit: 'count', better: 'lower', limit: 0 } as const
  report.number({
    ...count,
    id: id('pods'),
    metric: `pods of ${kind.kind} that are not ready`,
    detail: unready,
    name: `${area}UnreadyPods`,
    actual: unready.length,
  })
  const restarted = restartedSince(pods.known, since)
  report.number({
    ...count,
    id: id('restarts'),
    metric: `containers of ${kind.kind} that restarted since ${new Date(since).toISOString()}`,
    detail: restarted,
    name: `${area}RestartedContainers`,
    actual: restarted.length,
  })
}

function judgeComponents(
  components: readonly ComponentState[],
  kind: InstallationKind,
  area: InstallationArea,
  of: PlatformParameters,
  report: PlatformReport,
): void {
  const expected = new Map(
    of.expectedReplicas.map((text) => text.split('=')).map(([name = '', n]) => [name, Number(n)]),
  )
  const asked = [...expected.keys()].filter((name) => name.startsWith(kind.prefix))
  const names = [...new Set([...kind.components, ...asked, ...components.map(({ name }) => name)])]
  const rows = names.map((name): [string, ...(string | number | null)[]] => {
    const component = components.find((each) => each.name === name)
    const wanted = expected.get(name) ?? Math.max(1, component?.wanted ?? 1)
    const own = { id: `platform.${area}-components`, limit: wanted, unit: 'count', better: 'higher' } as const
    const where = component === undefined ? `${name}, which does not exist` : `${component.kind} ${name}`
    report.number({
      ...own,
      subject: name,
      metric: `ready pods of ${where}`,
      name: `${area}ReadyPods`,
      actual: component?.ready ?? 0,
    })
    if (component !== undefined)
      report.number({
        ...own,
        subject: `${name}, newest revision`,
        metric: `updated pods of ${where}`,
        name: `${area}UpdatedPods`,
        actual: component.updated,
      })
    return [name, component?.kind ?? null, wanted, component?.ready ?? null, component?.updated ?? null]
  })
  report.tables.push({
    title: `Components of ${kind.kind}`,
    columns: ['component', 'kind', 'expected', 'ready', 'updated'],
    rows,
  })
}

const nameOf = ({ namespace, name = '' }: { namespace?: string; name?: string }): string =>
  namespace === undefined ? name : `${namespace}/${name}`
