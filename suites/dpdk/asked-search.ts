/** Which searches a case of mode: ndr asks for, and what became of each. */
import type { FrameSize } from '../../helpers/tools/packet-rate.ts'
import type { DpdkFindings, SearchFindings } from './findings.ts'
import type { DpdkParameters } from './parameters.ts'
import type { Direction } from './traffic-generator.ts'
import { searchPlan } from './traffic-plan.ts'

/** A search, or that there was none. */
export interface AskedSearch {
  direction: Direction
  frame: FrameSize
  kind: SearchFindings['kind']
  lineRate: number
  done: SearchFindings | null
}

export const searchSubject = ({ direction, frame }: Pick<AskedSearch, 'direction' | 'frame'>): string =>
  `${direction}, ${frame === 'IMIX' ? frame : `${frame} bytes`}`

/** One for each direction, frame size and loss limit that the case asks for. */
export function askedSearches({ searches }: DpdkFindings, parameters: DpdkParameters): AskedSearch[] {
  if (parameters.mode !== 'ndr') return []
  const kinds = parameters.ndrPdrLossPercent === undefined ? (['ndr'] as const) : (['ndr', 'pdr'] as const)
  const { directions, frames } = searchPlan(parameters)
  return directions.flatMap((direction) =>
    frames.flatMap(({ frame, lineRate }) =>
      kinds.map((kind) => ({
        direction,
        frame,
        kind,
        lineRate,
        done:
          searches.find((each) => each.direction === direction && each.frame === frame && each.kind === kind) ?? null,
      })),
    ),
  )
}

/** In per cent of the line rate; null without a search. */
export const lineRatePercent = ({ done, lineRate }: AskedSearch): number | null =>
  done && (100 * done.found.packetsPerSecond) / lineRate
