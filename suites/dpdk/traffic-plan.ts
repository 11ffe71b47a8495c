/** From the parameters of a case to what is sent, for how long, and how long that may take. */
import { lineRate, parsePacketRate, type FrameSize } from '../../helpers/tools/packet-rate.ts'
import { parseWholeSeconds } from '../../helpers/units/duration.ts'
import type { DpdkParameters } from './parameters.ts'
import type { Direction } from './traffic-generator.ts'

/** Counters must have come to rest: they are read until they are equal twice. */
const settleSeconds = 5

export interface TrafficPlan {
  directions: Direction[]
  packetsPerSecond: number
  frameBytes: number
  durationSeconds: number
  sampleIntervalSeconds: number
}

export interface SearchPlan {
  directions: Direction[]
  /** For each frame size the highest rate to try, in packets per second, and the line rate. */
  frames: { frame: FrameSize; lineRate: number; highestRate: number }[]
  trialSeconds: number
}

/** @throws Error in mode ndr, and where the rules of the contract have an error */
export function trafficPlan(of: DpdkParameters): TrafficPlan {
  const { testDuration, trafficGenPacketsPerSecond, mode } = of
  if (mode === 'ndr' || testDuration === undefined || trafficGenPacketsPerSecond === undefined)
    throw new Error(`mode: ${mode} has no traffic of one rate and duration`)
  const durationSeconds = parseWholeSeconds(testDuration)
  return {
    directions: of.directions,
    packetsPerSecond: parsePacketRate(trafficGenPacketsPerSecond),
    frameBytes: of.frameBytes,
    durationSeconds,
    sampleIntervalSeconds: Math.min(of.sampleIntervalSeconds, durationSeconds),
  }
}

export function searchPlan(of: DpdkParameters): SearchPlan {
  const limit = of.trafficGenPacketsPerSecond === undefined ? Infinity : parsePacketRate(of.trafficGenPacketsPerSecond)
  return {
    directions: of.directions,
    frames: of.ndrFrameSizes.map((frame) => {
      const rate = lineRate(frame, of.portBandwidthGbps)
      return { frame, lineRate: rate, highestRate: Math.min(rate, limit) }
    }),
    trialSeconds: parseWholeSeconds(of.ndrTrialDuration),
  }
}

/** How long the case measures at most, in seconds; 0 when it does not say how long traffic runs. */
export function measurementSeconds(of: DpdkParameters): number {
  const count = of.directions.length
  if (of.mode !== 'ndr')
    return of.testDuration === undefined ? 0 : count * (parseWholeSeconds(of.testDuration) + settleSeconds)
  const searches = count * of.ndrFrameSizes.length * (of.ndrPdrLossPercent === undefined ? 1 : 2)
  return searches * of.ndrMaxTrials * (parseWholeSeconds(of.ndrTrialDuration) + settleSeconds)
}
