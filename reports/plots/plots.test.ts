import { expect, test } from 'vitest'
import { failedRecord, ids, invalidRecord, record } from '../testdata/child-run/sample-record.ts'
import { heatMapSpec, heatMapsOf } from './heat-map.ts'
import { casePlots } from './plot-jobs.ts'
import { renderSvg } from './render-svg.ts'
import { samplesPlot } from './samples-plot.ts'

const plot = (overrides: Partial<Parameters<typeof samplesPlot>[0]['measurement']>, limit: number | null = 1) =>
  samplesPlot({
    title: 'a case',
    measurement: { name: 'rtt', unit: 'ms', samples: [0.3, 0.4, 0.5], ...overrides },
    limit,
  })

test('a plot of samples is a document of its own that loads nothing', async () => {
  const svg = await renderSvg(plot({ lost: [1] }))
  expect(svg).toMatch(/^<svg /)
  expect(svg).toContain('3 observed · 1 lost · limit 1 ms')
  expect(svg).toContain('rtt (ms)')
  expect(svg.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:|<script|<image|@import/)
})

test('each lost packet is marked, and the limit is drawn in both parts', async () => {
  const count = (svg: string) => svg.split('stroke="#c8372d"').length - 1
  const base = count(await renderSvg(plot({}, null)))
  expect(count(await renderSvg(plot({}, 1))) - base).toBe(2)
  expect(count(await renderSvg(plot({ lost: [0, 4] }, null))) - base).toBe(2)
})

test('names from a cluster cannot become markup', async () => {
  const svg = await renderSvg(
    samplesPlot({
      title: '</svg><script>alert(1)</script>',
      measurement: { name: '<b>', unit: 'ms', samples: [1, 2] },
      limit: null,
    }),
  )
  expect(svg).not.toMatch(/<script|<b>/)
})

test('many samples keep their extremes in a document of bounded size', async () => {
  const samples = Array.from({ length: 50_000 }, (_, index) => (index === 31_234 ? 99 : 1 + (index % 7) / 10))
  const spec = plot({ samples })
  expect(JSON.stringify(spec)).toContain('"position":31234,"value":99')
  expect((await renderSvg(spec)).length).toBeLessThan(600_000)
})

test('the limit of a check in another unit is drawn in the unit of the samples', () => {
  const inNanoseconds = record(ids[0]!, {
    measurements: [{ name: 'rtt', value: null, unit: 'ns', better: 'lower', samples: [300_000, 400_000] }],
  })
  expect(JSON.stringify(casePlots(inNanoseconds)[0]!.spec)).toContain('limit 1000000 ns')
})

test('the heat map has a cell per pair and network; what was not judged has no value', async () => {
  const [map, ...more] = heatMapsOf([failedRecord(ids[0]!), invalidRecord(ids[1]!), record(ids[2]!)])
  expect(more).toEqual([])
  expect(map!.cells).toEqual([
    { network: 'blue', source: 'a', target: 'b', value: 0.522, verdict: 'failed' },
    { network: 'blue', source: 'b', target: 'a', value: null, verdict: 'invalid' },
    { network: 'red', source: 'a', target: 'b', value: 0.522, verdict: 'passed' },
  ])
  const svg = await renderSvg(heatMapSpec(map!))
  expect(svg).toContain('0.522 ✕')
  expect(svg).toContain('>invalid<')
})
