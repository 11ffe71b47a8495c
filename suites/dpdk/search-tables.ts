/** What the searches of a case found, and the trials that they took. */
import type { RecordTable } from '../../helpers/run/case-record.ts'
import { gigabitsPerSecondOnWire } from '../../helpers/tools/packet-rate.ts'
import { type AskedSearch, lineRatePercent } from './asked-search.ts'

const bounds = { loss: 'loss', generator: 'the traffic generator', 'line-rate': 'the line rate' } as const

/** None without a search. */
export function searchTables(searches: readonly AskedSearch[]): RecordTable[] {
  if (searches.length === 0) return []
  return [rates(searches), trials(searches)]
}

function rates(searches: readonly AskedSearch[]): RecordTable {
  return {
    title: 'Rates that were found, by frame size (Gbit/s on the wire)',
    columns: [
      'direction',
      'frame',
      'rate',
      'packets/s',
      'Gbit/s',
      '% of line rate',
      'line rate',
      'bounded by',
      'trials',
    ],
    rows: searches.map((search) => {
      const { done, lineRate } = search
      return [
        ...nameOf(search),
        done?.found.packetsPerSecond ?? null,
        done && rounded(gigabitsPerSecondOnWire(done.found.packetsPerSecond, done.frame)),
        rounded(lineRatePercent(search)),
        lineRate,
        done && (done.found.converged ? bounds[done.found.boundedBy] : 'ndrMaxTrials'),
        done?.found.trials.length ?? null,
      ]
    }),
  }
}

function trials(searches: readonly AskedSearch[]): RecordTable {
  return {
    title: 'Trials of the searches',
    columns: [
      'direction',
      'frame',
      'rate',
      'trial',
      'packets/s',
      '% of line rate',
      'sent packets',
      'lost packets',
      'loss (%)',
      'outcome',
    ],
    rows: searches.flatMap((search) =>
      (search.done?.found.trials ?? []).map(({ packetsPerSecond, sent, received, lossPercent, outcome }, index) => [
        ...nameOf(search),
        index + 1,
        packetsPerSecond,
        rounded((100 * packetsPerSecond) / search.lineRate),
        sent,
        sent - received,
        lossPercent === null ? null : Number(lossPercent.toPrecision(4)),
        outcome,
      ]),
    ),
  }
}

const nameOf = ({ direction, frame, kind }: AskedSearch): string[] => [direction, String(frame), kind.toUpperCase()]

const rounded = <T extends number | null>(value: T): T | number =>
  value === null ? value : Math.round(value * 1000) / 1000
