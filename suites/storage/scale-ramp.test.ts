import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import {
  nextRampSize,
  queueDepthSummary,
  rampOutcome,
  rampSummary,
  type RampOutcome,
  type RampStep,
} from './scale-ramp.ts'

function ramp(outcomeOf: (vms: number) => RampOutcome, most = 256): RampStep[] {
  const steps: RampStep[] = []
  for (let vms = nextRampSize(steps, most); vms !== null; vms = nextRampSize(steps, most))
    steps.push({ vms, outcome: outcomeOf(vms) })
  return steps
}
const upTo = (limit: number) => (vms: number) => (vms <= limit ? 'within' : 'breach')
const sizes = (steps: readonly RampStep[]) => steps.map(({ vms }) => vms)

test('it doubles, and then goes on from the last that was within', () => {
  const steps = ramp(upTo(40))
  expect(sizes(steps)).toEqual([1, 2, 4, 8, 16, 32, 64, 40, 48])
  expect(rampSummary(steps)).toEqual({ capacityVms: 40, breachVms: 48, noRoomVms: null, valid: true })
  expect(sizes(ramp(upTo(3)))).toEqual([1, 2, 4, 3])
  expect(sizes(ramp(upTo(0)))).toEqual([1])
  expect(rampSummary(ramp(upTo(0)))).toEqual({ capacityVms: null, breachVms: 1, noRoomVms: null, valid: true })
})

test('it ends at the most VMs, though they are no power of two', () => {
  expect(sizes(ramp(upTo(1000), 100))).toEqual([1, 2, 4, 8, 16, 32, 64, 100])
  expect(nextRampSize([], 0)).toBeNull()
})

test('VMs that do not fit bound it as well', () => {
  const steps = ramp((vms) => (vms > 10 ? 'no-room' : 'within'))
  expect(sizes(steps)).toEqual([1, 2, 4, 8, 16, 10, 12])
  expect(rampSummary(steps)).toEqual({ capacityVms: 10, breachVms: null, noRoomVms: 12, valid: true })
})

test('a step without a result ends it, and is no capacity', () => {
  const steps = ramp((vms) => (vms === 4 ? 'invalid' : 'within'))
  expect(sizes(steps)).toEqual([1, 2, 4])
  expect(rampSummary(steps)).toEqual({ capacityVms: 2, breachVms: null, noRoomVms: null, valid: false })
})

property.prop([fc.nat(400), fc.integer({ min: 1, max: 300 })])(
  'for any limit it ends, tries nothing twice, and is near',
  (limit, most) => {
    const steps = ramp(upTo(limit), most)
    expect(new Set(sizes(steps)).size).toBe(steps.length)
    expect(Math.max(...sizes(steps))).toBeLessThanOrEqual(most)
    const { capacityVms, breachVms } = rampSummary(steps)
    const true_ = Math.min(limit, most)
    expect(capacityVms ?? 0).toBeLessThanOrEqual(true_)
    expect(true_ - (capacityVms ?? 0)).toBeLessThanOrEqual(Math.max(0, (capacityVms ?? 0) / 2))
    expect(breachVms === null).toBe(limit >= most)
  },
)

test('a VM without a result does not make the fleet faster', () => {
  expect(rampOutcome([4e6, 5e6], 5e6)).toBe('within')
  expect(rampOutcome([4e6, 5_000_001], 5e6)).toBe('breach')
  expect(rampOutcome([4e6, null], 5e6)).toBe('invalid')
  expect(rampOutcome([], 5e6)).toBe('invalid')
})

test('of a sweep, the deepest queue within the limit and the peak', () => {
  expect(
    queueDepthSummary([
      { queueDepth: 1, totalIops: 100, outcome: 'within' },
      { queueDepth: 8, totalIops: 700, outcome: 'within' },
      { queueDepth: 16, totalIops: 900, outcome: 'breach' },
      { queueDepth: 32, totalIops: null, outcome: 'invalid' },
    ]),
  ).toEqual({ highestWithin: 8, peak: { queueDepth: 16, totalIops: 900 } })
  expect(queueDepthSummary([])).toEqual({ highestWithin: null, peak: null })
})
