/** Packet rates as text, and what they mean on an Ethernet wire. */

const thousands = { '': 1, k: 1000, m: 1_000_000 } as const

/**
 * Packets per second: `8m`, `500k`, `1234`.
 * @throws RangeError for anything else, such as 0, fractions, signs and upper-case suffixes
 */
export function parsePacketRate(text: string): number {
  const [, digits, suffix = ''] = /^([1-9]\d*)([km])?$/.exec(text) ?? []
  const rate = Number(digits) * (suffix === 'k' || suffix === 'm' ? thousands[suffix] : 1)
  if (!Number.isSafeInteger(rate))
    throw new RangeError(
      `invalid packet rate ${JSON.stringify(text)}: expected a whole number of packets per second from 1 to ` +
        `${Number.MAX_SAFE_INTEGER}, with k for thousands or m for millions, such as 500k or 8m`,
    )
  return rate
}

/** The shortest text that `parsePacketRate` reads as this rate. @throws RangeError unless it is a whole number from 1 */
export function formatPacketRate(packetsPerSecond: number): string {
  if (!Number.isSafeInteger(packetsPerSecond) || packetsPerSecond < 1)
    throw new RangeError(`invalid packet rate ${packetsPerSecond} packets/s: expected a whole number from 1`)
  for (const suffix of ['m', 'k'] as const)
    if (packetsPerSecond % thousands[suffix] === 0) return `${packetsPerSecond / thousands[suffix]}${suffix}`
  return String(packetsPerSecond)
}

/** Ethernet frame with its 4 bytes of FCS, or the mix of `imix`. */
export type FrameSize = number | 'IMIX'

/**
 * The simple IMIX: 7 small, 4 medium and 1 large frame, as TRex sends it with its profile stl/imix.py (60, 590 and
 * 1514 bytes without FCS at 28:16:4). It is a custom; RFC 6985 says only how to name such mixes.
 */
export const imix = [
  { frameBytes: 64, share: 7 },
  { frameBytes: 594, share: 4 },
  { frameBytes: 1518, share: 1 },
] as const

/** Of the mix, 4342 / 12 = 361.8 bytes. */
export function averageFrameBytes(frame: FrameSize): number {
  if (frame === 'IMIX') {
    const bytes = imix.reduce((sum, { frameBytes, share }) => sum + frameBytes * share, 0)
    return bytes / imix.reduce((sum, { share }) => sum + share, 0)
  }
  if (!Number.isSafeInteger(frame) || frame < 64)
    throw new RangeError(`invalid frame size ${frame} bytes: an Ethernet frame has at least 64 with its FCS`)
  return frame
}

/** On the wire each frame has 7 bytes of preamble, 1 start delimiter, and a gap of at least 12 (IEEE 802.3). */
const bytesBetweenFrames = 20

const wireBits = (frame: FrameSize) => (averageFrameBytes(frame) + bytesBetweenFrames) * 8

/** Most whole packets per second that a port of this bandwidth carries: 14880952 for 64 bytes at 10 Gbit/s. */
export const lineRate = (frame: FrameSize, portGigabitsPerSecond: number): number =>
  Math.floor((portGigabitsPerSecond * 1e9) / wireBits(frame))

/** What the wire carries, with preambles and gaps: 8,000,000 packets/s of 64 bytes are 5.376 Gbit/s. */
export const gigabitsPerSecondOnWire = (packetsPerSecond: number, frame: FrameSize): number =>
  (packetsPerSecond * wireBits(frame)) / 1e9

/** From 0; above 100 the port cannot carry it. */
export const percentOfLineRate = (packetsPerSecond: number, frame: FrameSize, portGigabitsPerSecond: number): number =>
  (gigabitsPerSecondOnWire(packetsPerSecond, frame) / portGigabitsPerSecond) * 100
