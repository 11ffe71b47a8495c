/**
 * Searches the highest rate at which no more than a given share of the packets is lost: the no-drop rate (NDR), or with
 * a share above 0 the partial-drop rate (PDR).
 */

export interface Trial {
  sent: number
  received: number
  /** false: the generator did not reach the rate, so that nothing is known about it. */
  valid: boolean
  /** What the generator reached; tells where to go on after an invalid trial. */
  achievedPacketsPerSecond?: number
}

export interface SearchTrial extends Trial {
  packetsPerSecond: number
  /** null: nothing was sent. */
  lossPercent: number | null
  outcome: 'passed' | 'lost' | 'invalid'
}

export interface RateSearch {
  /** Packets per second; nothing above is tried. */
  lineRate: number
  maxLossPercent: number
  /** How far the lowest rate with loss may be above the found one, in per cent of it. */
  precisionPercent: number
  /** Of this search; trials that were `known` do not count. */
  maxTrials: number
  trial: (packetsPerSecond: number) => Promise<Trial>
  /** Trials of a search on the same path with another loss limit: they spare their repetition. */
  known?: readonly SearchTrial[]
}

export interface RateFound {
  /** Highest rate that passed; 0: none did. */
  packetsPerSecond: number
  /** Whether it was confirmed, and the next rate above refuted twice or out of reach. false: maxTrials came first. */
  converged: boolean
  /** What keeps the rate from being higher: loss, a generator that sends no faster, or the line rate. */
  boundedBy: 'loss' | 'generator' | 'line-rate'
  /** Made by this search, in order. */
  trials: SearchTrial[]
}

/**
 * The first trial is at line rate; what came through tells where to look next, and halving narrows it down. A rate
 * counts as decided when two trials agree, so that one stray loss, or one lucky run, does not decide a search.
 * @throws what `trial` throws
 */
export async function searchRate(search: RateSearch): Promise<RateFound> {
  const { maxTrials, trial, maxLossPercent } = search
  const top = Math.floor(search.lineRate)
  if (!(top >= 1))
    throw new RangeError(`cannot search a rate below a line rate of ${search.lineRate} packets per second`)
  const judged = (packetsPerSecond: number, result: Trial): SearchTrial => ({
    ...result,
    packetsPerSecond,
    lossPercent: result.sent === 0 ? null : (100 * (result.sent - result.received)) / result.sent,
    outcome: outcomeOf(result, maxLossPercent),
  })
  const tried = new TriedRates((search.known ?? []).map((each) => judged(each.packetsPerSecond, each)))
  const trials: SearchTrial[] = []
  let next = nextRate(tried, top, search.precisionPercent / 100)
  while (next !== null && trials.length < maxTrials) {
    // One after the other: each rate follows from the trials before it.
    // oxlint-disable-next-line no-await-in-loop
    const done = judged(next, await trial(next))
    trials.push(done)
    tried.add(done)
    next = nextRate(tried, top, search.precisionPercent / 100)
  }
  const found = tried.highestPassed()
  const above = tried.lowestRefusedAbove(found)
  return {
    packetsPerSecond: found,
    converged: next === null,
    boundedBy: above === undefined ? 'line-rate' : tried.latest(above)?.outcome === 'invalid' ? 'generator' : 'loss',
    trials,
  }
}

function outcomeOf({ sent, received, valid }: Trial, maxLossPercent: number): SearchTrial['outcome'] {
  if (!valid || sent === 0) return 'invalid'
  return (sent - received) * 100 <= maxLossPercent * sent ? 'passed' : 'lost'
}

/** null: nothing is left to find out. */
function nextRate(tried: TriedRates, top: number, precision: number): number | null {
  const undecided = tried.tied()
  if (undecided !== undefined) return undecided
  const low = tried.highestPassed()
  const high = tried.lowestRefusedAbove(low)
  if (high === undefined) {
    if (low < top) return top
    return tried.isDecided(low) ? null : low
  }
  if (high - low <= Math.max(1, low * precision)) {
    if (low > 0 && !tried.isDecided(low)) return low
    return tried.isDecided(high) ? null : high
  }
  if (low === 0) return below(high, tried, precision)
  // What came through at overload is close to what can be forwarded: one trial just above closes the bracket.
  const justAbove = Math.floor(low * (1 + precision))
  const guess = tried.passes === 1 && justAbove < high ? justAbove : Math.floor((low + high) / 2)
  return Math.min(high - 1, Math.max(low + 1, guess))
}

/** Nothing has passed yet: what came through at `high`, less a margin, or half of it when that is no help. */
function below(high: number, tried: TriedRates, precision: number): number {
  const { sent, received, achievedPacketsPerSecond, outcome } = tried.latest(high) ?? { sent: 0, received: 0 }
  const through = outcome === 'invalid' ? (achievedPacketsPerSecond ?? 0) : sent === 0 ? 0 : (high * received) / sent
  const guess = Math.floor(through * (1 - precision / 2))
  const helps = guess >= 1 && guess < high && tried.refusals <= 2
  return Math.max(1, helps ? guess : Math.floor(high / 2))
}

/** What is known about each rate. An invalid trial refuses a rate as a lossy one does. */
class TriedRates {
  readonly #rates = new Map<number, { passed: number; refused: number; latest: SearchTrial }>()
  passes = 0
  refusals = 0

  constructor(known: readonly SearchTrial[]) {
    for (const each of known) this.add(each)
  }

  add(trial: SearchTrial): void {
    const rate = this.#rates.get(trial.packetsPerSecond) ?? { passed: 0, refused: 0, latest: trial }
    const passed = trial.outcome === 'passed'
    if (passed) this.passes += 1
    else this.refusals += 1
    this.#rates.set(trial.packetsPerSecond, {
      passed: rate.passed + (passed ? 1 : 0),
      refused: rate.refused + (passed ? 0 : 1),
      latest: trial,
    })
  }

  latest(rate: number): SearchTrial | undefined {
    return this.#rates.get(rate)?.latest
  }

  /** A rate with as many trials for as against it. */
  tied(): number | undefined {
    for (const [rate, { passed, refused }] of this.#rates) if (passed === refused) return rate
    return undefined
  }

  isDecided(rate: number): boolean {
    const known = this.#rates.get(rate)
    return known !== undefined && Math.abs(known.passed - known.refused) > 0 && known.passed + known.refused >= 2
  }

  /** Below the lowest refused rate, since capacity that comes back at a higher rate is luck. */
  highestPassed(): number {
    const refused = this.#lowest(({ passed, refused: against }) => against >= passed)
    let highest = 0
    for (const [rate, known] of this.#rates)
      if (known.passed > known.refused && (refused === undefined || rate < refused) && rate > highest) highest = rate
    return highest
  }

  lowestRefusedAbove(low: number): number | undefined {
    return this.#lowest(({ passed, refused }, rate) => refused >= passed && rate > low)
  }

  #lowest(accepts: (known: { passed: number; refused: number }, rate: number) => boolean): number | undefined {
    let lowest: number | undefined
    for (const [rate, known] of this.#rates)
      if (accepts(known, rate) && (lowest === undefined || rate < lowest)) lowest = rate
    return lowest
  }
}
