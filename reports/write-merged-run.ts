import { cpSync, existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { EarlierRun } from '../helpers/run/earlier-run.ts'
import { type RunDirectory, writeAtomically } from '../helpers/run/run-directory.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { RedactingWriter } from './allure/redacting-writer.ts'
import { runResultId, writeRunResult } from './allure/run-result.ts'
import { junitXml } from './junit.ts'
import { summaryMarkdown } from './summary.ts'

/** @param parts with their files beside their run.json, as far as there are any */
export function writeMergedRun(document: RunDocument, parts: readonly EarlierRun[], directory: RunDirectory): void {
  for (const { path, document: part } of parts) {
    const root = dirname(path)
    for (const folder of ['raw', 'cases', 'evidence'])
      if (existsSync(join(root, folder))) cpSync(join(root, folder), join(directory.root, folder), { recursive: true })
    const results = join(root, 'allure-results')
    if (!existsSync(results)) continue
    // What is about one part as a whole is not about the merged run.
    for (const name of readdirSync(results).filter((each) => !each.startsWith(runResultId(part.id))))
      cpSync(join(results, name), join(directory.allureResults, name), { recursive: true })
  }
  writeRunResult(document, directory.allureResults, new RedactingWriter(directory.allureResults, () => []))
  writeAtomically(directory.junit, junitXml(document))
  writeAtomically(directory.summary, summaryMarkdown(document))
  // Last: a merge that was killed is no run.
  writeAtomically(directory.runJson, `${JSON.stringify(document, null, 2)}\n`)
}
