import type { Clock } from '../clock/clock.ts'

export interface DetachOptions {
  /** That of the cluster. */
  clock: Clock
  /** For each of the short commands that look after the long one. Default: 60 s. */
  timeoutMilliseconds?: number
  /** Ends starting and waiting; the command itself is ended by disposing it. */
  signal?: AbortSignal
  /** Told of consoles that dropped and were picked up again. */
  onProgress?: (message: string) => void
}

export interface WaitOptions {
  /** From now, in the cluster's time. */
  timeoutMilliseconds: number
  /** When the command is expected to end, from now: it is asked seldom before, often afterwards. Default: at once. */
  expectedMilliseconds?: number
  signal?: AbortSignal
}

export interface DetachedResult {
  command: string
  exitCode: number
  stdout: string
  stderr: string
}

/** A command that runs in a guest whether or not anybody is connected to it. */
export interface DetachedCommand extends AsyncDisposable {
  readonly command: string
  /** In the guest; gone after `cancel` and dispose. */
  readonly directory: string
  /** Id of its process group, which is a session of its own. */
  readonly processGroup: number
  /**
   * Waits until the command has ended, in a few short commands, and through consoles that drop meanwhile.
   * @throws DetachedCommandError `timed-out`, `vanished` when it ended without leaving an exit code, `unreadable`
   * @throws GuestError of the last attempt when the guest cannot be reached until the time is up
   */
  wait(options: WaitOptions): Promise<DetachedResult>
  /** A file that the command wrote, e.g. its JSON report; relative paths begin at `directory`. */
  readFile(path: string): Promise<string>
  /** Ends the command with all its children, makes sure that they are gone, and removes `directory`. */
  cancel(): Promise<void>
}
