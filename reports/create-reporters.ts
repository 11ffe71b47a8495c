/** All reporters of an acceptance run, in the order in which they must stand: the run reporter tells the others. */
import type { Reporter } from 'vitest/node'
import { progressVariable } from '../helpers/in-cluster/progress.ts'
import { AllureReporter } from './allure-reporter.ts'
import { ProgressMessages } from './config-map/progress-messages.ts'
import { ProgressReporter } from './progress/progress-reporter.ts'
import type { ProgressOptions } from './progress/progress-reporter.ts'
import type { RunDescription } from './run-description.ts'
import { RunReporter } from './run-reporter.ts'
import type { RunReporterOptions } from './run-reporter.ts'

interface ReportersOptions {
  run?: RunReporterOptions
  progress?: ProgressOptions
}

export function createReporters(description: RunDescription, options: ReportersOptions = {}): Reporter[] {
  const run = new RunReporter(description, options.run)
  return [run, new AllureReporter(run), new ProgressReporter(run, options.progress), ...messages(run)]
}

/** Only for a process that listens. */
function messages(run: RunReporter): Reporter[] {
  if (process.send === undefined || process.env[progressVariable] === undefined) return []
  // A run whose keeper is dead reports to nobody: it ends, and cleans up.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
  return [
    new ProgressMessages(run, (progress) => {
      // Whoever listens may be gone; the run goes on.
      if (process.connected) process.send?.(progress, undefined, undefined, () => undefined)
    }),
  ]
}
