import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { searchRate, type RateSearch, type Trial } from './ndr-search.ts'

const lineRate = 14_880_952
const seconds = 10

/** Forwards what it can and drops the rest. */
const device =
  (capacity: number) =>
  (packetsPerSecond: number): Promise<Trial> => {
    const sent = packetsPerSecond * seconds
    return Promise.resolve({ sent, received: Math.min(sent, Math.floor(capacity * seconds)), valid: true })
  }

const search = (capacity: number, other: Partial<RateSearch> = {}) =>
  searchRate({ lineRate, maxLossPercent: 0, precisionPercent: 1, maxTrials: 15, trial: device(capacity), ...other })

const rates = (trials: { packetsPerSecond: number }[]) => trials.map(({ packetsPerSecond }) => packetsPerSecond)

property.prop([fc.integer({ min: 1000, max: lineRate - 1 })])(
  'finds a capacity within 1 % in at most 10 trials',
  async (capacity) => {
    const { packetsPerSecond, converged, boundedBy, trials } = await search(capacity)
    expect(packetsPerSecond).toBeLessThanOrEqual(capacity)
    expect(packetsPerSecond).toBeGreaterThanOrEqual(capacity * 0.99 - 1)
    expect({ converged, boundedBy }).toEqual({ converged: true, boundedBy: 'loss' })
    expect(trials.length).toBeLessThanOrEqual(10)
    // Both sides of the bracket have two trials that agree.
    const timesPassed = trials.filter((trial) => trial.packetsPerSecond === packetsPerSecond)
    expect(timesPassed.map(({ outcome }) => outcome)).toEqual(['passed', 'passed'])
    const above = Math.min(...rates(trials.filter(({ outcome }) => outcome === 'lost')))
    expect(above).toBeLessThanOrEqual(packetsPerSecond * 1.01 + 1)
    expect(rates(trials).filter((each) => each === above)).toHaveLength(2)
  },
)

property.prop([fc.integer({ min: 1000, max: lineRate - 1 })])(
  'finds it as well when overload brings everything down',
  async (capacity) => {
    const collapses = (packetsPerSecond: number) =>
      Promise.resolve({
        sent: packetsPerSecond,
        received: packetsPerSecond > capacity ? 0 : packetsPerSecond,
        valid: true,
      })
    const { packetsPerSecond, converged } = await search(capacity, { trial: collapses, maxTrials: 40 })
    expect(packetsPerSecond).toBeLessThanOrEqual(capacity)
    expect(packetsPerSecond).toBeGreaterThanOrEqual(capacity * 0.99 - 1)
    expect(converged).toBe(true)
  },
)

property.prop([fc.integer({ min: 100_000, max: lineRate - 1 }), fc.integer({ min: 0, max: 4 })])(
  'one trial that loses a packet by chance moves nothing',
  async (capacity, noisy) => {
    let count = 0
    const noise = async (packetsPerSecond: number) => {
      const trial = await device(capacity)(packetsPerSecond)
      const lost = count === noisy ? 1 : 0
      count += 1
      return { ...trial, received: trial.received - lost }
    }
    const { packetsPerSecond } = await search(capacity, { trial: noise, maxTrials: 20 })
    expect(packetsPerSecond).toBeLessThanOrEqual(capacity)
    expect(packetsPerSecond).toBeGreaterThanOrEqual(capacity * 0.98)
  },
)

test('the line rate itself is confirmed', async () => {
  const found = await search(lineRate)
  expect(found).toMatchObject({ packetsPerSecond: lineRate, converged: true, boundedBy: 'line-rate' })
  expect(rates(found.trials)).toEqual([lineRate, lineRate])
})

test('one lucky run at line rate is not enough', async () => {
  let first = true
  const lucky = async (packetsPerSecond: number) => {
    const trial = await device(5_000_000)(packetsPerSecond)
    const received = first ? trial.sent : trial.received
    first = false
    return { ...trial, received }
  }
  const { packetsPerSecond, trials } = await search(0, { trial: lucky })
  expect(packetsPerSecond).toBeGreaterThan(4_900_000)
  expect(packetsPerSecond).toBeLessThanOrEqual(5_000_000)
  expect(rates(trials).filter((rate) => rate === lineRate)).toHaveLength(3)
})

