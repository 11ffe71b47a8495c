import { expect, test } from 'vitest'
import type { Measurement } from '../../helpers/run/case-record.ts'
import { check, ids, record } from '../testdata/child-run/sample-record.ts'
import { casePlots } from './plot-jobs.ts'
import { renderSvg } from './render-svg.ts'

const names = new Map([
  [50, 'p50LatencyMilliSec'],
  [95, 'p95LatencyMilliSec'],
  [99, 'p99LatencyMilliSec'],
  [99.9, 'p999LatencyMilliSec'],
  [100, 'maxLatencyMilliSec'],
])

const latencies = (group: string, series: string, values: (number | null)[]): Measurement[] =>
  [...names].map(([percent, name], index) => ({
    name,
    subject: `${group} ${series}`,
    value: values[index] ?? null,
    unit: 'ms',
    better: 'lower',
    percentile: { group, series, percent },
  }))

const reads = latencies('random-rw/4k', 'rand-read read', [0.6, 0.9, 1.4, 3, 41])
const writes = latencies('random-rw/4k', 'rand-write write', [0.8, 1.1, 1.9, 5, 60])
const judged = {
  ...check(),
  id: 'storage.random-p99',
  subject: 'random-rw/4k rand-read read',
  measurement: 'p99LatencyMilliSec',
  limit: 20,
  unit: 'ms' as const,
}
const plotsOf = (measurements: Measurement[], checks = [judged]) => casePlots(record(ids[0]!, { measurements, checks }))

test('percentiles of one permutation share a plot, with a line for each job and direction', async () => {
  const jobs = plotsOf([...reads, ...writes, ...latencies('mixed-70-30/64k', 'mixed read', [2, 3, 4, 5, 6])])
  expect(jobs.map(({ name }) => name)).toEqual(['percentiles of random-rw/4k', 'percentiles of mixed-70-30/64k'])
  const svg = await renderSvg(jobs[0]!.spec)
  for (const text of ['p50', 'p95', 'p99', 'p99.9', 'max', 'rand-read read', 'rand-write write', 'red: limit'])
    expect(svg).toContain(`>${text}<`)
  expect(svg).toContain('latency (ms, logarithmic)')
  expect(svg).not.toContain('mixed read')
  expect(svg.match(/#c8372d/g)).toHaveLength(1)
  expect(svg).not.toMatch(/NaN|Infinity/)
})

test('the axis is logarithmic: equal ratios are equal distances', async () => {
  const [job] = plotsOf(latencies('a/4k', 'read', [1, 10, 100, 1000, 10_000]), [])
  const svg = await renderSvg(job!.spec)
  const points = [...svg.matchAll(/transform="translate\(([\d.]+),([\d.]+)\)" d="M[\d.]+,0A/g)].map(([, , y]) =>
    Number(y),
  )
  // The last one is that of the legend.
  expect(points).toHaveLength(6)
  const distances = points.slice(1, 5).map((y, index) => points[index]! - y)
  for (const distance of distances) expect(distance).toBeCloseTo(distances[0]!, 3)
  expect(svg).toContain('>no limit set<')
})

test('what was not measured, or took no time, is left out; nothing at all makes no plot', async () => {
  const [job] = plotsOf(latencies('a/4k', 'read', [0, 0.5, null, 2, 3]))
  const svg = await renderSvg(job!.spec)
  expect(svg).toContain('>p95<')
  expect(svg).not.toContain('>p50<')
  expect(svg).not.toMatch(/NaN|Infinity/)
  expect(plotsOf(latencies('a/4k', 'read', [null, null, 0, null, null]))).toEqual([])
})

test('names that differ in their ends are told apart in the legend', async () => {
  const [own, ofPods] = ['pipeline-checkpoint write', 'pipeline-checkpoint write in pods']
  const [job] = plotsOf([own, ofPods].flatMap((series) => latencies('a/4k', series, [1, 2, 3, 4, 5])))
  const svg = await renderSvg(job!.spec)
  for (const text of [own, ofPods]) expect(svg).toContain(`>${text}<`)
})

test('names are text in the plot, whatever they contain', async () => {
  const [job] = plotsOf(latencies('</svg><script>', '<b onload=x>\u202e', [1, 2, 3, 4, 5]))
  const svg = await renderSvg(job!.spec)
  expect(svg).not.toMatch(/<script|<b /)
  expect(svg).not.toContain('\u202e')
})
