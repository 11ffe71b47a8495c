/** Compares a run with a baseline as soon as it is over, as the command `compare` does later. */
import { join } from 'node:path'
import type { Reporter } from 'vitest/node'
import { compareRuns } from '../../helpers/compare/compare-runs.ts'
import type { Comparison } from '../../helpers/compare/comparison.ts'
import type { GatePolicy } from '../../helpers/profile/gate-section.ts'
import { findRuns } from '../../helpers/run/find-runs.ts'
import { writeAtomically } from '../../helpers/run/run-directory.ts'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { painter, wantsColours } from '../progress/terminal-style.ts'
import { RunReporter } from '../run-reporter.ts'
import { comparisonHtml } from './comparison-html.ts'
import { comparisonMarkdown } from './comparison-markdown.ts'
import { comparisonText } from './comparison-text.ts'

interface BaselineOptions {
  /** Runs as `compare` takes them: ids, paths, names of baselines. */
  baselines: readonly string[]
  policy: GatePolicy
  /** With `runs/` and `baselines/`. */
  reportsDirectory: string
  output?: NodeJS.WritableStream & { isTTY?: boolean }
}

/** The reporters with one more that compares; those that are there have to include the run reporter. */
export function withBaseline(reporters: readonly Reporter[], options: BaselineOptions): Reporter[] {
  const run = reporters.find((reporter) => reporter instanceof RunReporter)
  if (run === undefined) throw new Error('no reporter knows the run that is to be compared with a baseline')
  return [...reporters, new BaselineReporter(run, options)]
}

class BaselineReporter implements Reporter {
  #options: BaselineOptions
  #run: RunReporter
  /** Exit code of the comparison; 0 until it is made, and when nothing is worse. */
  #exitCode = 0

  constructor(run: RunReporter, options: BaselineOptions) {
    this.#options = options
    this.#run = run
    run.listen({ runFinished: (document) => this.#compare(document) })
  }

  onInit(): void {
    // After the run reporter's own listener, which takes another exit code than its own for a disagreement.
    process.once('exit', () => {
      if (this.#run.document?.exitCode === 0 && this.#exitCode !== 0 && !process.exitCode)
        process.exitCode = this.#exitCode
    })
  }

  #compare(document: RunDocument): void {
    const output = this.#options.output ?? process.stdout
    try {
      const comparison = this.#comparisonOf(document)
      const { root } = this.#run.description.directory
      writeAtomically(join(root, 'comparison.json'), `${JSON.stringify(comparison, null, 2)}\n`)
      writeAtomically(join(root, 'comparison.md'), comparisonMarkdown(comparison))
      writeAtomically(join(root, 'comparison.html'), comparisonHtml(comparison))
      const paint = painter(wantsColours(output, process.env))
      output.write(`\n${comparisonText(comparison, { paint, all: false }).join('\n')}\n`)
      this.#exitCode = { equal: 0, better: 0, incomplete: 4, worse: 5 }[comparison.verdict]
    } catch (error) {
      output.write(`\nno comparison with the baseline: ${(error as Error).message}\n`)
      this.#exitCode = 2
    }
  }

  #comparisonOf(document: RunDocument): Comparison {
    const { baselines, policy, reportsDirectory } = this.#options
    const before = baselines.flatMap((name) => findRuns(name, { reportsDirectory }))
    const after = [{ path: this.#run.description.directory.runJson, document }]
    return compareRuns(before, after, { rules: policy.regressions })
  }
}
