import { describe, expect, test } from 'vitest'
import type { CheckDeclaration } from './checkup-contract.ts'
import { judgeCheck, withUnit } from './judge.ts'

const declaration: CheckDeclaration = {
  id: 'latency.max',
  title: 'The largest round-trip time stays within its limit',
  proves: '',
  measuredBy: '',
  results: ['maxLatencyNanoSec'],
  operator: '<=',
  limitParameter: 'maxDesiredLatencyMilliseconds',
  defaultLimit: null,
  defaultLimitSource: '',
  remediation: 'Look at the switch.',
}
const judgement = {
  declaration,
  subject: 'worker1 -> worker2',
  metric: 'maxLatencyNanoSec',
  actual: 10_000_000 as number | null,
  limit: 10_000_000 as number | null,
  unit: 'ns' as const,
  limitSource: 'lab.yaml:12:7',
}

describe('judgeCheck', () => {
  test('passes at equality and fails one nanosecond above, with value, limit, source and remediation', () => {
    expect(judgeCheck(judgement)).toMatchObject({
      verdict: 'passed',
      message: 'latency.max (worker1 -> worker2): maxLatencyNanoSec 10ms <= 10ms (lab.yaml:12:7)',
    })
    expect(judgeCheck({ ...judgement, actual: 10_000_001 })).toMatchObject({
      verdict: 'failed',
      actual: 10_000_001,
      limit: 10_000_000,
      message:
        'latency.max (worker1 -> worker2): maxLatencyNanoSec 10.000001ms > 10ms (lab.yaml:12:7). Look at the switch.',
    })
  })

  test('is invalid without a measurement, never a pass', () => {
    expect(judgeCheck({ ...judgement, actual: null })).toMatchObject({
      verdict: 'invalid',
      message: expect.stringContaining('maxLatencyNanoSec was not measured'),
    })
  })

  test('is skipped without a limit and names the parameter that would set one', () => {
    expect(judgeCheck({ ...judgement, limit: null })).toMatchObject({
      verdict: 'skipped',
      limitParameter: 'maxDesiredLatencyMilliseconds',
      message: expect.stringContaining('10ms and is not judged: maxDesiredLatencyMilliseconds is not set'),
    })
    expect(judgeCheck({ ...judgement, limit: null, actual: null }).message).toContain('was not measured')
  })

  test('refuses to compare what is no number', () => {
    expect(() => judgeCheck({ ...judgement, actual: Number.NaN })).toThrow('two numbers are needed')
  })
})

test.each([
  [null, 'ns', 'not measured'],
  [1_500_000, 'ns', '1.5ms'],
  [381_000, 'ns', '381µs'],
  [1_250_000, 'pps', '1,250,000 pps'],
  [0.522, 'ms', '0.522 ms'],
  [1234, 'count', '1,234'],
  [20, '%', '20%'],
  [3, 'packets', '3 packets'],
  ['worker1', '', 'worker1'],
] as const)('%s %s reads %s', (value, unit, text) => expect(withUnit(value, unit)).toBe(text))
