/** Which ways between two nodes a run measured, planned or lost, and what became of each. */
import type { CaseRecord, Measurement, Unit } from '../../helpers/run/case-record.ts'
import type { Verdict } from '../../helpers/run/verdict.ts'

/** `no result`: the case was planned, but its test never ended. */
type Outcome = Verdict | 'no result'

export interface HeatMapCell {
  network: string
  source: string
  target: string
  /** null when there is no value that may be shown. */
  nanoseconds: number | null
  outcome: Outcome
  /** What is said of a cell that did not pass: `packet-loss` for a failed check, else the outcome. */
  note: string
}

export interface HeatMap {
  title: string
  cells: HeatMapCell[]
  /** Cases that have no cell: nobody knows between which nodes they would have measured. */
  withoutCell: number
}

/** A cell as one case sees it. `reverse`: the way back, of which a case without a measurement tells nothing of its own. */
interface Sighting extends HeatMapCell {
  reverse: boolean
}

/** The heat maps of a run, one per checkup that measured latency between nodes. */
export function heatMapsOf(cases: readonly CaseRecord[]): HeatMap[] {
  const checkups = [...new Set(cases.map(({ checkup }) => checkup))]
  return checkups.flatMap((checkup) => {
    const own = cases.filter((record) => record.checkup === checkup)
    const name = latencyName(own)
    if (name === undefined) return []
    const networkOf = networkNaming(own)
    const sightings = own.map((record) => sightingsOf(record, name, networkOf(record)))
    const cells = merged(sightings.flat())
    const withoutCell = sightings.filter((seen) => seen.length === 0).length
    return cells.length === 0 ? [] : [{ title: `${checkup}: ${name} between nodes`, cells, withoutCell }]
  })
}

/** The median where there is one, as a single slow packet would colour the whole cell; else the documented maximum. */
function latencyName(cases: readonly CaseRecord[]): string | undefined {
  const names = cases.flatMap(({ measurements }) => measurements.map(({ name }) => name))
  return names.find((name) => /^(?:median|p50)Latency/i.test(name)) ?? names.find((name) => /^maxLatency/i.test(name))
}

function sightingsOf(record: CaseRecord, name: string, network: string): Sighting[] {
  const measured = record.measurements.filter((measurement) => measurement.name === name)
  const source = record.results['sourceNode'] ?? textOf(record.parameters['sourceNode'])
  const target = record.results['targetNode'] ?? textOf(record.parameters['targetNode'])
  const found = measured.flatMap((measurement, index): Sighting[] => {
    const way = wayOf(measurement, source, target)
    if (way === undefined) return []
    const family = way.family === '' ? '' : ` ${way.family}`
    const judged = outcomeOf(record, measurement.subject ?? '')
    // What may not be judged must not be compared by its colour either.
    const isJudged = record.verdict === 'passed' || record.verdict === 'failed'
    const nanoseconds = isJudged ? inNanoseconds(measurement.value, measurement.unit) : null
    const { from, to } = way
    return [{ network: network + family, source: from, target: to, nanoseconds, ...judged, reverse: index > 0 }]
  })
  if (found.length > 0 || source === null || target === null) return found
  const cell = { network, nanoseconds: null, ...outcomeOf(record, '') }
  const there = { ...cell, source, target, reverse: false }
  if (record.parameters['bothDirections'] !== true) return [there]
  return [there, { ...cell, source: target, target: source, reverse: true }]
}

/** Reads `worker1 -> worker2`, `worker1 -> worker2 IPv6` and `worker1 (source) -> worker1 (target)`. */
function wayOf(
  { subject = '' }: Measurement,
  source: string | null,
  target: string | null,
): { from: string; to: string; family: string } | undefined {
  const match = /^(\S+)(?: \(\w+\))? -> (\S+)(?: \(\w+\))?(?: (IPv[46]))?$/.exec(subject)
  if (match) return { from: match[1] ?? '', to: match[2] ?? '', family: match[3] ?? '' }
  return subject === '' && source !== null && target !== null ? { from: source, to: target, family: '' } : undefined
}

/** A case fails as a whole, but only the ways whose own checks failed are red. */
function outcomeOf(record: CaseRecord, subject: string): Pick<HeatMapCell, 'outcome' | 'note'> {
  if (record.reason.startsWith('no result')) return { outcome: 'no result', note: 'no result' }
  if (record.verdict === 'passed') return { outcome: 'passed', note: '' }
  if (record.verdict !== 'failed') return { outcome: record.verdict, note: record.verdict }
  const failed = record.checks.filter(({ verdict }) => verdict === 'failed')
  const own = failed.filter((check) => check.subject === '' || check.subject === subject || subject === '')
  if (own.length === 0 && failed.length > 0) return { outcome: 'passed', note: '' }
  const [first, ...more] = [...new Set(own.map(({ id }) => id.slice(id.indexOf('.') + 1)))]
  return { outcome: 'failed', note: `${first ?? 'failed'}${more.length === 0 ? '' : ` +${more.length}`}` }
}

/** Two cases may have measured the same way, one as its way back: the larger value and the worse outcome count. */
function merged(sightings: readonly Sighting[]): HeatMapCell[] {
  const cells = new Map<string, HeatMapCell>()
  const byImportance = sightings.toSorted((a, b) => Number(a.reverse) - Number(b.reverse))
  for (const { reverse, ...sighting } of byImportance) {
    const key = JSON.stringify([sighting.network, sighting.source, sighting.target])
    const known = cells.get(key)
    if (known === undefined) cells.set(key, sighting)
    else if (!(reverse && sighting.nanoseconds === null)) cells.set(key, worse(known, sighting))
  }
  return [...cells.values()]
}

function worse(one: HeatMapCell, other: HeatMapCell): HeatMapCell {
  const rank = ({ outcome }: HeatMapCell) => severity.indexOf(outcome)
  const values = [one.nanoseconds, other.nanoseconds].filter((value) => value !== null)
  const { outcome, note } = rank(one) >= rank(other) ? one : other
  return { ...one, nanoseconds: values.length === 0 ? null : Math.max(...values), outcome, note }
}

/** From harmless to bad: what is wrong with the network comes last. */
const severity: Outcome[] = ['passed', 'skipped', 'cancelled', 'no result', 'invalid', 'broken', 'failed']

/** Networks by name; with their namespace where the cases use several. */
function networkNaming(cases: readonly CaseRecord[]): (record: CaseRecord) => string {
  const namespaceOf = ({ parameters }: CaseRecord) => textOf(parameters['networkAttachmentDefinitionNamespace']) ?? ''
  const several = new Set(cases.map(namespaceOf)).size > 1
  return (record) => {
    const name = textOf(record.parameters['networkAttachmentDefinitionName']) ?? ''
    return several ? `${namespaceOf(record)}/${name}` : name
  }
}

function inNanoseconds(value: number | null, unit: Unit): number | null {
  const factor: Partial<Record<Unit, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }
  const known = factor[unit]
  return value === null || known === undefined ? null : value * known
}

function textOf(value: string | number | boolean | null | undefined): string | null {
  return value === null || value === undefined || value === '' ? null : String(value)
}
