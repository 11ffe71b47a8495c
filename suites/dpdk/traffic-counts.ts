/** From counters of both VMs to what happened to the packets of one direction. */
import type { ForwardPort, ForwardStatistics } from '../../helpers/tools/testpmd-stats.ts'
import type { Readings, TrafficFindings } from './findings.ts'
import { portsOf, type GeneratorCounters, type GeneratorPort, type PortCounters } from './traffic-generator.ts'

/** Packets, each; null: the counters could not be read. */
export interface TrafficCounts {
  sent: number | null
  outputErrors: number | null
  inputErrors: number | null
  returned: number | null
  received: number | null
  rxDropped: number | null
  txDropped: number | null
  transmitted: number | null
  rxErrors: number | null
  rxNoBuffers: number | null
  txErrors: number | null
  stray: number | null
}

/**
 * Received packets are counted as the documented checkup does: all that both ports of the VM under test got, less those
 * that came in on the far port, and less those that went out on the near one. The latter answer for stray frames that
 * came in on the near port, which on one network get as many as the far one. Where the ports are on two networks, that
 * does not hold, and only the near port counts.
 * @param oneNetwork whether both ports are on the same network
 * @throws Error when a counter is lower after the traffic than before it
 */
export function trafficCounts(
  { direction, generator, vmUnderTest }: TrafficFindings,
  oneNetwork: boolean,
): TrafficCounts {
  const { sending, receiving } = portsOf(direction)
  const sender = generator && portDifference(generator, sending)
  const receiver = generator && portDifference(generator, receiving)
  const near = vmUnderTest && forwarded(vmUnderTest, sending)
  const far = vmUnderTest && forwarded(vmUnderTest, receiving)
  const sum = (of: (port: Forwarded) => number) => (near && far ? of(near) + of(far) : null)
  const txErrors =
    vmUnderTest && difference('TX errors of the VM under test', vmUnderTest, (counters) => counters.txErrors)
  return {
    sent: sender?.opackets ?? null,
    outputErrors: sender?.oerrors ?? null,
    inputErrors: receiver?.ierrors ?? null,
    returned: receiver?.ipackets ?? null,
    received:
      near && far && oneNetwork ? near.rxTotal + far.rxTotal - near.txPackets - far.rxPackets : (near?.rxTotal ?? null),
    rxDropped: sum(({ rxDropped }) => rxDropped),
    // The accumulated TX-dropped of testpmd, which the documented checkup takes, holds send errors as well.
    txDropped: txErrors === null ? null : (sum(({ txDropped }) => txDropped) ?? 0) + txErrors,
    transmitted: far?.txPackets ?? null,
    rxErrors: sum(({ rxErrors }) => rxErrors),
    rxNoBuffers: sum(({ rxNoBuffers }) => rxNoBuffers),
    txErrors,
    stray: far?.rxPackets ?? null,
  }
}

function difference<Counters>(
  name: string,
  { before, after }: Readings<Counters>,
  of: (counters: Counters) => number,
): number {
  const change = of(after) - of(before)
  if (change < 0)
    throw new Error(
      `${name} went from ${of(before)} to ${of(after)} while traffic ran, so something started them anew: a restart of the guest, of testpmd or of the traffic generator; see the transcripts`,
    )
  return change
}

function portDifference(readings: Readings<GeneratorCounters>, port: GeneratorPort): PortCounters {
  const of = (name: keyof PortCounters) =>
    difference(`${name} of port ${port} of the traffic generator`, readings, ({ ports }) => ports[port][name])
  return {
    opackets: of('opackets'),
    ipackets: of('ipackets'),
    oerrors: of('oerrors'),
    ierrors: of('ierrors'),
    obytes: of('obytes'),
    ibytes: of('ibytes'),
  }
}

interface Forwarded {
  rxPackets: number
  rxDropped: number
  rxTotal: number
  txPackets: number
  txDropped: number
  rxErrors: number
  rxNoBuffers: number
}

function forwarded(readings: Readings<ForwardStatistics>, number: GeneratorPort): Forwarded {
  const of = (name: string, value: (port: ForwardPort) => number) =>
    difference(`${name} of port ${number} of the VM under test`, readings, ({ ports }) => value(portOf(ports, number)))
  return {
    rxPackets: of('RX-packets', ({ rx }) => rx.packets),
    rxDropped: of('RX-dropped', ({ rx }) => rx.dropped),
    rxTotal: of('RX-total', ({ rx }) => rx.total),
    txPackets: of('TX-packets', ({ tx }) => tx.packets),
    txDropped: of('TX-dropped', ({ tx }) => tx.dropped),
    rxErrors: of('RX-error', ({ rxErrors }) => rxErrors),
    rxNoBuffers: of('RX-nombufs', ({ rxNoBuffers }) => rxNoBuffers),
  }
}

function portOf(ports: readonly ForwardPort[], number: GeneratorPort): ForwardPort {
  const found = ports.find(({ port }) => port === number)
  if (!found) {
    const has = ports.map(({ port }) => port).join(', ') || 'none'
    throw new Error(
      `testpmd has no port ${number}, only ${has}; both interfaces of the VM under test must be given to it`,
    )
  }
  return found
}