test('one stray loss just above the found rate does not end the search there', async () => {
  const capacity = 9_000_000
  let strays = 1
  const stray = async (packetsPerSecond: number) => {
    const trial = await device(capacity)(packetsPerSecond)
    const lost = packetsPerSecond < capacity && packetsPerSecond > 8_900_000 && strays-- > 0 ? 1 : 0
    return { ...trial, received: trial.received - lost }
  }
  const { packetsPerSecond } = await search(0, { trial: stray })
  expect(packetsPerSecond).toBeGreaterThanOrEqual(capacity * 0.99)
  expect(packetsPerSecond).toBeLessThanOrEqual(capacity)
})

test('the partial-drop rate lies above, and trials of the no-drop rate are not made again', async () => {
  const ndr = await search(5_000_000)
  const pdr = await search(5_000_000, { maxLossPercent: 5, known: ndr.trials })
  // 5 % more than what gets through may be sent: 5 Mpps / 0.95.
  expect(pdr.packetsPerSecond).toBeGreaterThanOrEqual((5_000_000 / 0.95) * 0.99)
  expect(pdr.packetsPerSecond).toBeLessThanOrEqual(5_000_000 / 0.95)
  expect(rates(pdr.trials)[0]).not.toBe(lineRate)
})

test('a generator that sends no faster bounds the search', async () => {
  const slow = (packetsPerSecond: number) => {
    const achieved = Math.min(packetsPerSecond, 3_000_000)
    const sent = achieved * seconds
    const valid = achieved >= 0.99 * packetsPerSecond
    return Promise.resolve({ sent, received: sent, valid, achievedPacketsPerSecond: achieved })
  }
  const { packetsPerSecond, boundedBy, trials } = await search(0, { trial: slow })
  expect(boundedBy).toBe('generator')
  expect(packetsPerSecond).toBeGreaterThanOrEqual(2_970_000)
  expect(packetsPerSecond).toBeLessThanOrEqual(3_000_000 / 0.99)
  expect(trials[0]).toMatchObject({ outcome: 'invalid', packetsPerSecond: lineRate })
})

test('no rate at all: loss everywhere, or nothing sent', async () => {
  const lossy = (packetsPerSecond: number) =>
    Promise.resolve({ sent: packetsPerSecond * 100, received: packetsPerSecond * 99, valid: true })
  expect(await search(0, { trial: lossy, maxTrials: 100 })).toMatchObject({
    packetsPerSecond: 0,
    converged: true,
    boundedBy: 'loss',
  })
  const { packetsPerSecond, trials } = await search(0, {
    trial: () => Promise.resolve({ sent: 0, received: 0, valid: true }),
    maxTrials: 3,
  })
  expect(packetsPerSecond).toBe(0)
  expect(trials.map(({ outcome, lossPercent }) => [outcome, lossPercent])).toEqual(
    Array.from({ length: 3 }, () => ['invalid', null]),
  )
})

test('too few trials: the best rate so far, and it says that more would be to find', async () => {
  const found = await search(5_000_000, { maxTrials: 2 })
  expect(found).toMatchObject({ packetsPerSecond: 4_975_000, converged: false })
  expect(found.trials).toHaveLength(2)
})

test('trials say what was lost', async () => {
  const { trials } = await search(lineRate / 2, { maxTrials: 1 })
  expect(trials).toEqual([
    {
      packetsPerSecond: lineRate,
      sent: lineRate * seconds,
      received: (lineRate * seconds) / 2,
      valid: true,
      lossPercent: 50,
      outcome: 'lost',
    },
  ])
})

test('what a trial throws ends the search', async () => {
  const trial = () => Promise.reject(new Error('the console is gone'))
  await expect(search(0, { trial })).rejects.toThrow('the console is gone')
  await expect(search(0, { lineRate: 0 })).rejects.toThrow(
    'cannot search a rate below a line rate of 0 packets per second',
  )
})
