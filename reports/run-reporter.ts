/**
 * The reporter that knows the truth of a run: run.json, junit.xml, summary.md and the exit code. The other reporters
 * are told by it what became of each case, so that all of them say the same. It must be the first in the list.
 */
import { existsSync } from 'node:fs'
import type {
  Reporter,
  SerializedError,
  TestCase,
  TestModule,
  TestRunEndReason,
  TestSpecification,
  Vitest,
} from 'vitest/node'
import type { CaseRecord } from '../helpers/run/case-record.ts'
import { journalledLeftovers, readJournal } from '../helpers/run/journal.ts'
import { redactObject } from '../helpers/run/redaction.ts'
import { writeAtomically } from '../helpers/run/run-directory.ts'
import { sealed } from '../helpers/run/run-seal.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { junitXml } from './junit.ts'
import { unreachedCluster } from './run-description.ts'
import type { RunDescription } from './run-description.ts'
import { phaseOf, RunLedger } from './run-ledger.ts'
import { countVerdicts, judgeRun, verdictExitCode } from './run-verdict.ts'
import { summaryMarkdown } from './summary.ts'
import { errorText } from './test-view.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface RunReporterOptions {
  /** Set the exit code of this process when it ends. Default true. */
  ownsExitCode?: boolean
}

export interface RunListener {
  /** All attempts of a case that is over; again, should more become known of it. `test` is absent when none stood for it. */
  caseSettled?: (attempts: readonly CaseRecord[], test: TestCase | undefined) => void
  /** The run is over; again, should the verdict change while the process ends. */
  runFinished?: (document: RunDocument) => void
}

export class RunReporter implements Reporter {
  readonly description: RunDescription
  #options: RunReporterOptions
  #listeners: RunListener[] = []
  #ledger: RunLedger | undefined
  #vitestVersion = 'unknown'
  #finished: RunDocument | undefined
  #leftovers: string[] = []
  #over = Promise.withResolvers<void>()
  #stopNotingSignals: () => void = () => undefined

  constructor(description: RunDescription, options: RunReporterOptions = {}) {
    this.description = description
    this.#options = options
  }

  listen(listener: RunListener): void {
    this.#listeners.push(listener)
  }

  /** The run document, once the run is over. */
  get document(): RunDocument | undefined {
    return this.#finished
  }

  /** Resolves when the run is over and the listeners were told. */
  get finished(): Promise<void> {
    return this.#over.promise
  }

  get secrets(): readonly string[] {
    return this.description.secrets?.() ?? []
  }

  onInit(vitest: Vitest): void {
    const ledger = new RunLedger(this.description, vitest)
    this.#ledger = ledger
    this.#vitestVersion = vitest.version
    vitest.onCancel((reason) => {
      // A run that stops after so many failures (--bail) was not cancelled by anyone.
      if (reason !== 'test-failure') ledger.cancelledBy ??= 'interrupt'
    })
    this.#noteSignals(ledger)
    this.#noteLateErrors(vitest, ledger)
    if (this.#options.ownsExitCode ?? true) process.once('exit', () => this.#processEnds(ledger))
  }

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#ledger?.start(specifications)
  }

  onTestModuleQueued(module: TestModule): void {
    this.#ledger?.moduleStarted(module.project.name)
  }

  onTestCaseResult(test: TestCase): void {
    const attempts = this.#ledger?.settle(test)
    if (attempts !== undefined && attempts !== null) this.#tell(attempts, test)
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): Promise<void> {
    const ledger = this.#ledger
    try {
      if (ledger === undefined) return
      if (ledger.stoppedBeforeTests && ledger.cancelledBy === null && unhandledErrors.length === 0)
        this.#addSetUpError(ledger)
      const settled = ledger.finish(modules, unhandledErrors)
      await this.#cleanUp(ledger)
      for (const { phase, message } of this.description.problems?.() ?? []) ledger.addError(phase, message)
      this.#finish(ledger, settled)
      if (reason === 'failed' && this.#finished?.verdict === 'passed') {
        ledger.addError(
          'report',
          'report and runner disagree: every case passed, but the runner says that the run failed',
        )
        this.#finish(ledger, [])
      }
    } finally {
      this.#over.resolve()
    }
  }

