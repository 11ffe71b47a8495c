import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { PlannedPermission } from '../helpers/preflight/preflight-plan.ts'
import { manifestsYaml, roleManifests } from './role-manifests.ts'

const vmis = { group: 'kubevirt.io', resource: 'virtualmachineinstances', namespace: 'acceptance' }
const permissions: PlannedPermission[] = [
  { permission: { verb: 'delete', ...vmis }, neededFor: 'remove the VMs', required: true },
  { permission: { verb: 'create', ...vmis }, neededFor: 'create the VMs', required: true },
  { permission: { verb: 'list', ...vmis }, neededFor: 'find leftovers', required: false },
  {
    permission: {
      verb: 'get',
      group: 'k8s.cni.cncf.io',
      resource: 'network-attachment-definitions',
      namespace: 'nets',
    },
    neededFor: 'choose the binding',
    required: true,
  },
  {
    permission: { verb: 'get', group: '', resource: 'nodes', name: 'worker1' },
    neededFor: 'look at: "the node" #1',
    required: true,
  },
  {
    permission: { verb: 'list', group: '', resource: 'nodes' },
    neededFor: 'count nodes',
    required: true,
  },
]
const manifests = () => roleManifests(permissions, { namespace: 'acceptance', serviceAccount: 'runner' })

test('one service account, a Role for each namespace, a ClusterRole for the rest, each bound to it', () => {
  const subjects = [{ kind: 'ServiceAccount', name: 'runner', namespace: 'acceptance' }]
  expect(manifests().map(({ manifest: { apiVersion: _apiVersion, ...rest } }) => rest)).toEqual([
    { kind: 'ServiceAccount', metadata: { name: 'runner', namespace: 'acceptance' } },
    {
      kind: 'Role',
      metadata: { name: 'runner', namespace: 'acceptance' },
      rules: [
        { apiGroups: ['kubevirt.io'], resources: ['virtualmachineinstances'], verbs: ['create', 'delete'] },
        { apiGroups: ['kubevirt.io'], resources: ['virtualmachineinstances'], verbs: ['list'] },
      ],
    },
    {
      kind: 'RoleBinding',
      metadata: { name: 'runner', namespace: 'acceptance' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'runner' },
      subjects,
    },
    {
      kind: 'Role',
      metadata: { name: 'runner', namespace: 'nets' },
      rules: [{ apiGroups: ['k8s.cni.cncf.io'], resources: ['network-attachment-definitions'], verbs: ['get'] }],
    },
    {
      kind: 'RoleBinding',
      metadata: { name: 'runner', namespace: 'nets' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'runner' },
      subjects,
    },
    {
      kind: 'ClusterRole',
      metadata: { name: 'acceptance-runner' },
      rules: [
        { apiGroups: [''], resources: ['nodes'], resourceNames: ['worker1'], verbs: ['get'] },
        { apiGroups: [''], resources: ['nodes'], verbs: ['list'] },
      ],
    },
    {
      kind: 'ClusterRoleBinding',
      metadata: { name: 'acceptance-runner' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'acceptance-runner' },
      subjects,
    },
  ])
})

test('the YAML reads back as the same objects, and says what each rule is for', () => {
  const yaml = manifestsYaml(manifests(), ['one', 'two'])
  const documents = parseAllDocuments(yaml) as { errors: unknown[]; toJS(): unknown }[]
  expect(documents.flatMap(({ errors }) => errors)).toEqual([])
  expect(documents.map((document) => document.toJS())).toEqual(manifests().map(({ manifest }) => manifest))
  expect(yaml).toMatch(/^# one\n# two\napiVersion: v1\n/)
  expect(yaml).toContain('  # remove the VMs; create the VMs\n')
  expect(yaml).toContain('  # optional: find leftovers\n')
  expect(yaml).toContain('  # look at: "the node" #1\n')
})
