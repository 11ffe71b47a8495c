/** What stands before and after the operations: the effective configuration, and the verdict. Pure. */
import type { CaseRecord } from '../../helpers/run/case-record.ts'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { adviceOf, caseProblems } from '../case-problems.ts'
import { checkName, checksWithoutLimit, guestsText, isWithoutLimit, limitText } from '../measurement-text.ts'
import { shortened, singleLine, wrapped } from '../plain-text.ts'
import type { ReachedCluster, RunDescription } from '../run-description.ts'
import { tally } from '../run-verdict.ts'
import { textTable } from './text-table.ts'
import type { Paint } from './terminal-style.ts'
import { verdictColour } from './terminal-style.ts'

/** Cases are listed by name up to this number. */
const maximumListedCases = 12

/** Beyond this many checks only those that did not pass have a row of their own; summary.md has them all. */
const maximumRows = 40

const maximumListedProblems = 20

/** Longer texts are whole in run.json and in the report. */
const maximumFinding = 600

const maximumCellWidth = 50

export function headerLines(description: RunDescription, projects: readonly string[], paint: Paint): string[] {
  const { directory, profile, version, configuration = [] } = description
  const selected = projects.filter((name) => description.plannedCases[name] !== undefined)
  const cases = selected.flatMap((name) => description.plannedCases[name] ?? [])
  return [
    paint('bold', `kubevirt-acceptance ${version}`),
    ...aligned([
      ['profile', `${profile.name} (${profile.path})`],
      ['checkups', selected.join(', ') || 'none'],
      ['cases', String(cases.length)],
      ...cases.slice(0, maximumListedCases).map(({ id }) => ['', `- ${id}`] as const),
      ...(cases.length > maximumListedCases ? [['', `- and ${cases.length - maximumListedCases} more`] as const] : []),
      ...configuration.map(({ name, value }) => [name, value] as const),
      ['node.js', process.version],
      ['run directory', directory.root],
    ]),
  ]
}

export function clusterLines({ cluster, kubernetes, kubevirt }: ReachedCluster): string[] {
  return aligned([
    [
      'cluster',
      `${cluster.server}${cluster.embedded ? ' (embedded)' : ''}${cluster.context === '' ? '' : `, context ${cluster.context}`}`,
    ],
    ['versions', `Kubernetes ${kubernetes ?? 'unknown'}, KubeVirt ${kubevirt ?? 'unknown'}`],
    ['guests', guestsText(cluster.guests) || 'kubevirt'],
    [
      'nodes',
      cluster.nodes === null ? 'not readable with these permissions' : cluster.nodes.map(({ name }) => name).join(', '),
    ],
    ...(cluster.limitations ?? []).map((text, index) => [index === 0 ? 'goes without' : '', text] as const),
  ])
}

function aligned(lines: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, value]) => `  ${name.padEnd(width)}  ${singleLine(value)}`)
}

/**
 * The verdict table, why cases did not pass, what is left over, where the report is, and the verdict as the last line.
 * @param width of the terminal; lines are left whole for files and pipes, where they are searched
 */
export function closingLines(
  document: RunDocument,
  description: RunDescription,
  paint: Paint,
  width?: number,
): string[] {
  const { verdict, exitCode, leftovers, errors, notSelected, earlierAttempts } = document
  const lines = [
    '',
    ...verdictTable(document, paint),
    ...leftOut(document, width),
    ...problemLines(document, paint, width),
  ]
  for (const record of earlierAttempts)
    lines.push(
      `${paint('yellow', 'flaky')}: ${singleLine(record.id)}, attempt ${record.attempt + 1} ${record.verdict}: ${singleLine(caseProblems(record).findings.join('; '))}`,
    )
  for (const { phase, message } of errors) {
    const [first = '', ...more] = message.split('\n').map(singleLine)
    lines.push(`${paint('red', 'error')}: ${singleLine(phase)}: ${first}`, ...more.map((line) => `  ${line}`))
  }
  if (notSelected.length > 0) lines.push(`not selected: ${notSelected.length} planned cases, see run.json`)
  lines.push(
    `cases: ${tally(document.verdictCounts)}`,
    `left over: ${leftovers.length === 0 ? '0' : `${leftovers.length}: ${leftovers.map(singleLine).join(', ')}`}`,
    `results: ${description.directory.root} (run.json, summary.md, junit.xml, allure-results)`,
    `report: npx kubevirt-acceptance report ${document.id}`,
  )
  if (verdict === 'cancelled')
    lines.push(
      paint(
        'red',
        `CANCELLED by ${document.cancelledBy ?? 'interrupt'}: whatever is shown above as passed is not a verdict on the cluster`,
      ),
    )
  lines.push(
    `${paint('bold', paint(verdictColour(verdict), `verdict: ${verdict}`))}, exit code ${exitCode}: ${shortReason(document)}`,
  )
  return lines
}

