/** What Allure shows of a run besides its cases: the environment, and errors outside of any case. */
import { rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Stage, Status } from 'allure-js-commons'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { resultId } from './case-result.ts'
import type { RedactingWriter } from './redacting-writer.ts'
import { environmentOf } from './run-files.ts'

/** Begins the names of the files that are about the run as a whole. */
export const runResultId = (runId: string): string => resultId(runId, 'run', 0)

export function writeRunResult(document: RunDocument, directory: string, writer: RedactingWriter): void {
  writer.writeEnvironmentInfo(environmentOf(document))
  const timestamp = Date.parse(document.completedAt)
  const id = runResultId(document.id)
  const red = document.cases.some(({ verdict }) => verdict !== 'passed' && verdict !== 'skipped')
  if (document.errors.length > 0 || (document.verdict !== 'passed' && !red)) writeBrokenRun(document, id, writer)
  else rmSync(join(directory, `${id}-result.json`), { force: true })
  const errors = document.errors.map(({ phase, message }) => ({ message: `${phase}: ${message}`, timestamp }))
  if (errors.length > 0) writer.writeGlobals(`${id}-globals.json`, { attachments: [], errors })
}

/** A report of passed cases only would hide an error outside of them. */
function writeBrokenRun(document: RunDocument, uuid: string, writer: RedactingWriter): void {
  const messages = document.errors.map(({ phase, message }) => `${phase}: ${message}`)
  const labels = {
    epic: 'run',
    feature: 'run',
    parentSuite: 'kubevirt-acceptance',
    suite: 'run',
    severity: 'blocker',
    host: hostname(),
  }
  writer.writeResult({
    uuid,
    name: 'the run as a whole',
    fullName: 'kubevirt-acceptance:run',
    historyId: resultId('run', document.profile.name, 0),
    testCaseId: resultId('run', '', 0),
    status: Status.BROKEN,
    stage: Stage.FINISHED,
    statusDetails: { message: messages.join('\n') || document.reason },
    start: Date.parse(document.startedAt),
    stop: Date.parse(document.completedAt),
    labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
    links: [],
    parameters: [{ name: 'profile', value: document.profile.name }],
    steps: [],
    attachments: [],
  })
}
