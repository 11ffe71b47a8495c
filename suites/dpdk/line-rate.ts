/** Rates of Ethernet frames: packets per second as they are written, and what a port can carry. */

/** RFC 2544 sizes and the mix, in the order of a report. */
export const frameSizes = [64, 128, 256, 512, 1024, 1280, 1518, 'IMIX'] as const
export type FrameSize = number | 'IMIX'

/** Of 12 frames of the simple IMIX, 7 are of the first size, 4 of the second and 1 of the third. Bytes with FCS. */
export const imix = [
  { frameBytes: 64, share: 7 },
  { frameBytes: 594, share: 4 },
  { frameBytes: 1518, share: 1 },
] as const

/** Preamble, start delimiter and gap between frames: they take time on the wire as bytes do. */
const wireOverheadBytes = 20

const imixFrames = imix.reduce((sum, { share }) => sum + share, 0)
const meanFrameBytes = (frame: FrameSize): number =>
  frame === 'IMIX' ? imix.reduce((sum, { frameBytes, share }) => sum + frameBytes * share, 0) / imixFrames : frame

/** Bits per second that the wire is busy for. `frame`: bytes with FCS. */
export const wireBitsPerSecond = (packetsPerSecond: number, frame: FrameSize): number =>
  packetsPerSecond * (meanFrameBytes(frame) + wireOverheadBytes) * 8

/** Bits per second of the frames alone, with FCS. */
export const frameBitsPerSecond = (packetsPerSecond: number, frame: FrameSize): number =>
  packetsPerSecond * meanFrameBytes(frame) * 8

/** Whole packets per second that a port can carry: 14880952 frames of 64 bytes at 10 Gbit/s. */
export const lineRate = (portBandwidthGbps: number, frame: FrameSize): number =>
  Math.floor((portBandwidthGbps * 1e9) / wireBitsPerSecond(1, frame))

/** As the documented parameter has it: digits, then nothing, k for thousands or m for millions. */
export const packetsPerSecondPattern = /^[1-9]\d*[km]?$/

const scales: Record<string, number> = { k: 1e3, m: 1e6 }

/** @throws RangeError for what the documented checkup refuses, and beyond 2^53 - 1 */
export function parsePacketsPerSecond(text: string): number {
  const rate = Number.parseInt(text, 10) * (scales[text.slice(-1)] ?? 1)
  if (!packetsPerSecondPattern.test(text) || !Number.isSafeInteger(rate))
    throw new RangeError(
      `invalid rate ${JSON.stringify(text)}: expected a whole number of packets per second above 0, with k or m for thousands or millions, such as 8m`,
    )
  return rate
}
