import type { Permission } from '../kubernetes/permission.ts'

/** What a run is going to need of the cluster. */
export interface PreflightPlan {
  namespace: {
    name: string
    /** Whether the run creates it when it is not there. */
    create: boolean
  }
  permissions: readonly PlannedPermission[]
  networks: readonly { namespace: string; name: string }[]
  /** Nodes that the profile names. */
  nodes: readonly string[]
  /** The lease that keeps two runs apart. `runId`: that run may hold it. */
  lease?: { namespace: string; name?: string; runId?: string }
  /** How many schedulable nodes the cases need, e.g. 2 to keep two VMIs apart. */
  minimumSchedulableNodes: number
  /** VMs that run at the same time and need more of their nodes than a share of CPU and memory; one entry per case. */
  machineSets?: readonly MachineSet[]
  /** What the VMs request that run at the same time; absent: no case says. */
  concurrentRequests?: ConcurrentRequests
  /** Of each case that takes space in storage classes. */
  caseSpace?: readonly { id: string; space: readonly PlannedSpace[] }[]
}

/** CPU and memory of all VMs of a case that run at the same time. */
export interface CaseRequests {
  cpus: number
  memoryBytes: number
}

export interface PlannedSpace {
  /** null: the default class of the cluster. */
  storageClass: string | null
  bytes: number
}

export interface ConcurrentRequests {
  /** Cases that run at the same time at most. */
  atOnce: number
  /** Of each case of the checkup that needs most. */
  cases: readonly (CaseRequests & { id: string })[]
}

export interface MachineSet {
  machines: readonly PlannedMachine[]
  /** Whether no two of them may be on one node. */
  differentNodes: boolean
}

/** What a VM needs of its node for itself. */
export interface PlannedMachine {
  /** For people, e.g. `VM under test`. */
  name: string
  /** Where it must run; null: anywhere. */
  node: string | null
  /** Labels that its node must have, besides that of the CPU manager. */
  nodeLabels?: Record<string, string>
  /** Physical CPUs that nobody else uses, that of the emulator thread included. */
  dedicatedCpus: number
  /** Quantities such as `1Gi` and `4Gi`. */
  hugepages: { pageSize: string; memory: string }
  /** The network of each interface. On an SR-IOV network it takes one device of the network's resource. */
  networks: readonly { namespace: string; name: string }[]
}

export interface PlannedPermission {
  permission: Permission
  /** For people, e.g. `create the VMIs`. */
  neededFor: string
  /** false: the run goes on without it, and does something less well. */
  required: boolean
}

/** One row of the preflight table. */
export interface PreflightResult {
  check: string
  /** unknown: it may not be looked at. Only `failed` keeps a run from starting. */
  status: 'ok' | 'warning' | 'failed' | 'unknown'
  detail: string
  /** What to do about it; '' when all is well. */
  remediation: string
}
