/**
 * The run as JUnit XML, for CI systems: a test suite per case, a test case per check. What the checks do not tell, such
 * as a set-up that broke, is a test case of its own; so are errors of the run as a whole.
 */
import type { CaseRecord, CheckResult } from '../helpers/run/case-record.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { withUnit } from '../helpers/run/judge.ts'
import { measurementName } from './measurement-text.ts'
import { singleLine } from './plain-text.ts'

interface JunitCase {
  name: string
  className: string
  seconds: number
  outcome: 'passed' | 'failure' | 'error' | 'skipped'
  type: string
  message: string
}

interface JunitSuite {
  name: string
  record: CaseRecord | undefined
  cases: JunitCase[]
}

export function junitXml(document: RunDocument): string {
  const suites: JunitSuite[] = [...document.earlierAttempts, ...document.cases].map((record) =>
    suiteOf(record, document),
  )
  const runCases = runLevelCases(document)
  if (runCases.length > 0) suites.push({ name: 'run', record: undefined, cases: runCases })
  const attributes = `name="kubevirt-acceptance" ${countsOf(suites.flatMap(({ cases }) => cases))} timestamp="${document.startedAt}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes}>`,
    ...suites.map((suite) => suiteXml(suite, document)),
    '</testsuites>',
    '',
  ].join('\n')
}

function suiteXml({ name, record, cases }: JunitSuite, document: RunDocument): string {
  const timestamp = record === undefined ? '' : ` timestamp="${record.startedAt}"`
  return [
    `  <testsuite name="${xml(name)}" ${countsOf(cases)}${timestamp}>`,
    ...propertiesOf(document, record),
    ...cases.flatMap(testCaseXml),
    '  </testsuite>',
  ].join('\n')
}

function suiteOf(record: CaseRecord, document: RunDocument): JunitSuite {
  const repeated = document.earlierAttempts.includes(record)
  const flaky = document.flakyCases.includes(record.id)
  const name = repeated || flaky ? `${record.id} (attempt ${record.attempt + 1})` : record.id
  const className = record.id.replaceAll('.', '_').replaceAll('/', '.')
  const cases = record.checks.map((check) => checkCase(check, className))
  const told = cases.some(({ outcome }) => outcome === 'failure' || outcome === 'error')
  if (cases.length === 0 || (record.verdict !== 'passed' && !told) || record.verdict === 'broken')
    cases.push({
      name: record.title,
      className,
      seconds: (Date.parse(record.completedAt) - Date.parse(record.startedAt)) / 1000,
      outcome: outcomeOf(record.verdict),
      type: record.verdict,
      message: record.reason,
    })
  // An attempt that was repeated is told as skipped: the last one has the verdict, and a total counts each case once.
  const shown = repeated ? cases.map((item): JunitCase => softened(item)) : cases
  return { name, record, cases: shown }
}

function softened(item: JunitCase): JunitCase {
  if (item.outcome === 'passed' || item.outcome === 'skipped') return item
  return { ...item, outcome: 'skipped', message: `${item.type}, and repeated: ${item.message}` }
}

function checkCase(check: CheckResult, className: string): JunitCase {
  const subject = check.subject === '' ? '' : ` [${check.subject}]`
  return {
    name: `${check.id}: ${check.title}${subject}`,
    className,
    seconds: 0,
    outcome: outcomeOf(check.verdict),
    type: check.verdict,
    message: check.message,
  }
}

function runLevelCases(document: RunDocument): JunitCase[] {
  const cases = document.errors.map(({ phase, message }): JunitCase => {
    return { name: phase, className: 'run', seconds: 0, outcome: 'error', type: 'broken', message }
  })
  const red = document.cases.some(({ verdict }) => verdict !== 'passed' && verdict !== 'skipped')
  // Whatever made the run not pass must be visible to those who read this file only.
  if (document.verdict !== 'passed' && !red && cases.length === 0)
    cases.push({
      name: 'verdict',
      className: 'run',
      seconds: 0,
      outcome: 'error',
      type: document.verdict,
      message: document.reason,
    })
  return cases
}

function outcomeOf(verdict: CaseRecord['verdict']): JunitCase['outcome'] {
  if (verdict === 'passed' || verdict === 'skipped') return verdict
  return verdict === 'failed' ? 'failure' : 'error'
}

function countsOf(cases: readonly JunitCase[]): string {
  const count = (outcome: JunitCase['outcome']) => cases.filter((item) => item.outcome === outcome).length
  const seconds = cases.reduce((sum, item) => sum + item.seconds, 0)
  return `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}" time="${seconds.toFixed(3)}"`
}

function propertiesOf(document: RunDocument, record: CaseRecord | undefined): string[] {
  const properties: [string, string][] =
    record === undefined
      ? [['verdict', document.verdict]]
      : [
          ['verdict', record.verdict],
          ['profile', document.profile.name],
          ['cluster', document.cluster.server],
          ...Object.entries(record.parameters).map(([name, value]): [string, string] => [
            `parameter.${name}`,
            String(value),
          ]),
          ...Object.entries(record.results).map(([name, value]): [string, string] => [
            `result.${name}`,
            value ?? 'not known',
          ]),
          ...record.measurements.map((item): [string, string] => [
            `measurement.${measurementName(item)}`,
            withUnit(item.value, item.unit),
          ]),
        ]
  return [
    '    <properties>',
    ...properties.map(([name, value]) => `      <property name="${xml(name)}" value="${xml(value)}"/>`),
    '    </properties>',
  ]
}

function testCaseXml({ name, className, seconds, outcome, type, message }: JunitCase): string[] {
  const start = `    <testcase name="${xml(name)}" classname="${xml(className)}" time="${seconds.toFixed(3)}"`
  if (outcome === 'passed') return [`${start}/>`]
  const kind = outcome === 'skipped' ? '' : ` type="${xml(type)}"`
  return [
    `${start}>`,
    `      <${outcome}${kind} message="${xml(singleLine(message))}">${xml(message)}</${outcome}>`,
    '    </testcase>',
  ]
}

/** Escapes text for XML 1.0 and leaves out the characters that it cannot hold at all. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
