/** The area `nodes`: whether VMs can be started on the nodes that are meant for them. */
import type { ClusterReader, Reading } from '../../helpers/kubernetes/cluster-reader.ts'
import { becauseOf, conditionOf } from '../../helpers/kubernetes/conditions.ts'
import type { Condition, KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import { parseQuantity } from '../../helpers/units/quantity.ts'
import type { PlatformParameters } from './parameters.ts'
import type { PlatformReport } from './report.ts'

export type VmNode = KubernetesObject & {
  spec?: { unschedulable?: boolean }
  status?: { allocatable?: Record<string, string>; conditions?: Condition[] }
}

const schedulableLabel = 'kubevirt.io/schedulable'
const cpuManagerLabel = 'cpumanager'
const heartbeatAnnotation = 'kubevirt.io/heartbeat'
const devices = ['kvm', 'tun', 'vhost-net'] as const

/** Nodes on which virt-handler runs, or ran: it labels them. Others, such as those of the control plane, are none of ours. */
export async function readVmNodes(reader: ClusterReader): Promise<Reading<VmNode[]>> {
  const all = await reader.list<VmNode>({ apiVersion: 'v1', kind: 'Node' })
  if ('missing' in all) return all
  const ofVms = all.known.filter(({ metadata }) => metadata.labels?.[schedulableLabel] !== undefined)
  return { known: ofVms.map(withoutDetails) }
}

/** @param now in milliseconds since the epoch, by the clock of the cluster */
export function judgeNodes(
  found: Reading<VmNode[]>,
  of: PlatformParameters,
  { now, report }: { now: number; report: PlatformReport },
): void {
  const id = (check: string) => `platform.nodes-${check}`
  if ('missing' in found) {
    report.cannotRead(
      found.missing,
      ...['count', 'ready', 'schedulable', 'heartbeat', 'devices', 'cpu-manager'].map(id),
    )
    return
  }
  const nodes = found.known
  const usable = nodes.filter((node) => readiness(node) === 'ready' && schedulability(node) === 'schedulable')
  report.number({
    id: id('count'),
    metric: 'nodes on which VMs can be started',
    name: 'schedulableVmNodes',
    actual: usable.length,
    limit: of.minimumVmNodes,
    unit: 'count',
    better: 'higher',
  })
  for (const node of nodes) {
    const subject = node.metadata.name ?? ''
    const metric = `node ${subject} is`
    report.state({ id: id('ready'), subject, metric, actual: readiness(node), limit: 'ready' })
    report.state({ id: id('schedulable'), subject, metric, actual: schedulability(node), limit: 'schedulable' })
    report.number({
      id: id('heartbeat'),
      subject,
      metric: 'age of the heartbeat of virt-handler',
      name: 'heartbeatAgeSeconds',
      actual: heartbeatAge(node, now),
      limit: durationMilliseconds(of.maxHeartbeatAge) / 1000,
      unit: 's',
      better: 'lower',
    })
    for (const device of devices)
      report.number({
        id: id('devices'),
        subject: `${subject} ${device}`,
        metric: `allocatable devices.kubevirt.io/${device}`,
        name: 'allocatableDevices',
        actual: allocatable(node, `devices.kubevirt.io/${device}`),
        limit: of.minimumDevices,
        unit: 'count',
        better: 'higher',
      })
    report.state({
      id: id('cpu-manager'),
      subject,
      metric: `label ${cpuManagerLabel} of node ${subject}:`,
      actual: node.metadata.labels?.[cpuManagerLabel] ?? 'not set',
      limit: of.requireCpuManager ? 'true' : null,
    })
  }
}

/** A node without what nobody looks at, such as its images. */
function withoutDetails({ apiVersion, kind, metadata, spec, status }: VmNode): VmNode {
  const { name, labels, annotations } = metadata
  return {
    apiVersion,
    kind,
    metadata: { ...(name !== undefined && { name }), ...(labels && { labels }), ...(annotations && { annotations }) },
    ...(spec?.unschedulable !== undefined && { spec: { unschedulable: spec.unschedulable } }),
    ...(status && {
      status: {
        ...(status.allocatable && { allocatable: status.allocatable }),
        ...(status.conditions && { conditions: status.conditions }),
      },
    }),
  }
}

function readiness(node: VmNode): string {
  const condition = conditionOf(node, 'Ready')
  if (condition?.status === 'True') return 'ready'
  return `not ready${becauseOf(condition)}`
}

function schedulability({ metadata, spec }: VmNode): string {
  if (spec?.unschedulable === true) return 'cordoned (spec.unschedulable)'
  const label = metadata.labels?.[schedulableLabel]
  return label === 'true' ? 'schedulable' : `not schedulable for VMs (label ${schedulableLabel}: ${label ?? 'not set'})`
}

/** In seconds; null: there is no heartbeat, or it is no time. */
function heartbeatAge({ metadata }: VmNode, now: number): number | null {
  const beat = Date.parse(metadata.annotations?.[heartbeatAnnotation] ?? '')
  // The clocks of nodes differ a little.
  return Number.isNaN(beat) ? null : Math.max(0, Math.round((now - beat) / 1000))
}

/** 0 where the node does not have the resource. */
export const allocatable = ({ status }: VmNode, resource: string): number =>
  Number(parseQuantity(status?.allocatable?.[resource] ?? '0'))
