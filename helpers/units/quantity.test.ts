import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { formatBytes, parseQuantity } from './quantity.ts'

test.each([
  ['128Mi', 134_217_728n],
  ['32Gi', 34_359_738_368n],
  ['1.5Gi', 1_610_612_736n],
  ['1500M', 1_500_000_000n],
  ['2e3', 2000n],
  ['1E3', 1000n],
  ['1.5e1', 15n],
  ['1E', 10n ** 18n],
  ['12Ei', 12n * 2n ** 60n],
  ['100m', 1n],
  ['1500m', 2n],
  ['1u', 1n],
  ['1n', 1n],
  ['0', 0n],
  ['.5', 1n],
  ['5.', 5n],
  ['-1500m', -2n],
  ['+2k', 2000n],
  ['12e-1', 2n],
])('%s is %d', (text, value) => {
  expect(parseQuantity(text)).toBe(value)
})

test.each(['', '.', '-', 'Gi', '1 Gi', '1gi', '1KB', '1.2.3', '0x10', '1e', 'one', '1mi', '1ki', '1K'])(
  '%j is no quantity',
  (text) => {
    expect(() => parseQuantity(text)).toThrow(
      `invalid quantity ${JSON.stringify(text)}: expected a number with a suffix such as 128Mi or 1.5G`,
    )
  },
)

test.each([
  [0n, '0'],
  [134_217_728n, '128Mi'],
  [1024n, '1Ki'],
  [1000n, '1000'],
  [2n ** 60n, '1Ei'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

property.prop([fc.bigInt({ min: 0n, max: 2n ** 70n })])('what is written is read back', (bytes) => {
  expect(parseQuantity(formatBytes(bytes))).toBe(bytes)
})
