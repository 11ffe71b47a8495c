/** Storage cases at the same time: of different pools, as far as the nodes hold their VMs, and never two on one pool. */
import { describe, expect, test } from 'vitest'
import type { Parallelism } from '../helpers/run/case-exclusion.ts'
import type { CaseRecord } from '../helpers/run/case-record.ts'
import { acceptanceRun } from './acceptance-run.ts'
import * as table from './fault-table.ts'
import { runProject, testRed } from './fault-table.ts'
import { processesWith } from './processes.ts'
import { separateCluster } from './separate-cluster.ts'

const limits = { timeout: 180_000 }
const storage = { classes: [{ name: 'standard', default: true, virtDefault: true }, { name: 'fast' }] }
const pools = ['default', 'fast']

/** One permutation in each group: VMs of 2 CPUs and 4Gi. */
const groups = (concurrencyLevels: number[], more: Record<string, unknown> = {}) => ({
  checkups: {
    storage: {
      defaults: { dataSourceName: 'fedora', dataSourceNamespace: 'kubevirt-os-images' },
      cases: [
        {
          mode: 'full',
          pools,
          vmSizes: ['small:2:4Gi'],
          pvcSizes: ['20Gi'],
          concurrencyLevels,
          filters: ['*:*:*:*:random-rw:4k'],
          fioRuntime: '10s',
          ...more,
        },
      ],
    },
  },
})

const profile = (
  concurrencyLevels: number[],
  { cpus = 64, parallelism = 'auto' }: { cpus?: number; parallelism?: Parallelism } = {},
) => ({
  apiVersion: 'kubevirt-acceptance/v1',
  name: 'test',
  cluster: { embedded: { nodes: [{ name: 'worker1', cpus, memory: '256Gi' }], storage } },
  parallelism,
  ...groups(concurrencyLevels),
})

/** As the records say, in the time of the cluster. */
const overlap = (one: CaseRecord, other: CaseRecord): boolean =>
  Math.max(Date.parse(one.startedAt), Date.parse(other.startedAt)) <
  Math.min(Date.parse(one.completedAt), Date.parse(other.completedAt))

const pairs = (records: readonly CaseRecord[]): [CaseRecord, CaseRecord][] =>
  records.flatMap((one, index) => records.slice(index + 1).map((other): [CaseRecord, CaseRecord] => [one, other]))

const poolOf = ({ id }: CaseRecord): string => id.split('/')[2] ?? ''

