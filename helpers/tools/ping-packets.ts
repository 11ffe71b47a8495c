import type { PingOutput, PingReply } from './ping.ts'

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
  /**
   * Of the first reply to each packet, in the order of sending, in nanoseconds. Packets too small for a time have none.
   * iputils rounds what it lists; the smallest and the largest are taken from its statistics, which are exact to 1 us.
   */
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
  const exact = exactExtremes(output)
  let [received, duplicates, reordered, highest] = [0, 0, 0, -1]
  for (const reply of output.replies) {
    const { kind, sequence, timeNanoseconds } = reply
    const position = sequence - firstSequence - warmUp
    if (position < 0 || kind === 'corrupted') continue
    if (kind === 'duplicate') {
      duplicates += 1
      continue
    }
    received += 1
    if (position < highest) reordered += 1
    else highest = position
    times[position] = exact.get(reply) ?? timeNanoseconds
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

/**
 * A listed 18.3 ms may be 18.257 ms, and a limit lies between. Of the reply that is the smallest or largest of all, the
 * statistics have the exact time; where several look alike in rounded form, there is no telling which of them it is.
 */
function exactExtremes({ replies, statistics: { roundTrip } }: PingOutput): Map<PingReply, number> {
  const exact = new Map<PingReply, number>()
  if (roundTrip === null) return exact
  const timed = replies.filter(({ kind, timeNanoseconds }) => kind !== 'corrupted' && timeNanoseconds !== null)
  for (const [time, of] of [
    [roundTrip.minNanoseconds, extremes(timed, -1)],
    [roundTrip.maxNanoseconds, extremes(timed, 1)],
  ] as const) {
    const [only, another] = of
    if (only !== undefined && another === undefined) exact.set(only, time)
  }
  return exact
}

/** Up to two replies with the largest time (direction 1) or the smallest (-1). */
function extremes(replies: readonly PingReply[], direction: 1 | -1): PingReply[] {
  let found: PingReply[] = []
  let best = -Infinity
  for (const reply of replies) {
    const value = direction * (reply.timeNanoseconds ?? Number.NaN)
    if (value > best) [found, best] = [[reply], value]
    else if (value === best && found.length < 2) found.push(reply)
  }
  return found
}
