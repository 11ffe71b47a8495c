import type { VmiOption } from './virtual-machine-instance.ts'

/** A random number generator: without one, guests without other entropy take long to boot. */
export function withRng(): VmiOption {
  return ({ spec }) => {
    spec.domain.devices.rng = {}
  }
}

/** As many queues as virtual CPUs for each virtio interface. */
export function withNetworkMultiqueue(): VmiOption {
  return ({ spec }) => {
    spec.domain.devices.networkInterfaceMultiqueue = true
  }
}

export function withoutGraphics(): VmiOption {
  return ({ spec }) => {
    spec.domain.devices.autoattachGraphicsDevice = false
  }
}

export function withoutMemoryBalloon(): VmiOption {
  return ({ spec }) => {
    spec.domain.devices.autoattachMemBalloon = false
  }
}

export function withSerialConsole(): VmiOption {
  return ({ spec }) => {
    spec.domain.devices.autoattachSerialConsole = true
  }
}

/** Keeps what the serial console prints in the launcher pod's container `guest-console-log`, for the evidence. */
export function withSerialConsoleLog(): VmiOption {
  return ({ spec }) => {
    spec.domain.devices.logSerialConsole = true
  }
}
