import { fc, test as propertyTest } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { inLanes } from './plan-estimate.ts'

test('one lane takes one job after the other, two share them', () => {
  expect(inLanes([], 1)).toBe(0)
  expect(inLanes([3, 2, 1], 1)).toBe(6)
  expect(inLanes([3, 2, 1], 2)).toBe(3)
  expect(inLanes([3, 2, 1], 10)).toBe(3)
})

propertyTest.prop([fc.array(fc.nat(1000)), fc.integer({ min: 1, max: 8 })])(
  'never shorter than the longest job or an even share, never longer than all of them',
  (durations, lanes) => {
    const all = durations.reduce((sum, each) => sum + each, 0)
    const result = inLanes(durations, lanes)
    expect(result).toBeGreaterThanOrEqual(Math.max(0, ...durations, all / lanes))
    expect(result).toBeLessThanOrEqual(all)
  },
)
