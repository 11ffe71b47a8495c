import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { interruption } from './migration.ts'

test('the longest gap counts beyond the usual pace of the loop', () => {
  expect(interruption([1000, 1100, 1200, 1370, 1470], 0)).toBe(70)
})

test('a guest whose clock stood still with it does not see its interruption: what its clock lost is added', () => {
  expect(interruption([1000, 1100, 1200, 1300], 250)).toBe(250)
})

test('a clock that seems to have gained time takes nothing away', () => {
  expect(interruption([1000, 1100, 1300], -400)).toBe(100)
})

test('without beats there is only the clock', () => {
  expect(interruption([], 30)).toBe(30)
  expect(interruption([5], 30)).toBe(30)
})

property.prop([fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 }), fc.integer({ min: 0, max: 1000 })])(
  'it is never shorter than what the clock lost, nor longer than the loop and that together',
  (gaps, lost) => {
    const beats = [0, ...gaps].map((_gap, index) => gaps.slice(0, index).reduce((sum, gap) => sum + gap, 0))
    const found = interruption(beats, lost)
    expect(found).toBeGreaterThanOrEqual(lost)
    expect(found).toBeLessThanOrEqual((beats.at(-1) ?? 0) + lost)
  },
)
