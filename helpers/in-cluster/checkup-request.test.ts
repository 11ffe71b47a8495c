import { expect, test } from 'vitest'
import { z } from 'zod'
import type { CheckupContract } from '../run/checkup-contract.ts'
import { CheckupRequestError, problemInConfigMap, profileOfRequest, readCheckupRequest } from './checkup-request.ts'

const contract = (name: string, deprecatedNames: Record<string, string> = {}) =>
  ({
    name,
    parameters: z.strictObject({ timeout: z.string(), sourceNode: z.string(), maxLatency: z.string() }),
    deprecatedNames,
  }) as unknown as CheckupContract
const contracts = [contract('latency', { source_node: 'sourceNode' }), contract('storage')]

const read = (data: Record<string, string> | undefined, checkup: string | undefined = 'latency', label?: string) =>
  readCheckupRequest(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: label === undefined ? {} : { labels: { 'kiagnose/checkup-type': label } },
      ...(data && { data }),
    },
    checkup,
    contracts,
  )

test('takes documented names and older ones, of which the documented go first', () => {
  expect(read({ 'spec.timeout': '5m', 'spec.param.source_node': 'a' })).toMatchObject({
    timeout: '5m',
    parameters: { sourceNode: 'a' },
    warnings: ['"source_node" parameter is DEPRECATED, please use the new form: "sourceNode"'],
  })
  const both = { 'spec.timeout': '5m', 'spec.param.source_node': 'a', 'spec.param.sourceNode': 'b' }
  expect(read(both).parameters).toEqual({ sourceNode: 'b' })
})

test.each([
  ['kubevirt-vm-latency', 'latency'],
  ['kubevirt-vm-storage', 'storage'],
  ['kubevirt-storage', 'storage'],
])('label %s is checkup %s', (label, name) => {
  const request = readCheckupRequest(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { labels: { 'kiagnose/checkup-type': label } },
      data: { 'spec.timeout': '1m' },
    },
    undefined,
    contracts,
  )
  expect(request.contract.name).toBe(name)
})

test.each<[string, () => unknown, string]>([
  ['no data', () => read(undefined), 'configMap Data field is nil'],
  ['no timeout', () => read({}), 'timeout field is missing'],
  ['a parameter without name', () => read({ 'spec.timeout': '1m', 'spec.param.': 'x' }), 'param name is illegal'],
  [
    'a misspelt parameter',
    () => read({ 'spec.timeout': '1m', 'spec.param.maxLatencies': '1' }),
    'spec.param.maxLatencies: there is no such parameter; did you mean "maxLatency"?',
  ],
  ['an unknown checkup', () => read({}, 'jitter'), 'there is no checkup "jitter"; there are latency, storage'],
])('%s is refused', (_, attempt, message) => {
  expect(attempt).toThrow(CheckupRequestError)
  expect(attempt).toThrow(message)
})

test('tells all problems at once', () => {
  expect(() => read({ 'spec.param.': 'x' })).toThrow('timeout field is missing,param name is illegal')
})

test('notes of other tools are ignored, with a warning', () => {
  const { parameters, warnings } = read({ 'spec.timeout': '1m', 'spec.param.requestedByTicket': '4711' })
  expect(parameters).toEqual({})
  expect(warnings).toEqual(['spec.param.requestedByTicket is no parameter of checkup latency, and is ignored'])
})

test('becomes a profile of one case in the namespace of the service account', () => {
  const request = read({ 'spec.timeout': '5m', 'spec.param.sourceNode': 'a' })
  expect(JSON.parse(profileOfRequest(request, { namespace: 'here', expiryHours: 3 }))).toMatchObject({
    cluster: { kubeconfig: {} },
    namespace: { name: 'here', create: false },
    timeouts: { objectExpiry: '3h' },
    checkups: { latency: { cases: [{ sourceNode: 'a', timeout: '5m' }] } },
  })
})

test('problems of the profile are told by the keys of the ConfigMap', () => {
  const path = 'checkups.latency.cases[0]'
  expect(problemInConfigMap({ path: `${path}.sourceNode`, message: 'no' })).toBe('spec.param.sourceNode: no')
  expect(problemInConfigMap({ path: `${path}.timeout`, message: 'is "x"; allowed: a Go duration above 0' })).toBe(
    'timeout field is illegal: spec.timeout: is "x"; allowed: a Go duration above 0',
  )
  expect(problemInConfigMap({ path: `${path}.timeout`, message: 'too short' })).toBe('spec.timeout: too short')
})
