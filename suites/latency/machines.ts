import type {
  K8sIoApiCoreV1Affinity,
  V1Interface,
  V1Network,
  V1VirtualMachineInstance,
} from '@kubevirt-ui-ext/kubevirt-api/kubevirt'
import { stringify } from 'yaml'
import { sshCloudConfig, type KeyPair } from '../../helpers/guest/ssh-keys.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import type { GuestAddresses } from './addresses.ts'

/** Both VMIs of a case have it with the same value, for the rule that keeps them apart. */
const uidLabel = 'latency-check/uid'
const hostnameLabel = 'kubernetes.io/hostname'
const testedInterface = 'net0'
const managementInterface = 'mgmt'

export type InterfaceBinding = 'bridge' | 'sriov'

/** How commands reach the guests, as the parameter `guestAccess` says. */
export type MachineAccess =
  | { guestAccess: 'console' }
  | { guestAccess: 'ssh'; user: string; userKey: string; hostKeys: { source: KeyPair; target: KeyPair } }

export interface LatencyMachineOptions {
  namespace: string
  /** Value of the label `latency-check/uid`; unique for the case. */
  uid: string
  names: { source: string; target: string }
  network: { namespace: string; name: string; binding: InterfaceBinding }
  addresses: { source: GuestAddresses; target: GuestAddresses }
  ipFamilies: ('IPv4' | 'IPv6')[]
  /** Where the VMs must run; without it, on different nodes. */
  nodes?: { source: string; target: string }
  /** containerDisk image. */
  image: string
  access: MachineAccess
  /** The documented checkup says 5; its guests hold no data that a shutdown would save, so the default is 0. */
  terminationGracePeriodSeconds?: number
  /**
   * The very manifest of the documented checkup, without userData. This Alpine image then may take minutes to show its
   * login prompt (kubevirt issues 8168 and 16683); with any userData it takes seconds. Default: false.
   */
  compatible?: boolean
}

export type VirtualMachineInstance = V1VirtualMachineInstance & KubernetesObject

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

/**
 * The binding that fits a NetworkAttachmentDefinition: `sriov` when its plugin, or any plugin of its list, is of type
 * sriov; otherwise `bridge`.
 * @param config `spec.config`, JSON.
 * @throws RangeError when it cannot be read.
 */
export function interfaceBinding(networkName: string, config: string): InterfaceBinding {
  let parsed: unknown
  try {
    parsed = JSON.parse(config)
  } catch (error) {
    throw new RangeError(
      `The config of NetworkAttachmentDefinition "${networkName}" is not JSON (${(error as Error).message}); ` +
        'without it the interface binding cannot be chosen. Correct spec.config.',
      { cause: error },
    )
  }
  const { plugins, type } = (parsed ?? {}) as { plugins?: unknown; type?: unknown }
  const types = [
    type,
    ...(Array.isArray(plugins) ? plugins.map((plugin: { type?: unknown } | null) => plugin?.type) : []),
  ]
  if (types.every((each) => typeof each !== 'string'))
    throw new RangeError(
      `The config of NetworkAttachmentDefinition "${networkName}" names no plugin type, neither in "type" nor in ` +
        '"plugins[].type". Correct spec.config.',
    )
  return types.includes('sriov') ? 'sriov' : 'bridge'
}

function machine(role: 'source' | 'target', options: LatencyMachineOptions): VirtualMachineInstance {
  const { access, image, names, namespace, network, uid } = options
  const interfaces: V1Interface[] = [
    {
      name: testedInterface,
      macAddress: options.addresses[role].macAddress,
      ...(network.binding === 'sriov' ? { sriov: {} } : { bridge: {} }),
    },
  ]
  const networks: V1Network[] = [
    { name: testedInterface, multus: { networkName: `${network.namespace}/${network.name}` } },
  ]
  if (access.guestAccess === 'ssh') {
    // First in the list: port forwarding goes to the first interface in the status.
    interfaces.unshift({
      name: managementInterface,
      macAddress: options.addresses[role].managementMacAddress,
      masquerade: {},
    })
    networks.unshift({ name: managementInterface, pod: {} })
  }
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name: names[role], namespace, labels: { [uidLabel]: uid } },
    spec: {
      affinity: options.nodes === undefined ? apart(uid) : on(options.nodes[role]),
      terminationGracePeriodSeconds: options.terminationGracePeriodSeconds ?? 0,
      domain: {
        resources: { requests: { memory: '128Mi' } },
        devices: {
          rng: {},
          disks: [
            { name: 'disk0', disk: { bus: 'virtio' } },
            { name: 'cloudinit', disk: { bus: 'virtio' } },
          ],
          interfaces,
        },
      },
      networks,
      volumes: [
        { name: 'disk0', containerDisk: { image } },
        {
          name: 'cloudinit',
          cloudInitNoCloud: {
            networkData: networkData(role, options),
            ...(options.compatible === true ? {} : { userData: userData(role, access) }),
          },
        },
      ],
    },
  }
}

function apart(uid: string): K8sIoApiCoreV1Affinity {
  return {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          labelSelector: { matchExpressions: [{ key: uidLabel, operator: 'In', values: [uid] }] },
          topologyKey: hostnameLabel,
        },
      ],
    },
  }
}

function on(node: string): K8sIoApiCoreV1Affinity {
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: hostnameLabel, operator: 'In', values: [node] }] }],
      },
    },
  }
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
