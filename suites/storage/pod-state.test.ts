import { expect, test } from 'vitest'
import type { PlainPod } from './pod-manifests.ts'
import { endOf, hasEnded, isInTrouble, stateOf } from './pod-state.ts'

type Status = NonNullable<PlainPod['status']>
type State = NonNullable<NonNullable<Status['containerStatuses']>[number]['state']>

const pod = (status?: Status): PlainPod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'one' },
  spec: { containers: [] },
  ...(status && { status }),
})
const containers = (state: State): Status => ({ containerStatuses: [{ state }] })
const terminated = (phase: string, exitCode: number, reason: string): Status => ({
  phase,
  ...containers({ terminated: { exitCode, reason } }),
})

test.each<[what: string, status: Status, end: string, exitStatus: number | null, state: string]>([
  ['fio that ended well', terminated('Succeeded', 0, 'Completed'), 'finished', 0, 'Succeeded'],
  ['fio that failed', terminated('Failed', 2, 'Error'), 'failed', 2, 'Failed with exit status 2 (fio failed)'],
  [
    'too little memory',
    terminated('Failed', 137, 'OOMKilled'),
    'failed',
    137,
    'Failed with exit status 137 (SIGKILL: memory, or removed): OOMKilled',
  ],
  [
    'an eviction',
    { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' },
    'failed',
    null,
    'Failed: Evicted: The node was low on resource: ephemeral-storage.',
  ],
  ['a success that nobody can tell from', { phase: 'Succeeded' }, 'failed', null, 'Succeeded'],
])('%s', (_what, status, end, exitStatus, state) => {
  expect(hasEnded(pod(status))).toBe(true)
  expect(endOf(pod(status))).toEqual({ end, exitStatus })
  expect(stateOf(pod(status))).toBe(state)
})

test.each<[what: string, status: Status | undefined, trouble: boolean, state: string]>([
  ['that nobody has looked at', undefined, false, 'Pending'],
  [
    'that is being made',
    { phase: 'Pending', ...containers({ waiting: { reason: 'ContainerCreating' } }) },
    false,
    'Pending: ContainerCreating',
  ],
  [
    'without a node',
    {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'none' }],
    },
    true,
    'Pending: Unschedulable: none',
  ],
  [
    'without an image',
    { phase: 'Pending', ...containers({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling' } }) },
    true,
    'Pending: ImagePullBackOff: Back-off pulling',
  ],
  [
    'that may not run as root',
    { phase: 'Pending', ...containers({ waiting: { reason: 'CreateContainerConfigError', message: 'runAsNonRoot' } }) },
    true,
    'Pending: CreateContainerConfigError: runAsNonRoot',
  ],
])('a pod %s', (_what, status, trouble, state) => {
  expect(hasEnded(pod(status))).toBe(false)
  expect(isInTrouble(pod(status))).toBe(trouble)
  expect(stateOf(pod(status))).toBe(state)
})
