import { describe, expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import {
  documentedMatrix,
  modeRuntimeSeconds,
  planGroups,
  scaleGroup,
  type StorageGroup,
  type StorageMatrix,
} from './matrix.ts'
import { documentedProfiles, hasOwnBlockSizes } from './profiles.ts'
import { checkpointLine, parseSelector, readCheckpoint, select } from './selection.ts'
import { scaleVmName, storageVmName } from './vm-names.ts'

const gibibyte = 1024n ** 3n
const matrix: StorageMatrix = {
  ...documentedMatrix,
  pools: ['rep3', 'ec-2-1'],
  vmSizes: [
    { label: 'small', vcpus: 2, memory: 4n * gibibyte },
    { label: 'medium', vcpus: 4, memory: 8n * gibibyte },
    { label: 'large', vcpus: 8, memory: 16n * gibibyte },
  ],
  profiles: documentedProfiles.map((name) => ({ name, ownBlockSizes: hasOwnBlockSizes(name) })),
}
const keys = (groups: readonly StorageGroup[]) =>
  groups.flatMap(({ permutations }) => permutations.map(({ key }) => key))

test('the full matrix has 27 groups of 12 permutations for each pool', () => {
  const groups = planGroups('full', matrix)
  expect(groups).toHaveLength(54)
  expect(groups.every(({ permutations }) => permutations.length === 12)).toBe(true)
  expect(new Set(keys(groups)).size).toBe(648)
  expect(keys(groups).slice(0, 12)).toEqual([
    ...['sequential-rw', 'random-rw', 'mixed-70-30'].flatMap((profile) =>
      ['4k', '64k', '1M'].map((blockSize) => `rep3:small:150Gi:1:${profile}:${blockSize}`),
    ),
    ...['db-oltp', 'app-server', 'data-pipeline'].map((profile) => `rep3:small:150Gi:1:${profile}:native`),
  ])
})

test('the other modes are the documented cuts', () => {
  const of = (mode: Parameters<typeof planGroups>[0]) => keys(planGroups(mode, { ...matrix, pools: ['rep3'] }))
  expect(of('quick')).toEqual([
    'rep3:small:150Gi:1:random-rw:4k',
    'rep3:small:150Gi:1:random-rw:1M',
    'rep3:small:150Gi:1:sequential-rw:4k',
    'rep3:small:150Gi:1:sequential-rw:1M',
  ])
  expect(of('overview')).toEqual(['rep3:small:150Gi:1:random-rw:4k', 'rep3:small:150Gi:1:sequential-rw:1M'])
  expect(of('rank')).toEqual([
    'rep3:medium:150Gi:1:random-rw:4k',
    'rep3:medium:150Gi:1:sequential-rw:1M',
    'rep3:medium:150Gi:1:mixed-70-30:4k',
  ])
  expect([modeRuntimeSeconds('rank'), modeRuntimeSeconds('quick')]).toEqual([60, null])
  expect(of('scale')).toHaveLength(9)
  expect(of('scale').at(-1)).toBe('rep3:small:150Gi:256:mixed-70-30-rated:4k')
  expect(planGroups('qd', { ...matrix, pools: ['rep3'], queueDepths: [1, 8] })).toMatchObject([
    {
      concurrency: 200,
      permutations: [
        { key: 'rep3:small:150Gi:200:mixed-70-30-rated-qd1:4k', iodepth: 1 },
        { key: 'rep3:small:150Gi:200:mixed-70-30-rated-qd8:4k', iodepth: 8 },
      ],
    },
  ])
  expect(scaleGroup(matrix, 'rep3', 6).permutations[0]?.key).toBe('rep3:small:150Gi:6:mixed-70-30-rated:4k')
})

describe('selection', () => {
  const plan = planGroups('full', matrix)
  const chosen = (filters: string[], excludes: string[] = []) =>
    select(plan, { filters: filters.map(parseSelector), excludes: excludes.map(parseSelector) })

  test('by globs in each field', () => {
    expect(keys(chosen(['ec-*:s*:*:{1,5}:*-rw:[14]*']).groups)).toEqual(
      ['150Gi', '500Gi', '1000Gi'].flatMap((pvc) =>
        [1, 5].flatMap((conc) =>
          ['sequential-rw', 'random-rw'].flatMap((profile) =>
            ['4k', '1M'].map((bs) => `ec-2-1:small:${pvc}:${conc}:${profile}:${bs}`),
          ),
        ),
      ),
    )
    expect(
      chosen(['rep3:*:*:*:*:*', '*:small:150Gi:1:db-oltp:*'], ['*:*:*:10:*:*', '*:large:*:*:*:*']).groups,
    ).toHaveLength(13)
    expect(chosen(['rep3:*:*:*:*:native']).filteredOut).toBe(648 - 81)
  })

  test('says which filters match nothing', () => {
    expect(chosen(['rep9:*:*:*:*:*', 'rep3:*:*:*:*:*'], ['*:huge:*:*:*:*'])).toMatchObject({
      unmatched: ['rep9:*:*:*:*:*', '*:huge:*:*:*:*'],
    })
  })

  test.each([
    [
      'rep3',
      'it has 1 fields, expected 6 with colons between them: pool, VM size, PVC size, concurrency, profile, block size; * stands for any',
    ],
    ['a:b::d:e:f', 'the PVC size is "", expected a glob without blanks and slashes; * stands for any'],
    ['a/b:b:c:d:e:f', 'the pool is "a/b", expected a glob without blanks and slashes; * stands for any'],
  ])('refuses %j', (text, explanation) => {
    expect(() => parseSelector(text)).toThrow(new RangeError(`invalid filter ${JSON.stringify(text)}: ${explanation}`))
  })

  property.prop([fc.subarray(keys(plan)), fc.constantFrom<string[]>([], ['rep3:*:*:*:*:*'], ['*:*:*:1:*:4k'])])(
    'what is done and what is chosen are together what is wanted, in the order of the plan',
    (done, filters) => {
      const all = keys(chosen(filters).groups)
      const { groups, alreadyDone, foreign } = select(plan, {
        filters: filters.map(parseSelector),
        done: new Set(done),
      })
      expect(keys(groups)).toEqual(all.filter((key) => !done.includes(key)))
      expect(keys(groups).length + alreadyDone).toBe(all.length)
      expect(foreign).toEqual([])
      expect(groups.every(({ permutations }) => permutations.length > 0)).toBe(true)
    },
  )
})

describe('checkpoint', () => {
  const [first] = planGroups('quick', matrix)

  property.prop([fc.nat()])('cut anywhere, it holds whole keys only', (at) => {
    const text = first!.permutations.map(checkpointLine).join('')
    const done = readCheckpoint(text.slice(0, at % (text.length + 1)))
    expect([...done]).toEqual(keys([first!]).slice(0, done.size))
  })

  test('of another plan it is noticed, and what is no key is refused', () => {
    const done = readCheckpoint('rep7:small:150Gi:1:random-rw:4k\n')
    expect(select([first!], { done }).foreign).toEqual(['rep7:small:150Gi:1:random-rw:4k'])
    expect(() => readCheckpoint('a:b:c:d:e:f\nrep7\n')).toThrow(
      'invalid checkpoint: line 2 is "rep7", expected 6 fields with colons between them',
    )
  })
})

describe('names of VMs', () => {
  test('are readable where they can be', () => {
    const of = { pool: 'rep3-virt', vmSize: 'small', pvcSize: '150Gi', concurrency: 5 }
    expect(storageVmName(of, 3)).toBe('perf-rep3-virt-small-150gi-c5-3')
    expect(storageVmName({ ...of, pool: 'Rep3_virt' }, 3)).toMatch(/^perf-rep3-virt-small-150gi-c5-[\da-f]{8}-3$/)
    expect(storageVmName({ ...of, pool: 'x'.repeat(80) }, 12)).toMatch(/^perf-x+-[\da-f]{8}-12$/)
    expect(scaleVmName('rep3', 64, 7)).toBe('scale-rep3-c64-7')
  })

  const label = fc.oneof(
    fc.stringMatching(/^[a-z\d]([-a-z\d.]{0,60}[a-z\d])?$/),
    fc.stringMatching(/^[-a-zA-Z]{1,3}$/),
    fc.constantFrom('a', 'a-b', 'A', 'a.b', 'b-c'),
  )
  const identity = fc.record({
    pool: label,
    vmSize: label,
    pvcSize: fc.constantFrom('150Gi', '1.5Ti', '10M', '10m', '10Mi'),
    concurrency: fc.integer({ min: 1, max: 300 }),
    index: fc.integer({ min: 1, max: 300 }),
  })

  property.prop([fc.uniqueArray(identity, { selector: (of) => JSON.stringify(of), maxLength: 30 })])(
    'are valid, and different for different VMs',
    (all) => {
      const names = all.map(({ index, ...of }) => storageVmName(of, index))
      for (const name of names) expect(name).toMatch(/^[a-z]([-a-z\d]{0,61}[a-z\d])$/)
      expect(new Set(names).size).toBe(all.length)
    },
  )
})
