/** The unit in which an axis can be read. */
import type { Unit } from '../../helpers/run/case-record.ts'

export interface AxisScale {
  unit: string
  divisor: number
}

const steps: Partial<Record<Unit, [unit: string, divisor: number][]>> = {
  ns: [
    ['s', 1e9],
    ['ms', 1e6],
    ['µs', 1e3],
  ],
  us: [
    ['s', 1e6],
    ['ms', 1e3],
    ['µs', 1],
  ],
  pps: [
    ['million packets/s', 1e6],
    ['thousand packets/s', 1e3],
    ['packets/s', 1],
  ],
  'bit/s': [
    ['Gbit/s', 1e9],
    ['Mbit/s', 1e6],
    ['kbit/s', 1e3],
  ],
}

/** The largest multiple of the unit that leaves the largest value at 1 or above. */
export function readableScale(unit: Unit, largest: number): AxisScale {
  const [text, divisor] = steps[unit]?.find(([, step]) => largest >= step) ?? [unit, 1]
  return { unit: text, divisor }
}
