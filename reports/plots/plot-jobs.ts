/** Which plots a case and a run get. Cheap: nothing is drawn here, and Vega is not loaded. */
import type { TopLevelSpec } from 'vega-lite'
import type { CaseRecord, CheckResult, Measurement, Unit } from '../../helpers/run/case-record.ts'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { measurementName } from '../measurement-text.ts'
import { heatMapsOf } from './heat-map-cells.ts'
import { heatMapSpec } from './heat-map.ts'
import { histogramPlot } from './histogram-plot.ts'
import { percentilePlot } from './percentile-plot.ts'
import { samplesPlot } from './samples-plot.ts'
import { searchPlot } from './search-plot.ts'
import { sharePlot } from './share-plot.ts'
import { tablePlot } from './table-plot.ts'
import { timePlot } from './time-plot.ts'

export interface PlotJob {
  name: string
  spec: TopLevelSpec
}

/**
 * Measurements with times share one plot for each subject, searches and histograms one for each name, percentiles one for
 * each group; every other measurement with samples has its own.
 */
export function casePlots(record: CaseRecord): PlotJob[] {
  return [
    ...timePlots(record),
    ...searchPlots(record),
    ...percentilePlots(record),
    ...sharePlots(record),
    ...histogramPlots(record),
    ...samplesPlots(record),
    ...tablePictures(record),
  ]
}

function timePlots({ id, measurements }: CaseRecord): PlotJob[] {
  const timed = measurements.filter((each) => isPlottable(each) && each.sampleTimesSeconds !== undefined)
  return [...Map.groupBy(timed, ({ subject = '' }) => subject)].map(([subject, own]) => {
    const name = subject === '' ? 'over time' : `over time, ${subject}`
    return { name: `plot ${name}`, spec: timePlot({ title: `${id}: ${name}`, measurements: own }) }
  })
}

function searchPlots({ id, measurements }: CaseRecord): PlotJob[] {
  const searched = measurements.filter(({ search }) => search !== undefined)
  return [...Map.groupBy(searched, ({ name }) => name)].flatMap(([name, own]) => {
    const spec = searchPlot({ title: `${id}: search of ${name}`, measurements: own })
    return spec === null ? [] : [{ name: `plot of the search of ${name}`, spec }]
  })
}

function histogramPlots({ id, measurements, checks }: CaseRecord): PlotJob[] {
  const counted = measurements.filter(({ histogram }) => histogram !== undefined)
  return [...Map.groupBy(counted, ({ name }) => name)].map(([name, own]) => ({
    name: `histogram of ${name}`,
    spec: histogramPlot({
      title: `${id}: ${name}`,
      measurements: own.map((measurement) => ({ ...measurement, limit: limitFor(measurement, checks) })),
    }),
  }))
}

function percentilePlots({ id, measurements, checks }: CaseRecord): PlotJob[] {
  const grouped = measurements.filter(({ percentile }) => percentile !== undefined)
  return [...Map.groupBy(grouped, ({ percentile }) => percentile?.group ?? '')].flatMap(([group, own]) => {
    const spec = percentilePlot({
      title: `${id}: latencies of ${group}`,
      measurements: own.map((measurement) => ({ ...measurement, limit: judgedLimit(measurement, checks) })),
    })
    return spec === null ? [] : [{ name: `percentiles of ${group}`, spec }]
  })
}

function sharePlots({ id, tables = [] }: CaseRecord): PlotJob[] {
  return tables.flatMap((table) => {
    const spec = sharePlot({ ...table, title: `${id}: ${table.title}` })
    return spec === null ? [] : [{ name: `bars of ${table.title}`, spec }]
  })
}

function tablePictures({ id, tables = [] }: CaseRecord): PlotJob[] {
  return tables
    .filter(({ picture, rows }) => picture === true && rows.length > 0)
    .map((table) => ({
      name: `picture of ${table.title}`,
      spec: tablePlot({ ...table, title: `${id}: ${table.title}` }),
    }))
}

function samplesPlots(record: CaseRecord): PlotJob[] {
  return record.measurements
    .filter((each) => isPlottable(each) && each.sampleTimesSeconds === undefined)
    .map((measurement) => ({
      name: `plot of ${measurementName(measurement)}`,
      spec: samplesPlot({
        title: `${record.id}: ${measurementName(measurement)}`,
        measurement,
        limit: limitFor(measurement, record.checks),
      }),
    }))
}

const isPlottable = ({ samples }: Measurement): boolean => samples !== undefined && samples.length > 1

export function runPlots({ cases }: Pick<RunDocument, 'cases'>): PlotJob[] {
  return heatMapsOf(cases).map((map) => ({ name: map.title, spec: heatMapSpec(map) }))
}

const nanoseconds: Partial<Record<Unit, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }

/** The limit of the check that judges this measurement of this subject, or its maximum, in the measurement's unit. */
const limitFor = (measurement: Measurement, checks: readonly CheckResult[]): number | null =>
  judgedLimit(measurement, checks) ??
  limitIn(
    measurement.unit,
    limitsOf(measurement, checks).find(({ id }) => id.endsWith('.max')),
  )

/** Of the check that judges this very measurement. */
const judgedLimit = (measurement: Measurement, checks: readonly CheckResult[]): number | null =>
  limitIn(
    measurement.unit,
    limitsOf(measurement, checks).find((check) => check.measurement === measurement.name),
  )

const limitsOf = ({ subject = '' }: Measurement, checks: readonly CheckResult[]): CheckResult[] =>
  checks.filter((check) => check.subject === subject && check.limit !== null)

function limitIn(unit: Unit, check: CheckResult | undefined): number | null {
  if (check === undefined || typeof check.limit !== 'number') return null
  if (check.unit === unit) return check.limit
  const from = check.unit === '' ? undefined : nanoseconds[check.unit]
  const to = nanoseconds[unit]
  return from === undefined || to === undefined ? null : (check.limit * from) / to
}
