/** Exit codes of the commands; `run` has those of reports/run-verdict.ts, which these agree with. */
export const exitCodes = {
  ok: 0,
  checkFailed: 1,
  usage: 2,
  preflightFailed: 3,
  invalid: 4,
  regression: 5,
  broken: 6,
  locked: 7,
} as const

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

/** As a shell counts them: 130 for SIGINT, 143 for SIGTERM. */
export const exitCodeOfSignal = (signal: NodeJS.Signals): number => 128 + (signalNumbers[signal] ?? 0)
