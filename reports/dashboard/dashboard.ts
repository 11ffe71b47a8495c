/** The dashboard of a run: every metric with its value, limit, margin and history, and every check with what to do. */
import type { CaseRecord, CheckResult, Measurement } from '../../helpers/run/case-record.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { metricKey } from '../allure/metrics.ts'
import { escapeHtml, htmlPage, htmlTable } from '../html-page.ts'
import { checkName, isWithoutLimit, limitText, measurementName } from '../measurement-text.ts'
import type { MetricHistory } from './metric-history.ts'
import { sparkline } from './sparkline.ts'

export const dashboardFile = 'dashboard.html'

/** Ids in the page, for links to it. */
const caseAnchor = (caseId: string): string => `case-${anchor(caseId)}`
const checkAnchor = (checkId: string): string => `check-${anchor(checkId)}`
const anchor = (text: string): string => text.replaceAll(/[^\w.-]/g, '-')

export function dashboardHtml(document: RunDocument, history: MetricHistory): string {
  const style = document.verdict === 'passed' ? 'good' : 'bad'
  const { cases, profile, cluster } = document
  return htmlPage(
    `Measurements of ${document.id}`,
    [
      `<h1>Measurements: <span class="${style}">${escapeHtml(document.verdict)}</span></h1>`,
      `<p>Run ${escapeHtml(document.id)}, profile ${escapeHtml(profile.name)}, cluster ${escapeHtml(cluster.server)}. ${escapeHtml(document.reason)}</p>`,
      '<p>Each picture is the course over earlier runs of the same profile and cluster; the last, larger point is this run, and the dashed line its limit. Gaps are runs without a value.</p>',
      ...cases.map((record) => caseSection(record, document, history)),
      '<h2>Checks</h2>',
      ...checkSections(cases),
    ].join('\n'),
  )
}

function caseSection(record: CaseRecord, document: RunDocument, history: MetricHistory): string {
  const cards = record.measurements.map((measurement) => card(record, measurement, document, history))
  const invalid = record.validity.valid
    ? ''
    : `<p class="bad">May not be judged: ${escapeHtml(record.validity.problems.join('; '))}</p>`
  return [
    `<h2 id="${caseAnchor(record.id)}">${escapeHtml(record.id)}: ${escapeHtml(record.verdict)}</h2>`,
    `<p>${escapeHtml(record.title)}</p>`,
    record.verdict === 'passed' ? '' : `<p class="bad">${escapeHtml(record.reason)}</p>`,
    invalid,
    cards.length === 0 ? '<p class="odd">Nothing was measured.</p>' : `<div class="grid">${cards.join('\n')}</div>`,
  ].join('\n')
}

function card(record: CaseRecord, measurement: Measurement, document: RunDocument, history: MetricHistory): string {
  const { value, unit } = measurement
  const check = checkOf(record, measurement)
  const earlier = history.get(metricKey(record, measurement)) ?? []
  const points = [
    ...earlier.map(({ value: old, run }) => ({ value: old, label: `${run}: ${withUnit(old, unit)}` })),
    { value: record.validity.valid ? value : null, label: `${document.id}: ${withUnit(value, unit)}` },
  ]
  const limit = typeof check?.limit === 'number' && check.unit === unit ? check.limit : null
  const verdict = check === undefined || isWithoutLimit(check) ? '' : check.verdict
  return [
    `<section class="card"><h3>${escapeHtml(measurementName(measurement))}</h3>`,
    `<p class="value${verdict === 'failed' || verdict === 'invalid' ? ' bad' : ''}">${escapeHtml(withUnit(value, unit))}</p>`,
    `<p>${check === undefined || isWithoutLimit(check) ? 'no limit' : `limit ${escapeHtml(limitText(check))}${escapeHtml(marginText(value, check))}, <a href="#${checkAnchor(check.id)}">${escapeHtml(check.id)}</a> ${escapeHtml(check.verdict)}`}</p>`,
    sparkline(points, limit),
    `<p>${escapeHtml(
      historyText(
        earlier.flatMap((point) => point.value ?? []),
        measurement,
      ),
    )}</p></section>`,
  ].join('')
}

/** How far the value is from its limit, in percent of the limit; negative beyond it. */
export function marginText(value: number | null, { limit, operator }: CheckResult): string {
  if (value === null || typeof limit !== 'number' || limit === 0 || operator === '==') return ''
  const margin = ((operator === '<=' ? limit - value : value - limit) / Math.abs(limit)) * 100
  return `, margin ${margin.toFixed(1)} %`
}

function checkOf({ checks }: CaseRecord, { name, subject = '' }: Measurement): CheckResult | undefined {
  const own = checks.filter((check) => check.measurement === name && check.subject === subject)
  return own.find(({ verdict }) => verdict === 'failed') ?? own.find((check) => !isWithoutLimit(check)) ?? own[0]
}

function historyText(values: readonly number[], { unit }: Measurement): string {
  if (values.length === 0) return 'no earlier run'
  const runs = `${values.length} earlier run${values.length === 1 ? '' : 's'}`
  return `${runs}: ${withUnit(Math.min(...values), unit)} to ${withUnit(Math.max(...values), unit)}`
}

function checkSections(cases: readonly CaseRecord[]): string[] {
  const all = cases.flatMap(({ id, checks }) => checks.map((check) => ({ caseId: id, check })))
  const ids = [...new Set(all.map(({ check }) => check.id))]
  return ids.map((id) => {
    const own = all.filter(({ check }) => check.id === id)
    const [first] = own
    return [
      `<h3 id="${checkAnchor(id)}">${escapeHtml(id)}</h3>`,
      `<p>${escapeHtml(first?.check.title ?? '')}. When it fails: ${escapeHtml(first?.check.remediation ?? '')}</p>`,
      htmlTable(
        ['case', 'check', 'actual', 'limit', 'set in', 'verdict'],
        own.map(({ caseId, check }) => ({
          cells: [
            caseId,
            checkName(check),
            withUnit(check.actual, check.unit),
            limitText(check),
            check.limitSource,
            check.verdict,
          ],
          style: check.verdict,
        })),
      ),
    ].join('\n')
  })
}
