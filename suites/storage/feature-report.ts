/** Collects what a procedure besides fio finds: numbers for the record, and statements for the end. */
import { WaitTimeoutError } from '../../helpers/kubernetes/wait.ts'
import type { Unit } from '../../helpers/run/case-record.ts'
import type { Recording } from '../../fixtures/case-recorder.ts'
import { judgeOf, type Statement } from '../statements.ts'
import type { StorageContext } from './bring-up.ts'
import { featureChecks } from './feature-checks.ts'

interface Timed {
  /** Without `storage.`; null: only measured. */
  id: string | null
  subject?: string
  name: string
  seconds: number | null
  limitSeconds: number | null
  /** What went wrong, for the message. */
  detail?: string
}

export class FeatureReport {
  readonly results: Record<string, string | null> = {}
  readonly #measurements: Recording['measurements'] = []
  readonly #statements: Statement[] = []

  /** Something that is as it should be, or is something else. */
  state(id: string, metric: string, actual: string | null, limit: string | null, subject = ''): void {
    this.#statements.push({ id: `storage.${id}`, subject, metric, actual, limit, unit: '' })
  }

  time({ id, subject = '', name, seconds, limitSeconds, detail }: Timed): void {
    this.number({
      id,
      subject,
      name,
      value: seconds === null ? null : Number(seconds.toFixed(3)),
      limit: limitSeconds,
      unit: 's',
      ...(detail !== undefined && { detail }),
    })
  }

  number(of: {
    id: string | null
    subject?: string
    name: string
    value: number | null
    limit: number | null
    unit: Unit
    detail?: string
  }): void {
    const { id, subject = '', name, value, limit, unit, detail } = of
    this.#measurements.push({ name, ...(subject !== '' && { subject }), value, unit, better: 'lower' })
    if (subject === '') this.results[name] = value === null ? null : String(value)
    if (id !== null)
      this.#statements.push({
        id: `storage.${id}`,
        subject,
        metric: detail === undefined ? name : `${detail}; ${name}`,
        measurement: name,
        actual: value,
        limit,
        unit,
      })
  }

  /** Records all of it, then judges. @throws ChecksFailedError, InvalidMeasurementError */
  async conclude(context: Pick<StorageContext, 'record' | 'judge' | 'sources'>): Promise<void> {
    await context.record({
      measurements: this.#measurements,
      results: this.results,
      validity: { valid: true, problems: [] },
    })
    const judge = judgeOf({ name: 'storage', checks: featureChecks }, context.sources)
    context.judge(this.#statements.map(judge))
  }
}

/** Seconds that `work` takes, in the cluster's time. */
export async function timed<T>(
  { clock }: Pick<StorageContext, 'clock'>,
  work: () => Promise<T>,
): Promise<{ value: T; seconds: number }> {
  const begin = await clock.now()
  const value = await work()
  return { value, seconds: ((await clock.now()) - begin) / 1000 }
}

interface Limited<T> {
  /** null: it was given up. */
  outcome: { value: T } | null
  measured: Pick<Timed, 'seconds' | 'limitSeconds' | 'detail'>
}

/** As `timed`, where waiting beyond the limit is a finding rather than the end of the case. */
export async function timedUpTo<T>(
  context: Pick<StorageContext, 'clock'>,
  limitSeconds: number,
  work: () => Promise<T>,
): Promise<Limited<T>> {
  const { value, seconds } = await timed(context, async () => {
    try {
      return { value: await work() }
    } catch (error) {
      if (error instanceof WaitTimeoutError) return error.message
      throw error
    }
  })
  if (typeof value !== 'string') return { outcome: value, measured: { seconds, limitSeconds } }
  // Who gives up at the limit has not kept it.
  return { outcome: null, measured: { seconds: Math.max(seconds, limitSeconds + 0.001), limitSeconds, detail: value } }
}
