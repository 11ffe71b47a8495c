/** Colours and fonts shared by all plots; they keep their white ground in a dark report. */
import type { Config } from 'vega-lite'

export const colours = {
  sample: '#3b6ea8',
  limit: '#c8372d',
  lost: '#c8372d',
  passed: '#2e7d4f',
  muted: '#6b7280',
  missing: '#e5e7eb',
}

/** Lines of one panel, from the back to the front. Told apart by their brightness as well. */
export const lineColours = ['#a9c6e8', '#1f4e85', '#d08a2e', '#2e7d4f']

export const plotConfig: Config = {
  // Texts for each single mark would make up most of a document with thousands of them.
  aria: false,
  background: 'white',
  padding: 12,
  font: 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  title: {
    anchor: 'start',
    fontSize: 13,
    fontWeight: 600,
    color: '#1f2937',
    subtitleColor: '#4b5563',
    subtitleFontSize: 11,
    offset: 10,
  },
  axis: {
    labelColor: '#374151',
    titleColor: '#374151',
    titleFontWeight: 'normal',
    gridColor: '#eef0f3',
    domainColor: '#9ca3af',
    tickColor: '#9ca3af',
  },
  view: { stroke: '#e5e7eb' },
}
