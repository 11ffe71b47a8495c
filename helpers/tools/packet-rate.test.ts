import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import {
  averageFrameBytes,
  formatPacketRate,
  gigabitsPerSecondOnWire,
  lineRate,
  parsePacketRate,
  percentOfLineRate,
} from './packet-rate.ts'

test.each([
  ['8m', 8_000_000],
  ['500k', 500_000],
  ['1234', 1234],
  ['999999m', 999_999_000_000],
])('reads %s', (text, expected) => {
  expect(parsePacketRate(text)).toBe(expected)
})

test.each([
  '',
  '0',
  '0m',
  '8M',
  '1.5m',
  '-1',
  '+1',
  '08m',
  '8 m',
  '8mpps',
  '1e3',
  'm',
  '9007199254740992',
  '9007199255m',
])('refuses %j', (text) => {
  expect(() => parsePacketRate(text)).toThrow(
    `invalid packet rate ${JSON.stringify(text)}: expected a whole number of packets per second from 1 to`,
  )
})

property.prop([fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })])('reads back what it writes', (rate) => {
  expect(parsePacketRate(formatPacketRate(rate))).toBe(rate)
})

test('writes rates as short as it can', () => {
  expect([8_000_000, 1_500_000, 1001].map(formatPacketRate)).toEqual(['8m', '1500k', '1001'])
  expect(() => formatPacketRate(0.5)).toThrow('invalid packet rate 0.5 packets/s')
})

test.each([
  [64, 10, 14_880_952],
  [64, 25, 37_202_380],
  [64, 40, 59_523_809],
  [64, 100, 148_809_523],
  [1518, 10, 812_743],
])('knows the line rate of %i bytes at %i Gbit/s', (frame, gigabits, expected) => {
  expect(lineRate(frame, gigabits)).toBe(expected)
})

test('counts preamble and gap of the documented default', () => {
  expect(gigabitsPerSecondOnWire(8_000_000, 64)).toBeCloseTo(5.376, 12)
  expect(percentOfLineRate(8_000_000, 64, 10)).toBeCloseTo(53.76, 10)
})

test('knows the mean frame of IMIX', () => {
  expect(averageFrameBytes('IMIX')).toBeCloseTo((7 * 64 + 4 * 594 + 1518) / 12, 12)
  expect(lineRate('IMIX', 10)).toBe(3_273_679)
  expect(() => averageFrameBytes(60)).toThrow('invalid frame size 60 bytes: an Ethernet frame has at least 64')
})

property.prop([fc.integer({ min: 64, max: 9018 }), fc.constantFrom(1, 10, 25, 40, 100)])(
  'the line rate is the last one that fits',
  (frame, gigabits) => {
    const rate = lineRate(frame, gigabits)
    expect(percentOfLineRate(rate, frame, gigabits)).toBeLessThanOrEqual(100 + 1e-9)
    expect(percentOfLineRate(rate + 1, frame, gigabits)).toBeGreaterThan(100)
  },
)
