/** Two VMs with a virtual function each, addresses that cloud-init gives them, and a ping between them. */
import { stringify } from 'yaml'
import type { Guest } from '../../helpers/guest/guest.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { withMultusInterface } from '../../helpers/kubevirt/network.ts'
import type { NetworkAttachment } from '../../helpers/kubevirt/network-attachment-definition.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import { succeed } from './guest-commands.ts'
import { type Bench, type Context, lacks, logIn, Machine } from './machine.ts'

const interfaceName = 'sriov1'
const pings = 3

interface End {
  machine: VirtualMachine
  guest: Guest
  address: string
  macAddress: string
}

export async function liveSriov(bench: Bench): Promise<void> {
  const { context, report } = bench
  const { networkAttachmentDefinitionNamespace: namespace, networkAttachmentDefinitionName: name = '' } =
    context.parameters
  const network = await context.provision(() => context.network({ namespace, name }))
  if (network.binding !== 'sriov') {
    lacks(bench, `${namespace}/${name} is no SR-IOV network, but of binding ${network.binding}`)
    return
  }
  const ends = await context.provision(() =>
    Promise.all([1, 2].map((number) => bringUp(bench, `${namespace}/${name}`, number))),
  )
  await context.measure(async () => {
    for (const [index, end] of ends.entries()) await judgeEnd(bench, end, network, `VM ${index + 1}`)
    const [one, two] = ends
    if (one === undefined || two === undefined) throw new Error('two VMs are needed')
    const { stdout, exitCode } = await one.guest.run(`ping -c ${pings} -w 10 ${two.address}`)
    await context.keepRawOutput('ping.txt', stdout)
    report.state({
      id: 'sriov-ping',
      subject: `${one.machine.node} to ${two.machine.node}`,
      metric: `${pings} pings were`,
      actual: exitCode === 0 ? 'answered' : 'not answered',
      limit: 'answered',
    })
  })
}

/** Cases of one run at the same time must not take each other's addresses. */
const hostOf = ({ caseNumber }: Context, number: number): number => (2 * caseNumber + number) % 250

async function bringUp(bench: Bench, networkAttachmentDefinition: string, number: number): Promise<End> {
  const { context } = bench
  const host = hostOf(context, number)
  const address = `192.168.253.${host}`
  const macAddress = `02:00:00:00:fd:${host.toString(16).padStart(2, '0')}`
  const vm = await Machine.create(bench, {
    prefix: 'sriov',
    runStrategy: 'Always',
    options: [withMultusInterface({ name: interfaceName, networkAttachmentDefinition, binding: 'sriov', macAddress })],
    networkData: stringify({
      version: 2,
      ethernets: {
        [interfaceName]: { match: { macaddress: macAddress }, 'set-name': interfaceName, addresses: [`${address}/24`] },
      },
    }),
  })
  const machine = await vm.running()
  return { machine, guest: await logIn(bench, machine), address, macAddress }
}

type Pod = KubernetesObject & {
  spec?: { containers?: { name: string; resources?: { limits?: Record<string, string> } }[] }
}

async function judgeEnd({ context, report }: Bench, end: End, network: NetworkAttachment, who: string): Promise<void> {
  const state = (what: string, isThere: boolean, otherwise: string) =>
    report.state({
      id: 'sriov-interface',
      subject: `${who}: ${what}`,
      metric: 'it is',
      actual: isThere ? 'present' : otherwise,
      limit: 'present',
    })
  const { namespace, reader } = context
  const labelSelector = `kubevirt.io/created-by=${end.machine.uid}`
  const pods = await reader.list<Pod>({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector })
  const [pod] = 'known' in pods ? pods.known : []
  if (pod !== undefined) {
    const status = pod.metadata.annotations?.['k8s.v1.cni.cncf.io/network-status'] ?? ''
    state('device of the pod', status.includes('"device-info"'), 'missing in network-status')
    const compute = pod.spec?.containers?.find(({ name }) => name === 'compute')
    const { resourceName = '' } = network
    state(
      'device resource',
      Number(compute?.resources?.limits?.[resourceName] ?? 0) >= 1,
      `not asked for: ${resourceName}`,
    )
  }
  const { interfaces = [] } = (end.machine.vmi.status ?? {}) as { interfaces?: { name?: string; mac?: string }[] }
  const told = interfaces.find(({ name }) => name === interfaceName)?.mac
  state('MAC address in the status', told?.toLowerCase() === end.macAddress, told ?? 'missing')
  const listed = await succeed(end.guest, 'ip addr')
  state('address in the guest', listed.includes(`inet ${end.address}/`), 'missing')
}
