/** Runs that a command line names. */
import type { EarlierRun } from '../helpers/run/earlier-run.ts'
import { findRuns, RunNotFoundError, type RunPlaces } from '../helpers/run/find-runs.ts'
import { OperationalError } from './operational-error.ts'
import { UsageError } from './usage-error.ts'

export const reportsOption = {
  reports: {
    type: 'string',
    value: 'DIR',
    description: 'Folder with runs/ and baselines/. Default: reports.',
  },
} as const

/** @throws UsageError for a name that no run has, OperationalError for a run that cannot be read */
export function namedRuns(given: string, places: RunPlaces): EarlierRun[] {
  try {
    return findRuns(given, places)
  } catch (error) {
    if (error instanceof RunNotFoundError) throw new UsageError(error.message)
    throw new OperationalError((error as Error).message, { cause: error })
  }
}
