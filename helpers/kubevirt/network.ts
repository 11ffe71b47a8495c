import type { V1Interface } from '@kubevirt-ui-ext/kubevirt-api/kubevirt'
import type { VmiOption } from './virtual-machine-instance.ts'

export interface MultusInterface {
  /** Of the interface and the network, e.g. `net0`. */
  name: string
  /** `namespace/name` of the NetworkAttachmentDefinition. */
  networkAttachmentDefinition: string
  binding: 'bridge' | 'sriov'
  /** Device that the guest sees, e.g. `virtio`; without it KubeVirt chooses. */
  model?: string
  macAddress?: string
  /** Where the guest finds the device, e.g. `0000:06:00.0`. */
  pciAddress?: string
}

/** An interface on a secondary network. */
export function withMultusInterface(options: MultusInterface): VmiOption {
  const { name, networkAttachmentDefinition, binding, model, macAddress, pciAddress } = options
  return (vmi) => {
    addInterface({
      name,
      ...(binding === 'sriov' ? { sriov: {} } : { bridge: {} }),
      ...(model === undefined ? {} : { model }),
      ...(macAddress === undefined ? {} : { macAddress }),
      ...(pciAddress === undefined ? {} : { pciAddress }),
    })(vmi)
    vmi.spec.networks = [...(vmi.spec.networks ?? []), { name, multus: { networkName: networkAttachmentDefinition } }]
  }
}

/** An interface behind the pod's address: what SSH through port-forward needs. */
export function withMasqueradeInterface(name = 'default', macAddress?: string): VmiOption {
  return (vmi) => {
    addInterface({ name, masquerade: {}, ...(macAddress === undefined ? {} : { macAddress }) })(vmi)
    vmi.spec.networks = [...(vmi.spec.networks ?? []), { name, pod: {} }]
  }
}

function addInterface(added: V1Interface): VmiOption {
  return ({ spec: { domain } }) => {
    domain.devices.interfaces = [...(domain.devices.interfaces ?? []), added]
  }
}
