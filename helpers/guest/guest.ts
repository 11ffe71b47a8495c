/** What a command in a guest left behind. */
export interface CommandResult {
  command: string
  /** Standard output and standard error as the guest's terminal or SSH channel gave them, line ends normalised to \n. */
  stdout: string
  exitCode: number
  /** In the cluster's time. */
  durationMilliseconds: number
}

export interface RunOptions {
  /** Limit for this command, in the cluster's time. Default: 30 s. */
  timeoutMilliseconds?: number
  signal?: AbortSignal
}

/** A running VM that commands can be run in, over the serial console or over SSH. */
export interface Guest extends AsyncDisposable {
  /** `namespace/name` of the VirtualMachineInstance. */
  readonly vmi: string
  readonly channel: 'console' | 'ssh'
  /**
   * Runs one command line in the guest's shell. A non-zero exit code is a result, not an error.
   * @throws GuestError when the channel drops, the guest does not answer in time, or the framing cannot be read.
   */
  run(command: string, options?: RunOptions): Promise<CommandResult>
  /** Everything sent and received so far, for the evidence, secrets redacted. */
  transcript(): string
}
