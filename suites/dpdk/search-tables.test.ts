import { expect, test } from 'vitest'
import { dpdkContract } from './contract.ts'
import type { SearchTrial } from './ndr-search.ts'
import { dpdkRecording } from './recording.ts'

const parameters = dpdkContract.parameters.parse({
  networkAttachmentDefinitionNamespace: 'ns',
  networkAttachmentDefinitionName: 'sriov',
  mode: 'ndr',
  ndrFrameSizes: 64,
  ndrPdrLossPercent: 0.5,
  directions: 'east-to-west',
})
const trial = (packetsPerSecond: number, sent: number, received: number): SearchTrial => {
  const lossPercent = (100 * (sent - received)) / sent
  return { packetsPerSecond, sent, received, valid: true, lossPercent, outcome: lossPercent === 0 ? 'passed' : 'lost' }
}
const common = { direction: 'east-to-west', frame: 64, lineRate: 14_880_952 } as const
const { measurements, tables } = dpdkRecording(
  {
    trafficGeneratorNode: 'worker1',
    vmUnderTestNode: 'worker2',
    traffic: [],
    searches: [
      {
        ...common,
        kind: 'ndr',
        maxLossPercent: 0,
        found: {
          packetsPerSecond: 7_440_476,
          converged: true,
          boundedBy: 'loss',
          trials: [trial(7_500_000, 1000, 999), trial(7_440_476, 1000, 1000)],
        },
      },
    ],
  },
  parameters,
)

test('the rates of a search stand side by side with the line rate, and a search that was not made is null', () => {
  expect(tables.map(({ title }) => title)).toEqual([
    'Rates that were found, by frame size (Gbit/s on the wire)',
    'Trials of the searches',
  ])
  expect(tables[0]!.rows).toEqual([
    ['east-to-west', '64', 'NDR', 7_440_476, 5, 50, 14_880_952, 'loss', 2],
    ['east-to-west', '64', 'PDR', null, null, null, 14_880_952, null, null],
  ])
  for (const { columns, rows } of tables) for (const cells of rows) expect(cells.length).toBe(columns.length)
})

test('each trial is told with what was lost in it', () => {
  expect(tables[1]!.rows).toEqual([
    ['east-to-west', '64', 'NDR', 1, 7_500_000, 50.4, 1000, 1, 0.1, 'lost'],
    ['east-to-west', '64', 'NDR', 2, 7_440_476, 50, 1000, 0, 0, 'passed'],
  ])
  const { search } = measurements.find(({ name }) => name === 'ndrPacketsPerSecond')!
  expect(search).toMatchObject({ top: 14_880_952, trials: [{ tried: 7_500_000, outcome: 'lost' }, {}] })
})

test('a search for a rate with some loss knows the trials of the one without, judged by its own limit', () => {
  const done = { ...common, found: { packetsPerSecond: 1, converged: true, boundedBy: 'loss' as const, trials: [] } }
  const withLoss = { ...done.found, trials: [trial(7_500_000, 1000, 999), trial(8_000_000, 1000, 900)] }
  const both = dpdkRecording(
    {
      trafficGeneratorNode: '',
      vmUnderTestNode: '',
      traffic: [],
      searches: [
        { ...done, kind: 'ndr', maxLossPercent: 0, found: withLoss },
        { ...done, kind: 'pdr', maxLossPercent: 0.5 },
      ],
    },
    parameters,
  )
  const outcomes = (name: string) =>
    both.measurements.find((each) => each.name === name)!.search!.trials.map(({ outcome }) => outcome)
  expect(outcomes('ndrPacketsPerSecond')).toEqual(['lost', 'lost'])
  expect(outcomes('pdrPacketsPerSecond')).toEqual(['passed', 'lost'])
})
