/** How far a run is, as the process of the run tells the one that keeps the ConfigMap. Plain data. */
export interface CheckupProgress {
  /** provision, measure, ... */
  phase: string
  /** The last thing done, on one line. */
  operation: string
  /** `1 of 4` */
  cases: string
}

/** Set for the process of the run: whoever started it listens to its messages. */
export const progressVariable = 'KUBEVIRT_ACCEPTANCE_PROGRESS'

export const isCheckupProgress = (message: unknown): message is CheckupProgress =>
  typeof message === 'object' && message !== null && 'phase' in message && 'operation' in message && 'cases' in message
