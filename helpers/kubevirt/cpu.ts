import type { VmiOption } from './virtual-machine-instance.ts'

export interface CpuTopology {
  sockets?: number
  cores?: number
  threads?: number
}

export function withCpu(topology: CpuTopology): VmiOption {
  return ({ spec: { domain } }) => {
    domain.cpu = { ...domain.cpu, ...topology }
  }
}

/** Each virtual CPU has a physical one for itself; needs the static CPU manager on the node. */
export function withDedicatedCpus(options: { isolateEmulatorThread: boolean; numaPassthrough?: boolean }): VmiOption {
  return ({ spec: { domain } }) => {
    domain.cpu = {
      ...domain.cpu,
      dedicatedCpuPlacement: true,
      isolateEmulatorThread: options.isolateEmulatorThread,
      ...(options.numaPassthrough === true ? { numa: { guestMappingPassthrough: {} } } : {}),
    }
  }
}

/** `mask` limits realtime scheduling to some virtual CPUs, e.g. `0-3,^1`; without it all have it. */
export function withRealtime(mask?: string): VmiOption {
  return ({ spec: { domain } }) => {
    domain.cpu = { ...domain.cpu, realtime: mask === undefined ? {} : { mask } }
  }
}

export function withCpuModel(model: string): VmiOption {
  return ({ spec: { domain } }) => {
    domain.cpu = { ...domain.cpu, model }
  }
}
