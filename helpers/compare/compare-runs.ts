/** Joins the cases and metrics of runs before and after, and says what became better, worse, or is missing. */
import type { CaseRecord, Measurement } from '../run/case-record.ts'
import type { EarlierRun } from '../run/earlier-run.ts'
import { verdicts, type Verdict } from '../run/verdict.ts'
import { observationsOf, observationsOfBuckets } from '../statistics/observations.ts'
import { compareMetric, type MetricPair, type MetricValue } from './compare-metric.ts'
import type { CaseComparison, Comparison, Difference, MetricComparison, RunReference } from './comparison.ts'
import { changesBetween, differencesBetween } from './likeness.ts'
import {
  isSampled,
  recogniseStatistic,
  statisticOf,
  statisticText,
  type SampleSource,
  type Statistic,
} from './statistic.ts'
import type { ToleranceRule } from './tolerance.ts'

/** The runs are not alike. The message names every difference. */
export class UnlikeRunsError extends Error {
  override readonly name = 'UnlikeRunsError'
  readonly differences: readonly Difference[]
  constructor(differences: readonly Difference[]) {
    const shown = differences.slice(0, 20).map((each) => `  ${differenceText(each)}`)
    const more = differences.length > 20 ? [`  and ${differences.length - 20} more`] : []
    super(['the runs are not alike, so their numbers say nothing about each other:', ...shown, ...more].join('\n'))
    this.differences = differences
  }
}

export const differenceText = ({ what, caseId, name, before, after }: Difference): string =>
  `${what === 'parameters' ? `parameter ${name} of ${caseId ?? 'a case'}` : `${what}, ${name}`}: before ${before}, after ${after}`

export interface CompareOptions {
  rules?: readonly ToleranceRule[]
  /** Compare runs that are not alike, too. */
  force?: boolean
  /** Only these cases. */
  selects?: (caseId: string) => boolean
}

/** @throws UnlikeRunsError unless told otherwise */
export function compareRuns(
  before: readonly EarlierRun[],
  after: readonly EarlierRun[],
  { rules = [], force = false, selects = () => true }: CompareOptions = {},
): Comparison {
  const [reference] = before
  const [candidate] = after
  if (reference === undefined || candidate === undefined)
    throw new RangeError('comparing needs at least one run before and one after')
  const others = [...before.slice(1), ...after].map(({ document }) => document)
  const differences = distinct(others.flatMap((document) => differencesBetween(reference.document, document)))
  if (differences.length > 0 && !force) throw new UnlikeRunsError(differences)

  const ids = distinct([...before, ...after].flatMap(({ document }) => document.cases.map(({ id }) => id)))
  const joined = ids.filter(selects).map((id) => ({ id, before: recordsOf(before, id), after: recordsOf(after, id) }))
  const cases = joined.map(compareCase)
  const metrics = joined
    .filter((each) => each.before.length > 0 && each.after.length > 0)
    .flatMap((each) => pairsOf(each).map((pair) => compareMetric(pair, rules)))
  return {
    before: before.map(referenceOf),
    after: after.map(referenceOf),
    ...conclusion(cases, metrics),
    differences,
    changes: changesBetween(reference.document, candidate.document),
    cases,
    metrics,
  }
}

interface JoinedCase {
  id: string
  before: CaseRecord[]
  after: CaseRecord[]
}

const recordsOf = (runs: readonly EarlierRun[], id: string): CaseRecord[] =>
  runs.flatMap(({ document }) => document.cases.find((record) => record.id === id) ?? [])

const referenceOf = ({ path, document }: EarlierRun): RunReference => ({
  id: document.id,
  path,
  verdict: document.verdict,
  startedAt: document.startedAt,
})

function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()]
}

/** From best to worst. Nothing is known of cases that were skipped or cancelled. */
const rank: readonly Verdict[] = ['passed', 'skipped', 'cancelled', 'invalid', 'broken', 'failed'] satisfies Verdict[]

const worstOf = (records: readonly CaseRecord[]): Verdict | null =>
  rank.findLast((verdict) => records.some((record) => record.verdict === verdict)) ?? null

function compareCase({ id, before, after }: JoinedCase): CaseComparison {
  const [old, now] = [worstOf(before), worstOf(after)]
  const base = { caseId: id, before: old, after: now }
  if (now === null) return { ...base, verdict: 'missing after', reason: 'the runs after do not have this case' }
  if (old === null) return { ...base, verdict: 'missing before', reason: 'the runs before do not have this case' }
  if (old === now) return { ...base, verdict: 'equal', reason: `${now} on both sides` }
  const reason = `${old} before, ${now} after: ${after.find(({ verdict }) => verdict === now)?.reason ?? ''}`.replace(
    /: $/,
    '',
  )
  if (now === 'skipped' || now === 'cancelled') return { ...base, verdict: 'not comparable', reason }
  return { ...base, verdict: rank.indexOf(now) > rank.indexOf(old) ? 'worse' : 'better', reason }
}

/** Every metric of a case, and of measurements with samples also the median and the 99th percentile. */
function pairsOf({ id, before, after }: JoinedCase): MetricPair[] {
  const keys = distinct(
    [...before, ...after].flatMap(({ measurements }) =>
      measurements.map(({ name, subject = '' }) => ({ name, subject })),
    ),
  )
  return keys.flatMap(({ name, subject }) => {
    const valuesOf = (records: readonly CaseRecord[]): MetricValue[] =>
      records.flatMap((record) => {
        const measurement = measurementOf(record, name, subject)
        return measurement === undefined ? [] : [{ measurement, source: sourceFor(record, measurement) }]
      })
    const [old, now] = [valuesOf(before), valuesOf(after)]
    if (old.length === 0 && now.length === 0) return []
    const statistic = recognised([...old, ...now])
    const own = { caseId: id, before: old, after: now, statistic }
    const areSampled = [...old, ...now].every(({ measurement }) => isSampled(measurement))
    return areSampled ? [own, ...percentilesOf(own, { before, after, subject })] : [own]
  })
}

