import type { PingOutput, PingReply } from './ping.ts'

/** What ping computes in whole microseconds may be cut off by one. */
const microsecond = 1000

/**
 * Holds the statistics against themselves and against the listed replies.
 * @param printedLoss the percentage as printed
 * @returns one contradiction, as a clause for an error, or null
 */
export function checkConsistency(output: PingOutput, printedLoss: string | null): string | null {
  return checkCounts(output, printedLoss) ?? checkRoundTripOrder(output) ?? checkReplies(output)
}

function checkCounts({ family, statistics }: PingOutput, printedLoss: string | null): string | null {
  const { transmitted, received, lossPercent } = statistics
  if (received > transmitted) return `${received} packets received of ${transmitted} transmitted`
  if (lossPercent === null || printedLoss === null)
    return lossPercent === printedLoss ? null : 'a packet loss without transmitted packets, or the other way round'
  // BusyBox cuts to whole percents; iputils prints six significant digits of a single-precision number.
  const agrees =
    family === 'busybox'
      ? Number(printedLoss) === Math.floor(lossPercent)
      : Math.abs(Number(printedLoss) - lossPercent) <= Math.max(1e-5 * lossPercent, 1e-9)
  return agrees
    ? null
    : `${printedLoss}% packet loss, but ${received} of ${transmitted} packets received is ${Number(lossPercent.toPrecision(6))}%`
}

function checkRoundTripOrder({ statistics: { roundTrip, received, duplicates } }: PingOutput): string | null {
  if (roundTrip === null) return null
  if (received + duplicates === 0) return 'round-trip times without a reply'
  const { minNanoseconds, averageNanoseconds, maxNanoseconds } = roundTrip
  return minNanoseconds <= averageNanoseconds && averageNanoseconds <= maxNanoseconds
    ? null
    : 'the average round-trip time is not between the smallest and the largest'
}

function checkReplies(output: PingOutput): string | null {
  const { replies, quiet, statistics, family } = output
  if (quiet) return null
  const { transmitted, received, duplicates, corrupted } = statistics
  const counted = { first: 0, duplicate: 0, corrupted: 0 }
  for (const reply of replies) counted[reply.kind] += 1
  if (counted.first !== received) return `${received} packets received, but ${counted.first} replies are listed`
  if (counted.duplicate !== duplicates) return `${duplicates} duplicates, but ${counted.duplicate} are listed as (DUP!)`
  if (counted.corrupted !== corrupted)
    return `${corrupted} corrupted, but ${counted.corrupted} are listed as (BAD CHECKSUM!)`

  const first = family === 'busybox' ? 0 : 1
  const outside = replies.find(({ sequence }) => sequence < first || sequence >= first + transmitted)
  if (outside)
    return `a reply to sequence ${outside.sequence}, but ${transmitted} packets were transmitted from sequence ${first}`
  return checkUnique(replies) ?? checkRoundTrip(output)
}

function checkUnique(replies: readonly PingReply[]): string | null {
  let highest = -1
  let ordered = true
  for (const { kind, sequence } of replies) {
    if (kind !== 'first') continue
    if (sequence <= highest) ordered = false
    else highest = sequence
  }
  if (ordered) return null
  const seen = new Set<number>()
  for (const { kind, sequence } of replies) {
    if (kind !== 'first') continue
    if (seen.has(sequence)) return `two replies to sequence ${sequence}, of which none is marked (DUP!)`
    seen.add(sequence)
  }
  return null
}

/** The summary is computed from all replies but the corrupted ones, before they are rounded for printing. */
function checkRoundTrip({ replies, statistics: { roundTrip } }: PingOutput): string | null {
  if (roundTrip === null) return null
  let [least, leastResolution, most, mostResolution] = [Infinity, 0, -Infinity, 0]
  let [count, sum, resolutions, coarsest] = [0, 0, 0, 0]
  for (const { kind, timeNanoseconds: time, resolutionNanoseconds: resolution } of replies) {
    if (kind === 'corrupted' || time === null) continue
    count += 1
    sum += time
    resolutions += resolution
    if (resolution > coarsest) coarsest = resolution
    if (time < least) [least, leastResolution] = [time, resolution]
    if (time > most) [most, mostResolution] = [time, resolution]
  }
  if (count === 0) return 'round-trip times, but no listed reply has one'
  const differs = (printed: number, listed: number, allowance: number) => Math.abs(printed - listed) > allowance
  const { minNanoseconds, averageNanoseconds, maxNanoseconds, mdevNanoseconds } = roundTrip
  if (differs(minNanoseconds, least, leastResolution)) return says('smallest', minNanoseconds, least)
  if (differs(maxNanoseconds, most, mostResolution)) return says('largest', maxNanoseconds, most)
  const mean = sum / count
  if (differs(averageNanoseconds, mean, resolutions / count + microsecond))
    return says('average', averageNanoseconds, mean)

  if (mdevNanoseconds === null) return null
  let squares = 0
  for (const { kind, timeNanoseconds: time } of replies)
    if (kind !== 'corrupted' && time !== null) squares += (time - mean) ** 2
  const mdev = Math.sqrt(squares / count)
  // Rounding moves a standard deviation by no more than the coarsest step. Versions before 2021 subtract the square of
  // an average that is cut to microseconds, which can add up to 2 * average * 1 us below the root.
  const low = mdev - coarsest - microsecond
  const high = Math.sqrt((mdev + coarsest) ** 2 + 2 * mean * microsecond) + microsecond
  return mdevNanoseconds < low || mdevNanoseconds > high ? says('mdev of the', mdevNanoseconds, mdev) : null
}

const says = (which: string, printed: number, listed: number) =>
  `the ${which} round-trip time is ${printed / 1e6} ms, but ${Number((listed / 1e6).toFixed(6))} ms by the listed replies`
