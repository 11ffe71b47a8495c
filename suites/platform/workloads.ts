/** The area `workloads`: the VMs of users, held against what they were promised and against an earlier run. */
import type { Reading } from '../../helpers/kubernetes/cluster-reader.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { matchesTerm } from '../../helpers/kubernetes/label-selector.ts'
import type { VirtualMachineInstance } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import type { Baseline } from './baseline.ts'
import type { PlatformReport } from './report.ts'
import type { Workloads, WorkloadSnapshot } from './workload-snapshot.ts'

export interface WorkloadFindings {
  workloads: Reading<Workloads>
  /** All of the cluster. */
  nodes: Reading<KubernetesObject[]>
  /** As it is now; null: VMs may not be read. */
  snapshot: WorkloadSnapshot | null
  baseline: Baseline | undefined
}

const comparing = ['platform.workloads-kept', 'platform.workloads-running', 'platform.workloads-not-restarted']

export function judgeWorkloads(found: WorkloadFindings, report: PlatformReport): void {
  const { workloads, nodes, snapshot, baseline } = found
  if ('missing' in workloads || snapshot === null) {
    if ('missing' in workloads) report.cannotRead(workloads.missing, 'platform.workloads-placed', ...comparing)
    return
  }
  const running = workloads.known.instances.filter(({ status }) => status?.phase === 'Running')
  report.measurements.push(
    { name: 'virtualMachines', value: snapshot.machines.length, unit: 'count', better: 'higher' },
    { name: 'runningInstances', value: running.length, unit: 'count', better: 'higher' },
  )
  if ('missing' in nodes) report.cannotRead(nodes.missing, 'platform.workloads-placed')
  else {
    const byName = new Map(nodes.known.map((node) => [node.metadata.name, node]))
    count(
      report,
      'platform.workloads-placed',
      'misplacedInstances',
      'VMIs on nodes that they were not promised to',
      running.flatMap((vmi) => misplacement(vmi, byName.get(vmi.status?.nodeName)) ?? []),
    )
  }
  report.results['baselineRun'] = baseline?.runId ?? null
  if (baseline === undefined)
    for (const id of comparing)
      report.cannotJudge(
        id,
        'there is no earlier run of this cluster in which this case passed',
        'Run it before what you want to compare with, or name a run as baselineRun',
      )
  else compare(baseline, snapshot, report)
}

function compare({ runId, snapshot: before }: Baseline, now: WorkloadSnapshot, report: PlatformReport): void {
  const since = `since run ${runId}`
  const machinesNow = new Set(now.machines.map(({ uid }) => uid))
  const instancesNow = new Map(now.instances.map((instance) => [nameOf(instance), instance]))
  const standAlone = before.instances.filter(({ owned }) => !owned)
  const lost = [
    ...before.machines.filter(({ uid }) => !machinesNow.has(uid)),
    ...standAlone.filter((instance) => instancesNow.get(nameOf(instance))?.uid !== instance.uid),
  ]
  count(report, 'platform.workloads-kept', 'lostVirtualMachines', `VMs that are gone ${since}`, lost.map(nameOf))
  const lostNames = new Set(lost.map(nameOf))
  // What is gone is told once.
  const ran = before.instances.filter((instance) => instance.phase === 'Running' && !lostNames.has(nameOf(instance)))
  const stopped = ran.filter((instance) => instancesNow.get(nameOf(instance))?.phase !== 'Running')
  count(
    report,
    'platform.workloads-running',
    'stoppedVirtualMachines',
    `VMs that ran and do not run any more ${since}`,
    stopped.map((instance) => {
      const phase = instancesNow.get(nameOf(instance))?.phase
      return `${nameOf(instance)}${phase === undefined ? ' has no VMI' : ` is ${phase ?? 'without a phase'}`}`
    }),
  )
  // A migrated VMI keeps its uid; one that was started anew has booted.
  const restarted = ran.filter((instance) => {
    const own = instancesNow.get(nameOf(instance))
    return own?.phase === 'Running' && own.uid !== instance.uid
  })
  count(
    report,
    'platform.workloads-not-restarted',
    'restartedVirtualMachines',
    `VMs that were restarted ${since}`,
    restarted.map(nameOf),
  )
  const migrated = ran.filter((instance) => {
    const own = instancesNow.get(nameOf(instance))
    return own?.uid === instance.uid && own.node !== instance.node
  })
  report.measurements.push({ name: 'migratedVirtualMachines', value: migrated.length, unit: 'count', better: 'lower' })
}

function count(report: PlatformReport, id: string, name: string, metric: string, detail: string[]): void {
  report.number({ id, name, metric, detail, actual: detail.length, limit: 0, unit: 'count', better: 'lower' })
}

/** What a running VMI asks of its node and does not have; undefined when all is as promised. */
function misplacement(vmi: VirtualMachineInstance, node: KubernetesObject | undefined): string | undefined {
  const { nodeSelector = {}, affinity } = vmi.spec
  const where = `${vmi.metadata.namespace ?? ''}/${vmi.metadata.name ?? ''} on ${vmi.status?.nodeName ?? 'no node'}`
  if (node === undefined) return `${where}, which does not exist`
  const labels = node.metadata.labels ?? {}
  const unmet = Object.entries(nodeSelector).filter(([key, value]) => labels[key] !== value)
  if (unmet.length > 0) return `${where}, which lacks ${unmet.map(([key, value]) => `${key}=${value}`).join(', ')}`
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (terms !== undefined && !terms.some((term) => matchesTerm(node, term)))
    return `${where}, which its node affinity rules out`
  return undefined
}

const nameOf = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`
