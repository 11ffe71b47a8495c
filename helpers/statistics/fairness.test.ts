import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { fairness } from './fairness.ts'

const shares = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 20 })
const positive = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 })

test('of known shares', () => {
  expect(fairness([500, 500, 500])).toEqual({ jainIndex: 1, minMaxRatio: 1, coefficientOfVariation: 0 })
  expect(fairness([42])).toEqual({ jainIndex: 1, minMaxRatio: 1, coefficientOfVariation: 0 })
  expect(fairness([1, 0, 0, 0])).toEqual({
    jainIndex: 0.25,
    minMaxRatio: 0,
    coefficientOfVariation: expect.closeTo(Math.sqrt(3)),
  })
  expect(fairness([10, 20, 30])).toEqual({
    jainIndex: expect.closeTo(3600 / (3 * 1400)),
    minMaxRatio: expect.closeTo(1 / 3),
    coefficientOfVariation: expect.closeTo(0.408_248),
  })
})

test('nothing shared has no fairness', () => {
  expect(fairness([])).toBeNull()
  expect(fairness([0, 0])).toBeNull()
})

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('a share of %d is refused', (share) => {
  expect(() => fairness([1, share])).toThrow(`invalid share ${share}: expected a finite number from 0`)
})

property.prop([shares])('each figure keeps within its range', (all) => {
  const result = fairness(all)
  if (result === null) return
  expect(result.jainIndex).toBeGreaterThanOrEqual(1 / all.length - 1e-9)
  expect(result.jainIndex).toBeLessThanOrEqual(1)
  expect(result.minMaxRatio).toBeGreaterThanOrEqual(0)
  expect(result.minMaxRatio).toBeLessThanOrEqual(1)
})

property.prop([positive, fc.double({ min: 1e-3, max: 1e3, noNaN: true })])(
  'neither unit nor order matter',
  (all, factor) => {
    const [one, other] = [fairness(all)!, fairness(all.toReversed().map((share) => share * factor))!]
    expect(other.jainIndex).toBeCloseTo(one.jainIndex, 9)
    expect(other.minMaxRatio).toBeCloseTo(one.minMaxRatio, 9)
    expect(other.coefficientOfVariation).toBeCloseTo(one.coefficientOfVariation, 6)
  },
)

property.prop([positive])('the Jain index is 1 / (1 + the square of the coefficient of variation)', (all) => {
  const { jainIndex, coefficientOfVariation } = fairness(all)!
  expect(jainIndex).toBeCloseTo(1 / (1 + coefficientOfVariation ** 2), 9)
})
