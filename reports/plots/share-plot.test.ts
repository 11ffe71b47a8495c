import { expect, test } from 'vitest'
import type { RecordTable } from '../../helpers/run/case-record.ts'
import { ids, record } from '../testdata/child-run/sample-record.ts'
import { casePlots } from './plot-jobs.ts'
import { renderSvg } from './render-svg.ts'

const table = (overrides: Partial<RecordTable> = {}): RecordTable => ({
  title: 'random-rw/4k, I/Os per second of each VM',
  columns: ['VM', 'node', 'rand-read read'],
  bars: [{ column: 'rand-read read', title: 'rand-read read, Jain index 0.8333' }],
  rows: [
    ['vm-1', 'worker1', 3000],
    ['vm-2', 'worker2', 1000],
    ['vm-3', 'worker2', null],
  ],
  ...overrides,
})
const plotsOf = (...tables: RecordTable[]) => casePlots(record(ids[0]!, { measurements: [], tables }))
const widthsOf = (svg: string): number[] =>
  [
    ...svg.matchAll(
      /aria-roledescription="bar"[^>]*d="M0,[\d.]+h([\d.]+)v|d="M0,[\d.]+h([\d.]+)v[^"]*" fill="#3b6ea8"/g,
    ),
  ].map(([, one, other]) => Number(one ?? other))

test('a bar for each VM, as long as what it got, below the index of Jain', async () => {
  const [job, ...more] = plotsOf(table())
  expect(more).toEqual([])
  expect(job!.name).toBe('bars of random-rw/4k, I/Os per second of each VM')
  const svg = await renderSvg(job!.spec)
  for (const text of ['vm-1', 'vm-2', 'vm-3', 'rand-read read, Jain index 0.8333', 'not measured', 'dashed: mean'])
    expect(svg).toContain(`>${text}<`)
  const [first, second, third] = widthsOf(svg)
  expect(first! / second!).toBeCloseTo(3, 3)
  expect(third).toBe(0)
  expect(svg).toContain('stroke-dasharray')
})

test('no bars, no rows and unknown columns make no plot', () => {
  const { bars: _bars, ...without } = table()
  expect(plotsOf(without, table({ rows: [] }), table({ bars: [{ column: 'gone', title: 'x' }] }))).toEqual([])
})

test('of many VMs those that got least are shown, and it is said', async () => {
  const rows = Array.from({ length: 100 }, (_, index) => [`vm-${index}`, 'worker1', 10_000 - index])
  const svg = await renderSvg(plotsOf(table({ rows }))[0]!.spec)
  expect(svg).toContain('the 64 lowest of 100')
  expect(svg).toContain('>vm-99<')
  expect(svg).not.toContain('>vm-0<')
})

test('names are text in the plot, whatever they contain', async () => {
  const svg = await renderSvg(
    plotsOf(table({ rows: [['</svg><script>', 'worker1', 5]], bars: [{ column: 'rand-read read', title: '<i>' }] }))[0]!
      .spec,
  )
  expect(svg).not.toMatch(/<script|<i>/)
})
