import { expect, test } from 'vitest'
import { type ComponentPod, daemonSetState, deploymentState, podProblem, restartedSince } from './component-state.ts'

const deployment = (replicas: number | undefined, status: object) =>
  deploymentState({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'virt-api' },
    ...(replicas !== undefined && { spec: { replicas } }),
    status,
  })

test('counts that the API leaves out are 0, and replicas that are left out are one', () => {
  expect(deployment(2, { replicas: 2, unavailableReplicas: 2 })).toMatchObject({ wanted: 2, ready: 0, updated: 0 })
  expect(deployment(undefined, { readyReplicas: 1, updatedReplicas: 1 })).toMatchObject({ wanted: 1, ready: 1 })
  const handler = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'virt-handler' } }
  expect(
    daemonSetState({ ...handler, status: { desiredNumberScheduled: 3, numberReady: 2, updatedNumberScheduled: 1 } }),
  ).toEqual({ kind: 'DaemonSet', name: 'virt-handler', wanted: 3, ready: 2, updated: 1 })
  expect(daemonSetState(handler)).toMatchObject({ wanted: 0, ready: 0 })
})

const pod = (status: NonNullable<ComponentPod['status']>, metadata = {}): ComponentPod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'virt-api-1', ...metadata },
  status,
})
const ready = { type: 'Ready', status: 'True' }

test.each<[what: string, pod: ComponentPod, problem: string | undefined]>([
  ['a ready one', pod({ phase: 'Running', conditions: [ready] }), undefined],
  ['one on its way out', pod({ phase: 'Running' }, { deletionTimestamp: '2026-11-20T10:00:00Z' }), undefined],
  [
    'one that is not ready',
    pod({
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'unready: [virt-api]' }],
    }),
    'Running, not ready (ContainersNotReady: unready: [virt-api])',
  ],
  [
    'a crashing one',
    pod({
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [
        { name: 'virt-api', restartCount: 7, state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } } },
      ],
    }),
    'Running, container virt-api CrashLoopBackOff',
  ],
  ['a pending one', pod({ phase: 'Pending' }), 'Pending, not ready'],
])('%s', (_, given, problem) => {
  expect(podProblem(given)).toBe(problem)
})

test('a restart counts from the moment on, and only where there was one', () => {
  const at = (restartCount: number, finishedAt?: string) =>
    pod({
      containerStatuses: [
        {
          name: 'virt-api',
          restartCount,
          lastState: finishedAt === undefined ? {} : { terminated: { finishedAt, reason: 'Error', exitCode: 1 } },
        },
      ],
    })
  const since = Date.parse('2026-11-20T10:00:00Z')
  expect(restartedSince([at(1, '2026-11-20T10:00:00Z')], since)).toEqual(['virt-api-1/virt-api'])
  expect(restartedSince([at(1, '2026-11-20T09:59:59Z'), at(3), at(0, '2026-11-20T10:00:00Z')], since)).toEqual([])
})
