import { expect, test } from 'vitest'
import { fairness } from '../../helpers/statistics/fairness.ts'
import { outcomeOf } from './assemble-result.ts'
import { parameters } from './parameters.ts'
import type { JobResult, PermutationResult } from './permutation-result.ts'
import { storageRecording } from './recording.ts'

const vms = ['vm-1', 'vm-2']
const at = (milliseconds: number) => ({ nanoseconds: milliseconds * 1e6, approximate: false })

const job: JobResult = {
  key: 'default:small:20Gi:2:random-rw:4k',
  pool: 'default',
  vmSize: 'small',
  pvcSize: '20Gi',
  concurrency: 2,
  profile: 'random-rw',
  blockSize: '4k',
  job: 'rand-read',
  direction: 'read',
  totalIops: 4000,
  totalBwBytes: 4000 * 4096,
  latAvgNs: 1e6,
  latMaxNs: 40e6,
  p50: at(1),
  p95: at(2),
  p99: at(3),
  p999: at(4),
  fairness: fairness([3000, 1000]),
  cpuPer1kIops: null,
  vms: 2,
  completeness: 1,
  kind: 'random-4k',
  histogram: null,
  iopsByVm: [
    { vm: 'vm-1', iops: 3000 },
    { vm: 'vm-2', iops: 1000 },
  ],
}

const result: PermutationResult = {
  key: job.key,
  profile: 'random-rw',
  blockSize: '4k',
  concurrency: 2,
  runId: 'run',
  startedAt: '2026-11-20T10:15:00.000Z',
  durationMilliseconds: 1,
  vms: vms.map((vm) => ({
    ...outcomeOf({ vm, node: 'worker1', end: 'finished', exitStatus: 0, lastState: '' }),
    runtimePercent: 100,
  })),
  records: [],
  jobs: [job],
  mixes: [],
  startSkewMilliseconds: null,
  clockOffsetSeconds: null,
}

const recording = storageRecording(
  { results: [result], takenOver: 0, notMeasured: [], facts: null },
  parameters.parse({ mode: 'full' }),
  [],
)

test('latencies say which percentile of what they are, from the median to the maximum', () => {
  const latencies = recording.measurements.filter(({ percentile }) => percentile !== undefined)
  expect(latencies.map(({ value, percentile }) => [percentile?.percent, value])).toEqual([
    [50, 1],
    [95, 2],
    [99, 3],
    [99.9, 4],
    [100, 40],
  ])
  expect(latencies[0]?.percentile).toMatchObject({ group: 'random-rw/4k', series: 'rand-read read' })
})

test('the VMs of a permutation are bars, below the index of Jain', () => {
  const table = recording.tables.find(({ title }) => title === 'random-rw/4k, I/Os per second of each VM')
  expect(table?.bars).toEqual([{ column: 'rand-read read', title: 'rand-read read, Jain index 0.8000' }])
  expect(table?.rows).toEqual([
    ['vm-1', 'worker1', 3000],
    ['vm-2', 'worker1', 1000],
  ])
})
