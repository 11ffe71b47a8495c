/** Writes Allure results, each file at once and whole, with every secret taken out. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Category, EnvironmentInfo } from 'allure-js-commons/sdk'
import type { Globals, TestResult, TestResultContainer } from 'allure-js-commons'
import { stringifyEnvInfo } from 'allure-js-commons/sdk/reporter'
import type { Writer } from 'allure-js-commons/sdk/reporter'
import { redact, redactObject } from '../../helpers/run/redaction.ts'
import { writeAtomically } from '../../helpers/run/run-directory.ts'

export class RedactingWriter implements Writer {
  #directory: string
  #secrets: () => readonly string[]

  constructor(directory: string, secrets: () => readonly string[]) {
    this.#directory = directory
    this.#secrets = secrets
  }

  writeResult(result: TestResult): void {
    this.writeJson(`${result.uuid}-result.json`, result)
  }

  writeGroup(container: TestResultContainer): void {
    this.writeJson(`${container.uuid}-container.json`, container)
  }

  writeAttachment(fileName: string, content: Buffer): void {
    writeAtomically(join(this.#directory, fileName), this.#withoutSecrets(content))
  }

  writeAttachmentFromPath(fileName: string, from: string): void {
    this.writeAttachment(fileName, readFileSync(from))
  }

  writeEnvironmentInfo(info: EnvironmentInfo): void {
    const cleaned = redactObject(info, this.#secrets())
    writeAtomically(join(this.#directory, 'environment.properties'), stringifyEnvInfo(cleaned))
  }

  writeCategoriesDefinitions(categories: Category[]): void {
    this.writeJson('categories.json', categories)
  }

  writeGlobals(fileName: string, globals: Globals): void {
    this.writeJson(fileName, globals)
  }

  writeJson(fileName: string, data: unknown): void {
    writeAtomically(join(this.#directory, fileName), JSON.stringify(redactObject(data, this.#secrets())))
  }

  #withoutSecrets(content: Buffer): Buffer | string {
    const text = content.toString('utf8')
    // What is not text in UTF-8 would be damaged by being taken for it.
    return Buffer.from(text, 'utf8').equals(content) ? redact(text, this.#secrets()) : content
  }
}
