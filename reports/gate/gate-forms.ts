/** What the gate found, for the terminal, for job summaries, as a page, and as annotations of GitHub. */
import { comparisonMarkdown } from '../compare/comparison-markdown.ts'
import { markdownTable } from '../compare/comparison-markdown.ts'
import { escapeHtml, htmlPage, htmlTable } from '../html-page.ts'
import { markdownCell, singleLine } from '../plain-text.ts'
import type { Paint } from '../progress/terminal-style.ts'
import { textTable } from '../progress/text-table.ts'
import type { GateResult, GateRule, RuleOutcome } from './gate-result.ts'

const order: RuleOutcome[] = ['failed', 'broken', 'invalid', 'regression', 'waived', 'ignored', 'passed']
const titles = ['case', 'rule', 'actual', 'expected', 'outcome']
const cellsOf = ({ caseId, rule, actual, expected, outcome }: GateRule): string[] => [
  caseId,
  rule,
  actual,
  expected,
  outcome,
]
const sorted = ({ rules }: GateResult): GateRule[] =>
  rules.toSorted((one, other) => order.indexOf(one.outcome) - order.indexOf(other.outcome))
const isTelling = ({ outcome }: GateRule): boolean => outcome !== 'passed'
const conclusionOf = ({ verdict, exitCode, reason }: GateResult): string =>
  `gate: ${verdict}, exit code ${exitCode}: ${reason}`

export function gateText(result: GateResult, paint: Paint): string[] {
  const colour = (outcome: RuleOutcome) =>
    outcome === 'passed' ? 'green' : outcome === 'waived' || outcome === 'ignored' ? 'yellow' : 'red'
  const rules = sorted(result)
  return [
    `run      ${result.run.id} (${result.run.verdict})`,
    ...(result.comparison === null ? [] : [`baseline ${result.comparison.before.map(({ id }) => id).join(', ')}`]),
    '',
    ...textTable(
      titles.map((title, index) => ({ title, align: index === 2 || index === 3 ? 'right' : 'left' })),
      rules.map((rule) => [...cellsOf(rule).slice(0, -1).map(singleLine), paint(colour(rule.outcome), rule.outcome)]),
    ),
    '',
    ...rules
      .filter(isTelling)
      .map(({ outcome, message }) => `${paint(colour(outcome), outcome)}: ${singleLine(message)}`),
    ...result.warnings.map((warning) => `${paint('yellow', 'warning')}: ${singleLine(warning)}`),
    paint(result.exitCode === 0 ? 'green' : 'red', singleLine(conclusionOf(result))),
  ]
}

export function gateMarkdown(result: GateResult): string {
  const rules = sorted(result)
  const passed = rules.filter((rule) => !isTelling(rule))
  const lines = [
    `## ${result.exitCode === 0 ? '✅' : '❌'} KubeVirt acceptance gate: ${result.verdict}`,
    '',
    markdownCell(conclusionOf(result)),
    '',
    ...markdownTable(
      [...titles, 'why'],
      rules.filter(isTelling).map((rule) => [...cellsOf(rule), rule.message]),
    ),
    ...result.warnings.map((warning) => `* ⚠️ ${markdownCell(warning)}`),
    '',
    `<details><summary>${passed.length} rules passed</summary>`,
    '',
    ...markdownTable(titles, passed.map(cellsOf)),
    '</details>',
    '',
    ...(result.comparison === null ? [] : [comparisonMarkdown(result.comparison)]),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

export function gateHtml(result: GateResult): string {
  const rules = sorted(result)
  const style = result.exitCode === 0 ? 'good' : 'bad'
  return htmlPage(
    `Gate: ${result.verdict}`,
    [
      `<h1>Gate: <span class="${style}">${result.verdict}</span>, exit code ${result.exitCode}</h1>`,
      `<p>${escapeHtml(result.reason)}</p>`,
      `<p>Run ${escapeHtml(result.run.id)}, profile ${escapeHtml(result.profile)}</p>`,
      ...result.warnings.map((warning) => `<p class="odd">${escapeHtml(warning)}</p>`),
      htmlTable(
        [...titles, 'why', 'asked for by'],
        rules.map((rule) => ({ cells: [...cellsOf(rule), rule.message, rule.source], style: rule.outcome })),
      ),
    ].join('\n'),
  )
}

/** Workflow commands of GitHub Actions: they show beside the change. The first fifty; GitHub shows no more. */
export function gateAnnotations(result: GateResult): string[] {
  const escaped = (text: string): string =>
    singleLine(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  const property = (text: string): string => escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
  const bad = sorted(result).filter(({ outcome }) => !['passed', 'ignored'].includes(outcome))
  return [
    ...bad.map(
      ({ rule, caseId, outcome, message }) =>
        `::${outcome === 'waived' ? 'warning' : 'error'} title=${property(`${outcome}: ${caseId} ${rule}`.trim())}::${escaped(message)}`,
    ),
    ...result.warnings.map((warning) => `::warning title=gate::${escaped(warning)}`),
  ].slice(0, 50)
}
