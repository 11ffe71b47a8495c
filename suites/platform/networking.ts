/** The area `networking`: secondary networks, their devices, and policies that would stand in the way. */
import { readCdiNamespace } from '../../helpers/cdi/installation.ts'
import { mapReading, type ClusterReader, type Reading } from '../../helpers/kubernetes/cluster-reader.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { blockingPolicies, type NetworkPolicy, type PolicyPod } from '../../helpers/kubernetes/network-policy.ts'
import { readKubeVirtNamespace } from '../../helpers/kubevirt/installation.ts'
import { networkAttachmentOf } from '../../helpers/kubevirt/network-attachment-definition.ts'
import { allocatable, readVmNodes, type VmNode } from './nodes.ts'
import type { PlatformParameters } from './parameters.ts'
import type { PlatformReport } from './report.ts'

export interface NetworkingFindings {
  /** Whether NetworkAttachmentDefinitions can be had at all. */
  multusServed: Reading<boolean>
  networks: { name: string; definition: Reading<KubernetesObject | null> }[]
  nodes: Reading<VmNode[]>
  policies: Reading<NetworkPolicy[]>
  /** Labels by namespace, as far as they may be read. */
  namespaceLabels: Record<string, Record<string, string>>
  namespaces: { kubevirt: string; cdi: string; run: string }
}

const group = 'k8s.cni.cncf.io'
const nameLabel = 'kubernetes.io/metadata.name'

export async function readNetworking(
  reader: ClusterReader,
  namespace: string,
  of: PlatformParameters,
): Promise<NetworkingFindings> {
  const [served, networks, nodes, policies, namespaces, kubevirt, cdi] = await Promise.all([
    reader.json<{ resources?: { name: string }[] }>(`/apis/${group}/v1`),
    Promise.all(
      of.networks.map(async (text) => {
        const [place, name] = text.includes('/') ? text.split('/') : [namespace, text]
        const reference = { apiVersion: `${group}/v1`, kind: 'NetworkAttachmentDefinition', name: name ?? '' }
        return { name: `${place}/${name}`, definition: await reader.get({ ...reference, namespace: place ?? '' }) }
      }),
    ),
    readVmNodes(reader),
    reader.list<NetworkPolicy>({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace: '*' }),
    reader.list({ apiVersion: 'v1', kind: 'Namespace' }),
    readKubeVirtNamespace(reader),
    of.cdiNamespace ?? readCdiNamespace(reader),
  ])
  const labelled = 'known' in namespaces ? namespaces.known : []
  return {
    multusServed: mapReading(
      served,
      (list) => list?.resources?.some(({ name }) => name === 'network-attachment-definitions') ?? false,
    ),
    networks,
    nodes,
    policies,
    namespaceLabels: Object.fromEntries(labelled.map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}])),
    namespaces: { kubevirt, cdi, run: namespace },
  }
}

export function judgeNetworking(found: NetworkingFindings, of: PlatformParameters, report: PlatformReport): void {
  const { multusServed, networks, policies } = found
  if ('missing' in multusServed) report.cannotRead(multusServed.missing, 'platform.multus')
  else
    report.state({
      id: 'platform.multus',
      metric: 'NetworkAttachmentDefinitions (k8s.cni.cncf.io/v1) are',
      actual: multusServed.known ? 'served' : 'not served',
      limit: 'served',
    })
  for (const { name, definition } of networks) {
    if ('missing' in definition) report.cannotRead(definition.missing, 'platform.networks')
    else
      report.state({
        id: 'platform.networks',
        subject: name,
        metric: `NetworkAttachmentDefinition ${name} is`,
        actual: networkState(definition.known),
        limit: 'usable',
      })
  }
  judgeDevices(found, of, report)
  if ('missing' in policies) report.cannotRead(policies.missing, 'platform.policies')
  else judgePolicies(policies.known, found, report)
}

function networkState(definition: KubernetesObject | null): string {
  if (definition === null) return 'missing'
  try {
    networkAttachmentOf(definition)
    return 'usable'
  } catch (error) {
    return `unusable: ${(error as Error).message}`
  }
}

/** Devices that are asked for, and at least one of those that the networks hand out. */
function judgeDevices({ networks, nodes }: NetworkingFindings, of: PlatformParameters, report: PlatformReport): void {
  const wanted = new Map<string, number>()
  for (const { definition } of networks) {
    const resource =
      'known' in definition ? definition.known?.metadata.annotations?.['k8s.v1.cni.cncf.io/resourceName'] : undefined
    if (resource !== undefined) wanted.set(resource, 1)
  }
  for (const text of of.deviceResources) {
    const [resource = '', count] = text.split('=')
    wanted.set(resource, Number(count))
  }
  if (wanted.size === 0) return
  if ('missing' in nodes) {
    report.cannotRead(nodes.missing, 'platform.device-resources')
    return
  }
  for (const [resource, limit] of wanted)
    report.number({
      id: 'platform.device-resources',
      subject: resource,
      metric: `allocatable ${resource} of all nodes for VMs`,
      name: 'allocatableNetworkDevices',
      actual: nodes.known.reduce((sum, node) => sum + allocatable(node, resource), 0),
      limit,
      unit: 'count',
      better: 'higher',
    })
}

function judgePolicies(policies: NetworkPolicy[], found: NetworkingFindings, report: PlatformReport): void {
  const { namespaces, namespaceLabels } = found
  const pod = (namespace: string, labels: Record<string, string>): PolicyPod => ({
    namespace,
    // Every namespace has this label, whether or not its others may be read.
    namespaceLabels: { [nameLabel]: namespace, ...namespaceLabels[namespace] },
    labels,
  })
  const virtApi = pod(namespaces.kubevirt, { 'kubevirt.io': 'virt-api' })
  const cdi = (name: string) => pod(namespaces.cdi, { 'cdi.kubevirt.io': name })
  const connections = [
    { subject: `API server to virt-api in ${namespaces.kubevirt}`, from: null, to: virtApi, port: 8443 },
    { subject: `API server to cdi-apiserver in ${namespaces.cdi}`, from: null, to: cdi('cdi-apiserver'), port: 8443 },
    { subject: `clients to cdi-uploadproxy in ${namespaces.cdi}`, from: null, to: cdi('cdi-uploadproxy'), port: 8443 },
    {
      subject: `virt-api to SSH of VMs in ${namespaces.run}`,
      from: virtApi,
      to: pod(namespaces.run, { 'kubevirt.io': 'virt-launcher' }),
      port: 22,
    },
  ]
  for (const { subject, ...connection } of connections) {
    const blocking = blockingPolicies(policies, connection)
    report.number({
      id: 'platform.policies',
      subject,
      metric: `network policies in the way of TCP port ${connection.port}`,
      detail: blocking.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      name: 'blockingNetworkPolicies',
      actual: blocking.length,
      limit: 0,
      unit: 'count',
      better: 'lower',
    })
  }
}