/** Of an invalid measurement there is no value that may be judged. */
function measurementOf(record: CaseRecord, name: string, subject: string): Measurement | undefined {
  const found = record.measurements.find((each) => each.name === name && (each.subject ?? '') === subject)
  if (found === undefined) return undefined
  return record.validity.valid ? found : { ...found, value: null, samples: [] }
}

/** The samples of the case that a value was computed from: its own, else those with its subject and unit. */
function sourceFor(record: CaseRecord, measurement: Measurement): SampleSource | undefined {
  const candidates = record.measurements.filter(
    (each) =>
      (each.subject ?? '') === (measurement.subject ?? '') &&
      isSampled(each) &&
      (each.unit === measurement.unit || (each.lost !== undefined && measurement.unit === '%')),
  )
  const chosen = isSampled(measurement) ? measurement : candidates.length === 1 ? candidates[0] : undefined
  return chosen === undefined || !record.validity.valid ? undefined : sampleSource(chosen)
}

const sources = new WeakMap<Measurement, SampleSource>()

function sampleSource(measurement: Measurement): SampleSource {
  const known = sources.get(measurement)
  if (known !== undefined) return known
  const made = makeSource(measurement)
  sources.set(measurement, made)
  return made
}

function makeSource({ samples, histogram, lost }: Measurement): SampleSource {
  // Values computed from whole numbers are often rounded to whole numbers.
  const resolution = samples?.every(Number.isInteger) === true ? 0.5 : 0
  if (samples !== undefined && samples.length > 1)
    return { observations: observationsOf(samples), series: samples, lost: lost?.length, resolution }
  const { buckets = [], overflow = 0 } = histogram ?? {}
  const widths = buckets.slice(1).map(([value], index) => value - (buckets[index]?.[0] ?? value))
  return {
    observations: observationsOfBuckets(buckets, overflow),
    series: undefined,
    resolution: widths.length === 0 ? 0.5 : Math.min(...widths),
  }
}

function recognised(values: readonly MetricValue[]): Statistic | undefined {
  const pairs = values.flatMap(({ measurement: { value }, source }) =>
    value === null || source === undefined ? [] : [{ value, source }],
  )
  const complete = pairs.length === values.filter(({ measurement }) => measurement.value !== null).length
  return complete && pairs.length > 0 ? recogniseStatistic(pairs) : undefined
}

/** Those that the case has under names of their own are not made a second time. */
function percentilesOf(
  pair: MetricPair,
  { before, after, subject }: { before: readonly CaseRecord[]; after: readonly CaseRecord[]; subject: string },
): MetricPair[] {
  const [first] = [...pair.before, ...pair.after]
  // The worse end is where a change hurts.
  const percents = first?.measurement.better === 'higher' ? [50, 1] : [50, 99]
  return percents.flatMap((percent): MetricPair[] => {
    const statistic: Statistic = { kind: 'percentile', percent }
    const made = (values: readonly MetricValue[]): MetricValue[] =>
      values.map(({ measurement, source }) => ({
        measurement: {
          ...measurement,
          name: `${measurement.name} ${statisticText(statistic)}`,
          value: source === undefined ? null : statisticOf(source, statistic),
        },
        source,
      }))
    const isNamed = [...before, ...after].every((record) =>
      record.measurements.some((each) => {
        const source = (each.subject ?? '') === subject ? sourceFor(record, each) : undefined
        if (source === undefined || each.value === null) return false
        const value = statisticOf(source, statistic)
        return value !== null && new RegExp(`p${percent}(?!\\d)|median`, 'i').test(each.name)
      }),
    )
    return isNamed ? [] : [{ ...pair, before: made(pair.before), after: made(pair.after), statistic }]
  })
}

function conclusion(
  cases: readonly CaseComparison[],
  metrics: readonly MetricComparison[],
): Pick<Comparison, 'verdict' | 'reason'> {
  const all = [...cases, ...metrics]
  const count = (verdict: string): number => all.filter((each) => each.verdict === verdict).length
  const firstOf = (verdict: string): string => {
    const found = all.find((each) => each.verdict === verdict)
    if (found === undefined) return ''
    const subject = 'name' in found ? ` ${found.name}${found.subject === '' ? '' : `, ${found.subject}`}` : ''
    return `${found.caseId}${subject}: ${found.reason}`
  }
  if (count('worse') > 0) return { verdict: 'worse', reason: `${count('worse')} worse; ${firstOf('worse')}` }
  for (const gap of ['missing after', 'not comparable'])
    if (count(gap) > 0) return { verdict: 'incomplete', reason: `${count(gap)} ${gap}; ${firstOf(gap)}` }
  // Without one metric on both sides, nothing says that they are equal.
  if (
    !metrics.some(({ before, after }) => before !== null && after !== null) &&
    !cases.some(({ verdict }) => verdict === 'equal')
  )
    return { verdict: 'incomplete', reason: 'the runs have nothing in common that could be compared' }
  if (count('better') > 0) return { verdict: 'better', reason: `${count('better')} better, nothing worse` }
  return { verdict: 'equal', reason: 'no difference beyond chance and tolerance' }
}

/** Every verdict has a rank; a new one must get its place. */
if (rank.length !== verdicts.length) throw new Error('a verdict has no rank for comparing cases')
