/** One thing done to the cluster or in a guest: a line of the progress output, aligned as `time | case | phase | operation | status | object`. */
export interface Operation {
  /** Wall-clock time, RFC 3339 with milliseconds. */
  at: string
  caseId: string
  phase: 'provision' | 'measure' | 'record' | 'judge' | 'evidence' | 'tear down'
  /** In capitals, at most eight letters: CREATE, WAIT, LOGIN, PING, DELETE, ... */
  operation: string
  status: 'RUN' | 'DONE' | 'FAIL' | 'INFO'
  /** What it is done to, e.g. `VirtualMachineInstance acceptance/latency-check-source-x7k2p`. */
  object: string
  detail?: string
  durationMilliseconds?: number
}
