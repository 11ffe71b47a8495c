import { expect, test } from 'vitest'
import { summaryMarkdown } from './summary.ts'
import { check, failedRecord, ids, record } from './testdata/child-run/sample-record.ts'
import { document } from './testdata/sample-document.ts'

test('shows the verdict, the values against their limits, and what is left over', () => {
  const cases = [failedRecord(ids[0]!), record(ids[1]!)]
  const text = summaryMarkdown(document({ verdict: 'failed', exitCode: 1, cases, leftovers: ['Pod acceptance/x'] }))
  expect(text).toContain('## ❌ KubeVirt acceptance: failed')
  expect(text).toContain(
    [
      '### Not passed',
      '',
      '* ❌ **sample/blue/a-b** failed',
      '  * sample.max: 1.6 ms &gt; 1 ms (profiles/lab.yaml:12:5 maxLatency)',
      '',
      '### What to do next',
      '',
      '* sample.max: look at the switch',
    ].join('\n'),
  )
  expect(text).toContain('| sample/blue/a-b | sample.max | 1.6 ms | &lt;= 1 ms | ❌ failed |')
  expect(text).toContain('| sample/blue/b-a | sample.max | 0.522 ms | &lt;= 1 ms | ✅ passed |')
  expect(text).toContain('| Left over | 1: Pod acceptance/x |')
})

test('checks without a limit are folded away, each with the parameter that would set one', () => {
  const open = check({
    id: 'sample.p99',
    subject: 'a -> b',
    verdict: 'skipped',
    actual: 381_000,
    unit: 'ns',
    limit: null,
    operator: '',
    limitParameter: 'maxP99',
  })
  const text = summaryMarkdown(document({ cases: [record(ids[0]!, { checks: [check(), open] })] }))
  expect(text).toContain('<details><summary>1 more checks have no limit and were not judged; set maxP99 to judge them')
  expect(text).toContain('| sample/blue/a-b | sample.p99 (a -&gt; b) | 381µs | set maxP99 |')
})

test('a missing value reads not measured, never 0', () => {
  const cases = [record(ids[0]!, { verdict: 'invalid', checks: [check({ verdict: 'invalid', actual: null })] })]
  expect(summaryMarkdown(document({ verdict: 'invalid', cases }))).toContain('| sample.max | not measured |')
})

test('text from a guest neither breaks the table nor becomes markup', () => {
  const message = 'a | b\n| c | <img src=x> [link](http://x) `code`'
  const cases = [failedRecord(ids[0]!, { reason: message, checks: [check({ verdict: 'failed', message })] })]
  const text = summaryMarkdown(document({ verdict: 'failed', cases }))
  expect(text).not.toMatch(/<img|[^\\]\[link|\n\| c \|/)
})
