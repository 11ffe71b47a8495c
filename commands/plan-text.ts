import type { CaseRequests, PlannedPermission, PlannedSpace } from '../helpers/preflight/preflight-plan.ts'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import { parallelismText } from '../helpers/run/case-exclusion.ts'
import { formatDuration } from '../helpers/units/duration.ts'
import { formatBytes } from '../helpers/units/quantity.ts'
import { singleLine } from '../reports/plain-text.ts'
import { textTable } from '../reports/progress/text-table.ts'
import { alignedPairs, plural, type Output } from './output.ts'
import type { EstimatedCase, RunEstimate } from './plan-estimate.ts'

/** Everything that a run would do, for people. */
export function planLines(
  profile: LoadedProfile,
  estimate: RunEstimate,
  permissions: readonly PlannedPermission[],
  output: Output,
): string[] {
  return [
    ...alignedPairs([
      ['profile', `${profile.name} (${profile.file}), sha256 ${profile.sha256.slice(0, 12)}`],
      ['cluster', clusterText(profile)],
      ['namespace', `${profile.namespace.name}${profile.namespace.create ? ' (created when missing)' : ''}`],
      ['parallelism', parallelismText(profile.parallelism)],
    ]),
    ...estimate.cases.flatMap((each) => ['', ...caseLines(each, profile, output)]),
    '',
    output.paint('bold', 'permissions'),
    ...permissionLines(permissions),
    '',
    ...alignedPairs([
      ['total', `${plural(estimate.cases.length, 'case')}, ${createsText(estimate.creates)}`],
      ['measures', durationText(estimate.measurementMilliseconds)],
      [
        'worst case',
        `${durationText(estimate.worstCaseMilliseconds)} (all time-outs and tear-downs used up, ${parallelismText(profile.parallelism)})`,
      ],
    ]),
  ]
}

function caseLines(each: EstimatedCase, profile: LoadedProfile, { paint }: Output): string[] {
  const { requirements } = each
  const nodes =
    requirements.nodes.length > 0
      ? requirements.nodes.join(', ')
      : `any ${requirements.minimumSchedulableNodes} that are ready and schedulable`
  const timeout = `${durationText(each.timeoutMilliseconds)} (timeout: ${each.sources['timeout'] ?? 'default'}) + ${profile.timeouts.tearDown} (timeouts.tearDown)`
  return [
    `${paint('bold', singleLine(each.id))}: ${singleLine(each.title)}`,
    ...alignedPairs(
      [
        ['creates', createsText(requirements.creates)],
        ...(requirements.requests === undefined ? [] : [['requests', requestsText(requirements.requests)] as const]),
        ...(requirements.space === undefined ? [] : [['space', spaceText(requirements.space)] as const]),
        ['networks', requirements.networks.map(({ namespace, name }) => `${namespace}/${name}`).join(', ') || 'none'],
        ['nodes', nodes],
        ['measures', durationText(requirements.measurementMilliseconds)],
        ['worst case', `${durationText(each.worstCaseMilliseconds)} = ${timeout}`],
      ],
      '  ',
    ),
    ...parameterLines(each),
  ]
}

/** Longer values, such as images with digests, push what follows aside instead of widening the column for all. */
const widestValue = 40

function parameterLines({ parameters, sources }: EstimatedCase): string[] {
  const rows = Object.entries(parameters).map(([name, value]) => ({
    name,
    value: singleLine(typeof value === 'string' ? value : JSON.stringify(value)),
    source: singleLine(sources[name] ?? 'default'),
  }))
  const width = Math.max(...rows.map(({ value }) => (value.length > widestValue ? 0 : value.length)))
  return alignedPairs(
    [{ name: 'parameter', value: 'value', source: 'set at' }, ...rows].map(({ name, value, source }) => [
      name,
      `${value.padEnd(width)}  ${source}`,
    ]),
    '  ',
  )
}

function permissionLines(permissions: readonly PlannedPermission[]): string[] {
  return textTable(
    [{ title: '  need' }, { title: 'verb' }, { title: 'resource' }, { title: 'where' }, { title: 'for' }],
    permissions.map(({ permission, neededFor, required }) => [
      `  ${required ? 'required' : 'optional'}`,
      permission.verb,
      permission.group === '' ? permission.resource : `${permission.resource} (${permission.group})`,
      permission.namespace ?? 'cluster-wide',
      `to ${neededFor}`,
    ]),
  )
}

function clusterText({ cluster }: LoadedProfile): string {
  if (cluster.kind === 'kubeconfig') {
    const context = cluster.context === undefined ? 'the current context' : `context ${cluster.context}`
    return `${context} of ${cluster.path ?? 'KUBECONFIG, ~/.kube/config or the service account of the pod'}`
  }
  const { guests, time, nodes, networks, faults } = cluster.embedded
  const parts = [
    `embedded, ${guests} guests, ${time} time`,
    `nodes ${nodes.map(({ name }) => name).join(', ')}`,
    `networks ${networks.map(({ name }) => name).join(', ') || 'none'}`,
    ...(faults.length === 0 ? [] : [`faults ${faults.map(({ fault }) => fault).join(', ')}`]),
  ]
  return parts.join('; ')
}

function createsText(creates: readonly { kind: string; count: number }[]): string {
  return creates.map(({ kind, count }) => plural(count, kind)).join(', ') || 'nothing'
}

const requestsText = ({ cpus, memoryBytes }: CaseRequests): string =>
  `${plural(cpus, 'CPU')} and ${formatBytes(BigInt(memoryBytes))} at the same time`

const spaceText = (space: readonly PlannedSpace[]): string =>
  space
    .map(
      ({ storageClass, bytes }) =>
        `${formatBytes(BigInt(bytes))} of ${storageClass === null ? 'the default class' : `class ${storageClass}`}`,
    )
    .join(', ') || 'none'

const durationText = (milliseconds: number): string => formatDuration(BigInt(Math.round(milliseconds * 1e6)))
