/** The run as Markdown, short enough for the job summary of a CI system. */
import type { CaseRecord } from '../helpers/run/case-record.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import type { Verdict } from '../helpers/run/verdict.ts'
import { limitText, valueText } from './measurement-text.ts'
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

export function summaryMarkdown(document: RunDocument): string {
  const { verdict, reason, profile, cluster, versions, notSelected, errors, leftovers } = document
  const lines = [
    `## ${mark[verdict]} KubeVirt acceptance: ${verdict}`,
    '',
    markdownCell(reason),
    '',
    '| | |',
    '|---|---|',
    `| Run | ${document.id}, exit code ${document.exitCode} |`,
    `| Profile | ${markdownCell(`${profile.name} (${profile.path})`)} |`,
    `| Cluster | ${markdownCell(`${cluster.server}${cluster.embedded ? ', embedded' : ''}`)} |`,
    `| Versions | ${markdownCell(`Kubernetes ${versions.kubernetes ?? 'unknown'}, KubeVirt ${versions.kubevirt ?? 'unknown'}, kubevirt-acceptance ${versions.kubevirtAcceptance}`)} |`,
    `| Time | ${document.startedAt} to ${document.completedAt} |`,
    `| Cases | ${tally(document.verdictCounts)} |`,
    `| Flaky | ${document.flakyCases.length === 0 ? 'none' : markdownCell(document.flakyCases.join(', '))} |`,
    `| Left over | ${leftovers.length === 0 ? '0' : markdownCell(`${leftovers.length}: ${leftovers.join(', ')}`)} |`,
    '',
    ...checkTable(document),
    ...list(
      'Errors of the run',
      errors.map(({ phase, message }) => `${phase}: ${message}`),
    ),
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

function checkTable({ cases, flakyCases }: RunDocument): string[] {
  const rows = cases.flatMap((record) => rowsOf(record, flakyCases.includes(record.id)))
  if (rows.length === 0) return []
  const hidden = rows.length - maximumRows
  return [
    '| case | check | actual | limit | verdict | |',
    '|---|---|--:|--:|---|---|',
    ...rows.slice(0, maximumRows).map((cells) => `| ${cells.map(markdownCell).join(' | ')} |`),
    ...(hidden > 0 ? ['', `${hidden} more rows are in run.json.`] : []),
    '',
  ]
}

function rowsOf(record: CaseRecord, flaky: boolean): string[][] {
  const rows = record.checks.map((check) => [
    record.id,
    check.subject === '' ? check.id : `${check.id} (${check.subject})`,
    valueText(check.actual, check.unit),
    limitText(check),
    `${mark[check.verdict]} ${check.verdict}`,
    check.verdict === 'passed' ? '' : shortened(check.message, 300),
  ])
  // A case whose verdict none of its checks gave gets a row of its own.
  if (flaky || !record.checks.some(({ verdict }) => verdict === record.verdict))
    rows.unshift([
      record.id,
      '',
      '',
      '',
      `${mark[record.verdict]} ${record.verdict}${flaky ? ', flaky' : ''}`,
      shortened(record.reason, 300),
    ])
  return rows
}

function list(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return []
  return [`### ${title}`, '', ...items.map((item) => `* ${markdownCell(item)}`), '']
}
