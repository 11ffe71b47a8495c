/** Orders pools by what they did, with the documented weights. */
import type { DerivedResult } from './derived.ts'

const rankingWeights = { randomIops: 0.4, sequentialBandwidth: 0.3, mixedIops: 0.2, p99: 0.1 } as const
type RankingPart = keyof typeof rankingWeights
const parts = Object.keys(rankingWeights) as RankingPart[]

export interface RankedPool {
  pool: string
  /** From 1; pools with the same score share one. */
  rank: number
  /** 0 to 100, of the parts that were measured; null: none was. */
  score: number | null
  /** What was measured: I/Os per second, bytes per second, nanoseconds. */
  values: Readonly<Record<RankingPart, number | null>>
  /** 0 to 100, the best pool 100. */
  scores: Readonly<Record<RankingPart, number | null>>
  /** Without them the score is one of less than the others. */
  missing: readonly RankingPart[]
}

/**
 * Each part is a mean over permutations and jobs, of what was measured: what is missing is no 0. Jobs of one profile never
 * run together, so that they are not added up; directions of one job are. The latency counts as much as the pool has IOPS, since
 * an idle pool is fast.
 */
export function rankPools(results: readonly DerivedResult[]): RankedPool[] {
  const pools = [...Map.groupBy(results, ({ pool }) => pool)].map(([pool, of]) => ({ pool, values: partValues(of) }))
  const best = (part: RankingPart, choose: (...values: number[]) => number) => {
    const known = pools.map(({ values }) => values[part]).filter((value) => value !== null)
    return known.length === 0 ? null : choose(...known)
  }
  const most = {
    randomIops: best('randomIops', Math.max),
    sequentialBandwidth: best('sequentialBandwidth', Math.max),
    mixedIops: best('mixedIops', Math.max),
  }
  const leastP99 = best('p99', Math.min)
  const scored = pools.map(({ pool, values }) => {
    const randomIops = ratio(values.randomIops, most.randomIops)
    const p99 = ratio(leastP99, values.p99)
    const scores = {
      randomIops,
      sequentialBandwidth: ratio(values.sequentialBandwidth, most.sequentialBandwidth),
      mixedIops: ratio(values.mixedIops, most.mixedIops),
      p99: p99 === null || randomIops === null ? null : (p99 * randomIops) / 100,
    }
    return { pool, values, scores, score: weighted(scores), missing: parts.filter((part) => scores[part] === null) }
  })
  return scored
    .toSorted((one, other) => (other.score ?? -1) - (one.score ?? -1) || (one.pool < other.pool ? -1 : 1))
    .map((of) => ({ ...of, rank: 1 + scored.filter(({ score }) => (score ?? -1) > (of.score ?? -1)).length }))
}

function partValues(of: readonly DerivedResult[]): Record<RankingPart, number | null> {
  const inProfile = (profile: string) => of.filter((result) => result.profile === profile)
  const ranked = ['random-rw', 'sequential-rw', 'mixed-70-30'].flatMap(inProfile)
  return {
    randomIops: meanOfJobs(inProfile('random-rw'), ({ totalIops }) => totalIops),
    sequentialBandwidth: meanOfJobs(inProfile('sequential-rw'), ({ totalBwBytes }) => totalBwBytes),
    mixedIops: meanOfJobs(inProfile('mixed-70-30'), ({ totalIops }) => totalIops),
    p99: mean(ranked.map(({ p99 }) => p99?.nanoseconds ?? null)),
  }
}

function meanOfJobs(of: readonly DerivedResult[], value: (of: DerivedResult) => number | null): number | null {
  const jobs = Map.groupBy(of, ({ key, job }) => JSON.stringify([key, job]))
  return mean(
    [...jobs.values()].map((directions) => {
      const known = directions.map(value).filter((each) => each !== null)
      return known.length === 0 ? null : known.reduce((total, each) => total + each, 0)
    }),
  )
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0) / known.length
}

const ratio = (value: number | null, of: number | null): number | null =>
  value === null || of === null || of === 0 ? null : (value / of) * 100

function weighted(scores: Readonly<Record<RankingPart, number | null>>): number | null {
  let [total, weights] = [0, 0]
  for (const part of parts) {
    const score = scores[part]
    if (score === null) continue
    total += score * rankingWeights[part]
    weights += rankingWeights[part]
  }
  return weights === 0 ? null : total / weights
}
