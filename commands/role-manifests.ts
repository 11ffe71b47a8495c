import { Document, isMap, isSeq } from 'yaml'
import type { PlannedPermission } from '../helpers/preflight/preflight-plan.ts'
import type { Permission } from '../helpers/kubernetes/permission.ts'

const group = 'rbac.authorization.k8s.io'

export interface RoleOptions {
  /** Namespace of the run, and of the service account. */
  namespace: string
  serviceAccount: string
}

interface PolicyRule {
  apiGroups: string[]
  resources: string[]
  resourceNames?: string[]
  verbs: string[]
}

interface RoleManifest {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string }
  rules?: PolicyRule[]
  roleRef?: { apiGroup: string; kind: string; name: string }
  subjects?: { kind: string; name: string; namespace: string }[]
}

interface CommentedRule {
  rule: PolicyRule
  /** What it is needed for. */
  comment: string
}

export interface CommentedManifest {
  manifest: RoleManifest
  rules: CommentedRule[]
}

/**
 * A service account and what it needs, and nothing more: one Role per namespace, and a ClusterRole for what belongs to
 * no namespace.
 */
export function roleManifests(
  permissions: readonly PlannedPermission[],
  { namespace, serviceAccount }: RoleOptions,
): CommentedManifest[] {
  const subjects = [{ kind: 'ServiceAccount', name: serviceAccount, namespace }]
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: serviceAccount, namespace },
  }
  const places = [...new Set(permissions.map(({ permission }) => permission.namespace))]
  return [
    { manifest: account, rules: [] },
    ...places.flatMap((place): CommentedManifest[] => {
      const rules = policyRules(permissions.filter(({ permission }) => permission.namespace === place))
      const kind = place === undefined ? 'ClusterRole' : 'Role'
      // Names of cluster roles are everybody's.
      const name = place === undefined ? `${namespace}-${serviceAccount}` : serviceAccount
      const metadata = place === undefined ? { name } : { name, namespace: place }
      const apiVersion = `${group}/v1`
      return [
        { manifest: { apiVersion, kind, metadata, rules: rules.map(({ rule }) => rule) }, rules },
        {
          manifest: {
            apiVersion,
            kind: `${kind}Binding`,
            metadata,
            roleRef: { apiGroup: group, kind, name },
            subjects,
          },
          rules: [],
        },
      ]
    }),
  ]
}

const verbOrder = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']

/** One rule per resource and set of verbs that belongs together; each verb once. */
function policyRules(permissions: readonly PlannedPermission[]): CommentedRule[] {
  const byResource = new Map<string, { permission: Permission; verbs: Set<string>; purposes: Set<string> }>()
  for (const { permission, neededFor, required } of permissions) {
    const { group: apiGroup, resource, name = '' } = permission
    const key = JSON.stringify([required, apiGroup, resource, name])
    const entry = byResource.get(key) ?? { permission, verbs: new Set(), purposes: new Set() }
    entry.verbs.add(permission.verb)
    entry.purposes.add(required ? neededFor : `optional: ${neededFor}`)
    byResource.set(key, entry)
  }
  return [...byResource.values()].map(({ permission, verbs, purposes }) => ({
    rule: {
      apiGroups: [permission.group],
      resources: [permission.resource],
      ...(permission.name !== undefined && { resourceNames: [permission.name] }),
      verbs: [...verbs].toSorted((one, other) => verbOrder.indexOf(one) - verbOrder.indexOf(other)),
    },
    comment: [...purposes].join('; '),
  }))
}

/** Ready for `kubectl apply -f -`, each rule with what it is for. */
export function manifestsYaml(manifests: readonly CommentedManifest[], heading: readonly string[]): string {
  const documents = manifests.map(({ manifest, rules }) => {
    const document = new Document(manifest, { aliasDuplicateObjects: false })
    const sequence = document.get('rules')
    if (isSeq(sequence))
      for (const [index, item] of sequence.items.entries())
        if (isMap(item)) {
          item.commentBefore = ` ${rules[index]?.comment ?? ''}`
          for (const { value } of item.items) if (isSeq(value)) value.flow = true
        }
    return document.toString({ lineWidth: 0 })
  })
  return `${heading.map((line) => `# ${line}`).join('\n')}\n${documents.join('---\n')}`
}
