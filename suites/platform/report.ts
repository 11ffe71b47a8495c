/** Collects what a case finds: measurements and results for the record, and every check, judged or not. */
import { type Permission, permissionRule } from '../../helpers/kubernetes/permission.ts'
import type { CheckResult, Measurement, RecordTable, Unit } from '../../helpers/run/case-record.ts'
import { judgeOf, type Judge } from '../statements.ts'
import { platformChecks } from './checks.ts'
import type { PlatformParameters } from './parameters.ts'

interface Stated {
  id: string
  /** Which of several; '' or left out when there is only one. */
  subject?: string
  /** As it stands in the message. */
  metric: string
}

interface StatedNumber extends Stated {
  /** Name of the measurement. */
  name: string
  actual: number | null
  limit: number | null
  unit: Unit
  better: 'lower' | 'higher'
  /** What the number counts, in the message. */
  detail?: readonly string[]
}

const shownDetails = 5

export class PlatformReport {
  readonly measurements: Measurement[] = []
  readonly results: Record<string, string | null> = {}
  readonly tables: RecordTable[] = []
  readonly checks: CheckResult[] = []
  readonly #judge: Judge
  readonly #parameters: Pick<PlatformParameters, 'area' | 'requiredChecks'>
  readonly #sources: Record<string, string>

  constructor(parameters: Pick<PlatformParameters, 'area' | 'requiredChecks'>, sources: Record<string, string>) {
    this.#judge = judgeOf({ name: 'platform', checks: platformChecks }, sources)
    this.#parameters = parameters
    this.#sources = sources
  }

  /** Something that is as it should be, or is something else. */
  state({ subject = '', ...stated }: Stated & { actual: string | null; limit: string | null }): void {
    this.checks.push(this.#judge({ ...stated, subject, unit: '' }))
  }

  /** Something that was counted or measured; kept as a measurement too. */
  number({ name, better, detail = [], subject = '', ...stated }: StatedNumber): void {
    const { actual, unit } = stated
    this.measurements.push({ name, ...(subject !== '' && { subject }), value: actual, unit, better })
    const more = detail.length > shownDetails ? [`${detail.length - shownDetails} more`] : []
    const metric =
      detail.length === 0
        ? stated.metric
        : `${stated.metric} (${[...detail.slice(0, shownDetails), ...more].join('; ')})`
    this.checks.push(this.#judge({ ...stated, metric, subject, measurement: name }))
  }

  /** A check that cannot be judged without a permission. */
  cannotRead(missing: Permission, ...ids: string[]): void {
    for (const id of ids)
      this.#leaveOut(id, `missing permission ${permissionRule(missing)}`, 'Grant it to whoever runs the checkup')
  }

  /** A check that does not apply, or lacks something other than a permission. @param step what to do about it */
  cannotJudge(id: string, reason: string, step: string): void {
    this.#leaveOut(id, reason, step)
  }

  #leaveOut(id: string, reason: string, step: string): void {
    const { requiredChecks } = this.#parameters
    const required = requiredChecks.includes('all') || requiredChecks.includes(id)
    const given = this.#sources['requiredChecks'] ?? 'default'
    const limitSource = given === 'default' ? 'default: none is required' : given
    const { limitParameter: _own, ...result } = this.#judge({
      id,
      subject: '',
      metric: '',
      actual: null,
      limit: null,
      unit: '',
    })
    this.checks.push({
      ...result,
      verdict: required ? 'failed' : 'skipped',
      actual: reason,
      operator: '==',
      limit: 'judged',
      limitSource,
      limitParameter: 'requiredChecks',
      message: required
        ? `${id}: ${reason} != judged (${limitSource}). ${step}, or take the check out of requiredChecks`
        : `${id}: not judged: ${reason}. ${step}, or leave it at that`,
      remediation: step,
    })
  }

  /** Why nothing could be judged; undefined when something was. */
  get nothingJudged(): string | undefined {
    if (this.checks.some(({ verdict }) => verdict !== 'skipped')) return undefined
    return `nothing of "${this.#parameters.area}" can be judged: ${this.checks[0]?.message ?? 'there is nothing to look at'}`
  }
}
