/** Reads what the runner knows of a test, without depending on anything else of it. */
import { stripVTControlCharacters } from 'node:util'
import type { TestCase, TestModule, TestSpecification, TestSuite, Vitest } from 'vitest/node'
import type { TestView } from './case-outcome.ts'
import './task-meta.ts'

export function viewOf(test: TestCase): TestView {
  const result = test.result()
  const attempts = test.attempts().map(({ state, errors, startTime, duration }) => ({
    failed: state === 'failed',
    errors: (errors ?? []).map(errorText),
    startTime: wallClock(startTime),
    duration,
  }))
  return {
    ...identityOf(test),
    state: result.state,
    note: result.state === 'skipped' ? result.note : undefined,
    errors: attempts.at(-1)?.errors ?? (result.errors ?? []).map(errorText),
    setUpErrors: setUpErrorsOf(test),
    attempts,
  }
}

export function identityOf(test: TestCase): { caseId: string; checkup: string; title: string } {
  const meta = test.meta().kubevirtAcceptance
  return {
    caseId: meta?.caseId ?? `${test.project.name || 'tests'}/${test.fullName}`,
    checkup: meta?.checkup ?? (test.project.name || 'tests'),
    title: test.name,
  }
}

/** The runner gives start times as fractions of milliseconds since the epoch. */
function wallClock(startTime: number): number {
  return Math.round(startTime)
}

/** Failed `beforeAll` hooks of the file or of the groups around a test: the runner reports its tests as skipped. */
function setUpErrorsOf(test: TestCase): string[] {
  const messages: string[] = []
  let parent: TestSuite | TestModule | undefined = test.parent
  while (parent !== undefined) {
    messages.push(...parent.errors().map(errorText))
    parent = parent.type === 'suite' ? parent.parent : undefined
  }
  return messages
}

/** Which filter of this invocation left a test out; undefined when it is skipped for a reason of its own. */
export function filteredOutBy(
  test: TestCase,
  vitest: Vitest,
  specifications: readonly TestSpecification[],
): string | undefined {
  const result = test.result()
  if (result.state !== 'skipped' || result.note !== undefined || test.options.mode !== 'skip') return undefined
  const pattern = vitest.getGlobalTestNamePattern()
  if (pattern !== undefined && test.fullName.search(pattern) < 0) return `does not match -t ${pattern.source}`
  const own = specifications.filter(
    ({ moduleId, project }) => moduleId === test.module.moduleId && project === test.project,
  )
  if (own.some(({ testLines }) => testLines !== undefined && testLines.length > 0)) return 'is not on the selected line'
  const tags = vitest.config.tagsFilter
  if (tags !== undefined && tags.length > 0) return `does not match the tags filter ${tags.join(' ')}`
  return undefined
}

/** The message of an error and of its causes, without colours. */
export function errorText(error: unknown): string {
  const messages: string[] = []
  let current = error
  while (typeof current === 'object' && current !== null && messages.length < 5) {
    const { message, name, cause } = current as { message?: unknown; name?: unknown; cause?: unknown }
    const texts = [message, name, 'unknown error']
    messages.push(texts.find((text): text is string => typeof text === 'string' && text !== '') ?? '')
    current = cause
  }
  if (typeof current === 'string' && current !== '') messages.push(current)
  return stripVTControlCharacters(messages.join('; caused by: ')) || 'unknown error'
}
