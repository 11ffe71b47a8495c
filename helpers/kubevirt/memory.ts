import type { VmiOption } from './virtual-machine-instance.ts'

/** Requested memory, as a quantity such as `128Mi`; the guest sees as much. */
export function withMemory(quantity: string): VmiOption {
  return ({ spec: { domain } }) => {
    domain.resources = { ...domain.resources, requests: { ...domain.resources?.requests, memory: quantity } }
  }
}

/** Memory of the guest out of huge pages of `pageSize`, e.g. `1Gi`. */
export function withHugepages(pageSize: string, guest: string): VmiOption {
  return ({ spec: { domain } }) => {
    domain.memory = { ...domain.memory, guest, hugepages: { pageSize } }
  }
}
