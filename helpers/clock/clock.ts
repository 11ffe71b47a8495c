/**
 * Time as the cluster under test sees it. On a real cluster that is the wall clock. The embedded cluster skips over
 * what nobody needs to wait for, so suites must never call setTimeout or Date.now: they ask the clock of their cluster.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch, in the cluster's time. */
  now(): Promise<number>
  /** Resolves after `milliseconds` of the cluster's time; rejects with `signal.reason` when aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
  /**
   * A time limit, as opposed to something that is waited for: an embedded cluster jumps to it only when nothing else
   * is going on. Dispose it when the guarded work is done.
   */
  deadline(milliseconds: number): Deadline
}

export interface Deadline extends Disposable {
  /** Aborts with a `DOMException` named `TimeoutError` once the time is up. */
  readonly signal: AbortSignal
}
