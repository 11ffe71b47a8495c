/** `engine: upstream` in a whole run: the documented checkups as Jobs, whose images the embedded cluster has programs for. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { CaseRecord } from '../helpers/run/case-record.ts'
import { acceptanceRun, temporaryFolder } from './acceptance-run.ts'
import { commandFolder } from './command-line.ts'
import { worker } from './in-cluster-jobs.ts'
import { namespace, separateCluster } from './separate-cluster.ts'

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

test(
  'a run that is killed while the documented checkup runs leaves nothing that sweep does not find',
  { timeout: 180_000 },
  async () => {
    await using separate = await separateCluster()
    using folder = commandFolder()
    const engine = { engine: 'upstream', sampleDurationSeconds: 60, timeout: '10m' }
    let left: string[] = []
    const run = await acceptanceRun(separate.folder, {
      profile: separate.profile({ case: engine }),
      environment: { KUBEVIRT_ACCEPTANCE_VERBOSE: '1' },
      onOutput: (output, { kill }) => {
        if (left.length > 0 || !/ UPSTREAM +\| RUN /.test(output)) return
        left = separate.leftBehind()
        kill('SIGKILL')
      },
    })
    const name = `${namespace}/k[\\w-]+-\\w+`
    for (const kind of ['ServiceAccount', 'Role', 'RoleBinding', 'ConfigMap', 'Job'])
      expect(left, run.output).toContainEqual(expect.stringMatching(`^${kind} ${name}$`))
    const id = run.directory?.id ?? ''
    const place = ['--kubeconfig', separate.kubeconfigPath, '--namespace', namespace]
    // By the labels alone, as from another machine: the journal is not here.
    const swept = await folder.run('sweep', ...place, '--run', id, '--runs', folder.path, '--json')
    expect(swept.exitCode, swept.stderr).toBe(0)
    expect(swept.json()).toMatchObject({ left: [], kept: [], forbidden: [], lease: 'freed' })
    // What the documented checkup made belongs to its pod.
    await expect.poll(() => separate.leftBehind(), { timeout: 30_000 }).toEqual([])
  },
)
