/** All counters of one direction as they were read, for people who want to see where packets were lost. */
import type { RecordTable } from '../../helpers/run/case-record.ts'
import type { ForwardPort } from '../../helpers/tools/testpmd-stats.ts'
import type { TrafficFindings } from './findings.ts'
import { generatorPorts, portsOf, type Direction, type GeneratorPort, type PortCounters } from './traffic-generator.ts'

const ofGenerator: [name: keyof PortCounters, title: string][] = [
  ['opackets', 'sent packets (opackets)'],
  ['ipackets', 'received packets (ipackets)'],
  ['oerrors', 'output errors (oerrors)'],
  ['ierrors', 'input errors (ierrors)'],
]

const ofVmUnderTest: [title: string, of: (port: ForwardPort) => number][] = [
  ['RX-packets', ({ rx }) => rx.packets],
  ['RX-dropped', ({ rx }) => rx.dropped],
  ['RX-error', ({ rxErrors }) => rxErrors],
  ['RX-nombufs', ({ rxNoBuffers }) => rxNoBuffers],
  ['TX-packets', ({ tx }) => tx.packets],
  ['TX-dropped', ({ tx }) => tx.dropped],
]

/** Ports stand in the order in which the packets of the direction come by. */
export function counterTable({ direction, generator, vmUnderTest }: TrafficFindings): RecordTable {
  const { sending, receiving } = portsOf(direction)
  const generatorRows = (port: GeneratorPort) =>
    ofGenerator.map(([name, title]) =>
      row(`traffic generator, ${portName(port)}`, title, generator, ({ ports }) => ports[port][name]),
    )
  const vmRows = (port: GeneratorPort) =>
    ofVmUnderTest.map(([title, of]) =>
      row(`VM under test, ${portName(port)}`, title, vmUnderTest, ({ ports }) => {
        const found = ports.find((each) => each.port === port)
        return found === undefined ? null : of(found)
      }),
    )
  return {
    title: `Counters ${directionText(direction)}, in packets`,
    columns: ['where', 'counter', 'before', 'after', 'difference'],
    rows: [
      ...generatorRows(sending),
      ...vmRows(sending),
      ...vmRows(receiving),
      row('VM under test, both ports', 'TX errors', vmUnderTest, ({ txErrors }) => txErrors),
      ...generatorRows(receiving),
    ],
  }
}

const portName = (port: GeneratorPort): string => `port ${port} (${port === generatorPorts[0] ? 'east' : 'west'})`

const directionText = (direction: Direction): string => direction.replaceAll('-', ' ')

function row<Counters>(
  where: string,
  counter: string,
  readings: { before: Counters; after: Counters } | null,
  of: (counters: Counters) => number | null,
): RecordTable['rows'][number] {
  const before = readings && of(readings.before)
  const after = readings && of(readings.after)
  return [where, counter, before, after, before === null || after === null ? null : after - before]
}
