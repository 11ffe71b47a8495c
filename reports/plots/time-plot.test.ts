import { expect, test } from 'vitest'
import type { Measurement } from '../../helpers/run/case-record.ts'
import { ids, record } from '../testdata/child-run/sample-record.ts'
import { casePlots } from './plot-jobs.ts'
import { renderSvg } from './render-svg.ts'

const rate = (name: string, subject: string, samples: number[], other: Partial<Measurement> = {}): Measurement => ({
  name,
  subject,
  value: samples.at(-1) ?? null,
  unit: 'pps',
  better: 'higher',
  samples,
  sampleTimesSeconds: samples.map((_, index) => (index + 1) * 10),
  ...other,
})
const drops = (subject: string, samples: number[]) =>
  rate('drops', subject, samples, { unit: 'bit/s', better: 'lower' })
const plotsOf = (...measurements: Measurement[]) => casePlots(record(ids[0]!, { measurements }))

test('what has times is drawn in one plot for each subject, and nowhere else', () => {
  const there = [rate('sent', 'there', [1, 2]), rate('returned', 'there', [1, 2]), drops('there', [0, 0])]
  const untimed = { ...rate('rtt', 'there', [1, 2]), sampleTimesSeconds: undefined }
  const { sampleTimesSeconds: _, ...plain } = untimed
  expect(plotsOf(...there, rate('sent', 'back', [1, 2]), plain).map(({ name }) => name)).toEqual([
    'plot over time, there',
    'plot over time, back',
    'plot of rtt, there',
  ])
})

test('rates and drops have scales of their own, and what was asked is a dashed line', async () => {
  const [job] = plotsOf(
    rate('sent', 'there', [7_900_000, 8_000_000], { asked: 8_000_000 }),
    rate('returned', 'there', [7_900_000, 8_000_000]),
    drops('there', [0, 38_400]),
  )
  const svg = await renderSvg(job!.spec)
  for (const text of [
    'sent',
    'returned',
    'drops',
    'million packets/s',
    'kbit/s',
    '2 samples · asked 8,000,000 pps (dashed)',
  ])
    expect(svg).toContain(`>${text}<`)
  expect(svg.split('stroke-dasharray').length - 1).toBe(1)
  expect(JSON.stringify(job!.spec)).toContain('{"position":20,"value":38.4,"name":"drops"}')
})

test('no drops at all are a line at 0', async () => {
  const svg = await renderSvg(plotsOf(drops('', [0, 0, 0]))[0]!.spec)
  expect(svg).toContain('>bit/s<')
  expect(svg).not.toMatch(/NaN|Infinity/)
})

test('a sample each second of a day makes a document of bounded size that keeps the worst drop', async () => {
  const samples = Array.from({ length: 86_400 }, (_, index) => (index === 40_000 ? 5_000_000 : 0))
  const [job] = plotsOf(drops('there', samples))
  expect(JSON.stringify(job!.spec)).toContain('"value":5,')
  expect((await renderSvg(job!.spec)).length).toBeLessThan(300_000)
})
