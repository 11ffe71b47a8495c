import { expect, test } from 'vitest'
import type { CyclictestCpu, CyclictestResult } from '../../helpers/tools/cyclictest.ts'
import { cyclictestDisagreements } from './cyclictest-disagreements.ts'

const cpu = (other: Partial<CyclictestCpu> = {}): CyclictestCpu => ({
  thread: 0,
  cpu: 2,
  cycles: 1003,
  minimumMicroseconds: 1,
  averageMicroseconds: 3,
  maximumMicroseconds: 60,
  buckets: [{ fromMicroseconds: 1, toMicroseconds: 1, count: 1000 }],
  overflow: { fromMicroseconds: 32, count: 3 },
  ...other,
})
const result = (...cpus: CyclictestCpu[]): CyclictestResult => ({
  version: null,
  cpus,
  breakTrace: null,
  system: null,
})

test('the same, with averages as they are cut off, and what one of them does not say', () => {
  const text = result(cpu({ cpu: null }))
  expect(cyclictestDisagreements(text, result(cpu({ averageMicroseconds: 3.97 })))).toEqual([])
})

test.each<[Partial<CyclictestCpu>, string]>([
  [{ cpu: 3 }, 'thread 0: the CPU is 2 in the text, 3 in the JSON file'],
  [{ cycles: 1004 }, 'thread 0: the number of cycles is 1003 in the text, 1004 in the JSON file'],
  [{ minimumMicroseconds: 2 }, 'thread 0: the minimum is 1 in the text, 2 in the JSON file'],
  [{ averageMicroseconds: 4.1 }, 'thread 0: the average is 3 in the text, 4.1 in the JSON file'],
  [{ maximumMicroseconds: 61 }, 'thread 0: the maximum is 60 in the text, 61 in the JSON file'],
  [{ buckets: [] }, 'thread 0: the bucket from 1 us is 1000 in the text, 0 in the JSON file'],
  [{ overflow: null }, 'thread 0: the bucket from 32 us is 3 in the text, 0 in the JSON file'],
])('%j is a contradiction', (other, sentence) => {
  expect(cyclictestDisagreements(result(cpu()), result(cpu(other)))).toEqual([sentence])
})

test('another number of threads is a contradiction', () => {
  expect(cyclictestDisagreements(result(cpu(), cpu({ thread: 1 })), result(cpu()))).toEqual([
    'the text has 2 threads, the JSON file 1',
  ])
})
