/** One run of several that did a part each. What no part shows is not taken for granted. */
import type { CaseRecord } from '../helpers/run/case-record.ts'
import type { EarlierRun } from '../helpers/run/earlier-run.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { sealed } from '../helpers/run/run-seal.ts'
import { missingCase } from './case-outcome.ts'
import { integrityProblems } from './gate/run-integrity.ts'
import { countVerdicts, judgeRun, verdictExitCode } from './run-verdict.ts'

/** The runs are no parts of one; the message says what tells them apart. */
export class UnmergeableRunsError extends Error {
  override readonly name = 'UnmergeableRunsError'
}

type RunError = RunDocument['errors'][number]

const ofShard = /^is not part of shard \d+\/\d+$/

/**
 * @param id of the merged run
 * @throws UnmergeableRunsError for runs of different profiles, clusters or versions
 */
export function mergeRuns(parts: readonly EarlierRun[], id: string): RunDocument {
  const [first] = parts
  if (first === undefined) throw new UnmergeableRunsError('merging needs runs')
  const incomplete = parts.flatMap((part) =>
    integrityProblems(part.document).map((problem) => `${part.path}: ${problem}`),
  )
  if (incomplete.length > 0) throw new UnmergeableRunsError(['a part is not whole:', ...incomplete].join('\n  '))
  refuseOthers(parts)

  const documents = parts.map(({ document }) => document)
  const planned = [...new Set(documents.flatMap(({ plannedCases }) => plannedCases))]
  const errors: RunError[] = [...documents.flatMap(errorsOf), ...shardErrors(documents)]
  const found = new Map<string, CaseRecord>()
  for (const record of documents.flatMap(({ cases }) => cases)) {
    if (found.has(record.id))
      errors.push({
        phase: 'merge',
        message: `case ${record.id} has a result in more than one part; run each case once`,
      })
    else found.set(record.id, record)
  }
  // A filter that all parts had in common leaves a case out on purpose; that each of them left it to another does not.
  const notSelected = distinctBy(
    documents
      .flatMap((document) => document.notSelected)
      .filter(({ caseId, reason }) => !found.has(caseId) && !ofShard.test(reason)),
    ({ caseId }) => caseId,
  )
  const leftOut = new Set(notSelected.map(({ caseId }) => caseId))
  const missing = planned.filter((caseId) => !found.has(caseId) && !leftOut.has(caseId))
  for (const caseId of missing) {
    const reason = 'no result: every part left it to another'
    found.set(caseId, missingCase({ id: caseId, checkup: caseId.split('/')[0] ?? '', title: caseId }, 'broken', reason))
  }
  const order = [...planned, ...[...found.keys()].filter((caseId) => !planned.includes(caseId))]
  const cases = order.flatMap((caseId) => found.get(caseId) ?? [])
  const judged = {
    cases,
    errors,
    cancelledBy: documents.find(({ cancelledBy }) => cancelledBy !== null)?.cancelledBy ?? null,
    notSelected,
    flakyCases: documents.flatMap(({ flakyCases }) => flakyCases),
  }
  const { verdict, reason } = judgeRun(judged)
  const { shard: _, sha256: __, ...base } = first.document
  return sealed({
    ...base,
    id,
    verdict,
    reason,
    exitCode: verdictExitCode(verdict, judged),
    startedAt: documents.map(({ startedAt }) => startedAt).toSorted()[0] ?? base.startedAt,
    completedAt:
      documents
        .map(({ completedAt }) => completedAt)
        .toSorted()
        .at(-1) ?? base.completedAt,
    profile: { ...base.profile, effective: wholeProfile(documents) },
    plannedCases: planned,
    ...judged,
    earlierAttempts: documents.flatMap(({ earlierAttempts }) => earlierAttempts),
    leftovers: [...new Set(documents.flatMap(({ leftovers }) => leftovers))],
    verdictCounts: countVerdicts(cases),
    mergedFrom: documents.map((document) => document.id),
  })
}

function refuseOthers(parts: readonly EarlierRun[]): void {
  const facts: [string, (document: RunDocument) => string][] = [
    ['profile', ({ profile }) => `${profile.name}, sha256 ${profile.sha256.slice(0, 12)}`],
    ['cluster', ({ cluster }) => (cluster.embedded ? 'embedded' : cluster.server)],
    ['kubevirt-acceptance', ({ versions }) => versions.kubevirtAcceptance],
    ['KubeVirt', ({ versions }) => versions.kubevirt ?? 'unknown'],
  ]
  // A part that did not reach the cluster says nothing about it, and is broken anyhow.
  const reached = parts.filter(({ document }) => document.versions.kubernetes !== null)
  for (const [name, of] of facts) {
    const values = [...new Set((name === 'profile' ? parts : reached).map(({ document }) => of(document)))]
    if (values.length > 1)
      throw new UnmergeableRunsError(`the runs are no parts of one: ${name} differs: ${values.join(' / ')}`)
  }
  const ids = parts.map(({ document }) => document.id)
  const doubled = ids.find((each, index) => ids.indexOf(each) !== index)
  if (doubled !== undefined) throw new UnmergeableRunsError(`run ${doubled} was given twice`)
}

/** A shard that got no case says that nothing was selected, which is as it should be. */
function errorsOf({ errors, notSelected, cases }: RunDocument): RunError[] {
  const isIdle = cases.length === 0 && notSelected.length > 0 && notSelected.every(({ reason }) => ofShard.test(reason))
  return isIdle ? errors.filter(({ phase }) => phase !== 'usage') : errors
}

function shardErrors(documents: readonly RunDocument[]): RunError[] {
  const shards = documents.flatMap(({ shard }) => shard ?? [])
  const [one] = shards
  if (one === undefined) return []
  const wrong = (message: string): RunError => ({ phase: 'merge', message })
  if (shards.length < documents.length) return [wrong('some of the runs are shards, others are not')]
  if (shards.some(({ count }) => count !== one.count))
    return [
      wrong(`the shards do not belong together: ${shards.map(({ index, count }) => `${index}/${count}`).join(', ')}`),
    ]
  const indices = shards.map(({ index }) => index)
  return Array.from({ length: one.count }, (_, position) => position + 1).flatMap((index) => {
    const times = indices.filter((each) => each === index).length
    if (times === 1) return []
    return wrong(
      times === 0 ? `shard ${index}/${one.count} is missing` : `shard ${index}/${one.count} is there ${times} times`,
    )
  })
}

/** Of an Indexed Job each pod has recorded its own cases of each checkup. */
function wholeProfile(documents: readonly RunDocument[]): unknown {
  type Checkup = { name: string; cases: { id: string }[] }
  const profiles = documents.map(({ profile }) => profile.effective as { checkups?: Checkup[] } | null)
  const [first] = profiles
  if (first?.checkups === undefined) return documents[0]?.profile.effective
  const checkups = first.checkups.map((checkup) => ({
    ...checkup,
    cases: distinctBy(
      profiles.flatMap((each) => each?.checkups?.find(({ name }) => name === checkup.name)?.cases ?? []),
      ({ id }) => id,
    ),
  }))
  return { ...first, checkups }
}

function distinctBy<Value>(values: readonly Value[], keyOf: (value: Value) => string): Value[] {
  return [...new Map(values.toReversed().map((value) => [keyOf(value), value])).values()].toReversed()
}
