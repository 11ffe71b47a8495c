import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { durationMilliseconds, formatDuration, parseDuration, parseWholeSeconds } from './duration.ts'

// What Go prints for these durations.
test.each([
  [0n, '0s'],
  [1n, '1ns'],
  [1_100n, '1.1µs'],
  [56_000n, '56µs'],
  [2_200_000n, '2.2ms'],
  [1_561_000n, '1.561ms'],
  [10_461_000n, '10.461ms'],
  [1_500_000_000n, '1.5s'],
  [3_300_000_000n, '3.3s'],
  [90_000_000_000n, '1m30s'],
  [300_000_000_000n, '5m0s'],
  [245_001_000_000n, '4m5.001s'],
  [5_400_000_000_000n, '1h30m0s'],
  [18_367_001_000_000n, '5h6m7.001s'],
  [480_000_000_001n, '8m0.000000001s'],
  [9_223_372_036_854_775_807n, '2562047h47m16.854775807s'],
  [-9_223_372_036_854_775_807n, '-2562047h47m16.854775807s'],
  [-1_500_000n, '-1.5ms'],
])('%d ns is %s', (nanoseconds, text) => {
  expect(formatDuration(nanoseconds)).toBe(text)
  expect(parseDuration(text)).toBe(nanoseconds)
})

test.each([
  ['0', 0n],
  ['+5s', 5_000_000_000n],
  ['-0', 0n],
  ['5.s', 5_000_000_000n],
  ['.5s', 500_000_000n],
  ['1h15m30.918273645s', 4_530_918_273_645n],
  ['100μs', 100_000n],
  ['0.3333333333333333333h', 1_199_999_999_999n],
  ['9223372036854775807ns', 9_223_372_036_854_775_807n],
])('reads %s as Go does', (text, nanoseconds) => {
  expect(parseDuration(text)).toBe(nanoseconds)
})

test.each(['', '3', '-', 's', '.', '-.', '.s', '1d', '5 s', ' 5s', '5S', '1e3s', '9223372036854775808ns', '3000000h'])(
  'refuses %j as Go does',
  (text) => {
    expect(() => parseDuration(text)).toThrow(`invalid duration ${JSON.stringify(text)}`)
  },
)

test('gives milliseconds to timers', () => {
  expect(durationMilliseconds('1m0.5ms')).toBe(60_000.5)
})

test('gives whole seconds to tools that take no others', () => {
  expect(parseWholeSeconds('1m30s')).toBe(90)
  for (const text of ['0', '-5m', '500ms', '1.5s'])
    expect(() => parseWholeSeconds(text)).toThrow(`invalid duration "${text}": expected whole seconds from 1s`)
})

property.prop([fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })])(
  'what is written is read back',
  (nanoseconds) => {
    expect(parseDuration(formatDuration(nanoseconds))).toBe(nanoseconds)
  },
)
