/** What the documentation of the upstream checkups has people apply: ServiceAccount, Roles, ConfigMap and Job. */
import { checkupTypeLabel, checkupTypeOf } from '../helpers/in-cluster/checkup-request.ts'
import type { KubernetesObject } from '../helpers/kubernetes/kubernetes-object.ts'

interface PolicyRule {
  apiGroups: readonly string[]
  resources: readonly string[]
  verbs: readonly string[]
}

/** One of the Roles that are bound to its service account. */
export interface UpstreamRole {
  name: string
  namespace: string
  rules: readonly PolicyRule[]
}

export interface UpstreamManifestOptions {
  /** Name of the checkup, as of its contract. */
  checkup: string
  /** Name of the documented Job, which the other names begin with. */
  job: string
  /** Keeps what is applied apart from that of other cases. */
  suffix: string
  namespace: string
  roles: readonly UpstreamRole[]
  image: string
  /** Of the ConfigMap. */
  data: Readonly<Record<string, string>>
}

export const configMapAccess = (namespace: string): UpstreamRole => ({
  name: 'kiagnose-configmap-access',
  namespace,
  rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'update'] }],
})

export const vmRules: readonly PolicyRule[] = [
  { apiGroups: ['kubevirt.io'], resources: ['virtualmachineinstances'], verbs: ['get', 'create', 'delete'] },
  { apiGroups: ['subresources.kubevirt.io'], resources: ['virtualmachineinstances/console'], verbs: ['get'] },
]

export const networkRule: PolicyRule = {
  apiGroups: ['k8s.cni.cncf.io'],
  resources: ['network-attachment-definitions'],
  verbs: ['get'],
}

export const guestConfigurationRule: PolicyRule = {
  apiGroups: [''],
  resources: ['configmaps'],
  verbs: ['create', 'delete'],
}

const group = 'rbac.authorization.k8s.io'

/** In the order in which they are to be created. */
export function upstreamManifests(options: UpstreamManifestOptions): {
  rights: KubernetesObject[]
  configMap: KubernetesObject
  job: KubernetesObject
} {
  const { checkup, job, suffix, namespace, roles, image, data } = options
  const account = `${job}-sa-${suffix}`
  const configMap = `${job}-config-${suffix}`
  return {
    rights: [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } },
      ...roles.flatMap((role) => {
        const metadata = { name: `${role.name}-${suffix}`, namespace: role.namespace }
        return [
          { apiVersion: `${group}/v1`, kind: 'Role', metadata, rules: role.rules },
          {
            apiVersion: `${group}/v1`,
            kind: 'RoleBinding',
            metadata,
            roleRef: { apiGroup: group, kind: 'Role', name: metadata.name },
            subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
          },
        ]
      }),
    ],
    configMap: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: configMap, namespace, labels: { [checkupTypeLabel]: checkupTypeOf(checkup) } },
      data,
    },
    job: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: `${job}-${suffix}`, namespace },
      spec: {
        backoffLimit: 0,
        template: {
          spec: {
            serviceAccountName: account,
            restartPolicy: 'Never',
            containers: [
              {
                name: job,
                image,
                imagePullPolicy: 'Always',
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { drop: ['ALL'] },
                  runAsNonRoot: true,
                  seccompProfile: { type: 'RuntimeDefault' },
                },
                env: [
                  { name: 'CONFIGMAP_NAMESPACE', value: namespace },
                  { name: 'CONFIGMAP_NAME', value: configMap },
                  { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
                ],
              },
            ],
          },
        },
      },
    },
  }
}
