import { expect, test } from 'vitest'
import { differences, type ReportedCpu } from './two-reports.ts'

const cpu = (other: Partial<ReportedCpu> = {}): ReportedCpu => ({
  cpu: 2,
  minimumMicroseconds: 1,
  averageMicroseconds: 1.262,
  maximumMicroseconds: 60,
  buckets: [{ fromMicroseconds: 1, toMicroseconds: 1, count: 1000 }],
  overflow: { fromMicroseconds: 32, count: 3 },
  ...other,
})

test('the same, with averages as they are rounded, and what one of them does not say', () => {
  expect(differences([cpu()], [cpu({ averageMicroseconds: 1.2619, cpu: null })], 0.001)).toEqual([])
})

test.each<[Partial<ReportedCpu>, string]>([
  [{ cpu: 3 }, 'CPU 2: its number is 2 in the text and 3 in JSON'],
  [{ minimumMicroseconds: 2 }, 'CPU 2: the minimum is 1 in the text and 2 in JSON'],
  [{ averageMicroseconds: 1.4 }, 'CPU 2: the average is 1.262 in the text and 1.4 in JSON'],
  [{ maximumMicroseconds: 61 }, 'CPU 2: the maximum is 60 in the text and 61 in JSON'],
  [{ buckets: [] }, 'CPU 2: the bucket from 1 µs is 1000 in the text and 0 in JSON'],
  [{ overflow: null }, 'CPU 2: the bucket from 32 µs is 3 in the text and 0 in JSON'],
])('%j is a contradiction', (other, sentence) => {
  expect(differences([cpu()], [cpu(other)], 0.001)).toEqual([sentence])
})

test('another number of CPUs is a contradiction', () => {
  expect(differences([cpu(), cpu({ cpu: 3 })], [cpu()], 0.001)).toEqual(['the text has 2 CPUs, JSON 1'])
})
