import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { recordArtifact, test } from 'vitest'
import type { TestContext } from 'vitest'
import type { CaseRecord } from '../../../helpers/run/case-record.ts'
import type { Operation } from '../../../helpers/run/operation.ts'
import { runDirectory, safeFileName, writeCaseRecord } from '../../../helpers/run/run-directory.ts'
import { operationArtifactType } from '../../task-meta.ts'

export const directory = runDirectory(process.env['RUNS'] ?? '', process.env['RUN_ID'] ?? '')

/** A test that is one case, as the fixtures of this project define them. */
export function sampleCase(id: string, body: (context: TestContext) => unknown, retry = 0): void {
  test(`case ${id}`, { retry, meta: { kubevirtAcceptance: { caseId: id, checkup: 'sample' } } }, async (context) => {
    await body(context)
  })
}

/** Hands a record over the way the fixtures do: raw output first, then the file. */
export function hand({ task }: TestContext, known: CaseRecord): void {
  const attempt = task.result?.retryCount ?? 0
  const path = `raw/${safeFileName(known.id)}/ping.txt`
  mkdirSync(dirname(join(directory.root, path)), { recursive: true })
  writeFileSync(join(directory.root, path), 'PING 192.168.100.20: 56 data bytes\npassword: hunter2\n')
  const rawOutputs = [{ name: 'ping.txt', path, mediaType: 'text/plain' }]
  const record: CaseRecord = { ...known, attempt, rawOutputs }
  writeCaseRecord(directory, record)
}

export async function operate({ task }: TestContext, operation: Partial<Operation> & { caseId: string }): Promise<void> {
  await recordArtifact(task, {
    type: operationArtifactType,
    operation: {
      at: new Date().toISOString(),
      phase: 'provision',
      operation: 'CREATE',
      status: 'DONE',
      object: 'VirtualMachineInstance acceptance/latency-check-source',
      ...operation,
    },
  })
}
