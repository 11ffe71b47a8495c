/** What a run document says, in the keys of the documented ConfigMap. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parse } from 'yaml'
import type { CheckupOutcome } from '../../helpers/in-cluster/config-map-status.ts'
import type { CaseRecord } from '../../helpers/run/case-record.ts'
import type { CheckupContract } from '../../helpers/run/checkup-contract.ts'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { caseProblems } from '../case-problems.ts'
import { shortened, singleLine } from '../plain-text.ts'

/** Name of the raw output in which a checkup keeps what the documented one would say. */
const documentedStatus = 'documented-status.txt'
const longestAnnotation = 4000

/**
 * Success needs everything at once: that the run passed, that every planned case was judged and passed, and that the
 * results are there which consumers of the documented checkup read. A crash can only ever take away from that.
 * @param exitCode of the run
 * @param directory of the run
 */
export function outcomeOf(
  document: RunDocument,
  { contracts, directory, exitCode }: { contracts: readonly CheckupContract[]; directory: string; exitCode: number },
): CheckupOutcome {
  const [only, ...others] = document.cases
  const results = only === undefined || others.length > 0 ? countsOf(document) : resultsOf(only, contracts)
  const documented = document.cases.map((record) => documentedReason(record, directory))
  const reason =
    failureReason(document, documented, exitCode) || missingResults(document, results, documented, contracts)
  return {
    failureReason: singleLine(reason),
    results,
    annotations: {
      run: document.id,
      verdict: document.verdict,
      reason: shortened(singleLine(document.reason), longestAnnotation),
      phase: 'completed',
      // What was noted last of a short run may be its beginning.
      progress: `verdict: ${document.verdict}`,
      cases: `${document.cases.length} of ${document.plannedCases.length}`,
    },
    document: gzipSync(JSON.stringify(document), { level: 9 }),
  }
}

function resultsOf(record: CaseRecord, contracts: readonly CheckupContract[]): Record<string, string> {
  const declared = contracts.find(({ name }) => name === record.checkup)?.results ?? []
  const names = new Set(declared.map(({ name }) => name))
  return Object.fromEntries(
    Object.entries(record.results).filter(
      (entry): entry is [string, string] =>
        entry[1] !== null && names.has(entry[0]) && /^[-._a-zA-Z0-9]+$/.test(entry[0]),
    ),
  )
}

/** Several cases have several results of one name: they are in the document, and here is how many there were. */
const countsOf = ({ verdictCounts, plannedCases }: RunDocument): Record<string, string> => ({
  plannedCases: String(plannedCases.length),
  ...Object.fromEntries(Object.entries(verdictCounts).map(([verdict, count]) => [`${verdict}Cases`, String(count)])),
})

/** '' unless there is one: the words of the documented checkup where it fails as well, ours where it looks away. */
function failureReason(document: RunDocument, documented: readonly (string | null)[], exitCode: number): string {
  if (exitCode === 0 && document.verdict === 'passed') return ''
  if (document.verdict === 'passed')
    return `the run passed, but its process ended with exit code ${exitCode}; see its log`
  if (document.cancelledBy !== null || document.errors.length > 0) return document.reason
  const reasons = document.cases.flatMap((record, index) => {
    if (record.verdict === 'passed') return []
    return [documented[index] || caseProblems(record).findings[0] || record.reason || record.verdict]
  })
  return (
    reasons.filter((reason) => reason !== '').join(',') || document.reason || `the run ended with exit code ${exitCode}`
  )
}

/** '' when every result that a reader expects is there. */
function missingResults(
  document: RunDocument,
  results: Readonly<Record<string, string>>,
  documented: readonly (string | null)[],
  contracts: readonly CheckupContract[],
): string {
  const judged = new Set(document.cases.map(({ id }) => id))
  const notRun = document.plannedCases.filter((id) => !judged.has(id))
  if (notRun.length > 0) return `no result of ${notRun.join(', ')}`
  const [only, ...others] = document.cases
  if (only === undefined) return 'no case ran'
  // Without a documented status the case was one that the documented checkup does not have, and has other results.
  if (others.length > 0 || documented[0] === null) return ''
  const expected = contracts.find(({ name }) => name === only.checkup)?.results ?? []
  const missing = expected.filter(({ name, origin }) => origin === 'documented' && results[name] === undefined)
  return missing.length === 0 ? '' : `no value of ${missing.map(({ name }) => `status.result.${name}`).join(', ')}`
}

/** '' for success; null when there is none. */
function documentedReason({ rawOutputs }: CaseRecord, directory: string): string | null {
  const output = rawOutputs.find(({ name }) => name === documentedStatus)
  if (output === undefined) return null
  const status = parse(readFileSync(join(directory, output.path), 'utf8')) as { 'status.failureReason'?: string }
  return status['status.failureReason'] ?? null
}
