import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'

const journalEntry = z.object({
  /** Wall-clock time, RFC 3339. */
  at: z.string(),
  /**
   * intent: about to be created. created: it is there, with this uid. refused: the cluster would not create it.
   * removed: it is gone. left: it could not be removed.
   */
  event: z.enum(['intent', 'created', 'refused', 'removed', 'left']),
  runId: z.string(),
  /** URL of the API server: names on one cluster mean nothing on another. */
  cluster: z.string(),
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string(),
  uid: z.string().optional(),
  reason: z.string().optional(),
})
export type JournalEntry = z.infer<typeof journalEntry>

/** An object that a run may have left behind: created, or about to be, and not seen gone. */
export interface JournalledObject {
  runId: string
  cluster: string
  apiVersion: string
  kind: string
  namespace?: string
  name: string
  /** Unknown when the run ended before the cluster's answer to the create. */
  uid?: string
}

/**
 * What a run does to the cluster, one JSON object per line, on the disk before it happens: whatever kills the run, a
 * later one can read what may be left. Several journals may append to one file.
 */
export class Journal {
  readonly path: string
  readonly #runId: string
  readonly #cluster: string

  /** @param cluster URL of the API server that the entries are about */
  constructor(path: string, runId: string, cluster: string) {
    this.path = path
    this.#runId = runId
    this.#cluster = cluster
    mkdirSync(dirname(path), { recursive: true })
  }

  /** Returns when the entry is on the disk. */
  append(entry: Omit<JournalEntry, 'at' | 'runId' | 'cluster'>): void {
    const { event, apiVersion, kind, namespace, name, uid, reason } = entry
    const line = JSON.stringify({
      at: new Date().toISOString(),
      event,
      runId: this.#runId,
      cluster: this.#cluster,
      apiVersion,
      kind,
      namespace,
      name,
      uid,
      reason,
    })
    const file = openSync(this.path, 'a', 0o600)
    try {
      writeSync(file, `${line}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }
}

/**
 * @throws Error naming file and line when a line cannot be read. Only the last one may be cut short: that is how a
 * killed run leaves it, and what it was about to say has then not been done.
 */
export function readJournal(path: string): JournalEntry[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  const unfinished = lines.pop()
  const entries = lines.map((line, index) => parseLine(path, line, index + 1))
  if (unfinished !== undefined && unfinished !== '') {
    const last = journalEntry.safeParse(parseJson(unfinished))
    if (last.success) entries.push(last.data)
  }
  return entries
}

/** In the order in which they were created. */
export function journalledLeftovers(entries: JournalEntry[]): JournalledObject[] {
  const open = new Map<string, JournalledObject>()
  for (const { event, runId, cluster, apiVersion, kind, namespace, name, uid } of entries) {
    const key = JSON.stringify([cluster, runId, apiVersion, kind, namespace, name])
    if (event === 'removed' || event === 'refused') open.delete(key)
    else {
      const known = open.get(key)
      const place = namespace === undefined ? {} : { namespace }
      const identity = uid ?? known?.uid
      open.set(key, {
        runId,
        cluster,
        apiVersion,
        kind,
        ...place,
        name,
        ...(identity === undefined ? {} : { uid: identity }),
      })
    }
  }
  return [...open.values()]
}

function parseLine(path: string, line: string, number: number): JournalEntry {
  const parsed = journalEntry.safeParse(parseJson(line))
  if (!parsed.success) {
    const quoted = line.length > 200 ? `${line.slice(0, 200)}...` : line
    throw new Error(`${path}:${number}: not a journal entry: ${JSON.stringify(quoted)}`)
  }
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