/** What went wrong in cases, and outside of them, stands above. */
function shortReason({ reason, errors }: RunDocument): string {
  const [count] = /^\d+ of \d+ cases? \w+/.exec(reason) ?? []
  if (count !== undefined) return count
  const error = errors.find(({ phase, message }) => reason === `${phase}: ${message}`)
  return error === undefined ? shortened(singleLine(reason), 200) : `${error.phase}, see the error above`
}

function problemLines({ cases, errors }: RunDocument, paint: Paint, width: number | undefined): string[] {
  const withoutResult = cases.filter((record) => isOfRun(record, errors))
  const red = cases.filter((record) => record.verdict !== 'passed' && !withoutResult.includes(record))
  const shown = red.slice(0, maximumListedProblems)
  const fitted = (text: string) => (width === undefined ? [text] : wrapped(text, width, '    '))
  const lines = shown.flatMap((record) => [
    `${paint(verdictColour(record.verdict), record.verdict)}: ${singleLine(record.id)}`,
    ...caseProblems(record).findings.flatMap((text) => fitted(`  ${shortened(singleLine(text), maximumFinding)}`)),
  ])
  if (red.length > shown.length) lines.push(`and ${red.length - shown.length} more, see summary.md`)
  const advice = adviceOf(red).flatMap(({ checks, text }) =>
    fitted(`next, for ${checks.join(', ')}: ${singleLine(text)}`),
  )
  const told = [...lines, ...advice]
  const { length } = withoutResult
  if (length > 0) told.push(`no result: ${length} case${length === 1 ? '' : 's'}, for the error below`)
  return told.length === 0 ? [] : [...told, '']
}

/** Whether a case has no result for a reason that the run tells as an error of its own. */
function isOfRun({ reason }: CaseRecord, errors: RunDocument['errors']): boolean {
  return (
    reason.startsWith('no result: ') &&
    errors.some(({ phase, message }) => reason.includes(`${phase}: ${message.replace(/:?\n.*/s, '')}`))
  )
}

const columns = [
  { title: 'case' },
  { title: 'check' },
  { title: 'actual', align: 'right' as const },
  { title: 'limit', align: 'right' as const },
  { title: 'verdict' },
]

function verdictTable({ cases, flakyCases }: RunDocument, paint: Paint): string[] {
  if (cases.length === 0) return ['no case has a result']
  const { count, parameters } = checksWithoutLimit(cases.flatMap(({ checks }) => checks))
  const all = cases.map((record) => ({ record, checks: record.checks.filter((check) => !isWithoutLimit(check)) }))
  const brief = all.reduce((sum, { checks }) => sum + checks.length, 0) > maximumRows
  const rows = all.flatMap(({ record, checks }) => {
    const id = cell(record.id)
    const flaky = flakyCases.includes(record.id) ? ' (flaky)' : ''
    const verdict = `${paint(verdictColour(record.verdict), record.verdict)}${flaky}`
    const passed = brief ? checks.filter((check) => check.verdict === 'passed') : []
    const shown = checks
      .filter((check) => !passed.includes(check))
      .map((check) => [
        id,
        cell(checkName(check)),
        cell(withUnit(check.actual, check.unit)),
        cell(limitText(check)),
        paint(verdictColour(check.verdict), check.verdict),
      ])
    if (passed.length > 0) shown.push([id, `${passed.length} checks`, '', '', paint('green', 'passed')])
    const told = checks.some(({ verdict: judged }) => judged === record.verdict)
    // A case whose verdict none of its checks gave gets a line of its own.
    return told && flaky === '' ? shown : [...shown, [id, '', '', '', verdict]]
  })
  const open =
    count === 0
      ? []
      : [`${count} more checks have no limit and were not judged; set ${parameters.join(', ')} to judge them`]
  return [...textTable(columns, rows), ...open, '']
}

const maximumLeftOut = 10

/** Why checks were skipped that could have been judged: a permission that is missing, no earlier run to compare with. */
function leftOut({ cases }: RunDocument, width: number | undefined): string[] {
  const skipped = cases
    .flatMap(({ checks }) => checks)
    .filter((check) => check.verdict === 'skipped' && !isWithoutLimit(check))
  const texts = [...new Set(skipped.map(({ message }) => message))]
  if (texts.length === 0) return []
  const shown = texts.slice(0, maximumLeftOut).map((text) => shortened(singleLine(text), maximumFinding))
  const lines = width === undefined ? shown : shown.flatMap((text) => wrapped(text, width, '    '))
  return [
    ...lines,
    ...(texts.length > shown.length ? [`and ${texts.length - shown.length} more, see summary.md`] : []),
    '',
  ]
}

/** Longer texts lose their middle: names of checks begin, and names of nodes end with what tells them apart. */
function cell(text: string): string {
  const line = singleLine(text)
  if (line.length <= maximumCellWidth) return line
  const start = Math.floor(maximumCellWidth / 2)
  return `${line.slice(0, start)}…${line.slice(line.length - (maximumCellWidth - start - 1))}`
}
