/** What the metrics of a run were in runs before it. */
import { existsSync, readFileSync } from 'node:fs'
import type { CaseRecord } from '../../helpers/run/case-record.ts'
import { earlierRuns } from '../../helpers/run/earlier-run.ts'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { metricKey, metricsOf } from '../allure/metrics.ts'

interface HistoryPoint {
  /** Milliseconds since 1970. */
  at: number
  /** Id of the run, or its name in the history file. */
  run: string
  /** null: the run has no value that may be judged. */
  value: number | null
}

/** By `metricKey`; oldest first, without the run itself. */
export type MetricHistory = ReadonlyMap<string, readonly HistoryPoint[]>

const maximumRuns = 50

export interface HistorySources {
  runsDirectory: string
  /** What remains of runs whose folders are gone. */
  historyFile: string
}

export function readMetricHistory(
  document: RunDocument,
  { runsDirectory, historyFile }: HistorySources,
): MetricHistory {
  const history = new Map<string, HistoryPoint[]>()
  const add = (key: string, point: HistoryPoint): void => {
    history.set(key, [...(history.get(key) ?? []), point])
  }
  const earlier: RunDocument[] = []
  for (const run of earlierRuns(runsDirectory, document.id)) {
    if (!isSameSubject(run.document, document)) continue
    earlier.push(run.document)
    if (earlier.length === maximumRuns) break
  }
  const oldest = Math.min(...earlier.map(timeOf), timeOf(document))
  for (const { at, run, metrics } of rememberedRuns(historyFile, document))
    if (at < oldest) for (const [key, value] of Object.entries(metrics)) add(key, { at, run, value })
  for (const each of earlier.toReversed())
    for (const record of each.cases)
      for (const [key, value] of valuesOf(record)) add(key, { at: timeOf(each), run: each.id, value })
  return history
}

const timeOf = ({ startedAt }: RunDocument): number => Date.parse(startedAt)

/** Numbers of other clusters and profiles are no history of this one. */
function isSameSubject(one: RunDocument, other: RunDocument): boolean {
  const server = ({ cluster }: RunDocument): string => (cluster.embedded ? 'embedded' : cluster.server)
  return one.profile?.name === other.profile.name && one.cluster !== undefined && server(one) === server(other)
}

function valuesOf(record: CaseRecord): [string, number | null][] {
  const known = new Map(metricsOf(record).map(({ key, value }) => [key, value]))
  return record.measurements.map((measurement) => {
    const key = metricKey(record, measurement)
    return [key, known.get(key) ?? null]
  })
}

interface RememberedRun {
  at: number
  run: string
  metrics: Record<string, number>
}

/** Lines of Allure's history; those that are cut or of another profile are passed over. */
function rememberedRuns(file: string, { profile }: RunDocument): RememberedRun[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.slice(-maximumRuns).flatMap((line) => {
    const entry = parsed(line)
    const isOurs = entry?.name?.startsWith(`KubeVirt acceptance: ${profile.name} · `) === true
    if (!isOurs || entry?.timestamp === undefined || entry.metrics === undefined) return []
    return { at: entry.timestamp, run: `report of ${new Date(entry.timestamp).toISOString()}`, metrics: entry.metrics }
  })
}

function parsed(line: string): { name?: string; timestamp?: number; metrics?: Record<string, number> } | undefined {
  try {
    return JSON.parse(line) as { name?: string; timestamp?: number; metrics?: Record<string, number> }
  } catch {
    // A report that was killed while it appended.
    return undefined
  }
}
