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
  /** What the command reads on its standard input; default: nothing. Over SSH only. */
  input?: string | Uint8Array
}

/** Files of a guest, byte by byte. Paths are as the guest's user sees them: relative ones begin at its home directory. */
export interface GuestFiles {
  /** @throws GuestError `file` when it cannot be read, and as `run` */
  readFile(path: string, options?: Omit<RunOptions, 'input'>): Promise<Buffer>
  /**
   * @param options.mode of a file that is not there yet, e.g. 0o600
   * @throws GuestError `file` when it cannot be written, and as `run`
   */
  writeFile(
    path: string,
    content: string | Uint8Array,
    options?: Omit<RunOptions, 'input'> & { mode?: number },
  ): Promise<void>
}

/** A running VM that commands can be run in, over the serial console or over SSH. */
export interface Guest extends AsyncDisposable {
  /** `namespace/name` of the VirtualMachineInstance. */
  readonly vmi: string
  readonly channel: 'console' | 'ssh'
  /** Over SSH only. */
  readonly files?: GuestFiles
  /**
   * Runs one command line in the guest's shell. A non-zero exit code is a result, not an error.
   * @throws GuestError when the channel drops, the guest does not answer in time, or the framing cannot be read.
   */
  run(command: string, options?: RunOptions): Promise<CommandResult>
  /**
   * Starts a program that is talked to line by line, and waits for its first prompt. Over the console it has the terminal
   * until it ends or is disposed; meanwhile `run` is an error. Over SSH it has a terminal of its own.
   * @throws GuestError `program-ended` (with its output) when it ends before its prompt, `busy` while another one has the
   * console, and as `run`
   */
  start(command: string, options: StartOptions): Promise<InteractiveProgram>
  /** Everything sent and received so far, for the evidence, secrets redacted. */
  transcript(): string
}

export interface StartOptions {
  /** What the program prints when it waits for a line, e.g. `testpmd> `. */
  prompt: string
  /** Until the first prompt, and for each line that brings no limit of its own; in the cluster's time. Default: that of `run`. */
  timeoutMilliseconds?: number
  /** Gives up waiting for the first prompt. */
  signal?: AbortSignal
}

/** A program that waits for lines. Disposing it interrupts it, if it still runs, and gives the console back to the shell. */
export interface InteractiveProgram extends AsyncDisposable {
  /** What it printed before its first prompt. */
  readonly banner: string
  /**
   * Types a line and returns what the program prints up to its next prompt, without the echo, line ends normalised to
   * \n. A line on which the program ends with exit code 0, such as `quit`, returns what was printed up to the end.
   * @throws GuestError `program-ended` with the output when it ends otherwise or has ended before, `command-timeout`,
   * after which it takes no more lines, `dropped`
   */
  send(line: string, options?: RunOptions): Promise<string>
}
