/** Where a run leaves what: one directory per run below the reports directory, and one JSON file per attempt of a case. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { CaseRecord } from './case-record.ts'
import { redactObject } from './redaction.ts'
import { verdicts } from './verdict.ts'

export interface RunDirectory {
  id: string
  root: string
  runJson: string
  /** Raw outputs, one folder per case. */
  raw: string
  /** One JSON file per attempt of a case, written as soon as it is known. */
  cases: string
  /** Evidence, one folder per case. */
  evidence: string
  allureResults: string
  allureReport: string
  junit: string
  summary: string
  /** What was created on the cluster, one line before each creation. */
  journal: string
}

const idPattern = /^\d{8}T\d{6}Z-[a-z0-9]{5}$/
// No vowels and no look-alikes: ids end up in object names and are read aloud.
const idAlphabet = 'bcdfghjkmnpqrstvwxz23456789'

/** An id such as `20261120T101500Z-x7k2p`: sorts by time, and may be part of a label or an object name once in lower case. */
export function createRunId(now: Date, random: Uint8Array = randomBytes(5)): string {
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const suffix = [...random.subarray(0, 5)].map((byte) => idAlphabet[byte % idAlphabet.length]).join('')
  return `${time}-${suffix}`
}

export function isRunId(text: string): boolean {
  return idPattern.test(text)
}

/** Paths of run `id` below `runsDirectory` (usually `reports/runs`). Creates nothing. */
export function runDirectory(runsDirectory: string, id: string): RunDirectory {
  if (!isRunId(id))
    throw new Error(`run id '${id}' is not of the form 20261120T101500Z-x7k2p (UTC time and five characters)`)
  const root = join(runsDirectory, id)
  return {
    id,
    root,
    runJson: join(root, 'run.json'),
    raw: join(root, 'raw'),
    cases: join(root, 'cases'),
    evidence: join(root, 'evidence'),
    allureResults: join(root, 'allure-results'),
    allureReport: join(root, 'allure-report'),
    junit: join(root, 'junit.xml'),
    summary: join(root, 'summary.md'),
    journal: join(root, 'journal.jsonl'),
  }
}

/** Ids of all runs below `runsDirectory`, newest first; empty when the directory does not exist. */
export function listRuns(runsDirectory: string): string[] {
  return entriesOf(runsDirectory).filter(isRunId).toSorted().toReversed()
}

/**
 * A file or folder name for a case id, readable and different for different ids: `latency/blue/w1-w2` becomes
 * `latency--blue--w1-w2`; ids that would lose characters or are too long for a file system get a hash.
 */
export function safeFileName(caseId: string): string {
  const readable = caseId
    .replaceAll('/', '--')
    .replaceAll(/[^\w.-]/g, '_')
    .replace(/^\.+/, '_')
  const faithful = readable.replaceAll('--', '/') === caseId && readable.length <= 120
  if (faithful && readable !== '') return readable
  const hash = createHash('sha256').update(caseId).digest('hex').slice(0, 10)
  return `${readable.slice(0, 100)}.${hash}`
}

/** Writes what is known of one attempt of a case, without secrets, so that it outlives the process that measured it. */
export function writeCaseRecord(directory: RunDirectory, record: CaseRecord, secrets: readonly string[] = []): string {
  const path = join(directory.cases, `${safeFileName(record.id)}.${record.attempt}.json`)
  writeAtomically(path, `${JSON.stringify(redactObject(record, secrets), null, 2)}\n`)
  return path
}

/** All attempts of all cases that were written so far, by case id and then attempt. */
export function readCaseRecords(directory: RunDirectory): CaseRecord[] {
  return entriesOf(directory.cases)
    .filter((name) => /\.\d+\.json$/.test(name))
    .map((name) => readCaseRecord(join(directory.cases, name)))
    .toSorted((a, b) => (a.id === b.id ? a.attempt - b.attempt : a.id < b.id ? -1 : 1))
}

/** The attempts of one case that were written so far, oldest first. */
export function readAttempts(directory: RunDirectory, caseId: string): CaseRecord[] {
  const prefix = `${safeFileName(caseId)}.`
  return entriesOf(directory.cases)
    .filter((name) => name.startsWith(prefix) && /^\d+\.json$/.test(name.slice(prefix.length)))
    .map((name) => readCaseRecord(join(directory.cases, name)))
    .toSorted((a, b) => a.attempt - b.attempt)
}

function readCaseRecord(path: string): CaseRecord {
  const record: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!isCaseRecord(record))
    throw new Error(`${path}: not a case record: id, verdict, attempt, checks, measurements and validity are needed`)
  return record
}

/** Whether a value from outside has what every reader of a case record relies on. */
export function isCaseRecord(value: unknown): value is CaseRecord {
  if (typeof value !== 'object' || value === null) return false
  const record = value as Partial<Record<keyof CaseRecord, unknown>>
  const lists = [record.checks, record.measurements, record.phases, record.rawOutputs, record.evidence]
  return (
    typeof record.id === 'string' &&
    typeof record.checkup === 'string' &&
    typeof record.title === 'string' &&
    typeof record.attempt === 'number' &&
    verdicts.some((verdict) => verdict === record.verdict) &&
    [...lists, record.errors, record.leftovers].every(Array.isArray) &&
    [record.validity, record.parameters, record.results].every((part) => typeof part === 'object' && part !== null)
  )
}

/** Readers see the old content or the new one, never half of it; a crash leaves no temporary file with a final name. */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    writeFileSync(temporary, content)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
