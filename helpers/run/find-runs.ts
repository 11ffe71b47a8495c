/** Finds runs by what people call them: an id, a path, or the name of a baseline. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { readEarlierRun, type EarlierRun } from './earlier-run.ts'
import { isRunId, listRuns } from './run-directory.ts'

export interface RunPlaces {
  /** With `runs/` and `baselines/`. */
  reportsDirectory: string
}

export const runsDirectoryOf = ({ reportsDirectory }: RunPlaces): string => resolve(reportsDirectory, 'runs')
export const baselinesDirectoryOf = ({ reportsDirectory }: RunPlaces): string => resolve(reportsDirectory, 'baselines')

/** Nothing that can be read as a run goes by that name. */
export class RunNotFoundError extends Error {
  override readonly name = 'RunNotFoundError'
}

/**
 * @param given id of a run, `latest`, path of a run.json or of a folder with one or with several runs, or name of a baseline
 * @returns at least one run, oldest first
 * @throws RunNotFoundError when there is none, Error when one cannot be read
 */
export function findRuns(given: string, places: RunPlaces): EarlierRun[] {
  const runs = runsDirectoryOf(places)
  const [newest] = given === 'latest' ? listRuns(runs) : [given]
  if (newest === undefined) throw new RunNotFoundError(`${runs} has no run, so there is no latest one`)
  const path = [
    ...(isRunId(newest) ? [join(runs, newest)] : []),
    resolve(newest),
    join(baselinesDirectoryOf(places), newest),
  ].find((each) => existsSync(each))
  if (path === undefined) throw new RunNotFoundError(notFound(given, places))
  if (!statSync(path).isDirectory()) return [readEarlierRun(path, runs)]
  if (existsSync(join(path, 'run.json'))) return [readEarlierRun(join(path, 'run.json'), runs)]
  const inside = listRuns(path).toReversed()
  if (inside.length === 0) {
    const why = isRunId(basename(path))
      ? 'it was killed before it could write one, or is still under way'
      : 'there is no run in it'
    throw new RunNotFoundError(`${path} has no run.json: ${why}`)
  }
  return inside.map((id) => readEarlierRun(id, path))
}

/** Names of the baselines that were saved. */
function listBaselines(places: RunPlaces): string[] {
  const folder = baselinesDirectoryOf(places)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => statSync(join(folder, name)).isDirectory())
    .toSorted()
}

function notFound(given: string, places: RunPlaces): string {
  const some = (names: readonly string[]): string =>
    names.length === 0 ? 'none' : `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`
  return `there is no run "${given}": no such path, no run of that id below ${runsDirectoryOf(places)} (it has ${some(listRuns(runsDirectoryOf(places)))}), and no baseline of that name below ${baselinesDirectoryOf(places)} (it has ${some(listBaselines(places))})`
}
