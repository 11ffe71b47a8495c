/** The run as Markdown, short enough for the job summary of a CI system. */
import type { CaseRecord } from '../helpers/run/case-record.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import type { Verdict } from '../helpers/run/verdict.ts'
import { withUnit } from '../helpers/run/judge.ts'
import { adviceOf, caseProblems } from './case-problems.ts'
import { checkName, checksWithoutLimit, guestsText, isWithoutLimit, limitText } from './measurement-text.ts'
import { markdownCell, shortened } from './plain-text.ts'
import { tally } from './run-verdict.ts'

const mark: Record<Verdict, string> = {
  passed: '✅',
  failed: '❌',
  invalid: '⚠️',
  broken: '💥',
  skipped: '⏭️',
  cancelled: '🛑',
}

/** Rows beyond this many are counted instead of shown; CI systems cut summaries at 1 MiB. */
const maximumRows = 500

const maximumFindings = 100

export function summaryMarkdown(document: RunDocument): string {
  const { verdict, reason, profile, cluster, versions, notSelected, errors, leftovers } = document
  const lines = [
    `## ${mark[verdict]} KubeVirt acceptance: ${verdict}`,
    '',
    markdownCell(reason),
    '',
    ...list(
      'Errors of the run',
      errors.map(({ phase, message }) => `${phase}: ${message}`),
    ),
    ...problems(document),
    '| | |',
    '|---|---|',
    `| Run | ${document.id}, exit code ${document.exitCode} |`,
    `| Profile | ${markdownCell(`${profile.name} (${profile.path})`)} |`,
    `| Cluster | ${markdownCell(`${cluster.server}${cluster.embedded ? ', embedded' : ''}`)} |`,
    `| Guests | ${markdownCell(guestsText(cluster.guests) || 'kubevirt')} |`,
    ...(cluster.limitations ?? []).map((text) => `| Goes without | ${markdownCell(text)} |`),
    `| Versions | ${markdownCell(`Kubernetes ${versions.kubernetes ?? 'unknown'}, KubeVirt ${versions.kubevirt ?? 'unknown'}, kubevirt-acceptance ${versions.kubevirtAcceptance}`)} |`,
    `| Time | ${document.startedAt} to ${document.completedAt} |`,
    `| Cases | ${tally(document.verdictCounts)} |`,
    `| Flaky | ${document.flakyCases.length === 0 ? 'none' : markdownCell(document.flakyCases.join(', '))} |`,
    `| Left over | ${leftovers.length === 0 ? '0' : markdownCell(`${leftovers.length}: ${leftovers.join(', ')}`)} |`,
    '',
    ...judgedChecks(document),
    ...checksNotJudged(document),
    ...list(
      'Earlier attempts',
      document.earlierAttempts.map(
        (record) => `${record.id}, attempt ${record.attempt + 1}: ${record.verdict}. ${record.reason}`,
      ),
    ),
    ...list(
      'Not selected',
      notSelected.map(({ caseId, reason: why }) => `${caseId} ${why}`),
    ),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

/** Why each case did not pass, and what to do next. */
function problems({ cases }: RunDocument): string[] {
  const red = cases.filter(({ verdict }) => verdict !== 'passed')
  if (red.length === 0) return []
  const items = red.slice(0, maximumFindings).flatMap((record) => {
    const { findings } = caseProblems(record)
    return [
      `* ${mark[record.verdict]} **${markdownCell(record.id)}** ${record.verdict}`,
      ...findings.map((text) => `  * ${markdownCell(shortened(text, 600))}`),
    ]
  })
  const hidden = red.length - maximumFindings
  return [
    '### Not passed',
    '',
    ...items,
    ...(hidden > 0 ? [`* ${hidden} more are in run.json.`] : []),
    '',
    ...list(
      'What to do next',
      adviceOf(red).map(({ checks, text }) => `${checks.join(', ')}: ${text}`),
    ),
  ]
}

function judgedChecks({ cases, flakyCases }: RunDocument): string[] {
  const rows = cases.flatMap((record) => rowsOf(record, flakyCases.includes(record.id)))
  return table(['case', 'check', 'actual', 'limit', 'verdict'], '---|---|--:|--:|---', rows)
}

function checksNotJudged({ cases }: RunDocument): string[] {
  const { count, parameters } = checksWithoutLimit(cases.flatMap(({ checks }) => checks))
  if (count === 0) return []
  const rows = cases.flatMap((record) =>
    record.checks
      .filter(isWithoutLimit)
      .map((check) => [
        record.id,
        checkName(check),
        withUnit(check.actual, check.unit),
        check.limitParameter === undefined ? 'it has no limit' : `set ${check.limitParameter}`,
      ]),
  )
  const by = parameters.length === 0 ? '' : `; set ${parameters.map(markdownCell).join(', ')} to judge them`
  return [
    `<details><summary>${count} more checks have no limit and were not judged${by}</summary>`,
    '',
    ...table(['case', 'check', 'actual', 'to judge it'], '---|---|--:|---', rows),
    '</details>',
    '',
  ]
}

function table(titles: readonly string[], rule: string, rows: readonly string[][]): string[] {
  if (rows.length === 0) return []
  const hidden = rows.length - maximumRows
  return [
    `| ${titles.join(' | ')} |`,
    `|${rule}|`,
    ...rows.slice(0, maximumRows).map((cells) => `| ${cells.map(markdownCell).join(' | ')} |`),
    ...(hidden > 0 ? ['', `${hidden} more rows are in run.json.`] : []),
    '',
  ]
}

function rowsOf(record: CaseRecord, flaky: boolean): string[][] {
  const rows = record.checks
    .filter((check) => !isWithoutLimit(check))
    .map((check) => [
      record.id,
      checkName(check),
      withUnit(check.actual, check.unit),
      limitText(check),
      `${mark[check.verdict]} ${check.verdict}`,
    ])
  // A case whose verdict none of its checks gave gets a row of its own.
  if (flaky || !record.checks.some(({ verdict }) => verdict === record.verdict))
    rows.unshift([record.id, '', '', '', `${mark[record.verdict]} ${record.verdict}${flaky ? ', flaky' : ''}`])
  return rows
}

function list(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return []
  return [`### ${title}`, '', ...items.map((item) => `* ${markdownCell(item)}`), '']
}
