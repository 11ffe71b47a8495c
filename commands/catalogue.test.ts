import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { CatalogueEntry } from '../reports/catalogue.ts'
import { checkups } from '../suites/index.ts'
import { repository } from '../tests/acceptance-run.ts'
import { inProcess } from '../tests/in-process.ts'

test('docs/checks.md is current (npx kubevirt-acceptance catalogue --format markdown --output docs/checks.md)', async () => {
  const { stdout, exitCode } = await inProcess('catalogue', '--format', 'markdown')
  expect(readFileSync(join(repository, 'docs/checks.md'), 'utf8').trimEnd()).toBe(stdout.trimEnd())
  expect(exitCode).toBe(0)
})

test('every check of every checkup is in it, and says what to do', async () => {
  const entries = (await inProcess('catalogue', '--json')).json() as CatalogueEntry[]
  expect(entries.map(({ id }) => id)).toEqual(checkups.flatMap(({ checks }) => checks.map(({ id }) => id)))
  expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length)
  for (const { proves, measuredBy, limitSource, remediation } of entries)
    for (const text of [proves, measuredBy, limitSource, remediation]) expect(text).toMatch(/\w{2}/)
  expect(entries.find(({ id }) => id === 'latency.max')).toMatchObject({
    setBy: 'maxDesiredLatencyMilliseconds',
    limit: 'none; not judged until it is set',
    waivable: true,
  })
})

test('the page loads nothing', async () => {
  const { stdout } = await inProcess('catalogue', '--format', 'html')
  expect(stdout).toContain('<td>latency.max</td>')
  expect(stdout).not.toMatch(/<script|src=|href=/)
})
