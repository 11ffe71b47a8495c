import { expect, test } from 'vitest'
import type { ForwardPort, ForwardStatistics } from '../../helpers/tools/testpmd-stats.ts'
import { counterTable } from './counter-table.ts'
import type { TrafficFindings } from './findings.ts'
import type { GeneratorCounters } from './traffic-generator.ts'

const count = (packets: number, dropped = 0) => ({ packets, dropped, total: packets + dropped })
const port = (number: number, other: Partial<ForwardPort> = {}): ForwardPort => ({
  port: number,
  rx: count(0),
  tx: count(0),
  rxErrors: 0,
  rxNoBuffers: 0,
  ...other,
})
const forward = (ports: ForwardPort[]): ForwardStatistics => ({
  streams: [],
  ports,
  accumulated: { rx: count(0), tx: count(0), rxNoBuffers: 0 },
  txErrors: 0,
})
const none = { opackets: 0, ipackets: 0, oerrors: 0, ierrors: 0, obytes: 0, ibytes: 0 }
const generator = (opackets: number, ipackets: number): GeneratorCounters => ({
  ports: { 0: { ...none, ipackets }, 1: { ...none, opackets } },
  latency: null,
  rawOutput: '',
})

const found: TrafficFindings = {
  direction: 'west-to-east',
  asked: { packetsPerSecond: 10, durationSeconds: 10 },
  measuredSeconds: 10,
  generator: { before: generator(0, 0), after: generator(100, 93) },
  vmUnderTest: {
    before: forward([port(0), port(1, { rxErrors: 4 })]),
    after: forward([port(0, { tx: count(93) }), port(1, { rx: count(93, 7), rxErrors: 4 })]),
  },
  atRest: true,
  samples: [],
  rawOutputs: {},
}

test('counters stand in the order in which packets come by, with what they were before', () => {
  const { title, columns, rows } = counterTable(found)
  expect(title).toBe('Counters west to east, in packets')
  expect(columns).toEqual(['where', 'counter', 'before', 'after', 'difference'])
  expect(rows.filter(([, , before, after]) => before !== 0 || after !== 0)).toEqual([
    ['traffic generator, port 1 (west)', 'sent packets (opackets)', 0, 100, 100],
    ['VM under test, port 1 (west)', 'RX-packets', 0, 93, 93],
    ['VM under test, port 1 (west)', 'RX-dropped', 0, 7, 7],
    ['VM under test, port 1 (west)', 'RX-error', 4, 4, 0],
    ['VM under test, port 0 (east)', 'TX-packets', 0, 93, 93],
    ['traffic generator, port 0 (east)', 'received packets (ipackets)', 0, 93, 93],
  ])
})

test('counters that could not be read are null and never 0', () => {
  const { rows } = counterTable({ ...found, vmUnderTest: null })
  const ofVm = rows.filter(([where]) => String(where).startsWith('VM under test'))
  expect(ofVm.length).toBe(13)
  expect(ofVm.flatMap((cells) => cells.slice(2)).every((cell) => cell === null)).toBe(true)
})
