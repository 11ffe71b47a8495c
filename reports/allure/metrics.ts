/** Measurements as Allure's performance metrics: the report shows their change since the last run of the same case. */
import type { CaseRecord, Measurement } from '../../helpers/run/case-record.ts'
import { measurementName } from '../measurement-text.ts'

interface Metric {
  id: string
  key: string
  value: number
  start: number
  stop: number
  source: string
  title: string
  unit: string
  group: string
  better: 'lower' | 'higher'
}

/** What a metric is called in the history of reports. */
export const metricKey = (record: Pick<CaseRecord, 'id'>, measurement: Pick<Measurement, 'name' | 'subject'>): string =>
  `${record.id} ${measurementName(measurement)}`

/** What was not measured, and what may not be judged, is left out: it would count as a value. */
export function metricsOf(record: CaseRecord): Metric[] {
  if (!record.validity.valid) return []
  return record.measurements.flatMap((measurement) => {
    const { value, unit, better } = measurement
    if (value === null) return []
    const name = measurementName(measurement)
    const key = metricKey(record, measurement)
    return [
      {
        id: `${key} ${record.attempt}`,
        key,
        value,
        start: Date.parse(record.startedAt),
        stop: Date.parse(record.completedAt),
        source: record.id,
        title: `${record.id.split('/').slice(1).join('/')} ${name}`.trim(),
        unit,
        group: record.checkup,
        better,
      },
    ]
  })
}
