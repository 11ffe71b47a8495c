/** `engine: upstream` in a whole run: the documented checkups as Jobs, whose images the embedded cluster has programs for. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { CaseRecord } from '../helpers/run/case-record.ts'
import { acceptanceRun, temporaryFolder } from './acceptance-run.ts'
import { worker } from './in-cluster-jobs.ts'

test('what the documented checkups report stands in the run like any other result', { timeout: 180_000 }, async () => {
  const folder = await temporaryFolder()
  onTestFinished(folder.remove)
  const engine = { engine: 'upstream' }
  const { exitCode, document, directory, output } = await acceptanceRun(folder.path, {
    arguments: ['--project=latency', '--project=dpdk', '--project=realtime'],
    profile: {
      apiVersion: 'kubevirt-acceptance/v1',
      name: 'test',
      cluster: {
        embedded: {
          nodes: [worker('worker1'), worker('worker2')],
          networks: [
            // Slower than the limit.
            { name: 'blue', link: { latency: '20ms' } },
            { name: 'sriov', type: 'sriov', resourceName: 'openshift.io/dpdk' },
          ],
        },
      },
      checkups: {
        latency: { cases: [{ ...engine, networkAttachmentDefinitionName: 'blue', maxDesiredLatencyMilliseconds: 10 }] },
        dpdk: { cases: [{ ...engine, networkAttachmentDefinitionName: 'sriov', mode: 'smoke' }] },
        realtime: { cases: [{ ...engine, mode: 'smoke' }] },
      },
    },
  })
  const recordOf = (checkup: string): CaseRecord => {
    const found = document?.cases.find((record) => record.checkup === checkup)
    if (found === undefined) throw new Error(`no case of ${checkup}:\n${output}`)
    return found
  }
  const verdicts = (checkup: string) =>
    Object.groupBy(
      recordOf(checkup).checks.map(({ id, verdict }) => ({ id: id.slice(checkup.length + 1), verdict })),
      ({ verdict }) => verdict,
    )
  const idsOf = (checkup: string, verdict: string) => verdicts(checkup)[verdict as 'passed']?.map(({ id }) => id)

  const common = ['provisioned', 'measured', 'nothing-left']
  expect(recordOf('latency').id).toBe('latency/blue/upstream')
  expect(idsOf('latency', 'failed'), output).toEqual(['max'])
  expect(recordOf('latency').results).toMatchObject({ maxLatencyNanoSec: expect.stringMatching(/^4\d{7}$/) })
  expect(recordOf('dpdk').verdict, recordOf('dpdk').reason).toBe('passed')
  expect(idsOf('dpdk', 'passed')).toEqual([
    ...common,
    'placement',
    'sent',
    'generator-errors',
    'generator-errors',
    'no-rx-drops',
    'no-tx-drops',
    'all-received',
  ])
  expect(recordOf('realtime').verdict, recordOf('realtime').reason).toBe('passed')
  expect(idsOf('realtime', 'passed')).toEqual([...common, 'max-latency'])
  expect(exitCode).toBe(1)

  for (const record of document?.cases ?? []) {
    expect(record.leftovers).toEqual([])
    expect(record.rawOutputs.map(({ name }) => name)).toEqual([
      'upstream.log',
      'upstream-configmap.yaml',
      'documented-status.txt',
    ])
  }
  const [log] = recordOf('latency').rawOutputs
  expect(await readFile(join(directory?.root ?? '', log?.path ?? ''), 'utf8')).toContain('latency')
})
