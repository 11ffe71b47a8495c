import { expect, test } from 'vitest'
import { latencyContract } from './contract.ts'

test.each([
  ['console', 'console'],
  ['ssh', 'portforward'],
])('requires the rights of the documented Role, and no more, with guestAccess: %s', (guestAccess, subresource) => {
  const { permissions } = latencyContract.requirements(
    latencyContract.parameters.parse({
      networkAttachmentDefinitionNamespace: 'networks',
      networkAttachmentDefinitionName: 'blue',
      guestAccess,
    }),
    'acceptance',
  )
  const required = permissions.filter((each) => each.required)
  expect(
    required.map(({ permission: { verb, group, resource, namespace } }) => `${verb} ${group}/${resource} ${namespace}`),
  ).toEqual([
    'create kubevirt.io/virtualmachineinstances acceptance',
    'get kubevirt.io/virtualmachineinstances acceptance',
    'delete kubevirt.io/virtualmachineinstances acceptance',
    `get subresources.kubevirt.io/virtualmachineinstances/${subresource} acceptance`,
    'get k8s.cni.cncf.io/network-attachment-definitions networks',
  ])
})
