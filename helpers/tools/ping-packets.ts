import type { PingOutput } from './ping.ts'

/** What became of the packets of one ping, without those at the beginning that are not judged. */
export interface PingPackets {
  transmitted: number
  received: number
  /** Positions of the packets without a reply, from 0 for the first judged one, ascending. */
  lost: number[]
  /** null when nothing was transmitted. */
  lossPercent: number | null
  duplicates: number
  /**
   * First replies that came after the reply to a later packet: the Type-P-Reordered singleton of RFC 4737 section 3.3,
   * on sequence numbers of replies, so that it holds for the way there and back together.
   */
  reordered: number
  /** Of the first reply to each packet, in the order of sending, in nanoseconds. Packets too small for a time have none. */
  roundTripNanoseconds: number[]
}

/**
 * @param warmUp how many packets at the beginning to leave out
 * @throws RangeError when the replies are not listed (-q, -f): there is no telling which packets were lost
 */
export function pingPackets(output: PingOutput, warmUp = 0): PingPackets {
  if (output.quiet) throw new RangeError('ping did not list its replies; run it without -q and -f')
  const firstSequence = output.family === 'busybox' ? 0 : 1
  const transmitted = Math.max(0, output.statistics.transmitted - warmUp)
  const times: (number | null | undefined)[] = Array.from({ length: transmitted })
  let [received, duplicates, reordered, highest] = [0, 0, 0, -1]
  for (const { kind, sequence, timeNanoseconds } of output.replies) {
    const position = sequence - firstSequence - warmUp
    if (position < 0 || kind === 'corrupted') continue
    if (kind === 'duplicate') {
      duplicates += 1
      continue
    }
    received += 1
    if (position < highest) reordered += 1
    else highest = position
    times[position] = timeNanoseconds
  }
  return {
    transmitted,
    received,
    lost: times.flatMap((time, position) => (time === undefined ? [position] : [])),
    lossPercent: transmitted === 0 ? null : ((transmitted - received) * 100) / transmitted,
    duplicates,
    reordered,
    roundTripNanoseconds: times.filter((time) => typeof time === 'number'),
  }
}
