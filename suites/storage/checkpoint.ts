/** What a run has measured so far, kept so that another one can go on where it ended, whatever ended it. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runDirectory, safeFileName, writeAtomically } from '../../helpers/run/run-directory.ts'
import type { PermutationResult } from './permutation-result.ts'
import { checkpointLine, readCheckpoint } from './selection.ts'

/** Which results there are: those of one run. */
export class ResultStore {
  readonly #folder: string
  readonly runId: string

  constructor(runsDirectory: string, runId: string) {
    this.#folder = join(runDirectory(runsDirectory, runId).root, 'storage')
    this.runId = runId
  }

  get #checkpoint(): string {
    return join(this.#folder, 'checkpoint')
  }

  #resultPath(key: string): string {
    return join(this.#folder, `${safeFileName(key.replaceAll(':', '/'))}.json`)
  }

  /** The result first, then its line: a line stands for a result that is whole. */
  save(result: PermutationResult): void {
    mkdirSync(this.#folder, { recursive: true })
    writeAtomically(this.#resultPath(result.key), `${JSON.stringify(result)}\n`)
    appendFileSync(this.#checkpoint, checkpointLine(result))
  }

  /** Keys of what is done; none when the run measured nothing. @throws RangeError for a checkpoint that is none */
  done(): Set<string> {
    return existsSync(this.#checkpoint) ? readCheckpoint(readFileSync(this.#checkpoint, 'utf8')) : new Set()
  }

  /** @throws Error when the checkpoint promises a result that is not there */
  load(key: string): PermutationResult {
    const path = this.#resultPath(key)
    if (!existsSync(path))
      throw new Error(
        `the checkpoint of run ${this.runId} has ${key}, but ${path} is not there; remove the line to measure it again`,
      )
    return JSON.parse(readFileSync(path, 'utf8')) as PermutationResult
  }

  loadAll(): PermutationResult[] {
    return [...this.done()].map((key) => this.load(key))
  }
}

/**
 * Results of the run that is resumed.
 * @throws Error when there is no such run
 */
export function resumedStore(runsDirectory: string, runId: string | undefined): ResultStore | null {
  if (runId === undefined) return null
  const { root } = runDirectory(runsDirectory, runId)
  if (!existsSync(root)) throw new Error(`there is no run ${runId} to resume in ${runsDirectory}`)
  return new ResultStore(runsDirectory, runId)
}
