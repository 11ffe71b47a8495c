/** What a user waits for: a whole run of one latency case on the embedded cluster, in a process of its own. */
import { test } from 'vitest'
import { acceptanceRun, embeddedProfile, temporaryFolder } from '../tests/acceptance-run.ts'
import { median, printFigure } from './figures.ts'

interface Observation {
  toFirstResult: number
  caseTime: number
  total: number
}

test('one latency case', { timeout: 300_000 }, async ({ bench }) => {
  const observations: Observation[] = []
  let requests: Record<string, number> = {}
  // Boot and sampling are skipped over by the embedded cluster's clock: what is left of a case is what we add to it.
  await bench('npx vitest run --project=latency', async () => {
    const folder = await temporaryFolder()
    const start = performance.now()
    const seen: Partial<Record<'begin' | 'result', number>> = {}
    const run = await acceptanceRun(folder.path, {
      profile: embeddedProfile(),
      onOutput: (output) => {
        if (/\| provision \|/.test(output)) seen.begin ??= performance.now()
        if (/^PASSED latency/m.test(output)) seen.result ??= performance.now()
      },
    })
    const { begin, result } = seen
    if (run.exitCode !== 0 || begin === undefined || result === undefined) throw new Error(run.output)
    observations.push({ toFirstResult: result - start, caseTime: result - begin, total: performance.now() - start })
    requests = run.document?.cases[0]?.apiRequests ?? {}
    await folder.remove()
  }).run({ iterations: 5, warmupIterations: 1, time: 0, warmupTime: 0 })

  const seconds = (key: keyof Observation) => median(observations.map((each) => each[key])) / 1000
  printFigure('process start to the first result', seconds('toFirstResult'), 's', { atMost: 3 })
  printFigure('added to a case beyond boot and sample', seconds('caseTime'), 's', { atMost: 0.5 })
  printFigure('process start to the end', seconds('total'), 's')
  const count = Object.values(requests).reduce((sum, each) => sum + each, 0)
  printFigure('API requests per case (the documented checkup: 21)', count, 'requests', { atMost: 21 })
  console.log(requests)
})
