/** What earlier runs left, for runs that compare themselves with one. */
import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, relative } from 'node:path'
import type { CaseRecord } from './case-record.ts'
import type { RunDocument } from './run-document.ts'
import { isCaseRecord, isRunId, listRuns, runDirectory } from './run-directory.ts'

export interface EarlierRun {
  /** Path of its run.json. */
  path: string
  document: RunDocument
}

/**
 * @param given id of a run below `runsDirectory`, or path of a run.json
 * @throws Error that says what is wrong with it
 */
export function readEarlierRun(given: string, runsDirectory: string): EarlierRun {
  const path = isRunId(given) ? runDirectory(runsDirectory, given).runJson : given
  let document: unknown
  try {
    document = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path}: cannot be read as the document of a run: ${(error as Error).message}`, { cause: error })
  }
  if (!isRunDocument(document)) throw new Error(`${path}: not the document of a run: it has no id or no cases`)
  return { path, document }
}

/** Runs that came to their end before this one, newest first; those that cannot be read are passed over. */
export function* earlierRuns(runsDirectory: string, runId: string): Generator<EarlierRun, void, undefined> {
  for (const id of listRuns(runsDirectory)) {
    if (id >= runId) continue
    const run = readIfPossible(id, runsDirectory)
    if (run !== undefined) yield run
  }
}

/** A run that was killed leaves no document, or half of one. */
function readIfPossible(id: string, runsDirectory: string): EarlierRun | undefined {
  try {
    return readEarlierRun(id, runsDirectory)
  } catch {
    return undefined
  }
}

/**
 * A raw output that a case of the run kept; undefined: it kept none of that name.
 * @throws Error when it is gone, or when the document points outside of the folder of the run
 */
export function readRawOutput(run: EarlierRun, record: CaseRecord, name: string): string | undefined {
  const output = record.rawOutputs.find((each) => each.name === name)
  if (output === undefined) return undefined
  const folder = dirname(run.path)
  const path = join(folder, output.path)
  const inside = relative(folder, path)
  if (inside.startsWith('..') || isAbsolute(inside))
    throw new Error(`${run.path}: raw output "${name}" of ${record.id} is outside of the folder of the run: ${path}`)
  return readFileSync(path, 'utf8')
}

function isRunDocument(value: unknown): value is RunDocument {
  if (typeof value !== 'object' || value === null) return false
  const { id, cases } = value as { id?: unknown; cases?: unknown }
  return typeof id === 'string' && Array.isArray(cases) && cases.every(isCaseRecord)
}
