/**
 * What the parts in the main process share about the run under way. Vitest loads the global set-up and the plugin as
 * separate module graphs, so a module variable would exist twice; the process has one run at a time.
 */
import type { ReachedCluster } from '../reports/run-description.ts'

export interface RunState {
  /** null until the cluster was reached. */
  cluster: ReachedCluster | null
  /** Texts that must not appear in anything that is written. */
  secrets: Set<string>
  /** Removes what dead workers left and gives up the lock; returns what could not be removed. Runs before the reports are written. */
  finish: (() => Promise<string[]>) | null
  /** How the embedded cluster makes its guests; null on a real one. */
  guests: Record<string, string> | null
  /** What the embedded cluster itself did not expect; a simulation with errors proves nothing. */
  embeddedErrors: () => readonly unknown[]
  /** Cases are only listed: nothing is run, so no cluster is needed. */
  listing: boolean
  /** Why there was nothing to run on: what the global set-up threw. */
  setUpError: unknown
  /** What went wrong outside of any case. */
  problems: { phase: string; message: string }[]
  /** Ends the run in good order. */
  cancel: (() => void) | null
}

const key = Symbol.for('kubevirt-acceptance.run')
const holder = globalThis as { [key]?: RunState }

export function runState(): RunState {
  holder[key] ??= {
    cluster: null,
    secrets: new Set(),
    finish: null,
    guests: null,
    embeddedErrors: () => [],
    listing: false,
    setUpError: undefined,
    problems: [],
    cancel: null,
  }
  return holder[key]
}
