import type { CaseRecord, CheckResult } from '../../../helpers/run/case-record.ts'

export const ids = ['sample/blue/a-b', 'sample/blue/b-a', 'sample/red/a-b']

export function check(overrides: Partial<CheckResult> = {}): CheckResult {
  return {
    id: 'sample.max',
    verdict: 'passed',
    title: 'the slowest round trip is within the limit',
    subject: '',
    measurement: 'maxLatencyNanoSec',
    actual: 0.522,
    operator: '<=',
    limit: 1,
    unit: 'ms',
    limitSource: 'profiles/lab.yaml:12:5 maxLatency',
    message: 'sample.max: 0.522 ms <= 1 ms (profiles/lab.yaml:12:5 maxLatency)',
    remediation: 'look at the switch',
    ...overrides,
  }
}

export function record(id: string, overrides: Partial<CaseRecord> = {}): CaseRecord {
  const [, network = '', pair = ''] = id.split('/')
  const [source = '', target = ''] = pair.split('-')
  return {
    checkup: 'sample',
    id,
    title: `answers on ${network} from ${source} to ${target}`,
    verdict: 'passed',
    reason: '',
    attempt: 0,
    startedAt: '2026-11-20T10:15:00.000Z',
    completedAt: '2026-11-20T10:15:05.000Z',
    parameters: { networkAttachmentDefinitionName: network, sampleDurationSeconds: 5 },
    results: { sourceNode: source, targetNode: target },
    measurements: [
      { name: 'maxLatencyNanoSec', value: 522000, unit: 'ns', better: 'lower' },
      {
        name: 'roundTripTimes',
        value: 0.4,
        unit: 'ms',
        better: 'lower',
        samples: [0.353, 0.41, 0.39, 0.522, 0.4],
        lost: [3],
        rawOutput: 'ping.txt',
      },
    ],
    validity: { valid: true, problems: [] },
    checks: [check()],
    phases: [{ name: 'provision', startedAt: '2026-11-20T10:15:00.000Z', durationMilliseconds: 2000 }],
    apiRequests: { 'create virtualmachineinstances': 2 },
    rawOutputs: [],
    evidence: [],
    errors: [],
    leftovers: [],
    ...overrides,
  }
}

const limitMissed = 'sample.max: 1.6 ms > 1 ms (profiles/lab.yaml:12:5 maxLatency): look at the switch'

export function failedRecord(id: string, overrides: Partial<CaseRecord> = {}): CaseRecord {
  const failed = check({ verdict: 'failed', actual: 1.6, message: limitMissed })
  return record(id, { verdict: 'failed', reason: limitMissed, checks: [failed], ...overrides })
}

export function invalidRecord(id: string): CaseRecord {
  const problem = 'only 3 of 5 packets were sent'
  return record(id, {
    verdict: 'invalid',
    reason: problem,
    validity: { valid: false, problems: [problem] },
    checks: [check({ verdict: 'invalid', actual: null, message: `sample.max: not judged, ${problem}` })],
  })
}
