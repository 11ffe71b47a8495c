import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import type { CaseRecord } from '../../helpers/run/case-record.ts'
import type { CheckupContract } from '../../helpers/run/checkup-contract.ts'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { failedRecord, ids, record } from '../testdata/child-run/sample-record.ts'
import { document } from '../testdata/sample-document.ts'
import { outcomeOf } from './outcome.ts'

const directory = mkdtempSync(join(tmpdir(), 'outcome-'))
afterAll(() => rmSync(directory, { recursive: true }))

const id = ids[0]!
const results = [
  { name: 'maxLatencyNanoSec', origin: 'documented' },
  { name: 'jitterNanoSec', origin: 'addition' },
]
const contracts = [{ name: 'sample', results }] as unknown as CheckupContract[]

/** What a checkup keeps beside its raw output. */
function documented(failureReason: string): Pick<CaseRecord, 'rawOutputs'> {
  const text = `status.succeeded: "${failureReason === ''}"\nstatus.failureReason: ${JSON.stringify(failureReason)}\n`
  writeFileSync(join(directory, 'documented-status.txt'), text)
  return {
    rawOutputs: [{ name: 'documented-status.txt', path: 'documented-status.txt', mediaType: 'text/plain' }],
  }
}

const outcome = (run: RunDocument, exitCode = run.exitCode) => outcomeOf(run, { contracts, directory, exitCode })
const measured = { maxLatencyNanoSec: '15423000', jitterNanoSec: null, undeclared: 'x' }
const passed = (parts: Partial<CaseRecord> = {}) =>
  document({
    verdict: 'passed',
    exitCode: 0,
    plannedCases: [id],
    cases: [record(id, { checkup: 'sample', results: measured, ...documented(''), ...parts })],
  })

test('success has the declared results and the whole document', () => {
  const run = passed()
  const { failureReason, results: written, document: compressed } = outcome(run)
  expect({ failureReason, written }).toEqual({ failureReason: '', written: { maxLatencyNanoSec: '15423000' } })
  expect(JSON.parse(gunzipSync(compressed!).toString())).toEqual(run)
})

test('a failure is told in the documented words where there are some, else in ours', () => {
  const failed = (parts: Partial<CaseRecord>) =>
    document({
      verdict: 'failed',
      exitCode: 1,
      plannedCases: [id],
      cases: [failedRecord(id, { checkup: 'sample', results: measured, ...parts })],
    })
  const words = 'run : actual max latency "15.272ms" is greater than desired "10ms"'
  expect(outcome(failed(documented(words)))).toMatchObject({
    failureReason: words,
    results: { maxLatencyNanoSec: '15423000' },
  })
  // The documented checkup would have passed.
  expect(outcome(failed(documented(''))).failureReason).toContain('sample.max: 1.6 ms > 1 ms')
  expect(outcome(failed({})).failureReason).toContain('sample.max: 1.6 ms > 1 ms')
})

test.each<[string, () => RunDocument, number, RegExp]>([
  ['a documented result without value', () => passed({ results: {} }), 0, /^no value of status\.result\.maxLat/],
  [
    'a planned case without result',
    () => ({ ...passed(), plannedCases: [id, 'sample/other'] }),
    0,
    /no result of sample/,
  ],
  ['no case at all', () => ({ ...passed(), cases: [], plannedCases: [] }), 0, /^no case ran$/],
  [
    'a process that crashed after its verdict',
    () => passed(),
    134,
    /^the run passed, but its process ended with exit code 134/,
  ],
  [
    'an error outside of the cases',
    () => ({
      ...passed(),
      verdict: 'broken',
      exitCode: 6,
      reason: 'worker: died',
      errors: [{ phase: 'worker', message: 'died' }],
    }),
    6,
    /^worker: died$/,
  ],
  [
    'a run that was cancelled',
    () => ({
      ...passed(),
      verdict: 'cancelled',
      exitCode: 143,
      reason: 'cancelled by SIGTERM',
      cancelledBy: 'SIGTERM',
    }),
    143,
    /^cancelled by SIGTERM$/,
  ],
])('%s is no success', (_, run, exitCode, reason) => {
  expect(outcome(run(), exitCode).failureReason).toMatch(reason)
})