  #addSetUpError(ledger: RunLedger): void {
    const error = this.description.setUpError?.()
    if (error === undefined)
      ledger.addError('set-up', 'the global set-up failed, no test was started; the runner prints its error')
    else ledger.addError(phaseOf(error, 'set-up'), errorText(error))
  }

  async #cleanUp(ledger: RunLedger): Promise<void> {
    try {
      this.#leftovers.push(...((await this.description.finish?.()) ?? []))
    } catch (error) {
      ledger.addError('tear down', `cleaning up after the run failed, objects may be left over: ${errorText(error)}`)
    }
  }

  /** What the journal says was created and not removed: all that is known when nobody could clean up. */
  #journalled(ledger: RunLedger): string[] {
    const { journal } = this.description.directory
    if (!existsSync(journal)) return []
    try {
      return journalledLeftovers(readJournal(journal)).map(
        ({ kind, namespace, name }) =>
          `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}: the run ended without cleaning up`,
      )
    } catch (error) {
      ledger.addError('tear down', `the journal cannot be read, objects may be left over: ${errorText(error)}`)
      return []
    }
  }

  #tell(attempts: readonly CaseRecord[], test?: TestCase): void {
    for (const listener of this.#listeners) listener.caseSettled?.(attempts, test)
  }

  #finish(ledger: RunLedger, settled: readonly CaseRecord[][]): void {
    for (const attempts of settled) this.#tell(attempts)
    const document = this.#documentOf(ledger)
    this.#finished = document
    const { directory } = this.description
    writeAtomically(directory.runJson, `${JSON.stringify(document, null, 2)}\n`)
    writeAtomically(directory.junit, junitXml(document))
    writeAtomically(directory.summary, summaryMarkdown(document))
    for (const listener of this.#listeners) listener.runFinished?.(document)
  }

  #documentOf(ledger: RunLedger): RunDocument {
    const { directory, startedAt, command, version, profile } = this.description
    const reached = this.description.cluster?.() ?? null
    const planned = ledger.planned()
    // As planned, not as they ended: what ran side by side is read, and compared, in one order.
    const rank = new Map(planned.map(({ id }, index) => [id, index]))
    const rankOf = (id: string): number => rank.get(id) ?? rank.size
    const all = [...ledger.attempts].toSorted(([one], [other]) => rankOf(one) - rankOf(other)).map(([, each]) => each)
    const cases = all.map((attempts) => attempts.at(-1)).filter((record) => record !== undefined)
    const earlierAttempts = all.flatMap((attempts) => attempts.slice(0, -1))
    const notSelected = [...ledger.notSelected].map(([caseId, reason]) => ({ caseId, reason }))
    if (cases.length === 0 && notSelected.length > 0 && ledger.errors.length === 0)
      ledger.addError('usage', `no case is selected: ${notSelected[0]?.caseId} ${notSelected[0]?.reason}`)
    const judged = {
      cases,
      errors: ledger.errors,
      cancelledBy: ledger.cancelledBy,
      notSelected,
      flakyCases: all
        .filter((attempts) => attempts.length > 1 && attempts.at(-1)?.verdict === 'passed')
        .map(([first]) => first?.id ?? ''),
    }
    const { verdict, reason } = judgeRun(judged)
    const document: RunDocument = {
      schemaVersion: 1,
      id: directory.id,
      verdict,
      reason,
      exitCode: verdictExitCode(verdict, judged),
      startedAt,
      completedAt: new Date().toISOString(),
      command,
      versions: {
        kubevirtAcceptance: version,
        node: process.version,
        vitest: this.#vitestVersion,
        kubernetes: reached?.kubernetes ?? null,
        kubevirt: reached?.kubevirt ?? null,
      },
      cluster: reached?.cluster ?? unreachedCluster,
      profile,
      plannedCases: planned.map(({ id }) => id),
      ...judged,
      earlierAttempts,
      leftovers: [...new Set([...cases.flatMap(({ leftovers }) => leftovers), ...this.#leftovers])],
      verdictCounts: countVerdicts(cases),
      ...(ledger.shard !== undefined && { shard: { index: ledger.shard.index, count: ledger.shard.count } }),
    }
    return sealed(redactObject(document, this.secrets))
  }

  /** Only notes which signal came; whoever handles signals decides what follows. */
  #noteSignals(ledger: RunLedger): void {
    const note = (signal: NodeJS.Signals) => {
      if (this.#finished !== undefined) return
      if (ledger.cancelledBy === null || ledger.cancelledBy === 'interrupt') ledger.cancelledBy = signal
    }
    // Without another listener, ours would keep the signal from ending the process.
    const noted = signals.filter((signal) => process.listenerCount(signal) > 0)
    for (const signal of noted) process.prependListener(signal, note)
    this.#stopNotingSignals = () => {
      for (const signal of noted) process.removeListener(signal, note)
    }
  }

  /** The runner prints a failed global set-up only after it has told the reporters that the run is over. */
  #noteLateErrors(vitest: Vitest, ledger: RunLedger): void {
    const print = vitest.logger.printError.bind(vitest.logger)
    vitest.logger.printError = (error, options) => {
      if (this.#finished !== undefined && ledger.stoppedBeforeTests) {
        // What is about the cluster or the profile has been told in full; a stack would only hide it.
        if (error === this.description.setUpError?.() && phaseOf(error, '') !== '') return
        ledger.errors.length = 0
        ledger.addError(phaseOf(error, 'set-up'), errorText(error))
        this.#finish(ledger, ledger.settleMissing())
      }
      return print(error, options)
    }
  }

  #processEnds(ledger: RunLedger): void {
    this.#stopNotingSignals()
    if (this.#finished === undefined) {
      if (ledger.cancelledBy === null) ledger.addError('run', 'the process ended before the run did')
      this.#leftovers.push(...this.#journalled(ledger))
      this.#finish(ledger, ledger.settleMissing())
    }
    const runnerCode = Number(process.exitCode ?? 0)
    if (this.#finished?.exitCode === 0 && runnerCode !== 0) {
      ledger.addError(
        'report',
        `report and runner disagree: every case passed, but the runner ended with exit code ${runnerCode}; see its output`,
      )
      this.#finish(ledger, [])
    }
    const code = this.#finished?.exitCode ?? 6
    if (code !== 0) process.exitCode = code
  }
}
