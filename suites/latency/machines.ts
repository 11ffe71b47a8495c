import { stringify } from 'yaml'
import { sshCloudConfig, type KeyPair } from '../../helpers/guest/ssh-keys.ts'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { withCloudInitNoCloud } from '../../helpers/kubevirt/cloud-init.ts'
import { withRng } from '../../helpers/kubevirt/devices.ts'
import { withMemory } from '../../helpers/kubevirt/memory.ts'
import { withLabel, withNamespace } from '../../helpers/kubevirt/metadata.ts'
import type { NetworkAttachment } from '../../helpers/kubevirt/network-attachment-definition.ts'
import { withMasqueradeInterface, withMultusInterface } from '../../helpers/kubevirt/network.ts'
import { withNodeAffinity, withPodAntiAffinity, withTerminationGracePeriod } from '../../helpers/kubevirt/placement.ts'
import { withContainerDisk } from '../../helpers/kubevirt/storage.ts'
import { type VirtualMachineInstance, vmi } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import type { GuestAddresses } from './addresses.ts'

/** Both VMIs of a case have it with the same value, for the rule that keeps them apart. */
const uidLabel = 'latency-check/uid'
const testedInterface = 'net0'
const managementInterface = 'mgmt'

/** How commands reach the guests, as the parameter `guestAccess` says. */
export type MachineAccess =
  | { guestAccess: 'console' }
  | { guestAccess: 'ssh'; user: string; userKey: string; hostKeys: { source: KeyPair; target: KeyPair } }

export interface LatencyMachineOptions {
  namespace: string
  /** Value of the label `latency-check/uid`; unique for the case. */
  uid: string
  names: { source: string; target: string }
  network: { namespace: string; name: string; binding: NetworkAttachment['binding'] }
  addresses: { source: GuestAddresses; target: GuestAddresses }
  ipFamilies: ('IPv4' | 'IPv6')[]
  /** Where the VMs must run; without it, on different nodes. */
  nodes?: { source: string; target: string }
  /** Requested by each VM, e.g. `128Mi`. */
  memory: string
  /** containerDisk image. */
  image: string
  access: MachineAccess
  /**
   * The very manifest of the documented checkup: 5 s of grace that its guests always use up, and no userData, without
   * which its Alpine image may take minutes to show a login prompt (kubevirt issues 8168 and 16683).
   */
  documentedManifest: boolean
}

/** Names as the documented checkup gives them. */
export function machineNames(): { source: string; target: string } {
  return { source: randomName('latency-check-source-'), target: randomName('latency-check-target-') }
}

/** The two VMs of a case: one pings, the other is pinged. */
export function latencyMachines(options: LatencyMachineOptions): {
  source: VirtualMachineInstance
  target: VirtualMachineInstance
} {
  return { source: machine('source', options), target: machine('target', options) }
}

function machine(role: 'source' | 'target', options: LatencyMachineOptions): VirtualMachineInstance {
  const { access, image, names, namespace, network, uid, documentedManifest } = options
  const addresses = options.addresses[role]
  return vmi(
    names[role],
    withNamespace(namespace),
    withLabel(uidLabel, uid),
    options.nodes === undefined ? withPodAntiAffinity(uidLabel, uid) : withNodeAffinity(options.nodes[role]),
    withTerminationGracePeriod(documentedManifest ? 5 : 0),
    withMemory(options.memory),
    withRng(),
    // First in the list: port forwarding goes to the first interface in the status.
    ...(access.guestAccess === 'ssh'
      ? [withMasqueradeInterface(managementInterface, addresses.managementMacAddress)]
      : []),
    withMultusInterface({
      name: testedInterface,
      networkAttachmentDefinition: `${network.namespace}/${network.name}`,
      binding: network.binding,
      macAddress: addresses.macAddress,
    }),
    withContainerDisk(image, { name: 'disk0' }),
    withCloudInitNoCloud({
      networkData: networkData(role, options),
      ...(documentedManifest ? {} : { userData: userData(role, access) }),
    }),
  )
}

/** Cloud-init network configuration, version 2. */
function networkData(role: 'source' | 'target', options: LatencyMachineOptions): string {
  const guest = options.addresses[role]
  const addresses = options.ipFamilies.map((family) => (family === 'IPv4' ? guest.ipv4 : guest.ipv6))
  const ethernets: Record<string, unknown> = {
    [testedInterface]: {
      addresses: addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`),
      match: { macaddress: guest.macAddress },
      nameservers: {},
      'set-name': testedInterface,
    },
  }
  if (options.access.guestAccess === 'ssh')
    ethernets[managementInterface] = {
      dhcp4: true,
      match: { macaddress: guest.managementMacAddress },
      'set-name': managementInterface,
    }
  return stringify({ ethernets, version: 2 })
}

function userData(role: 'source' | 'target', access: MachineAccess): string {
  const config =
    access.guestAccess === 'ssh'
      ? sshCloudConfig({ user: access.user, userKey: access.userKey, hostKey: access.hostKeys[role] })
      : // Says what is the default anyway: what matters is that there is userData at all.
        { package_update: false }
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`
}
