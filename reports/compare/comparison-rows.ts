/** What every form of a comparison shows, in the same words. */
import type { Comparison, MetricComparison } from '../../helpers/compare/comparison.ts'
import { withUnit } from '../../helpers/run/judge.ts'
import { measurementName } from '../measurement-text.ts'

export const comparisonTitles = ['case', 'metric', 'before', 'after', 'change', 'interval', 'verdict'] as const

export interface ComparisonRow {
  cells: string[]
  verdict: MetricComparison['verdict']
  reason: string
}

/** Worst first; what is equal comes last. */
export function comparisonRows({ metrics }: Comparison): ComparisonRow[] {
  const order: MetricComparison['verdict'][] = [
    'worse',
    'missing after',
    'better',
    'missing before',
    'not measured',
    'equal',
  ]
  return metrics
    .toSorted((one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict))
    .map((metric) => ({
      cells: [
        metric.caseId,
        measurementName(metric),
        withUnit(rounded(metric.before), metric.unit),
        withUnit(rounded(metric.after), metric.unit),
        changeText(metric),
        intervalText(metric),
        metric.verdict,
      ],
      verdict: metric.verdict,
      reason: metric.reason,
    }))
}

/** Rows that people look at first. */
export const isTelling = ({ verdict }: ComparisonRow): boolean => verdict !== 'equal' && verdict !== 'not measured'

export function caseRows({ cases }: Comparison): string[][] {
  return cases
    .filter(({ verdict }) => verdict !== 'equal')
    .map(({ caseId, before, after, verdict, reason }) => [
      caseId,
      before ?? 'not in the run',
      after ?? 'not in the run',
      verdict,
      reason,
    ])
}

export function runsText(runs: Comparison['before']): string {
  return runs.map(({ id, verdict }) => `${id} (${verdict})`).join(', ')
}

export function countsText({ metrics }: Comparison): string {
  const counts = new Map<string, number>()
  for (const { verdict } of metrics) counts.set(verdict, (counts.get(verdict) ?? 0) + 1)
  return metrics.length === 0
    ? 'no metric on either side'
    : [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ')
}

const percentText = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(1)} %`

function changeText({ changePercent, before, after }: MetricComparison): string {
  if (before === null || after === null) return ''
  if (changePercent === null) return before === after ? 'none' : 'from 0'
  return percentText(changePercent)
}

function intervalText({ interval }: MetricComparison): string {
  return interval === null ? '' : `${percentText(interval.fromPercent)} to ${percentText(interval.toPercent)}`
}

/** Computed percentages and rates have more digits than anybody reads. */
const rounded = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(6)))
