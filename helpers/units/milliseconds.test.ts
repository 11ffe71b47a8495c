import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { nanosecondsFromLatency, nanosecondsFromMilliseconds } from './milliseconds.ts'

test.each([
  ['0.314', 314_000],
  ['1501.902', 1_501_902_000],
  ['0.000001', 1],
  ['10', 10_000_000],
  [10.461, 10_461_000],
  ['1.1000000000', 1_100_000],
  ['0', 0],
])('%s ms is %d ns', (text, nanoseconds) => {
  expect(nanosecondsFromMilliseconds(text)).toBe(nanoseconds)
})

test.each([
  ['', 'expected a decimal number such as 10 or 0.314'],
  ['1e3', 'expected a decimal number'],
  ['-1', 'expected a decimal number'],
  ['1,5', 'expected a decimal number'],
  ['.5', 'expected a decimal number'],
  ['0x10', 'expected a decimal number'],
  [' 1', 'expected a decimal number'],
  [Number.NaN, 'expected a decimal number'],
  [1e-7, 'expected a decimal number'],
  ['0.0000001', 'finer than 1 ns'],
  ['9999999999999', 'more than 9007199254740991 ns'],
])('%j is refused', (text, message) => {
  expect(() => nanosecondsFromMilliseconds(text)).toThrow(message)
})

test.each([
  ['10ms', 10_000_000],
  ['500us', 500_000],
  ['1.5s', 1_500_000_000],
  [10, 10_000_000],
  ['0.5', 500_000],
])('the latency %s is %d ns', (value, nanoseconds) => {
  expect(nanosecondsFromLatency(value)).toBe(nanoseconds)
})

test.each(['-1ms', '10 ms', 'fast', '', '2562047h'])('%j is no latency', (text) => {
  expect(() => nanosecondsFromLatency(text)).toThrow(JSON.stringify(text))
})

property.prop([fc.integer({ min: 0, max: 2 ** 53 - 1 })])('microseconds and finer survive exactly', (nanoseconds) => {
  const text = `${Math.floor(nanoseconds / 1e6)}.${String(nanoseconds % 1e6).padStart(6, '0')}`
  expect(nanosecondsFromMilliseconds(text)).toBe(nanoseconds)
})
