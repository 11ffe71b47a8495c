/** What stands before and after the operations: the effective configuration, and the verdict. Pure. */
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { limitText, valueText } from '../measurement-text.ts'
import { shortened, singleLine } from '../plain-text.ts'
import type { ReachedCluster, RunDescription } from '../run-description.ts'
import { tally } from '../run-verdict.ts'
import { textTable } from './text-table.ts'
import type { Paint } from './terminal-style.ts'
import { verdictColour } from './terminal-style.ts'

/** Cases are listed by name up to this number. */
const maximumListedCases = 12

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
      ['node', process.version],
      ['run directory', directory.root],
    ]),
  ]
}

export function clusterLines({ cluster, kubernetes, kubevirt }: ReachedCluster): string[] {
  const guests = Object.values(cluster.guests).join(', ')
  return aligned([
    [
      'cluster',
      `${cluster.server}${cluster.embedded ? ' (embedded)' : ''}${cluster.context === '' ? '' : `, context ${cluster.context}`}`,
    ],
    ['versions', `Kubernetes ${kubernetes ?? 'unknown'}, KubeVirt ${kubevirt ?? 'unknown'}`],
    ['guests', guests || 'kubevirt'],
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

/** The verdict table, what is left over, where the report is, and the verdict with its exit code as the last line. */
export function closingLines(document: RunDocument, description: RunDescription, paint: Paint): string[] {
  const { verdict, reason, exitCode, leftovers, errors, notSelected, earlierAttempts } = document
  const lines = ['', ...verdictTable(document, paint)]
  for (const record of earlierAttempts)
    lines.push(
      `${paint('yellow', 'flaky')}: ${singleLine(record.id)}, attempt ${record.attempt + 1} ${record.verdict}: ${singleLine(record.reason)}`,
    )
  for (const { phase, message } of errors) {
    const [first = '', ...more] = message.split('\n').map(singleLine)
    lines.push(`${paint('red', 'error')}: ${singleLine(phase)}: ${first}`, ...more.map((line) => `  ${line}`))
  }
  if (notSelected.length > 0) lines.push(`not selected: ${notSelected.length} planned cases, see run.json`)
  lines.push(
    '',
    `left over: ${leftovers.length === 0 ? '0' : `${leftovers.length}: ${leftovers.map(singleLine).join(', ')}`}`,
    `results: ${description.directory.root} (run.json, summary.md, junit.xml, allure-results)`,
    `report: npm run report ${document.id}`,
  )
  if (verdict === 'cancelled')
    lines.push(
      paint(
        'red',
        `CANCELLED by ${document.cancelledBy ?? 'interrupt'}: whatever is shown above as passed is not a verdict on the cluster`,
      ),
    )
  lines.push(
    `${paint('bold', paint(verdictColour(verdict), `verdict: ${verdict}`))}, exit code ${exitCode}: ${shortened(singleLine(reason), 400)}`,
  )
  return lines
}

function verdictTable({ cases, flakyCases, verdictCounts }: RunDocument, paint: Paint): string[] {
  if (cases.length === 0) return ['no case has a result']
  const rows = cases.flatMap((record) => {
    const flaky = flakyCases.includes(record.id) ? ' (flaky)' : ''
    const verdict = `${paint(verdictColour(record.verdict), record.verdict)}${flaky}`
    const checks = record.checks.map((check) => [
      singleLine(record.id),
      singleLine(check.subject === '' ? check.id : `${check.id} ${check.subject}`),
      singleLine(valueText(check.actual, check.unit)),
      singleLine(limitText(check)),
      paint(verdictColour(check.verdict), check.verdict),
    ])
    const told = record.checks.some(({ verdict: judged }) => judged === record.verdict)
    // A case whose verdict none of its checks gave gets a line of its own.
    return told && flaky === '' ? checks : [...checks, [singleLine(record.id), '', '', '', verdict]]
  })
  const columns = [
    { title: 'case' },
    { title: 'check' },
    { title: 'actual', align: 'right' as const },
    { title: 'limit', align: 'right' as const },
    { title: 'verdict' },
  ]
  const problems = cases
    .filter(({ verdict }) => verdict !== 'passed')
    .map(
      ({ id, verdict, reason }) =>
        `${paint(verdictColour(verdict), verdict)}: ${singleLine(id)}: ${singleLine(reason)}`,
    )
  return [...textTable(columns, rows), '', ...problems, `cases: ${tally(verdictCounts)}`]
}
