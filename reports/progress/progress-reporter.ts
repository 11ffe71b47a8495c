/**
 * Shows a run on the terminal in place of Vitest's own reporter: the effective configuration, a line per operation, a
 * live line (or a heartbeat where there is no terminal) while something takes long, and the verdict at the end.
 */
import type { Reporter, TestCase, TestModule, TestSpecification } from 'vitest/node'
import type { TestArtifact, UserConsoleLog } from 'vitest'
import type { CaseRecord } from '../../helpers/run/case-record.ts'
import type { Operation } from '../../helpers/run/operation.ts'
import { redact } from '../../helpers/run/redaction.ts'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { tellingCheckNames } from '../case-problems.ts'
import { shortened, singleLine } from '../plain-text.ts'
import type { RunReporter } from '../run-reporter.ts'
import { operationArtifactType } from '../task-meta.ts'
import { caseColumnWidth, durationText, operationLine } from './operation-line.ts'
import { clusterLines, closingLines, headerLines } from './run-text.ts'
import { painter, verdictColour, wantsColours } from './terminal-style.ts'
import type { Paint } from './terminal-style.ts'

export interface ProgressOptions {
  output?: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
  environment?: NodeJS.ProcessEnv
  /** Time without a line after which a heartbeat is written where there is no terminal. Default 30 000 ms. */
  heartbeatMilliseconds?: number
}

const liveLineMilliseconds = 500

const maximumReason = 160

export class ProgressReporter implements Reporter {
  #run: RunReporter
  #output: NonNullable<ProgressOptions['output']>
  #paint: Paint
  #heartbeat: number
  #verbose: boolean
  #caseWidth: number
  #shownCluster = false
  #liveLine = false
  #timer: NodeJS.Timeout | undefined
  #lastLine = performance.now()
  /** What is under way, by case, operation and object: VMs are brought up side by side. */
  #running = new Map<string, { operation: Operation; since: number }>()
  #lastVerdict = ''

  constructor(run: RunReporter, options: ProgressOptions = {}) {
    this.#run = run
    this.#output = options.output ?? process.stdout
    this.#paint = painter(wantsColours(this.#output, options.environment ?? process.env))
    this.#heartbeat = options.heartbeatMilliseconds ?? 30_000
    const { KUBEVIRT_ACCEPTANCE_VERBOSE: verbose = '' } = options.environment ?? process.env
    this.#verbose = verbose !== '' && verbose !== '0'
    const planned = Object.values(run.description.plannedCases).flat()
    this.#caseWidth = caseColumnWidth(planned.map(({ id }) => id))
    run.listen({
      caseSettled: (attempts) => this.#caseSettled(attempts),
      runFinished: (document) => this.#runFinished(document),
    })
  }

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    const projects = [...new Set(specifications.map(({ project }) => project.name))]
    this.#write([...headerLines(this.#run.description, projects, this.#paint), ''])
    const [interval, show] = this.#output.isTTY
      ? [liveLineMilliseconds, () => this.#showLiveLine()]
      : [Math.min(1000, this.#heartbeat), () => this.#showHeartbeat()]
    this.#timer = setInterval(show, interval)
    // Whatever is shown must never keep the process alive.
    this.#timer.unref()
  }

  onTestModuleQueued(_module: TestModule): void {
    const reached = this.#shownCluster ? null : (this.#run.description.cluster?.() ?? null)
    if (reached === null) return
    this.#shownCluster = true
    this.#write([...clusterLines(reached), ''])
  }

  onTestCaseArtifactRecord(_test: TestCase, artifact: TestArtifact): void {
    if (artifact.type !== operationArtifactType) return
    const { operation } = artifact
    const { caseId, operation: name, object, status } = operation
    const key = JSON.stringify([caseId, name, object])
    const begun = this.#running.get(key)
    if (status === 'RUN') this.#running.set(key, { operation, since: performance.now() })
    else this.#running.delete(key)
    if (!this.#verbose && isAnnouncement(operation)) {
      if (this.#output.isTTY) this.#showLiveLine()
      return
    }
    const shown = begun === undefined ? operation : this.#withDuration(operation, begun.operation)
    this.#write([operationLine(shown, this.#caseWidth, this.#paint)])
  }

  /** Operations that do not measure themselves took the time between their lines, where time is not simulated. */
  #withDuration(operation: Operation, begun: Operation): Operation {
    const skipsTime = this.#run.description.cluster?.()?.cluster.guests['time'] === 'skipping'
    if (operation.durationMilliseconds !== undefined || skipsTime) return operation
    return { ...operation, durationMilliseconds: Date.parse(operation.at) - Date.parse(begun.at) }
  }

  /** What tests print themselves is kept visible, as a line of its own. */
  onUserConsoleLog({ content }: UserConsoleLog): void {
    const lines = content
      .split('\n')
      .map(singleLine)
      .filter((line) => line !== '')
    this.#write(lines.map((line) => this.#paint('gray', `  ${line}`)))
  }

  #caseSettled(attempts: readonly CaseRecord[]): void {
    const record = attempts.at(-1)
    if (record === undefined) return
    for (const [key, { operation }] of this.#running) if (operation.caseId === record.id) this.#running.delete(key)
    const verdict = this.#paint(verdictColour(record.verdict), record.verdict.toUpperCase())
    const repeated = attempts.length > 1 ? `, attempt ${attempts.length}` : ''
    // Every reason is told in full at the end of the run.
    const reason = singleLine(tellingCheckNames(record) || record.reason)
    this.#write([
      `${verdict} ${singleLine(record.id)}${repeated}${reason === '' ? '' : `: ${shortened(reason, maximumReason)}`}`,
    ])
  }

