/**
 * A checksum inside of run.json, so that a document that was cut, merged by hand or edited is not taken for what the run
 * found. It protects against mistakes, not against somebody who computes it anew.
 */
import { createHash } from 'node:crypto'
import type { RunDocument } from './run-document.ts'

export function sealed(document: RunDocument): RunDocument {
  const { sha256: _, ...content } = document
  return { ...content, sha256: checksum(content) }
}

/** What is wrong with the seal of a document that was read; undefined when it is whole. */
export function sealProblem(document: RunDocument): string | undefined {
  const { sha256, ...content } = document
  if (sha256 === undefined) return 'it has no checksum: it was not written by a run of this version, or was edited'
  if (sha256 === checksum(content)) return undefined
  return 'it is not what the run wrote: its checksum does not match its content'
}

const checksum = (content: Omit<RunDocument, 'sha256'>): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('hex')
