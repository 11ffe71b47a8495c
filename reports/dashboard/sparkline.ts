/** The course of a metric over runs, as a small picture. */
import { escapeHtml } from '../html-page.ts'

export interface SparklinePoint {
  /** null: not measured; a gap. */
  value: number | null
  label: string
}

const [width, height, margin] = [300, 64, 5] as const

/** SVG; the last point is the run itself. Without any value it says so. */
export function sparkline(points: readonly SparklinePoint[], limit: number | null): string {
  const values = points.flatMap(({ value }) => value ?? [])
  if (values.length === 0) return '<p class="odd">not measured</p>'
  const all = limit === null ? values : [...values, limit]
  const [low, high] = [Math.min(...all), Math.max(...all)]
  const xOf = (index: number): number =>
    points.length === 1 ? width / 2 : margin + (index / (points.length - 1)) * (width - 2 * margin)
  const yOf = (value: number): number =>
    high === low ? height / 2 : height - margin - ((value - low) / (high - low)) * (height - 2 * margin)
  const place = (index: number, value: number): string => `${xOf(index).toFixed(1)},${yOf(value).toFixed(1)}`
  const lines = runsOf(points).map(
    (run) =>
      `<polyline points="${run.map(({ index, value }) => place(index, value)).join(' ')}" fill="none" stroke="currentColor" stroke-opacity=".6"/>`,
  )
  const dots = points.flatMap(({ value, label }, index) =>
    value === null
      ? []
      : `<circle cx="${xOf(index).toFixed(1)}" cy="${yOf(value).toFixed(1)}" r="${index === points.length - 1 ? 4 : 2}" fill="currentColor"><title>${escapeHtml(label)}</title></circle>`,
  )
  const line =
    limit === null
      ? ''
      : `<line x1="0" x2="${width}" y1="${yOf(limit).toFixed(1)}" y2="${yOf(limit).toFixed(1)}" stroke="var(--bad)" stroke-dasharray="4 3"/>`
  return `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${points.length} runs">${line}${lines.join('')}${dots.join('')}</svg>`
}

/** Neighbouring points that have values: nothing is drawn across a gap. */
function runsOf(points: readonly SparklinePoint[]): { index: number; value: number }[][] {
  const runs: { index: number; value: number }[][] = [[]]
  for (const [index, { value }] of points.entries())
    if (value === null) runs.push([])
    else runs.at(-1)?.push({ index, value })
  return runs.filter((run) => run.length > 1)
}
