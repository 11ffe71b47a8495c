import type { RunDocument } from '../../helpers/run/run-document.ts'
import { countVerdicts } from '../run-verdict.ts'
import { ids, record } from './child-run/sample-record.ts'

export function document(overrides: Partial<RunDocument> = {}): RunDocument {
  const cases = overrides.cases ?? [record(ids[0]!)]
  return {
    schemaVersion: 1,
    id: '20261120T101500Z-x7k2p',
    verdict: 'passed',
    reason: '1 passed',
    exitCode: 0,
    startedAt: '2026-11-20T10:15:00.000Z',
    completedAt: '2026-11-20T10:15:09.000Z',
    command: ['vitest', 'run'],
    versions: { kubevirtAcceptance: '0.1.0', node: 'v24.21.0', vitest: '5.1.0', kubernetes: 'v1.36.2', kubevirt: 'v1.9.0' },
    cluster: { server: 'https://127.0.0.1:6443', context: 'lab', embedded: true, guests: { driver: 'scripted' }, nodes: null },
    profile: { name: 'lab', path: 'profiles/lab.yaml', sha256: '0'.repeat(64), effective: {} },
    plannedCases: cases.map(({ id }) => id),
    earlierAttempts: [],
    flakyCases: [],
    notSelected: [],
    cancelledBy: null,
    errors: [],
    leftovers: [],
    verdictCounts: countVerdicts(cases),
    ...overrides,
    cases,
  }
}
