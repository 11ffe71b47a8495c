import type { VmiOption } from './virtual-machine-instance.ts'

export interface ReadinessCommand {
  /** Run in the guest by its agent; the VMI is ready when it exits with 0. */
  command: string[]
  /** Before the first try. */
  initialDelaySeconds: number
  periodSeconds: number
  timeoutSeconds: number
  /** Tries in a row that must fail until a ready VMI is not ready any more. */
  failureThreshold: number
}

/** The VMI's condition Ready waits for a command in the guest. */
export function withReadinessCommand({ command, ...timing }: ReadinessCommand): VmiOption {
  return ({ spec }) => {
    spec.readinessProbe = { exec: { command }, ...timing }
  }
}
