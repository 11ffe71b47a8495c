/**
 * Writes the Allure results of a run. allure-vitest brings its API into the tests (steps, attachments, labels); what
 * became of each case comes from the run reporter, since allure-vitest knows neither retries, reasons of skips, failed
 * set-up, dead workers nor planned cases without a test.
 */
import { existsSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { extname, join } from 'node:path'
import AllureVitestReporter from 'allure-vitest/reporter'
import { Stage, Status } from 'allure-js-commons'
import type { StepResult } from 'allure-js-commons'
import type { RuntimeMessage } from 'allure-js-commons/sdk'
import { ReporterRuntime } from 'allure-js-commons/sdk/reporter'
import type { TestCase, Vitest } from 'vitest/node'
import type { CaseRecord, RawOutput } from '../helpers/run/case-record.ts'
import { caseResult, categories, resultId, samplesCsv } from './allure/case-result.ts'
import type { CaseContext } from './allure/case-result.ts'
import { measurementTable, recordTable } from './allure/measurement-table.ts'
import { metricsOf } from './allure/metrics.ts'
import { RedactingWriter } from './allure/redacting-writer.ts'
import { executorOf } from './allure/run-files.ts'
import { writeRunResult } from './allure/run-result.ts'
import { messagesByAttempt } from './allure/runtime-messages.ts'
import { measurementName } from './measurement-text.ts'
import type { RunReporter } from './run-reporter.ts'
import { viewOf } from './test-view.ts'

export class AllureReporter extends AllureVitestReporter {
  #run: RunReporter
  #writer: RedactingWriter
  #runtime: ReporterRuntime

  constructor(run: RunReporter) {
    const resultsDir = run.description.directory.allureResults
    super({ resultsDir })
    this.#run = run
    this.#writer = new RedactingWriter(resultsDir, () => run.secrets)
    this.#runtime = new ReporterRuntime({ writer: this.#writer })
    run.listen({
      caseSettled: (attempts, test) => this.#writeCase(attempts, test),
      runFinished: (document) => writeRunResult(document, resultsDir, this.#writer),
    })
  }

  override onInit(vitest: Vitest): void {
    // Results that were there before would count as retries.
    rmSync(this.#run.description.directory.allureResults, { recursive: true, force: true })
    super.onInit(vitest)
    this.#writer.writeCategoriesDefinitions(categories)
    this.#writer.writeJson('executor.json', executorOf(this.#run.description))
  }

  /** Results were written as the cases ended; the plots are drawn when the report is built. */
  override onTestRunEnd(): void {}

  #writeCase(attempts: readonly CaseRecord[], test: TestCase | undefined): void {
    const messages =
      test === undefined
        ? []
        : ((test.meta() as { allureRuntimeMessages?: RuntimeMessage[] }).allureRuntimeMessages ?? [])
    const dealt = messagesByAttempt(messages, test === undefined ? [] : viewOf(test).attempts)
    const flaky = attempts.length > 1 && attempts.at(-1)?.verdict === 'passed'
    inOrder(attempts).forEach((record, index) => {
      this.#writeAttempt(record, flaky, dealt[index] ?? [])
      this.#writer.writeJson(
        `${resultId(this.#run.description.directory.id, record.id, record.attempt)}-perf.json`,
        metricsOf(record),
      )
    })
  }

  #writeAttempt(record: CaseRecord, flaky: boolean, messages: readonly RuntimeMessage[]): void {
    const result = caseResult(record, this.#contextOf(flaky))
    const own = this.#runtime.startTest({ name: result.name, start: result.start })
    this.#runtime.applyRuntimeMessages(own, [...messages])
    this.#attachMeasurements(own, record)
    for (const output of record.rawOutputs) this.#attachFile(own, null, output)
    const evidence = this.#attachEvidence(own, record)
    this.#runtime.updateTest(own, (written) => {
      const { steps, labels, links, parameters, description, ...rest } = result
      Object.assign(written, rest)
      written.description = [description, written.description].filter(Boolean).join('\n\n')
      // Steps of the test itself tell more than the phases they belong to.
      const judged = written.steps.some(({ attachments, steps: inner }) => attachments.length === 0 || inner.length > 0)
        ? steps.filter(({ parameters: shown, status }) => shown.length > 0 || status !== Status.PASSED)
        : steps
      written.steps = [...written.steps.filter((step) => step !== evidence), ...withEvidence(judged, evidence)]
      written.labels.push(...labels)
      written.links.push(...links)
      written.parameters.push(...parameters)
    })
    this.#runtime.stopTest(own, { stop: result.stop })
    // The runtime names results at random; ours are named so that they can be replaced.
    this.#runtime.updateTest(own, (written) => {
      written.uuid = result.uuid
      written.stage = Stage.FINISHED
      written.stop = result.stop
    })
    this.#runtime.writeTest(own)
  }

  #contextOf(flaky: boolean): CaseContext {
    const { directory, profile, cluster, owner, links = [] } = this.#run.description
    return {
      runId: directory.id,
      profile: profile.name,
      cluster: cluster?.()?.cluster.server ?? 'not reached',
      host: hostname(),
      owner,
      links,
      flaky,
    }
  }

  #attach(
    owner: string,
    step: string | null,
    name: string,
    content: string,
    contentType: string,
    fileExtension: string,
  ): void {
    this.#runtime.writeAttachment(owner, step, name, Buffer.from(content, 'utf8'), { contentType, fileExtension })
  }

  #attachMeasurements(own: string, record: CaseRecord): void {
    if (record.measurements.length > 0) {
      this.#attach(own, null, 'measurements', measurementTable(record.measurements), 'text/markdown', '.md')
      for (const table of record.tables ?? [])
        this.#attach(own, null, table.title, recordTable(table), 'text/markdown', '.md')
      for (const measurement of record.measurements)
        if (measurement.samples !== undefined || measurement.lost !== undefined)
          this.#attach(
            own,
            null,
            `samples of ${measurementName(measurement)}`,
            samplesCsv(measurement),
            'text/csv',
            '.csv',
          )
    }
    this.#attach(own, null, 'case record', JSON.stringify(record, null, 2), 'application/json', '.json')
  }

  /** A step that holds the evidence; it has yet to find its place among the others. */
  #attachEvidence(own: string, record: CaseRecord): StepResult | undefined {
    if (record.evidence.length === 0) return undefined
    const start = Date.parse(record.completedAt)
    const uuid = this.#runtime.startStep(own, null, {
      name: 'evidence',
      start,
      status: Status.PASSED,
      stage: Stage.FINISHED,
    })
    if (uuid === undefined) return undefined
    for (const output of record.evidence) this.#attachFile(own, uuid, output)
    let evidence: StepResult | undefined
    this.#runtime.updateStep(uuid, (step) => {
      evidence = step
    })
    this.#runtime.stopStep(uuid, { stop: start })
    return evidence
  }

  #attachFile(own: string, step: string | null, { name, path, mediaType }: RawOutput): void {
    const file = join(this.#run.description.directory.root, path)
    if (!existsSync(file)) {
      this.#attach(
        own,
        step,
        `${name} (missing)`,
        `${path} is named in the case record, but is not there.\n`,
        'text/plain',
        '.txt',
      )
      return
    }
    this.#runtime.writeAttachment(own, step, name, file, {
      contentType: mediaType,
      fileExtension: extname(path) || '.txt',
    })
  }

  /** The part of the run that is no case: where it ran, and what went wrong besides. */
}

/**
 * Allure takes the attempt that started last for the result. Some attempts know the cluster's time, others only the
 * wall clock, so each is made to start after the one before it.
 */
function inOrder(attempts: readonly CaseRecord[]): CaseRecord[] {
  let earliest = Number.NEGATIVE_INFINITY
  return attempts.map((record) => {
    const start = Math.max(earliest, Date.parse(record.startedAt))
    const stop = Math.max(start, Date.parse(record.completedAt))
    earliest = start + 1
    return { ...record, startedAt: new Date(start).toISOString(), completedAt: new Date(stop).toISOString() }
  })
}

/** The evidence belongs to the phase in which it was gathered, where there was one. */
function withEvidence(steps: readonly StepResult[], evidence: StepResult | undefined): StepResult[] {
  if (evidence === undefined) return [...steps]
  const { attachments, steps: inner } = evidence
  const gathering = steps.findLast(({ name }) => name === evidence.name)
  if (gathering === undefined) return [...steps, evidence]
  return steps.map((step) => (step === gathering ? { ...step, attachments, steps: inner } : step))
}
