/** What the plugin knows of a run before its first test: handed to every reporter. */
import type { ClusterDescription, RunDocument } from '../helpers/run/run-document.ts'
import type { RunDirectory } from '../helpers/run/run-directory.ts'

export interface PlannedCase {
  id: string
  checkup: string
  title: string
  /** Told by a case that has no result, too. */
  parameters?: Record<string, unknown>
}

export interface RunDescription {
  directory: RunDirectory
  /** RFC 3339. */
  startedAt: string
  command: string[]
  /** Version of this package. */
  version: string
  profile: RunDocument['profile']
  /** By Vitest project name: every case that the profile asks for, whether selected or not. */
  plannedCases: Record<string, PlannedCase[]>
  /** Which part of the cases of the profile this run does, counted from 1; the runner's own shards are known without. */
  shard?: { index: number; count: number }
  /** Asked whenever something is written; null until the cluster was reached. */
  cluster?: () => ReachedCluster | null
  /** What the global set-up threw; undefined when it did not, or is not known. */
  setUpError?: () => unknown
  /** More lines of the progress header: namespace, limits, durations. */
  configuration?: { name: string; value: string }[]
  /** Asked whenever something is written. */
  secrets?: () => readonly string[]
  /** Cleans up after all tests, dead workers included; returns what could not be removed. Runs before anything is written. */
  finish?: () => Promise<readonly string[]>
  /** What went wrong outside of any case, known once `finish` is done: a lost lock, a simulation that broke. */
  problems?: () => RunDocument['errors']
  /** Links shown with every case in Allure, e.g. to the change that is being gated. */
  links?: { name: string; url: string }[]
  /** Who looks after the acceptance of this cluster: the owner label in Allure. */
  owner?: string
}

export interface ReachedCluster {
  cluster: ClusterDescription
  kubernetes: string | null
  kubevirt: string | null
}

export const unreachedCluster: ClusterDescription = {
  server: 'unknown: no connection was made',
  context: '',
  embedded: false,
  guests: {},
  nodes: null,
}
