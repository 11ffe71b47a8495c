import { expect, test } from 'vitest'
import { missingCase } from '../case-outcome.ts'
import { check, failedRecord, ids, invalidRecord, record } from '../testdata/child-run/sample-record.ts'
import { heatMapsOf } from './heat-map-cells.ts'
import { heatMapSpec } from './heat-map.ts'
import { casePlots } from './plot-jobs.ts'
import { renderSvg } from './render-svg.ts'
import { samplesPlot } from './samples-plot.ts'

const plot = (overrides: Partial<Parameters<typeof samplesPlot>[0]['measurement']>, limit: number | null = 1) =>
  samplesPlot({
    title: 'a case',
    measurement: { unit: 'ms', samples: [0.3, 0.4, 0.5], ...overrides },
    limit,
  })

test('a plot of samples is a document of its own that loads nothing', async () => {
  const svg = await renderSvg(plot({ lost: [1] }))
  expect(svg).toMatch(/^<svg /)
  expect(svg).toContain('3 observed · 1 lost (red crosses) · limit 1 ms (dashed)')
  expect(svg).toContain('each observation (ms)')
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
      title: '</svg><script>alert(1)</script><b>',
      measurement: { unit: 'ms', samples: [1, 2] },
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

test('a limit far above the samples does not squeeze how they are spread', async () => {
  const lines = (svg: string) => svg.split('stroke-dasharray').length
  expect(lines(await renderSvg(plot({}, 1))) - lines(await renderSvg(plot({}, 2)))).toBe(1)
})

const path = (subject: string, samples: number[]) => ({
  name: 'maxLatencyNanoSec',
  subject,
  value: Math.max(...samples),
  unit: 'ns' as const,
  better: 'lower' as const,
  samples,
})

test('each way has a plot of its own name, with the limit of its own check', () => {
  const both = record(ids[0]!, {
    measurements: [path('a -> b', [300_000, 400_000]), path('b -> a', [310_000, 410_000])],
    checks: [
      check({ subject: 'a -> b', limit: 500_000, unit: 'ns' }),
      check({ subject: 'b -> a', limit: 10_000_000, unit: 'ns' }),
      check({ subject: '', limit: 1, unit: 'ns' }),
    ],
  })
  const [there, back] = casePlots(both)
  expect([there!.name, back!.name]).toEqual(['plot of maxLatencyNanoSec, a -> b', 'plot of maxLatencyNanoSec, b -> a'])
  expect(JSON.stringify(there!.spec)).toContain('limit 500µs (dashed)')
  expect(JSON.stringify(there!.spec)).toContain('each observation (µs)')
  expect(JSON.stringify(back!.spec)).toContain('limit 10ms (dashed)')
})

test('a check of another way, or of none, lends no limit', () => {
  const measurements = [path('a -> b', [300_000, 400_000])]
  for (const subject of ['b -> a', '']) {
    const [job] = casePlots(record(ids[0]!, { measurements, checks: [check({ subject })] }))
    expect(JSON.stringify(job!.spec)).toContain('no limit set')
  }
})

test('the limit of a check in another unit is drawn in the unit of the samples', () => {
  const inNanoseconds = record(ids[0]!, {
    measurements: [{ name: 'rtt', value: null, unit: 'ns', better: 'lower', samples: [300_000, 400_000] }],
  })
  expect(JSON.stringify(casePlots(inNanoseconds)[0]!.spec)).toContain('limit 1ms (dashed)')
})

test('the heat map has a cell per pair and network; what was not judged has no value', async () => {
  const [map, ...more] = heatMapsOf([failedRecord(ids[0]!), invalidRecord(ids[1]!), record(ids[2]!)])
  expect(more).toEqual([])
  expect(map!.cells).toEqual([
    { network: 'blue', source: 'a', target: 'b', nanoseconds: 522_000, outcome: 'failed', note: 'max' },
    { network: 'blue', source: 'b', target: 'a', nanoseconds: null, outcome: 'invalid', note: 'invalid' },
    { network: 'red', source: 'a', target: 'b', nanoseconds: 522_000, outcome: 'passed', note: '' },
  ])
  const svg = await renderSvg(heatMapSpec(map!))
  expect(svg).toMatch(/>522µs<.*>max</s)
  expect(svg).toContain('>invalid<')
})

const median = (subject: string, value: number) => ({
  name: 'p50LatencyNanoSec',
  subject,
  value,
  unit: 'ns' as const,
  better: 'lower' as const,
})
const cellsOf = (...cases: Parameters<typeof heatMapsOf>[0]) =>
  Object.fromEntries(
    heatMapsOf(cases)[0]!.cells.map(({ network, source, target, nanoseconds, outcome }) => [
      `${network} ${source}>${target}`,
      `${nanoseconds} ${outcome}`,
    ]),
  )

test('both directions of a case are cells, and only the one whose check failed is red', () => {
  const failedBack = failedRecord(ids[0]!, {
    measurements: [median('a -> b', 1), median('b -> a', 2)],
    checks: [check({ subject: 'a -> b' }), check({ subject: 'b -> a', verdict: 'failed' })],
  })
  expect(cellsOf(failedBack)).toEqual({ 'blue a>b': '1 passed', 'blue b>a': '2 failed' })
})

test('a way that two cases measured shows the larger value and the worse outcome', () => {
  const there = record(ids[0]!, { measurements: [median('a -> b', 1), median('b -> a', 5)] })
  const back = failedRecord(ids[1]!, {
    measurements: [median('b -> a', 2), median('a -> b', 9)],
    checks: [check({ subject: 'b -> a', verdict: 'failed' })],
  })
  expect(cellsOf(there, back)).toEqual({ 'blue a>b': '9 passed', 'blue b>a': '5 failed' })
})

test('address families and namespaces are told apart, and VMs on one node have a cell too', () => {
  const families = record(ids[0]!, { measurements: [median('a -> b IPv4', 1), median('a -> b IPv6', 2)] })
  expect(cellsOf(families)).toEqual({ 'blue IPv4 a>b': '1 passed', 'blue IPv6 a>b': '2 passed' })
  const inNamespace = (id: string, namespace: string) =>
    record(id, {
      parameters: { networkAttachmentDefinitionName: 'blue', networkAttachmentDefinitionNamespace: namespace },
      measurements: [median('a (source) -> a (target)', 3)],
    })
  expect(cellsOf(inNamespace(ids[0]!, 'one'), inNamespace(ids[1]!, 'two'))).toEqual({
    'one/blue a>a': '3 passed',
    'two/blue a>a': '3 passed',
  })
})

test('a planned case without a result has a cell that says so, or is counted when its nodes are not known', async () => {
  const planned = (id: string, parameters: Record<string, string | boolean>) =>
    missingCase({ id, checkup: 'sample', title: id, parameters }, 'broken', 'no result: the worker process died')
  const network = { networkAttachmentDefinitionName: 'blue' }
  const [map] = heatMapsOf([
    record(ids[0]!, { measurements: [median('a -> b', 1)] }),
    planned(ids[1]!, { ...network, sourceNode: 'b', targetNode: 'a', bothDirections: true }),
    planned(ids[2]!, network),
  ])
  expect(map!.cells).toEqual([
    { network: 'blue', source: 'a', target: 'b', nanoseconds: 1, outcome: 'passed', note: '' },
    { network: 'blue', source: 'b', target: 'a', nanoseconds: null, outcome: 'no result', note: 'no result' },
  ])
  const svg = await renderSvg(heatMapSpec(map!))
  expect(svg).toContain('>no result<')
  expect(svg).toContain('1 without known nodes not shown')
})
