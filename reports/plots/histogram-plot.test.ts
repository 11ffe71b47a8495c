import { expect, test } from 'vitest'
import type { Measurement, RecordTable, ValueHistogram } from '../../helpers/run/case-record.ts'
import { check, ids, record } from '../testdata/child-run/sample-record.ts'
import { casePlots } from './plot-jobs.ts'
import { renderSvg } from './render-svg.ts'

const counted = (subject: string, value: number | null, histogram: ValueHistogram): Measurement => ({
  name: 'oslatMaxLatencyMicroSeconds',
  subject,
  value,
  unit: 'us',
  better: 'lower',
  histogram,
})
const buckets: ValueHistogram['buckets'] = [
  [1, 9_000_000],
  [2, 1200],
  [17, 1],
]
const plotsOf = (measurements: Measurement[], limit: number | null = null) =>
  casePlots(
    record(ids[0]!, {
      measurements,
      checks:
        limit === null
          ? []
          : measurements.map(({ name, subject = '' }) => ({
              ...check(),
              subject,
              measurement: name,
              limit,
              unit: 'us' as const,
            })),
    }),
  )

test('histograms of one measurement share a plot with a panel for each subject', async () => {
  const [job, ...more] = plotsOf(
    [counted('CPU 2', 17, { buckets, overflow: 0 }), counted('CPU 3', 903, { buckets: [[1, 9_000_000]], overflow: 3 })],
    40,
  )
  expect(more).toEqual([])
  expect(job!.name).toBe('histogram of oslatMaxLatencyMicroSeconds')
  const svg = await renderSvg(job!.spec)
  for (const text of [
    'CPU 2',
    '9,001,201 observed · largest 17 µs · limit 40 µs',
    '9,000,003 observed · largest 903 µs · limit 40 µs · 3 above all buckets',
  ])
    expect(svg).toContain(`>${text}<`)
  expect(svg).toContain('red bar at the right: above all buckets')
  expect(svg).not.toMatch(/NaN|Infinity/)
})

test('a single observation is visible beside millions', async () => {
  const heights = [
    ...(await renderSvg(plotsOf([counted('', 17, { buckets, overflow: 0 })])[0]!.spec)).matchAll(
      /fill="#3b6ea8"[^>]*d="M[^"]*"|d="M[^"]*v(\d[\d.]*)h[^"]*"[^>]*fill="#3b6ea8"/g,
    ),
  ].map(([, height]) => Number(height))
  expect(heights).toHaveLength(3)
  expect(Math.min(...heights)).toBeGreaterThan(2)
})

test('what lies above the limit is red', async () => {
  const redBars = async (limit: number | null) =>
    (await renderSvg(plotsOf([counted('', 17, { buckets, overflow: 0 })], limit)[0]!.spec)).match(
      /aria-roledescription="bar"[^>]*fill="#c8372d"|d="M[^"]*v[^"]*h[^"]*"[^>]*fill="#c8372d"/g,
    )?.length ?? 0
  expect(await redBars(16)).toBe(1)
  expect(await redBars(1)).toBe(2)
  expect(await redBars(17)).toBe(0)
  expect(await redBars(null)).toBe(0)
})

test('nothing observed is an empty plot, and a limit far away does not squeeze the bars', async () => {
  const empty = await renderSvg(plotsOf([counted('', null, { buckets: [], overflow: 0 })], 40)[0]!.spec)
  expect(empty).toContain('>0 observed · limit 40 µs<')
  const far = await renderSvg(plotsOf([counted('', 17, { buckets, overflow: 0 })], 2_000_000)[0]!.spec)
  expect(far).toContain('limit 2,000,000 µs')
  expect(far).not.toContain('stroke-dasharray')
})

const table = (overrides: Partial<RecordTable> = {}): RecordTable => ({
  title: 'CPUs',
  picture: true,
  columns: ['CPU', 'maximum (µs)'],
  rows: [
    ['CPU 2', 1234],
    ['</svg><script>', null],
  ],
  ...overrides,
})
const picturesOf = (...tables: RecordTable[]) => casePlots(record(ids[0]!, { measurements: [], tables }))

test('a table is drawn where that is asked for', async () => {
  const [job, ...more] = picturesOf(table(), table({ picture: false }), table({ rows: [] }))
  expect(more).toEqual([])
  expect(job!.name).toBe('picture of CPUs')
  const svg = await renderSvg(job!.spec)
  for (const text of ['CPU', 'maximum (µs)', 'CPU 2', '1,234', 'not measured']) expect(svg).toContain(`>${text}<`)
  expect(svg).not.toMatch(/<script/)
})

test('a picture of a long table says that it does not have all rows', async () => {
  const rows = Array.from({ length: 100 }, (_, cpu) => [`CPU ${cpu}`, cpu])
  expect(await renderSvg(picturesOf(table({ rows }))[0]!.spec)).toContain('the first 64 of 100 rows')
})
