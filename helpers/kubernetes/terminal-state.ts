import { groupOf } from './resources.ts'
import type { KubernetesObject } from './kubernetes-object.ts'

/** Phases that an object never leaves again, by group and kind. */
const finalPhases: Record<string, readonly string[]> = {
  'kubevirt.io/VirtualMachineInstance': ['Succeeded', 'Failed'],
  'kubevirt.io/VirtualMachineInstanceMigration': ['Succeeded', 'Failed'],
  'cdi.kubevirt.io/DataVolume': ['Succeeded', 'Failed'],
  '/Pod': ['Succeeded', 'Failed'],
  '/PersistentVolumeClaim': ['Lost'],
}

/** Why nothing more will come of this object, or undefined while it may still change by itself. */
export function terminalReason(object: KubernetesObject): string | undefined {
  if (object.metadata.deletionTimestamp !== undefined) {
    return `it is being deleted since ${object.metadata.deletionTimestamp}`
  }
  const phase = phaseOf(object)
  if (phase === undefined) return undefined
  const final = finalPhases[`${groupOf(object.apiVersion)}/${object.kind}`] ?? []
  return final.includes(phase) ? `its phase is ${phase}, which is final` : undefined
}

/** `status.phase`, if there is one. */
export function phaseOf(object: KubernetesObject): string | undefined {
  const { status } = object
  if (typeof status !== 'object' || status === null || !('phase' in status)) return undefined
  return typeof status.phase === 'string' && status.phase !== '' ? status.phase : undefined
}
