import { expect, test } from 'vitest'
import { fairness } from '../../helpers/statistics/fairness.ts'
import { outcomeOf } from './assemble-result.ts'
import { parameters } from './parameters.ts'
import type { JobResult, PermutationResult } from './permutation-result.ts'
import { judgePods, podTables, podValues, type Compared } from './pod-comparison.ts'

const at = (milliseconds: number) => ({ nanoseconds: milliseconds * 1e6, approximate: false })

const job = (iops: number, p99: number, changes: Partial<JobResult> = {}): JobResult => ({
  key: 'default:small:20Gi:1:random-rw:4k',
  pool: 'default',
  vmSize: 'small',
  pvcSize: '20Gi',
  concurrency: 1,
  profile: 'random-rw',
  blockSize: '4k',
  job: 'rand-read',
  direction: 'read',
  totalIops: iops,
  totalBwBytes: iops * 4096,
  latAvgNs: 1e6,
  latMaxNs: 40e6,
  p50: at(1),
  p95: at(2),
  p99: at(p99),
  p999: at(p99 + 1),
  fairness: fairness([iops]),
  cpuPer1kIops: null,
  vms: 1,
  completeness: 1,
  kind: 'random-4k',
  histogram: null,
  iopsByVm: [],
  ...changes,
})

const result = (jobs: JobResult[], changes: Partial<PermutationResult> = {}): PermutationResult => ({
  key: 'default:small:20Gi:1:random-rw:4k',
  profile: 'random-rw',
  blockSize: '4k',
  concurrency: 1,
  runId: 'run',
  startedAt: '2026-11-20T10:15:00.000Z',
  durationMilliseconds: 1,
  vms: [
    {
      ...outcomeOf({ vm: 'one', node: 'worker1', end: 'finished', exitStatus: 0, lastState: '' }),
      runtimePercent: 100,
    },
  ],
  records: [],
  jobs,
  mixes: [],
  startSkewMilliseconds: null,
  clockOffsetSeconds: null,
  ...changes,
})

const asPods = (of: PermutationResult, problems: string[] = []): PermutationResult => ({
  ...of,
  key: of.key.replace('small', 'pod-small'),
  inPods: true,
  vms: of.vms.map((vm) => ({ ...vm, vm: 'pod-one', problems })),
})

const compared = (changes: Partial<Compared['pods']> = {}): Compared => ({
  results: [result([job(900, 4)])],
  pods: { results: [asPods(result([job(1000, 2)]))], takenOver: 0, notMeasured: [], ...changes },
})

const of = parameters.parse({ podBaseline: true, minPodIopsPercent: 90 })
const judged = (what: Compared) =>
  judgePods(what, of, {}).map(({ id, subject, verdict, message }) => ({ id, subject, verdict, message }))
const valueOf = (what: Compared, name: string) => podValues(what).find((each) => each.name === name)?.value

test('VMs and pods stand beside each other, in per cent of the pods', () => {
  expect(valueOf(compared(), 'podTotalIops')).toBe(1000)
  expect(valueOf(compared(), 'iopsPercentOfPod')).toBe(90)
  expect(valueOf(compared(), 'bandwidthPercentOfPod')).toBe(90)
  expect(valueOf(compared(), 'podP99LatencyMilliSec')).toBe(2)
  expect(valueOf(compared(), 'p99PercentOfPod')).toBe(200)
  expect(podTables(compared())[0]?.rows).toEqual([
    ['random-rw/4k', 'rand-read', 'read', 900, 1000, 90, 3.7, 4.1, 90, 4, 2, 200],
  ])
  expect(podTables(compared())).toHaveLength(1)
})

test('equality passes, and less fails', () => {
  const overhead = { id: 'storage.pod-overhead', subject: 'random-rw/4k rand-read read' }
  expect(judged(compared())).toContainEqual(expect.objectContaining({ ...overhead, verdict: 'passed' }))
  expect(judged({ ...compared(), results: [result([job(899, 4)])] })).toContainEqual(
    expect.objectContaining({
      ...overhead,
      verdict: 'failed',
      message: expect.stringContaining('iopsPercentOfPod 89.9% < 90%'),
    }),
  )
})

test('a pod without a valid result is named, and its numbers are compared with nothing', () => {
  const what = compared({ results: [asPods(result([job(1000, 2)]), ['it was cut off'])] })
  expect(valueOf(what, 'podTotalIops')).toBeNull()
  expect(valueOf(what, 'iopsPercentOfPod')).toBeNull()
  const [completeness, overhead, ...others] = judged(what)
  expect(completeness).toMatchObject({
    id: 'storage.pod-completeness',
    verdict: 'failed',
    message: expect.stringContaining('pod-one: it was cut off; podCompletenessPercent 0% < 100%'),
  })
  expect(overhead).toMatchObject({ id: 'storage.pod-overhead', verdict: 'invalid' })
  expect(others).toEqual([])
  expect(podTables(what)[1]?.rows).toEqual([['random-rw/4k', 'pod-one', 'it was cut off']])
})

test('without a partner nothing is green, whichever of them is missing', () => {
  const noVm = judged({ ...compared(), results: [] })
  expect(noVm).toContainEqual(expect.objectContaining({ id: 'storage.pod-overhead', verdict: 'invalid' }))
  const noPod = judged(
    compared({ results: [], notMeasured: [{ subject: 'random-rw/4k', reason: 'no pod had ended sequential-rw/4k' }] }),
  )
  expect(noPod).toContainEqual(
    expect.objectContaining({
      id: 'storage.pod-completeness',
      verdict: 'failed',
      message: expect.stringContaining(
        'not measured, since no pod had ended sequential-rw/4k: podCompletenessPercent 0% < 100%',
      ),
    }),
  )
  expect(noPod).toContainEqual(expect.objectContaining({ id: 'storage.pod-overhead', verdict: 'invalid' }))
})

test('fsync has a latency, and no rate', () => {
  const sync = { direction: 'sync' as const, totalIops: null, totalBwBytes: null }
  const what: Compared = {
    results: [result([job(0, 3, sync)])],
    pods: { ...compared().pods, results: [asPods(result([job(0, 2, sync)]))] },
  }
  expect(valueOf(what, 'podTotalIops')).toBeUndefined()
  expect(valueOf(what, 'p99PercentOfPod')).toBe(150)
  expect(judged(what).filter(({ id }) => id === 'storage.pod-overhead')).toEqual([])
})
