import { expect, test } from 'vitest'
import { lifecycleContract } from './contract.ts'
import { LifecycleReport, phaseTransitionsOf } from './report.ts'

const reportWith = (given: object = {}, sources: Record<string, string> = {}): LifecycleReport =>
  new LifecycleReport(
    lifecycleContract.parameters.parse({ kind: 'console', networkAttachmentDefinitionNamespace: 'ns', ...given }),
    sources,
  )

const verdictsOf = (report: LifecycleReport): string[] =>
  report.checks.map(({ id, subject, verdict }) => `${id} ${subject} ${verdict}`.replace('  ', ' '))

test('times are judged by their 95th percentile, and kept as samples', () => {
  const report = reportWith({ maxStartTime: '100ms' }, { maxStartTime: 'lab.yaml:3:5' })
  for (let time = 1; time <= 20; time++) report.time('start', time === 20 ? 5000 : time)
  const check = report.checks.find(({ id }) => id === 'lifecycle.start-time')
  expect(check).toMatchObject({ verdict: 'passed', actual: 19, limit: 100, limitSource: 'lab.yaml:3:5' })
  report.time('start', 5000)
  expect(report.checks.find(({ id }) => id === 'lifecycle.start-time')).toMatchObject({
    verdict: 'failed',
    actual: 5000,
  })
  const [, measured] = report.recording.measurements
  expect(measured).toMatchObject({ name: 'startMilliseconds', value: 5000, unit: 'ms' })
  expect(measured?.samples).toHaveLength(21)
})

test('an answer is judged by its code and by its words; by its code alone where releases word it otherwise', () => {
  const answered = { code: 409, text: 'VM runs already' }
  const documented = { code: 409, text: 'VM is already running' }
  const strict = reportWith()
  strict.answer('vm start', answered, documented)
  expect(verdictsOf(strict)).toEqual([
    'lifecycle.requirements passed',
    'lifecycle.answer-code vm start passed',
    'lifecycle.answer-text vm start failed',
  ])
  expect(strict.hasFailures).toBe(true)
  const lenient = reportWith({ judgeAnswerTexts: false })
  lenient.answer('vm start', answered, documented)
  expect(verdictsOf(lenient)).toContain('lifecycle.answer-text vm start skipped')
  expect(lenient.hasFailures).toBe(false)
})

test('what the cluster lacks is named and counted', () => {
  const report = reportWith({ required: true })
  report.lacking('no class waits', 'one node')
  expect(report.checks[0]).toMatchObject({ verdict: 'failed', actual: 'not met' })
  expect(report.checks[0]?.message).toContain('(no class waits; one node)')
  expect(report.recording.results).toMatchObject({ unmetRequirements: '2' })
})

test('phases come in the order of time, each with how long it took', () => {
  const transition = (phase: string, second: number) => ({
    phase,
    phaseTransitionTimestamp: `2026-01-01T00:00:0${second}Z`,
  })
  const transitions = phaseTransitionsOf({
    status: {
      phaseTransitionTimestamps: [transition('Running', 5), transition('Pending', 1), transition('Scheduled', 4)],
    },
  })
  expect(transitions.map(({ phase }) => phase)).toEqual(['Pending', 'Scheduled', 'Running'])
  const report = reportWith()
  report.phases('VMI vm', transitions)
  expect(report.recording.tables?.[0]?.rows).toEqual([
    ['VMI vm', 'Pending', '2026-01-01T00:00:01.000Z', 3],
    ['VMI vm', 'Scheduled', '2026-01-01T00:00:04.000Z', 1],
    ['VMI vm', 'Running', '2026-01-01T00:00:05.000Z', ''],
  ])
  expect(phaseTransitionsOf({})).toEqual([])
})