  #runFinished(document: RunDocument): void {
    clearInterval(this.#timer)
    // Told again only when the verdict has changed since.
    const key = `${document.verdict} ${document.exitCode} ${document.reason}`
    if (key === this.#lastVerdict) return
    this.#lastVerdict = key
    const width = this.#output.isTTY ? this.#output.columns || undefined : undefined
    this.#write(closingLines(document, this.#run.description, this.#paint, width))
  }

  #showLiveLine(): void {
    const text = this.#underWay()
    if (text === '') return this.#clearLiveLine()
    // A terminal that does not know its size says 0.
    const line = shortened(text, (this.#output.columns || 80) - 1)
    this.#output.write(`\r\u{1B}[2K${this.#paint('cyan', line)}`)
    this.#liveLine = true
  }

  #showHeartbeat(): void {
    if (performance.now() - this.#lastLine < this.#heartbeat) return
    const text = this.#underWay()
    this.#write([text === '' ? 'still waiting for the first operation' : `still running: ${text}`])
  }

  #underWay(): string {
    const parts = [...this.#running.values()].map(({ operation, since }) => {
      const { caseId, phase, operation: name, object } = operation
      return `${singleLine(caseId)} ${phase} ${singleLine(name)} ${singleLine(object)} for ${durationText(performance.now() - since)}`
    })
    const [first = ''] = parts
    return parts.length > 1 ? `${first} (and ${parts.length - 1} more)` : first
  }

  #clearLiveLine(): void {
    if (this.#liveLine) this.#output.write('\r\u{1B}[2K')
    this.#liveLine = false
  }

  #write(lines: readonly string[]): void {
    if (lines.length === 0) return
    this.#clearLiveLine()
    this.#lastLine = performance.now()
    this.#output.write(redact(`${lines.join('\n')}\n`, this.#run.secrets))
  }
}

/** The end of an operation says all that its start does, and the verdict table which checks passed. */
function isAnnouncement({ phase, status }: Operation): boolean {
  return status === 'RUN' || (phase === 'judge' && status === 'DONE')
}