test.concurrent(
  'two pools are measured at the same time, two groups of one pool are not',
  limits,
  async ({ expect: expectIt }) => {
    const { document, output } = await runProject('storage', profile([1, 2]))
    expectIt(document?.verdict, output).toBe('passed')
    const records = document?.cases ?? []
    expectIt(records.map(({ id }) => id)).toEqual([
      'storage/fio/default/small/20Gi/c1',
      'storage/fio/default/small/20Gi/c2',
      'storage/fio/fast/small/20Gi/c1',
      'storage/fio/fast/small/20Gi/c2',
    ])
    const together = pairs(records).filter(([one, other]) => overlap(one, other))
    // The second group of the first pool waits, and takes nobody's place meanwhile.
    expectIt(together.map((pair) => pair.map(({ id }) => id))).toContainEqual([
      'storage/fio/default/small/20Gi/c1',
      'storage/fio/fast/small/20Gi/c1',
    ])
    for (const [one, other] of together) expectIt(poolOf(one), `${one.id} beside ${other.id}`).not.toBe(poolOf(other))
    expectIt(output.replaceAll(/\s+/g, ' ')).toContain(
      'storage/fio/default/small/20Gi/c2 | provision | WAIT | INFO | turn waits for storage of the default class: storage/fio/default/small/20Gi/c1 is measured there',
    )
    expectIt(output).toMatch(/default\/small\/20Gi\/c2 .* WAIT +\| DONE \| turn \(\d/)
    expectIt(document?.leftovers).toEqual([])
  },
)

test.concurrent('one pool by two names is one pool', limits, async ({ expect: expectIt }) => {
  const [one, other] = ['one=standard', 'other=standard']
  const { document, output } = await runProject('storage', {
    ...profile([1], { parallelism: 4 }),
    ...groups([1], { pools: [one, other] }),
  })
  expectIt(document?.verdict, output).toBe('passed')
  const [first, second, ...more] = document?.cases ?? []
  expectIt(more).toEqual([])
  expectIt(overlap(first!, second!)).toBe(false)
})

test.concurrent(
  'where the nodes hold one of two at a time, the other waits for room, and both pass',
  limits,
  async ({ expect: expectIt }) => {
    const { document, output } = await runProject('storage', profile([1], { cpus: 6 }))
    expectIt(document?.verdict, output).toBe('passed')
    const [one, other] = document?.cases ?? []
    expectIt(overlap(one!, other!)).toBe(false)
    expectIt(output).toMatch(/storage\/fio\/fast\/small\/20Gi\/c1 .* WAIT +\| INFO \| turn waits for room: it requests/)
    expectIt(output.replaceAll(/\s+/g, ' ')).toMatch(
      /it requests 2 CPUs and 4Gi, those that run have 2 CPUs and 4Gi, and together they may take 60 % of 6 CPUs and 256Gi/,
    )
  },
)

describe('cases that never find room', () => {
  testRed('storage', [
    [
      'a group that the nodes cannot hold, beside one that they can',
      profile([1, 5], { cpus: 8 }),
      table.refused(
        /storage\/fio\/default\/small\/20Gi\/c5 alone requests 10 CPUs and 20Gi; the schedulable nodes have 8 CPUs and 256Gi/,
      ),
    ],
  ])
})

test.concurrent('auto keeps measurements of networks one after the other', limits, async ({ expect: expectIt }) => {
  const { document, output } = await runProject('latency', {
    apiVersion: 'kubevirt-acceptance/v1',
    name: 'test',
    cluster: { embedded: { networks: [{ name: 'blue' }, { name: 'red' }] } },
    parallelism: 'auto',
    checkups: {
      latency: {
        defaults: { sampleCount: 20, sampleIntervalMilliseconds: 100, maxDesiredLatencyMilliseconds: 10 },
        cases: [{ matrix: { networkAttachmentDefinitionNames: ['blue', 'red'] } }],
      },
    },
  })
  expectIt(document?.verdict, output).toBe('passed')
  const [blue, red] = document?.cases ?? []
  expectIt(overlap(blue!, red!)).toBe(false)
})

test.concurrent('a run that is cancelled while a case waits leaves nothing behind', limits, async () => {
  await using separate = await separateCluster({
    nodes: [{ name: 'worker1', cpus: 64, memory: '256Gi' }],
    storage: {
      ...storage,
      goldenImages: [{ name: 'fedora', namespace: 'kubevirt-os-images', image: 'fedora', size: '1Mi' }],
    },
  })
  let sent = false
  const run = await acceptanceRun(separate.folder, {
    profile: separate.profile({ profile: { parallelism: 'auto', ...groups([1, 2]) } }),
    arguments: ['--project=storage'],
    onOutput: (output, underWay) => {
      if (sent || !/ WAIT +\| INFO /.test(output) || !/ START +\| RUN /.test(output)) return
      sent = true
      underWay.kill('SIGINT')
    },
  })
  expect(sent, run.output).toBe(true)
  expect(run.exitCode, run.output).toBe(130)
  expect(run.document).toMatchObject({ verdict: 'cancelled', leftovers: [] })
  expect(run.document?.cases.map(({ verdict }) => verdict)).toEqual(Array.from({ length: 4 }, () => 'cancelled'))
  expect(separate.leftBehind()).toEqual([])
  expect(processesWith(separate.folder)).toEqual([])
})
