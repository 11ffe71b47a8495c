import type { RequestInformation } from './request-information.ts'

/** One thing that somebody may or may not do, as a rule of a Role would grant it. */
export interface Permission {
  verb: string
  /** '' for the core group. */
  group: string
  /** Plural, with its subresource: `virtualmachineinstances/console`. */
  resource: string
  /** Left out: cluster-wide. */
  namespace?: string
  name?: string
}

export function permissionOf(request: RequestInformation): Permission {
  return {
    verb: request.verb,
    group: request.group,
    resource: request.resource,
    ...(request.namespace === undefined ? {} : { namespace: request.namespace }),
  }
}

/** `{apiGroups: ["kubevirt.io"], resources: ["virtualmachineinstances"], verbs: ["create"]} in namespace "acceptance"` */
export function permissionRule(permission: Permission): string {
  const rule = `{apiGroups: ["${permission.group}"], resources: ["${permission.resource}"], verbs: ["${permission.verb}"]}`
  return permission.namespace === undefined
    ? `${rule} in a ClusterRole`
    : `${rule} in namespace "${permission.namespace}"`
}
