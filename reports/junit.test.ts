import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { junitXml } from './junit.ts'
import { check, failedRecord, ids, invalidRecord, record } from './testdata/child-run/sample-record.ts'
import { document } from './testdata/sample-document.ts'

const id = ids[0]!
const total = (xml: string) => /<testsuites name="kubevirt-acceptance" (.*?) time/.exec(xml)![1]

test('a case is a suite with its parameters, a check is a test case', () => {
  const xml = junitXml(document())
  expect(xml).toContain('<testsuite name="sample/blue/a-b" tests="1"')
  expect(xml).toContain('<property name="parameter.sampleDurationSeconds" value="5"/>')
  expect(xml).toContain('<property name="measurement.maxLatencyNanoSec" value="522µs"/>')
  expect(xml).toContain(
    '<testcase name="sample.max: the slowest round trip is within the limit" classname="sample.blue.a-b"',
  )
})

test('measurements of the same name are told apart by their subject', () => {
  const measurements = ['a -> b', 'b -> a'].map((subject) => ({
    name: 'maxLatencyNanoSec',
    subject,
    value: 1_500_000,
    unit: 'ns' as const,
    better: 'lower' as const,
  }))
  const xml = junitXml(document({ cases: [record(id, { measurements })] }))
  for (const subject of ['a -&gt; b', 'b -&gt; a'])
    expect(xml).toContain(`<property name="measurement.maxLatencyNanoSec, ${subject}" value="1.5ms"/>`)
})

test('failed is a failure; invalid and broken are errors; each counts once', () => {
  const broken = record(ids[2]!, { verdict: 'broken', reason: 'no console' })
  const xml = junitXml(document({ verdict: 'failed', cases: [failedRecord(id), invalidRecord(ids[1]!), broken] }))
  expect(total(xml)).toBe('tests="4" failures="1" errors="2" skipped="0"')
})

test('an attempt that was repeated is no failure, but can be seen', () => {
  const xml = junitXml(
    document({ earlierAttempts: [failedRecord(id)], cases: [record(id, { attempt: 1 })], flakyCases: [id] }),
  )
  expect(total(xml)).toBe('tests="2" failures="0" errors="0" skipped="1"')
  expect(xml).toContain('<testsuite name="sample/blue/a-b (attempt 1)"')
  expect(xml).toContain('failed, and repeated: sample.max: 1.6 ms')
})

test('what made a run of passed cases not pass is an error', () => {
  const xml = junitXml(document({ verdict: 'broken', errors: [{ phase: 'worker', message: 'died' }] }))
  expect(total(xml)).toBe('tests="2" failures="0" errors="1" skipped="0"')
  const cancelled = junitXml(document({ verdict: 'cancelled', cancelledBy: 'SIGINT', reason: 'cancelled by SIGINT' }))
  expect(total(cancelled)).toBe('tests="2" failures="0" errors="1" skipped="0"')
})

const markup = fc.constantFrom('<', '>', '&', '"', "'", ']]>', '\u{0}', '\u{B}', '\uD800', '\uFFFF', 'a', ' ')
const hostile = fc.oneof(fc.string({ unit: markup }), fc.string({ unit: 'binary' }))

property.prop([hostile, hostile])('is well-formed whatever a guest wrote', (title, message) => {
  const cases = [record(id, { verdict: 'failed', checks: [check({ verdict: 'failed', title, message })] })]
  const xml = junitXml(document({ cases }))
  // Once tags, attributes and entities of the known form are gone, no markup may be left.
  const rest = xml
    .replace('<?xml version="1.0" encoding="UTF-8"?>', '')
    .replaceAll(/<\/?[a-z]+(?: [a-z]+="[^"<>&]*(?:&(?:amp|lt|gt|quot);[^"<>&]*)*")*\/?>/g, '')
    .replaceAll(/&(?:amp|lt|gt|quot);/g, '')
  expect(rest).not.toMatch(/[<&]/)
  expect(xml).not.toMatch(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u)
})
