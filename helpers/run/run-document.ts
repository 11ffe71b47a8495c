import type { CaseRecord } from './case-record.ts'
import type { Verdict } from './verdict.ts'

/** `run.json`: one invocation, complete enough to be compared with another one years later. */
export interface RunDocument {
  schemaVersion: 1
  id: string
  verdict: Verdict
  reason: string
  exitCode: number
  startedAt: string
  completedAt: string
  command: string[]
  versions: {
    kubevirtAcceptance: string
    node: string
    vitest: string
    kubernetes: string | null
    kubevirt: string | null
  }
  cluster: ClusterDescription
  profile: { name: string; path: string; sha256: string; effective: unknown }
  /** Ids of all cases that the profile plans for the selected checkups. */
  plannedCases: string[]
  /** The last attempt of each case; its verdict is the case's. */
  cases: CaseRecord[]
  /** Attempts that were repeated, oldest first. */
  earlierAttempts: CaseRecord[]
  /** Cases that passed only when repeated. */
  flakyCases: string[]
  /** Planned cases that a filter of this invocation left out, and which one. */
  notSelected: { caseId: string; reason: string }[]
  /** The signal, or `interrupt`, that ended the run early; null when it ran to its end. */
  cancelledBy: string | null
  /** Errors outside of any case: set-up, a dead worker, unhandled errors. */
  errors: { phase: string; message: string }[]
  leftovers: string[]
  verdictCounts: Record<Verdict, number>
  /** Which part of the tests ran; absent when all did. Merged runs have none. */
  shard?: { index: number; count: number }
  /** Ids of the runs that were merged into this one. */
  mergedFrom?: string[]
  /** Of all the above as JSON; absent in documents of version 0.1.0. */
  sha256?: string
}

export interface ClusterDescription {
  /** API server URL. */
  server: string
  context: string
  embedded: boolean
  /** How guests are made: `kubevirt` on a real cluster, `scripted` or `qemu` with details on the embedded one. */
  guests: Record<string, string>
  /** null when the nodes may not be listed. */
  nodes: { name: string; kubeletVersion: string; architecture: string; osImage: string; kernelVersion: string }[] | null
  /** What the preflight found missing or could not look at, and the run goes on without: one sentence each. */
  limitations?: string[]
}
