/** A validated profile with every default filled in: plain JSON, so that it can be handed to workers and written down. */
import type { Parallelism } from '../run/case-exclusion.ts'
import type { JsonValue } from '../run/checkup-contract.ts'
import type { EmbeddedClusterProfile } from './embedded-cluster.ts'
import type { GatePolicy } from './gate-section.ts'
import type { ProfileProblem } from './profile-problem.ts'
import type { ProfileBase, ProfileImages } from './profile-schema.ts'

export interface LoadedProfile {
  name: string
  description: string
  /** As shown to people: relative to the working directory where that is shorter. */
  file: string
  /** Absolute. */
  path: string
  /** Of the file's text. */
  sha256: string
  cluster: ProfileCluster
  /** Schedulable nodes under test; null when the profile does not say. */
  nodes: string[] | null
  /** NetworkAttachmentDefinitions under test, `name` or `namespace/name`; null when the profile does not say. */
  networks: string[] | null
  namespace: { name: string; create: boolean }
  images: ProfileImages
  guest: ProfileBase['guest']
  timeouts: ProfileBase['timeouts']
  parallelism: Parallelism
  gate: GatePolicy
  /** Those that the profile plans, in the order of the contracts. */
  checkups: PlannedCheckup[]
  /** Odd, but not wrong: deprecated names, nodes that the profile does not have, limits that never decide. */
  warnings: ProfileProblem[]
}

export type ProfileCluster =
  | { kind: 'embedded'; embedded: EmbeddedClusterProfile }
  /** `path` is absolute; without it KUBECONFIG, ~/.kube/config or in-cluster credentials are used. */
  | { kind: 'kubeconfig'; path?: string; context?: string }

export interface PlannedCheckup {
  name: string
  title: string
  /** false: the gate may pass although this checkup did not run. */
  required: boolean
  cases: PlannedCase[]
}

export interface PlannedCase {
  /** Unique in the profile and the same in every run, e.g. `latency/blue/worker1-worker2`. */
  id: string
  checkup: string
  title: string
  /** As the contract's schema puts it out; parsing it again changes nothing. */
  parameters: Record<string, JsonValue>
  /** For every parameter: `file:line:column path`, `default`, or `default (namespace.name)`. */
  sources: Record<string, string>
  timeoutMilliseconds: number
}
