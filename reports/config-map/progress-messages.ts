/** Tells the process that started the run how far it is, over the channel between them: it keeps the ConfigMap. */
import type { Reporter, TestCase } from 'vitest/node'
import type { TestArtifact } from 'vitest'
import type { CheckupProgress } from '../../helpers/in-cluster/progress.ts'
import { singleLine } from '../plain-text.ts'
import type { RunReporter } from '../run-reporter.ts'
import { operationArtifactType } from '../task-meta.ts'

export class ProgressMessages implements Reporter {
  readonly #send: (progress: CheckupProgress) => void
  #settled = 0
  readonly #planned: number

  constructor(run: RunReporter, send: (progress: CheckupProgress) => void) {
    this.#send = send
    this.#planned = Object.values(run.description.plannedCases).flat().length
    run.listen({
      caseSettled: (attempts) => {
        const record = attempts.at(-1)
        if (record === undefined) return
        this.#settled += 1
        this.#tell('judged', `${record.id}: ${record.verdict}`)
      },
    })
  }

  onTestCaseArtifactRecord(_test: TestCase, artifact: TestArtifact): void {
    if (artifact.type !== operationArtifactType) return
    const { caseId, phase, operation, status, object, detail = '' } = artifact.operation
    this.#tell(phase, singleLine(`${caseId}: ${operation} ${status} ${object} ${detail}`).trim())
  }

  #tell(phase: string, operation: string): void {
    this.#send({ phase, operation, cases: `${this.#settled} of ${this.#planned}` })
  }
}
