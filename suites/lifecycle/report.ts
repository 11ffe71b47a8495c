/** Collects what a case finds: samples, tables, and what is to be judged. */
import type { CheckResult, Measurement, RecordTable, Unit } from '../../helpers/run/case-record.ts'
import { summarize } from '../../helpers/statistics/summary.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import { judgeOf, type Statement } from '../statements.ts'
import type { Recording } from '../../fixtures/case-recorder.ts'
import type { Answer } from './answers.ts'
import { lifecycleChecks } from './checks.ts'
import type { LifecycleParameters } from './parameters.ts'
import { timings, type TimingName } from './timings.ts'

interface Stated {
  /** Without `lifecycle.` */
  id: string
  /** Which of several; left out when there is only one. */
  subject?: string
  /** As it stands in the message. */
  metric: string
  actual: string | null
  limit: string | null
}

interface Counted {
  id: string
  name: string
  metric: string
  actual: number
  limit: number
  unit: Unit
}

export class LifecycleReport {
  readonly results: Record<string, string | null> = {}
  readonly answers: { asked: string; code: number; text: string }[] = []
  readonly #parameters: LifecycleParameters
  readonly #sources: Record<string, string>
  readonly #statements: Statement[] = []
  readonly #samples = new Map<TimingName, number[]>()
  readonly #measurements: Measurement[] = []
  readonly #phases: (string | number)[][] = []
  readonly #unmet: string[] = []
  readonly #lists: RecordTable[] = []

  constructor(parameters: LifecycleParameters, sources: Record<string, string>) {
    this.#parameters = parameters
    this.#sources = sources
  }

  /** Something that is as it should be, or is something else. */
  state({ id, subject = '', ...stated }: Stated): void {
    this.#statements.push({ id: `lifecycle.${id}`, subject, unit: '', ...stated })
  }

  /** Something that was counted; kept as a measurement too. */
  count({ id, name, unit, actual, ...counted }: Counted): void {
    this.measure({ name, value: actual, unit, better: 'lower' })
    this.#statements.push({ id: `lifecycle.${id}`, subject: '', unit, actual, measurement: name, ...counted })
  }

  /** What the case needs, and the cluster does not offer. */
  lacking(...unmet: string[]): void {
    this.#unmet.push(...unmet)
  }

  /** Whether something was not as it should be so far. */
  get hasFailures(): boolean {
    return this.checks.some(({ verdict }) => verdict === 'failed')
  }

  get lacksSomething(): boolean {
    return this.#unmet.length > 0
  }

  /** A number that is kept and not judged. */
  measure(measurement: Measurement): void {
    this.#measurements.push(measurement)
    if (measurement.subject === undefined)
      this.results[measurement.name] = measurement.value === null ? null : String(measurement.value)
  }

  /** @param asked as in `start, while Stopped` */
  answer(asked: string, { code, text }: Answer, expected: Answer): void {
    this.answers.push({ asked, code, text })
    const own = { subject: asked }
    this.state({ id: 'answer-code', ...own, metric: 'answered with', actual: `${code}`, limit: `${expected.code}` })
    this.state({
      id: 'answer-text',
      ...own,
      metric: 'answered',
      actual: quoted(text),
      limit: this.#parameters.judgeAnswerTexts ? quoted(expected.text) : null,
    })
  }

  /** One duration among those of its kind. */
  time(name: TimingName, milliseconds: number): void {
    const samples = this.#samples.get(name) ?? []
    samples.push(Math.round(milliseconds))
    this.#samples.set(name, samples)
  }

  /** For people to look at. */
  list(table: RecordTable): void {
    this.#lists.push(table)
  }

  /** How long an object was in each phase, by its own words, to the second. */
  phases(object: string, transitions: readonly PhaseTransition[]): void {
    for (const [index, { phase, at }] of transitions.entries()) {
      const next = transitions[index + 1]
      this.#phases.push([object, phase, new Date(at).toISOString(), next === undefined ? '' : (next.at - at) / 1000])
    }
  }

  get recording(): Recording {
    const timed = [...this.#samples].map(([name, samples]): Measurement => {
      const { p95 } = summarize(samples)
      return { name: timings[name].result, value: p95, unit: 'ms', better: 'lower', samples }
    })
    for (const { name, value } of timed) this.results[name] = value === null ? null : String(value)
    this.results['unmetRequirements'] = String(this.#unmet.length)
    const unmet: Measurement = { name: 'unmetRequirements', value: this.#unmet.length, unit: 'count', better: 'lower' }
    return {
      measurements: [unmet, ...this.#measurements, ...timed],
      tables: this.#tables(),
      results: this.results,
      validity: { valid: true, problems: [] },
    }
  }

  get checks(): CheckResult[] {
    const judge = judgeOf({ name: 'lifecycle', checks: lifecycleChecks }, this.#sources)
    const timed = [...this.#samples].map(([name, samples]) => {
      const { check, result, parameter } = timings[name]
      const limit = this.#parameters[parameter]
      return judge({
        id: `lifecycle.${check}`,
        subject: '',
        metric: result,
        measurement: result,
        actual: summarize(samples).p95,
        limit: limit === undefined ? null : durationMilliseconds(limit),
        unit: 'ms',
      })
    })
    const unmet = judge({
      id: 'lifecycle.requirements',
      subject: '',
      metric: `what the case needs is${this.#unmet.length === 0 ? '' : ` (${this.#unmet.join('; ')})`}`,
      measurement: 'unmetRequirements',
      actual: this.#unmet.length === 0 ? 'met' : 'not met',
      limit: 'met',
      unit: '',
    })
    return [unmet, ...this.#statements.map(judge), ...timed]
  }

  #tables(): RecordTable[] {
    const summary: RecordTable = {
      title: 'Times (ms)',
      columns: ['what', 'count', 'p50', 'p95', 'smallest', 'largest'],
      rows: [...this.#samples].map(([name, samples]) => {
        const { count, p50, p95, min, max } = summarize(samples)
        return [timings[name].what, count, p50, p95, min, max]
      }),
    }
    const phases: RecordTable = {
      title: 'Phases, as the objects tell them',
      columns: ['object', 'phase', 'since', 'for (s)'],
      rows: this.#phases,
    }
    const answers: RecordTable = {
      title: 'Answers',
      columns: ['asked', 'code', 'text'],
      rows: this.answers.map(({ asked, code, text }) => [asked, code, text]),
    }
    return [summary, phases, ...this.#lists, answers].filter(({ rows }) => rows.length > 0)
  }
}

export interface PhaseTransition {
  phase: string
  /** In milliseconds since the epoch. */
  at: number
}

/** `status.phaseTransitionTimestamps`, in the order of time. */
export function phaseTransitionsOf(object: { status?: unknown }): PhaseTransition[] {
  const { phaseTransitionTimestamps = [] } = (object.status ?? {}) as {
    phaseTransitionTimestamps?: { phase?: string; phaseTransitionTimestamp?: string }[]
  }
  return phaseTransitionTimestamps
    .flatMap(({ phase, phaseTransitionTimestamp: time }) =>
      phase === undefined || time === undefined ? [] : [{ phase, at: Date.parse(time) }],
    )
    .toSorted((one, other) => one.at - other.at)
}

const quoted = (text: string): string => (text === '' ? 'nothing' : `"${text}"`)
