import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cdiKind } from '../cdi/installation.ts'
import { isBeyondHope, unreadiness } from '../kubernetes/operator-status.ts'
import type { Condition } from '../kubernetes/kubernetes-object.ts'
import { type InstallationResource, isReady, kubevirtKind } from './installation.ts'

const captured = (name: string): InstallationResource =>
  JSON.parse(readFileSync(new URL(`testdata/${name}.json`, import.meta.url), 'utf8')) as InstallationResource
const kubevirt = captured('kubevirt-healthy')

/** As virt-operator writes them while it deploys, updates and fails. */
const states: [
  what: string,
  conditions: Record<string, [status: Condition['status'], reason: string, message: string]>,
  ready: boolean,
  hopeless: boolean,
][] = [
  [
    'deploying',
    {
      Available: ['False', 'DeploymentInProgress', 'Deploying version v1.9.0 with registry quay.io/kubevirt'],
      Progressing: ['True', 'DeploymentInProgress', 'Deploying version v1.9.0 with registry quay.io/kubevirt'],
      Degraded: ['False', 'DeploymentInProgress', 'Deploying version v1.9.0 with registry quay.io/kubevirt'],
    },
    false,
    false,
  ],
  [
    'updating, which is degraded by design and yet available',
    {
      Available: ['True', 'UpdateInProgress', 'Transitioning from previous version v1.9.0'],
      Progressing: ['True', 'UpdateInProgress', 'Transitioning from previous version v1.9.0'],
      Degraded: ['True', 'UpdateInProgress', 'Transitioning from previous version v1.9.0'],
    },
    false,
    false,
  ],
  [
    'failed',
    {
      Available: ['False', 'DeploymentFailed', 'An error occurred during deployment: no space'],
      Progressing: ['False', 'DeploymentFailed', 'An error occurred during deployment: no space'],
      Degraded: ['True', 'DeploymentFailed', 'An error occurred during deployment: no space'],
    },
    false,
    true,
  ],
]

const withConditions = (conditions: (typeof states)[number][1]): InstallationResource => ({
  ...kubevirt,
  status: {
    ...kubevirt.status,
    conditions: Object.entries(conditions).map(([type, [status, reason, message]]) => ({
      type,
      status,
      reason,
      message,
    })),
  } as NonNullable<InstallationResource['status']>,
})

test('a real KubeVirt and a real CDI in good health are ready', () => {
  expect(isReady(kubevirt, kubevirtKind)).toBe(true)
  expect(isReady(captured('cdi-healthy'), cdiKind)).toBe(true)
  expect(kubevirtKind.rollout(kubevirt)).toEqual({ observed: 'v1.9.0', target: 'v1.9.0' })
  expect(cdiKind.rollout(captured('cdi-healthy'))).toEqual({ observed: 'v1.66.0', target: 'v1.66.0' })
})

test.each(states)('%s: ready or not, and whether more can come of it', (_, conditions, ready, hopeless) => {
  const resource = withConditions(conditions)
  expect(isReady(resource, kubevirtKind)).toBe(ready)
  expect(isBeyondHope(resource)).toBe(hopeless)
})

test('what is missing is said in the words of the operator', () => {
  expect(unreadiness(withConditions(states[2]![1]))).toEqual([
    'Available=False (DeploymentFailed: An error occurred during deployment: no space)',
    'Degraded=True (DeploymentFailed: An error occurred during deployment: no space)',
  ])
  expect(unreadiness({ ...kubevirt, status: {} })).toEqual([
    'phase not set',
    'Available=not set',
    'Progressing=not set',
    'Degraded=not set',
  ])
})

test('with equal versions a deployment that differs is not rolled out', () => {
  const half = { ...kubevirt, status: { ...kubevirt.status, observedDeploymentID: 'abc', targetDeploymentID: 'def' } }
  expect(kubevirtKind.rollout(half)).toEqual({ observed: 'v1.9.0 (abc)', target: 'v1.9.0 (def)' })
  expect(isReady(half, kubevirtKind)).toBe(false)
})

test('what is being deleted is beyond hope', () => {
  const metadata = { ...kubevirt.metadata, deletionTimestamp: '2026-11-20T10:00:00Z' }
  expect(isBeyondHope({ ...kubevirt, metadata })).toBe(true)
})
