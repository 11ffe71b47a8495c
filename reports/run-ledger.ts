/**
 * Keeps count of a run: which cases were planned, which of them have a result, and what went wrong besides. Knows
 * nothing of files or formats; the reporters are told whenever a case is settled.
 */
import type { TestCase, TestModule, TestSpecification, Vitest } from 'vitest/node'
import type { CaseRecord } from '../helpers/run/case-record.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { readAttempts } from '../helpers/run/run-directory.ts'
import { attemptsOf, missingCase, withPlannedParameters } from './case-outcome.ts'
import type { PlannedCase, RunDescription } from './run-description.ts'
import { errorText, filteredOutBy, identityOf, viewOf } from './test-view.ts'

type RunError = RunDocument['errors'][number]

const workerDeath = /Worker exited unexpectedly|\[vitest-pool\]|Worker .* emitted error/i

export class RunLedger {
  /** All attempts of each settled case, oldest first. */
  readonly attempts = new Map<string, CaseRecord[]>()
  readonly notSelected = new Map<string, string>()
  readonly errors: RunError[] = []
  cancelledBy: string | null = null
  #owners = new Map<string, string>()
  #specifications: readonly TestSpecification[] = []
  #modulesStarted = 0
  #startedProjects = new Set<string>()
  #description: RunDescription
  #plan: ReadonlyMap<string, PlannedCase>
  #vitest: Vitest

  constructor(description: RunDescription, vitest: Vitest) {
    this.#description = description
    this.#plan = new Map(
      Object.values(description.plannedCases)
        .flat()
        .map((planned) => [planned.id, planned]),
    )
    this.#vitest = vitest
  }

  start(specifications: readonly TestSpecification[]): void {
    this.#specifications = specifications
  }

  moduleStarted(project: string): void {
    this.#modulesStarted += 1
    this.#startedProjects.add(project)
  }

  /** Takes note of a test that is over. Returns all its attempts, or null when a filter left it out. */
  settle(test: TestCase, noResult = 'no result: the run ended before its test did'): CaseRecord[] | null {
    const filter = filteredOutBy(test, this.#vitest, this.#specifications)
    const { caseId } = identityOf(test)
    const records = this.#recordsOf(caseId)
    if (filter !== undefined && this.cancelledBy === null && records.length === 0) {
      this.notSelected.set(caseId, filter)
      return null
    }
    const owner = this.#owners.get(caseId)
    if (owner !== undefined && owner !== test.id)
      this.addError('collect', `two tests claim to be case ${caseId}; give each test a case of its own`)
    this.#owners.set(caseId, test.id)
    const planned = this.#plan.get(caseId)
    const attempts = attemptsOf(viewOf(test), records, { cancelled: this.cancelledBy !== null, noResult }).map(
      (record) => withPlannedParameters(record, planned),
    )
    this.attempts.set(caseId, attempts)
    return attempts
  }

  #recordsOf(caseId: string): CaseRecord[] {
    try {
      return readAttempts(this.#description.directory, caseId)
    } catch (error) {
      this.addError('report', `records of case ${caseId} cannot be read: ${errorText(error)}`)
      return []
    }
  }

  /** The run is over: settles what has no result yet, and returns the attempts of every case settled here. */
  finish(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): CaseRecord[][] {
    const deaths = unhandledErrors.map(errorText).filter((message) => workerDeath.test(message))
    for (const error of unhandledErrors) this.addError(phaseOf(error), errorText(error))
    for (const module of modules) {
      for (const error of module.errors()) this.addError('collect', errorText(error))
      for (const suite of module.children.allSuites())
        for (const error of suite.errors()) this.addError('set-up', errorText(error))
    }
    const noResult =
      deaths.length > 0
        ? `no result: the worker process died before the test ended (${deaths.join('; ')})`
        : 'no result: the run ended before its test did'
    const settled: CaseRecord[][] = []
    for (const module of modules)
      for (const test of module.children.allTests()) {
        if (this.#owners.get(identityOf(test).caseId) === test.id && test.result().state !== 'pending') continue
        const attempts = this.settle(test, noResult)
        if (attempts !== null) settled.push(attempts)
      }
    return [...settled, ...this.settleMissing()]
  }

  /** Planned cases of the selected projects that no test stood for. */
  settleMissing(): CaseRecord[][] {
    // The run tells its errors in full; every case repeats only what they are about.
    const why = this.errors.map(({ phase, message }) => `${phase}: ${message.replace(/:?\n.*/s, '')}`).join('; ')
    const missing: CaseRecord[][] = []
    for (const planned of this.planned()) {
      const known = this.attempts.get(planned.id)
      if (this.notSelected.has(planned.id) || (known !== undefined && !isPlaceholder(known))) continue
      const reason = `no result: ${why || 'the profile plans this case, but no test ran for it'}`
      const attempts = [
        this.cancelledBy === null
          ? missingCase(planned, 'broken', reason)
          : missingCase(planned, 'cancelled', 'the run was interrupted before the case ended'),
      ]
      placeholders.add(attempts)
      this.attempts.set(planned.id, attempts)
      missing.push(attempts)
    }
    return missing
  }

  /** The planned cases of the projects that this invocation selected. */
  planned(): PlannedCase[] {
    const byProject = this.#description.plannedCases
    const ran = new Set(this.#specifications.map(({ project }) => project.name))
    return this.#vitest.projects
      .filter(({ name }) => byProject[name] !== undefined)
      .flatMap(({ name }) => {
        const cases = byProject[name] ?? []
        // The runner names all files at first, also those that it leaves to other shards.
        const isMine = ran.has(name) && (this.#vitest.config.shard === undefined || this.#startedProjects.has(name))
        const filter = isMine ? undefined : this.#fileFilter()
        if (filter !== undefined) for (const { id } of cases) this.notSelected.set(id, filter)
        return cases
      })
  }

  /** A project without any file of tests is left out on purpose only when files were named, or dealt out to shards. */
  #fileFilter(): string | undefined {
    // Not part of the runner's declared interface, though its own reporters read it.
    const { filenamePattern } = this.#vitest as { filenamePattern?: string[] }
    if (filenamePattern !== undefined && filenamePattern.length > 0)
      return `does not match the file filter ${filenamePattern.join(' ')}`
    const { shard } = this.#vitest.config
    return shard === undefined ? undefined : `is not part of shard ${shard.index}/${shard.count}`
  }

  /** The shard of this invocation; undefined when it is a whole run. */
  get shard(): { index: number; count: number } | undefined {
    return this.#vitest.config.shard ?? this.#description.shard
  }

  /** Whether files of tests were selected, but none of them was even opened: global set-up failed. */
  get stoppedBeforeTests(): boolean {
    return this.#specifications.length > 0 && this.#modulesStarted === 0
  }

  addError(phase: string, message: string): void {
    if (!this.errors.some((error) => error.message === message)) this.errors.push({ phase, message })
  }
}

const placeholders = new WeakSet<CaseRecord[]>()
const isPlaceholder = (attempts: CaseRecord[]) => placeholders.has(attempts)

/** An error may say in which phase it arose (`profile`, `preflight`, `lock`); the runner says the type of the others. */
export function phaseOf(error: unknown, otherwise = 'unhandled error'): string {
  if (typeof error !== 'object' || error === null) return otherwise
  if ('phase' in error && typeof error.phase === 'string') return error.phase
  return workerDeath.test(errorText(error)) ? 'worker' : otherwise
}
