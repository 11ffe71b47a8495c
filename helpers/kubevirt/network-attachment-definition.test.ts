import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubernetesObject } from '../kubernetes/kubernetes-object.ts'
import { networkAttachmentOf } from './network-attachment-definition.ts'

function definition(
  config: unknown,
  annotations?: Record<string, string>,
): KubernetesObject & { spec: { config: string } } {
  return {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { namespace: 'lab', name: 'blue', ...(annotations === undefined ? {} : { annotations }) },
    spec: { config: typeof config === 'string' ? config : JSON.stringify(config) },
  }
}

function captured(name: string): KubernetesObject {
  const text = readFileSync(new URL(`testdata/${name}.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { response: { body: KubernetesObject } }).response.body
}

test('a bridge is attached by bridge', () => {
  expect(networkAttachmentOf(captured('nad-get'))).toEqual({
    binding: 'bridge',
    pluginTypes: ['bridge'],
    resourceName: undefined,
  })
})

test('SR-IOV is found as the only plugin and anywhere in a list', () => {
  const annotations = { 'k8s.v1.cni.cncf.io/resourceName': 'openshift.io/intelnics' }
  expect(networkAttachmentOf(definition({ type: 'sriov', vlan: 0 }, annotations))).toEqual({
    binding: 'sriov',
    pluginTypes: ['sriov'],
    resourceName: 'openshift.io/intelnics',
  })
  expect(networkAttachmentOf(definition({ name: 'n', plugins: [{ type: 'tuning' }, { type: 'sriov' }] })).binding).toBe(
    'sriov',
  )
})

test.for(['cnv-bridge', 'ovn-k8s-cni-overlay', 'macvtap', 'sriov-network-operator', 'SRIOV'])(
  '%s is attached by bridge',
  (type) => {
    expect(networkAttachmentOf(definition({ type })).binding).toBe('bridge')
    expect(networkAttachmentOf(definition({ plugins: [{ type }] })).binding).toBe('bridge')
  },
)

test('garbage is quoted in an error that names the NAD', () => {
  expect(() => networkAttachmentOf(captured('nad-201-garbage-config'))).toThrow(
    /^NetworkAttachmentDefinition accept\/garbage: spec\.config is not JSON \(.*\); it is "\{not json"$/,
  )
  for (const config of [{}, { plugins: [] }, { plugins: [{ name: 'x' }] }, { type: 7 }, [], 'null', '"sriov"']) {
    expect(() => networkAttachmentOf(definition(config))).toThrow(
      'NetworkAttachmentDefinition lab/blue: spec.config has neither "type" nor "plugins" with a "type" each; it is ',
    )
  }
  expect(() => networkAttachmentOf(definition(' '))).toThrow('NetworkAttachmentDefinition lab/blue has no spec.config')
  const { spec: _, ...without } = definition('')
  expect(() => networkAttachmentOf(without)).toThrow('has no spec.config')
})

test('any text is either understood or refused by name', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (config) => {
      let outcome: string
      try {
        outcome = networkAttachmentOf(definition(config)).binding
      } catch (error) {
        outcome = (error as Error).message
      }
      expect(outcome).toMatch(/^(bridge|sriov|NetworkAttachmentDefinition lab\/blue)/)
    }),
  )
})
