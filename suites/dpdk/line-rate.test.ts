import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { frameBitsPerSecond, frameSizes, lineRate, parsePacketsPerSecond, wireBitsPerSecond } from './line-rate.ts'

test('what ports carry', () => {
  expect(lineRate(10, 64)).toBe(14_880_952)
  expect(lineRate(25, 64)).toBe(37_202_380)
  expect(lineRate(10, 1518)).toBe(812_743)
  expect(lineRate(10, 'IMIX')).toBe(3_273_679)
  expect(wireBitsPerSecond(8_000_000, 64)).toBe(5.376e9)
  expect(wireBitsPerSecond(20_000_000, 64)).toBe(13.44e9)
  expect(frameBitsPerSecond(1_623_900 / 2, 1518)).toBeCloseTo(9.86e9, -7)
})

property.prop([fc.integer({ min: 1, max: 400 }), fc.constantFrom(...frameSizes)])(
  'one packet per second more than the line rate does not fit',
  (gbps, frame) => {
    const rate = lineRate(gbps, frame)
    expect(wireBitsPerSecond(rate, frame)).toBeLessThanOrEqual(gbps * 1e9 * (1 + 1e-12))
    expect(wireBitsPerSecond(rate + 1, frame)).toBeGreaterThan(gbps * 1e9)
  },
)

test.each([
  ['8m', 8_000_000],
  ['1k', 1000],
  ['2000', 2000],
  ['999999m', 999_999_000_000],
])('reads %s', (text, rate) => {
  expect(parsePacketsPerSecond(text)).toBe(rate)
})

test.each(['', '0', '08m', '8M', '8.5m', '-1', '8 m', '8mm', '9999999999999m'])('refuses %j', (text) => {
  expect(() => parsePacketsPerSecond(text)).toThrow(
    `invalid rate ${JSON.stringify(text)}: expected a whole number of packets per second above 0`,
  )
})
