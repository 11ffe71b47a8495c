/** Whether runs may be compared at all, and what an upgrade between them has changed. */
import type { CaseRecord } from '../run/case-record.ts'
import type { RunDocument } from '../run/run-document.ts'
import type { Comparison, Difference } from './comparison.ts'

/** Every difference between two runs that makes their numbers unlike. */
export function differencesBetween(before: RunDocument, after: RunDocument): Difference[] {
  const found: Difference[] = []
  const same = (what: Difference['what'], name: string, one: string, other: string): void => {
    if (one !== other) found.push({ what, name, before: one, after: other })
  }
  // Each embedded cluster listens on a port of its own; what it is like is said by the profile and the guests.
  const server = ({ cluster }: RunDocument): string => (cluster.embedded ? 'embedded' : cluster.server)
  same('cluster', 'server', server(before), server(after))
  same('cluster', 'guests', guestsOf(before), guestsOf(after))
  same('profile', 'name', before.profile.name, after.profile.name)
  same('version', 'kubevirt-acceptance', releaseOf(before), releaseOf(after))
  const others = new Map(after.cases.map((record) => [record.id, record]))
  for (const record of before.cases) {
    const other = others.get(record.id)
    if (other !== undefined) found.push(...parameterDifferences(record, other))
  }
  return found
}

export function changesBetween(before: RunDocument, after: RunDocument): Comparison['changes'] {
  const described = ({ versions, cluster }: RunDocument): Record<string, string> => ({
    Kubernetes: versions.kubernetes ?? 'unknown',
    KubeVirt: versions.kubevirt ?? 'unknown',
    nodes:
      cluster.nodes
        ?.map(({ name }) => name)
        .toSorted()
        .join(', ') ?? 'not readable',
    kubelets: distinct(cluster.nodes?.map(({ kubeletVersion }) => kubeletVersion)),
    kernels: distinct(cluster.nodes?.map(({ kernelVersion }) => kernelVersion)),
    'operating systems': distinct(cluster.nodes?.map(({ osImage }) => osImage)),
  })
  const [old, now] = [described(before), described(after)]
  return Object.keys(old)
    .map((name) => ({ name, before: old[name] ?? '', after: now[name] ?? '' }))
    .filter((change) => change.before !== change.after)
}

const distinct = (texts: readonly string[] | undefined): string =>
  texts === undefined ? 'not readable' : [...new Set(texts)].toSorted().join(', ')

function guestsOf({ cluster }: RunDocument): string {
  const kind = cluster.guests['guestDriver'] ?? cluster.guests['driver']
  return kind ?? (cluster.embedded ? 'embedded' : 'kubevirt')
}

/** Patch releases measure alike; a new minor release may measure differently. */
const releaseOf = ({ versions }: RunDocument): string => versions.kubevirtAcceptance.split('.').slice(0, 2).join('.')

/** Parameters that set the limit of a check change what is judged, not what is measured. */
function parameterDifferences(before: CaseRecord, after: CaseRecord): Difference[] {
  const limits = new Set([...before.checks, ...after.checks].flatMap(({ limitParameter }) => limitParameter ?? []))
  const names = [...new Set([...Object.keys(before.parameters), ...Object.keys(after.parameters)])]
  const text = (value: unknown): string => (value === undefined ? 'not set' : JSON.stringify(value))
  return names
    .filter((name) => !limits.has(name))
    .map((name) => ({
      what: 'parameters' as const,
      caseId: before.id,
      name,
      before: text(before.parameters[name]),
      after: text(after.parameters[name]),
    }))
    .filter((each) => each.before !== each.after)
}
