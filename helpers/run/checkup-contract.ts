/**
 * What a checkup promises to those who configure it, read it and gate on it. Each suites/<checkup>/contract.ts is the one
 * source for the profile schema, the ConfigMap mapping and the catalogue.
 */
import type { z } from 'zod'
import type { CaseRequests, MachineSet, PlannedPermission, PlannedSpace } from '../preflight/preflight-plan.ts'
import type { Unit } from './case-record.ts'

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

export interface CheckupContract<Parameters extends z.ZodObject = z.ZodObject> {
  /** `latency`: the folder in suites/, the Vitest project, the key under `checkups` of a profile. */
  readonly name: string
  readonly title: string
  readonly description: string
  /**
   * A strict object with documented names. `timeout` (a Go duration) is one of them in every checkup. What it puts out
   * is plain JSON and may be put in again with the same result. ConfigMap text is accepted for every parameter.
   */
  readonly parameters: Parameters
  /** Old spelling -> documented name. The old one is accepted with a warning. */
  readonly deprecatedNames: Readonly<Record<string, string>>
  /** Parameters that hold container images, to which the profile's `images` apply. */
  readonly imageParameters: readonly string[]
  readonly results: readonly ResultDeclaration[]
  readonly checks: readonly CheckDeclaration[]
  /** Keys that a profile's `matrix` may have besides parameters. */
  readonly axes: Readonly<Record<string, MatrixAxis>>
  /** Defaults that depend on other parts of the profile. */
  profileDefaults(world: ProfileWorld): Record<string, JsonValue>
  /** What one parameter alone cannot tell: returns every problem, none when all is well. */
  rules(parameters: z.output<Parameters>, context: RuleContext): ParameterProblem[]
  /**
   * Where one case of a profile stands for many: what each of them sets in its place, known before the run. None: the
   * case is left out. Absent: a case stands for itself.
   */
  expandCase?(parameters: z.output<Parameters>, world: ProfileWorld): readonly Record<string, JsonValue>[]
  /** Tells cases apart and stays the same over runs: `blue/worker1-worker2`. */
  caseName(parameters: z.output<Parameters>): string
  /** A sentence about the outcome that the case expects. */
  caseTitle(parameters: z.output<Parameters>): string
  /** What a case needs of the cluster: looked at before the run, and shown by `plan`. */
  requirements(parameters: z.output<Parameters>, namespace: string): CaseRequirements
}

export interface CaseRequirements {
  permissions: readonly PlannedPermission[]
  networks: readonly { namespace: string; name: string }[]
  nodes: readonly string[]
  minimumSchedulableNodes: number
  /** Objects that the case creates, e.g. `2 VirtualMachineInstances`. */
  creates: readonly { kind: string; count: number }[]
  /** Room that the case takes at the same time in each storage class. */
  space?: readonly PlannedSpace[]
  /** VMs of the case that need CPUs, hugepages or network devices of their own. */
  machineSets?: readonly MachineSet[]
  /** What its VMs request while most of them run; absent where that is little. */
  requests?: CaseRequests
  /** What it has for itself while it runs; absent: it does not say what would disturb it. */
  exclusive?: CaseExclusion
  /** How long the case measures, without set-up and tear-down. */
  measurementMilliseconds: number
}

/** Two cases disturb each other when they load one storage class, or when one of them takes all that the cluster has. */
export interface CaseExclusion {
  /** null: the default class of the cluster. */
  storageClasses: readonly (string | null)[]
  wholeCluster: boolean
}

export interface ResultDeclaration {
  /** Key under `status.result.` of the documented ConfigMap. */
  readonly name: string
  readonly unit: Unit | ''
  readonly description: string
  /** documented: part of the contract that consumers know. addition: ours. */
  readonly origin: 'documented' | 'addition'
}

export interface CheckDeclaration {
  /** Stable, e.g. `latency.max`. */
  readonly id: string
  readonly title: string
  readonly proves: string
  readonly measuredBy: string
  /** Names of the results that are judged. */
  readonly results: readonly string[]
  readonly operator: '<=' | '>=' | '=='
  /** Parameter that sets the limit; null when the limit is fixed. */
  readonly limitParameter: string | null
  /** The limit when no parameter is given, as text with unit; null: not judged then. */
  readonly defaultLimit: string | null
  /** Where the default comes from. */
  readonly defaultLimitSource: string
  readonly remediation: string
}

/** What expansion and rules may know about the cluster before there is a connection to it. */
export interface ProfileWorld {
  readonly embedded: boolean
  /** Namespace of the run. */
  readonly namespace: string
  /** Schedulable nodes; null when the profile does not say. */
  readonly nodes: readonly string[] | null
  /** NetworkAttachmentDefinitions as `name` or `namespace/name`; null when the profile does not say. */
  readonly networks: readonly string[] | null
  /** null or absent when the profile does not say, as with real clusters. */
  readonly storageClasses?: readonly WorldStorageClass[] | null
  /** Whether plain pods run what is in their images. Absent: nothing speaks against it. */
  readonly runsContainers?: boolean
}

export interface WorldStorageClass {
  readonly name: string
  /** The one that VMs get which name none. */
  readonly isDefault: boolean
  readonly volumeModes: readonly string[]
  readonly capacityBytes: number
}

export interface RuleContext {
  readonly world: ProfileWorld
  /** false: the value is a default. */
  readonly isGiven: (parameter: string) => boolean
}

export interface ParameterProblem {
  readonly severity: 'error' | 'warning'
  readonly parameter: string
  readonly message: string
}

export interface MatrixAxis {
  /** Parameters that each combination sets. */
  readonly sets: readonly string[]
  readonly schema: z.ZodType
  /** `value` has passed `schema`. A problem is one sentence with what to do. */
  expand(value: unknown, world: ProfileWorld): { combinations: Record<string, JsonValue>[] } | { problem: string }
}
