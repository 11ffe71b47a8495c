import { fc, test as propertyTest } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { inLanes } from './plan-estimate.ts'

const undisturbed = (duration: number) => ({ duration, exclusive: undefined })

test('one lane takes one job after the other, two share them', () => {
  const jobs = [3, 2, 1].map(undisturbed)
  expect(inLanes([], 1)).toBe(0)
  expect(inLanes(jobs, 1)).toBe(6)
  expect(inLanes(jobs, 2)).toBe(3)
  expect(inLanes(jobs, 10)).toBe(3)
})

test('jobs that disturb each other go one after the other, and let others overtake them', () => {
  const on = (storageClass: string, duration: number) => ({
    duration,
    exclusive: { storageClasses: [storageClass], wholeCluster: false },
  })
  const jobs = [on('a', 3), on('a', 3), on('b', 2), on('b', 2)]
  expect(inLanes(jobs, 1)).toBe(10)
  expect(inLanes(jobs, 2)).toBe(6)
  expect(inLanes([...jobs, { duration: 5, exclusive: { storageClasses: [], wholeCluster: true } }], 8)).toBe(11)
})

propertyTest.prop([fc.array(fc.nat(1000)), fc.integer({ min: 1, max: 8 })])(
  'never shorter than the longest job or an even share, never longer than all of them',
  (durations, lanes) => {
    const all = durations.reduce((sum, each) => sum + each, 0)
    const result = inLanes(durations.map(undisturbed), lanes)
    expect(result).toBeGreaterThanOrEqual(Math.max(0, ...durations, all / lanes))
    expect(result).toBeLessThanOrEqual(all)
  },
)
