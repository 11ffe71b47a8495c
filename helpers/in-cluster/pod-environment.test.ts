import { expect, test } from 'vitest'
import { inShard, podEnvironment, shardOf } from './pod-environment.ts'

test('is none without the documented variables', () => {
  expect(podEnvironment({ HOSTNAME: 'laptop' })).toBeUndefined()
})

test.each([
  [{ CONFIGMAP_NAME: 'x' }, 'missing required environment variable: "CONFIGMAP_NAMESPACE"'],
  [{ CONFIGMAP_NAMESPACE: 'x', CONFIGMAP_NAME: '' }, 'missing required environment variable: "CONFIGMAP_NAME"'],
])('%o is refused in the documented words', (env, message) => {
  expect(() => podEnvironment(env)).toThrow(message)
})

test('knows which part of the cases is its own', () => {
  const env = { KUBEVIRT_ACCEPTANCE_SHARDS: '3', JOB_COMPLETION_INDEX: '1' }
  expect(podEnvironment({ CONFIGMAP_NAMESPACE: 'a', CONFIGMAP_NAME: 'b', ...env })).toEqual({
    configMap: { namespace: 'a', name: 'b' },
    shard: { index: 1, count: 3 },
  })
  expect(inShard(['a', 'b', 'c', 'd', 'e'], { index: 1, count: 3 })).toEqual(['b', 'e'])
})

test.each([
  [{ KUBEVIRT_ACCEPTANCE_SHARDS: '2', JOB_COMPLETION_INDEX: '2' }, 'set completions of the Job to 2'],
  [{ KUBEVIRT_ACCEPTANCE_SHARDS: '2' }, 'the Job has to have completionMode: Indexed'],
  [{ KUBEVIRT_ACCEPTANCE_SHARDS: 'two', JOB_COMPLETION_INDEX: '0' }, 'KUBEVIRT_ACCEPTANCE_SHARDS is "two"'],
])('%o is refused', (env, message) => {
  expect(() => shardOf(env)).toThrow(message)
})
