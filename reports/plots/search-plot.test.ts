import { expect, test } from 'vitest'
import type { Measurement, ValueSearch } from '../../helpers/run/case-record.ts'
import { ids, record } from '../testdata/child-run/sample-record.ts'
import { casePlots } from './plot-jobs.ts'
import { renderSvg } from './render-svg.ts'

type Trial = ValueSearch['trials'][number]
const trial = (tried: number, lossPercent: number | null, outcome: Trial['outcome']): Trial => ({
  tried,
  sentPackets: tried,
  receivedPackets: lossPercent === null ? 0 : tried,
  lossPercent,
  outcome,
})
const searched = (subject: string, value: number | null, trials: Trial[], name = 'ndr'): Measurement => ({
  name,
  subject,
  value,
  unit: 'pps',
  better: 'higher',
  search: { top: 14_880_952, trials },
})
const plotsOf = (...measurements: Measurement[]) => casePlots(record(ids[0]!, { measurements }))

test('a search shows its trials, what was found, and what is possible', async () => {
  const [job, ...more] = plotsOf(
    searched('64 bytes', 12_000_000, [
      trial(14_880_952, 19.4, 'lost'),
      trial(12_000_000, 0, 'passed'),
      trial(13_000_000, null, 'invalid'),
    ]),
    searched('1518 bytes', 812_743, [trial(812_743, 0, 'passed')]),
  )
  expect(more).toEqual([])
  expect(job!.name).toBe('plot of the search of ndr')
  const svg = await renderSvg(job!.spec)
  for (const text of [
    '64 bytes',
    'found 12,000,000 pps',
    'tried (million packets/s)',
    'loss (%)',
    'passed',
    'lost',
    'invalid',
  ])
    expect(svg).toContain(`>${text}<`)
  expect(svg).toContain('1 without any loss not drawn')
  expect(svg).not.toMatch(/NaN|>1518 bytes</)
  expect(svg.split('stroke-dasharray').length - 1).toBe(1)
})

test('each searched rate has a plot, unless nothing was lost in any trial', () => {
  const lossy = [trial(14_880_952, 19.4, 'lost')]
  const names = plotsOf(searched('a', 0, lossy), searched('a', 1, lossy, 'pdr'), searched('b', null, [], 'other'))
  expect(names.map(({ name }) => name)).toEqual(['plot of the search of ndr', 'plot of the search of pdr'])
})

test('a search in which nothing passed draws no found rate', async () => {
  const svg = await renderSvg(plotsOf(searched('a', 0, [trial(1, 100, 'lost')]))[0]!.spec)
  expect(svg).toContain('>found 0 pps<')
  expect(svg).not.toContain('stroke="#3b6ea8"')
})
