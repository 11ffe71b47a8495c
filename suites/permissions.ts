/**
 * What cases with VMs may do, with reasons. A checkup lists `vmPermissions`, `guestPermission`, `configMapPermissions` and
 * `networkPermission` as it needs them, and `helpfulPermissions` at the end.
 */
import type { Permission } from '../helpers/kubernetes/permission.ts'
import type { PlannedPermission } from '../helpers/preflight/preflight-plan.ts'

const planned =
  (isRequired: boolean) =>
  (permission: Permission, neededFor: string): PlannedPermission => ({ permission, neededFor, required: isRequired })
export const required = planned(true)
export const helpful = planned(false)

const vmis = (namespace: string) => ({ group: 'kubevirt.io', resource: 'virtualmachineinstances', namespace })
const leftovers = 'find what earlier runs left behind'

export const vmPermissions = (namespace: string): PlannedPermission[] => [
  required({ verb: 'create', ...vmis(namespace) }, 'create the VMs'),
  required({ verb: 'get', ...vmis(namespace) }, 'see whether the VMs run'),
  required({ verb: 'delete', ...vmis(namespace) }, 'remove the VMs'),
]

/** @param neededFor what is done in the guests */
export function guestPermission(namespace: string, access: 'console' | 'ssh', neededFor: string): PlannedPermission {
  const subresource = access === 'console' ? 'console' : 'portforward'
  const resource = `virtualmachineinstances/${subresource}`
  return required({ verb: 'get', group: 'subresources.kubevirt.io', resource, namespace }, neededFor)
}

export function configMapPermissions(namespace: string): PlannedPermission[] {
  const configMaps = { group: '', resource: 'configmaps', namespace }
  return [
    required({ verb: 'create', ...configMaps }, 'give the guests their configuration'),
    required({ verb: 'delete', ...configMaps }, 'remove the configuration of the guests'),
    helpful({ verb: 'list', ...configMaps }, leftovers),
  ]
}

/** @param namespace that of the NetworkAttachmentDefinitions */
export const networkPermission = (namespace: string, need: 'required' | 'helpful', neededFor: string) =>
  planned(need === 'required')(
    { verb: 'get', group: 'k8s.cni.cncf.io', resource: 'network-attachment-definitions', namespace },
    neededFor,
  )

/** A case goes on without these, and does something less well. */
export const helpfulPermissions = (namespace: string): PlannedPermission[] => [
  helpful({ verb: 'watch', ...vmis(namespace) }, 'see changes at once instead of asking every second'),
  helpful({ verb: 'list', ...vmis(namespace) }, leftovers),
  helpful({ verb: 'list', group: '', resource: 'events', namespace }, 'say why a VM does not start'),
  helpful({ verb: 'list', group: '', resource: 'pods', namespace }, 'collect launcher pods and their logs as evidence'),
  helpful({ verb: 'get', group: '', resource: 'pods/log', namespace }, 'collect the logs of launcher pods as evidence'),
]
