/** A run is green only for what it measured and judged; everything else says what it is, and leaves nothing behind. */
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'vitest'
import { isCaseRecord } from '../helpers/run/run-directory.ts'
import {
  acceptanceRun,
  type AcceptanceRunOptions,
  allureStatuses,
  checkOf,
  embeddedProfile,
  temporaryFolder,
} from './acceptance-run.ts'
import { namespace, separateCluster } from './separate-cluster.ts'

const limits = { timeout: 120_000 }

async function runIn(options: AcceptanceRunOptions) {
  const folder = await temporaryFolder()
  try {
    const run = await acceptanceRun(folder.path, options)
    const allure = run.directory === undefined ? [] : await allureStatuses(run.directory)
    const files = run.directory === undefined ? new Map<string, string>() : await textFiles(run.directory.root)
    return { ...run, allure, files, runsExist: existsSync(join(folder.path, 'runs')) }
  } finally {
    await folder.remove()
  }
}

/** By path relative to `root`. */
async function textFiles(root: string): Promise<Map<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(
    await Promise.all(paths.map(async (path) => [path.slice(root.length + 1), await readFile(path, 'utf8')] as const)),
  )
}

/** Two networks that are told apart by their latency. */
const twoNetworks = (profile: Record<string, unknown> = {}) => {
  const one = embeddedProfile({
    embedded: { networks: [{ name: 'blue' }, { name: 'red', link: { latency: '2ms' } }] },
    profile,
  })
  const { latency } = one['checkups'] as { latency: { cases: Record<string, unknown>[] } }
  latency.cases.push({ ...latency.cases[0], networkAttachmentDefinitionName: 'red' })
  return one
}

test.concurrent('-t runs the cases it names, and the report tells that it was a part', limits, async ({ expect }) => {
  const { exitCode, document, output, allure, files } = await runIn({
    profile: twoNetworks(),
    arguments: ['--project=latency', '-t', 'over blue'],
  })
  expect(exitCode, output).toBe(0)
  expect(document).toMatchObject({
    verdict: 'passed',
    reason: expect.stringContaining('a part of the profile only: 1 case not selected'),
    plannedCases: ['latency/blue', 'latency/red'],
    cases: [{ id: 'latency/blue', verdict: 'passed' }],
    notSelected: [{ caseId: 'latency/red', reason: expect.stringContaining('over blue') }],
    leftovers: [],
  })
  expect(document?.cases.every(isCaseRecord)).toBe(true)
  expect(allure).toEqual(['passed'])

  const [record] = document?.cases ?? []
  for (const { name, value } of record?.measurements ?? []) expect(Number.isFinite(value), name).toBe(true)
  expect(files.get('run.json')).not.toMatch(/NaN|undefined|Infinity/)
  expect(openElements(files.get('junit.xml') ?? '')).toEqual([])
  expect(files.get('junit.xml')).toContain('latency.max')

  const result = [...files].find(([path]) => path.endsWith('-result.json'))?.[1] ?? '{}'
  const { attachments } = JSON.parse(result) as { attachments: { name: string; source: string }[] }
  const raw = attachments.find(({ name }) => name.startsWith('ping '))
  expect(files.get(`allure-results/${raw?.source}`)).toMatch(
    /^\$ .*ping .*\n(.*\n)*PING .*\n(.*\n)*20 packets|21 packets/,
  )
})

test.concurrent('a filter that matches no case is a mistake of whoever gave it', limits, async ({ expect }) => {
  const { exitCode, document, output, allure } = await runIn({
    profile: embeddedProfile(),
    arguments: ['--project=latency', '-t', 'nothing of that name'],
  })
  expect(exitCode, output).toBe(2)
  expect(document).toMatchObject({ verdict: 'broken', reason: expect.stringContaining('no case is selected') })
  expect(output).toContain('no case is selected')
  expect(allure).not.toContain('passed')
})

test.concurrent('a shard without cases is not green', limits, async ({ expect }) => {
  const { exitCode, document, output, allure } = await runIn({
    profile: embeddedProfile(),
    arguments: ['--project=latency', '--shard=2/2'],
  })
  expect(exitCode, output).not.toBe(0)
  expect(document?.verdict).not.toBe('passed')
  expect(allure).not.toContain('passed')
})

test.concurrent('a checkup that does not exist is named, and nothing runs', limits, async ({ expect }) => {
  const { exitCode, output, runsExist } = await runIn({ profile: embeddedProfile(), arguments: ['--project=latncy'] })
  expect(exitCode).toBe(2)
  expect(output).toContain('latncy')
  expect(runsExist).toBe(false)
})

test.concurrent('list shows every case and starts nothing', limits, async ({ expect }) => {
  const { exitCode, output, runsExist } = await runIn({ profile: twoNetworks(), command: 'list' })
  expect(exitCode, output).toBe(0)
  expect(output).toMatch(/\[latency\] .* over blue within 10ms/)
  expect(output).toMatch(/\[latency\] .* over red within 10ms/)
  expect(output).not.toContain('127.0.0.1')
  expect(runsExist).toBe(false)
})

test.concurrent('all mistakes of a profile are told at once, and nothing is made', limits, async ({ expect }) => {
  const folder = await temporaryFolder()
  try {
    const profile = join(folder.path, 'lab.yaml')
    await writeFile(
      profile,
      [
        'apiVersion: kubevirt-acceptance/v1',
        'name: lab',
        'cluster: { embedded: { networks: [{ name: blue }] } }',
        'timeouts:',
        '  setUp: 5m',
        'checkups:',
        '  latency:',
        '    cases:',
        '      - networkAttachmentDefinitionName: blue',
        '        sampleCount: many',
        '        sourceNode: worker1',
        '',
      ].join('\n'),
    )
    const { exitCode, output, directory } = await acceptanceRun(folder.path, { profile })
    expect(exitCode, output).toBe(2)
    expect(output).toMatch(/lab\.yaml:5:\d+ timeouts.*setUp.*setup/)
    expect(output).toMatch(/lab\.yaml:10:\d+ checkups\.latency\.cases\[0\]\.sampleCount: .*many/)
    expect(output).not.toContain('127.0.0.1')
    expect(directory).toBeUndefined()
    expect(existsSync(join(folder.path, 'runs'))).toBe(false)
  } finally {
    await folder.remove()
  }
})

test.concurrent('a profile that does not exist is a mistake in its name', limits, async ({ expect }) => {
  const { exitCode, output, runsExist } = await runIn({ profile: 'no-such-profile' })
  expect(exitCode, output).toBe(2)
  expect(output).toContain('no-such-profile')
  expect(runsExist).toBe(false)
})

test.concurrent('a preflight that fails shows what is missing, and makes nothing', limits, async ({ expect }) => {
  await using separate = await separateCluster({ nodes: [{ name: 'worker1' }] })
  const writes: string[] = []
  const before = separate.cluster.requestCounts()
  const run = await acceptanceRun(separate.folder, {
    profile: separate.profile({ profile: { namespace: { name: 'absent', create: false } } }),
  })
  for (const name of Object.keys(separate.cluster.requestCounts()))
    if (!(name in before) && /^(create|update|patch|delete)/.test(name) && !name.includes('access')) writes.push(name)
  expect(run.exitCode, run.output).toBe(3)
  expect(run.output).toMatch(/namespace absent: does not exist/)
  expect(run.output).toMatch(/nodes: 1 of 1 ready and schedulable, needed: 2/)
  expect(run.document).toMatchObject({ verdict: 'broken', exitCode: 3, cases: [{ verdict: 'broken' }] })
  expect(writes).toEqual([])
  expect(await allureStatuses(run.directory!)).not.toContain('passed')
})

test.concurrent('a kubeconfig that is not there is a mistake, told without a stack', limits, async ({ expect }) => {
  const { exitCode, output, document } = await runIn({
    profile: embeddedProfile({ profile: { cluster: { kubeconfig: { path: 'no-such-kubeconfig' } } } }),
  })
  expect(exitCode, output).toBe(2)
  expect(document).toMatchObject({ verdict: 'broken', exitCode })
  expect(output).toMatch(/no-such-kubeconfig" does not exist/)
  expect(output).not.toContain('global-setup.ts')
})

test.concurrent('a cluster in use by another run is left alone', limits, async ({ expect }) => {
  await using separate = await separateCluster()
  const now = new Date().toISOString().replace('Z', '000Z')
  const spec = {
    holderIdentity: 'alice@jumphost run 20261120T101500Z-x7k2p',
    leaseDurationSeconds: 600,
    acquireTime: now,
    renewTime: now,
  }
  separate.cluster.store.create(
    { group: 'coordination.k8s.io', resource: 'leases' },
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'kubevirt-acceptance', namespace },
      spec,
    },
  )
  const run = await acceptanceRun(separate.folder, { profile: separate.profile() })
  expect(run.exitCode, run.output).toBe(7)
  expect(run.output).toMatch(
    /in use by alice@jumphost run 20261120T101500Z-x7k2p since .*sweep --run 20261120T101500Z-x7k2p/,
  )
  expect(separate.virtualMachines()).toEqual([])
  expect(separate.leftBehind()).toEqual([`Lease ${namespace}/kubevirt-acceptance`])
})

test.concurrent('what passes only when repeated is flaky, and both attempts are kept', limits, async ({ expect }) => {
  await using separate = await separateCluster()
  let disturbed = false
  const run = await acceptanceRun(separate.folder, {
    profile: separate.profile(),
    arguments: ['--project=latency', '--retry=1'],
    // A line for the beginning of each operation, too.
    environment: { KUBEVIRT_ACCEPTANCE_VERBOSE: '1' },
    onOutput: (output) => {
      if (disturbed || !/ START +\| RUN /.test(output)) return
      disturbed = true
      const [name] = separate.virtualMachines()
      separate.cluster.store.delete({ group: 'kubevirt.io', resource: 'virtualmachineinstances' }, name!, namespace)
    },
  })
  expect(run.document, run.output).toMatchObject({
    verdict: 'passed',
    flakyCases: ['latency/blue'],
    cases: [{ verdict: 'passed', attempt: 1 }],
    earlierAttempts: [{ verdict: 'broken', attempt: 0, reason: expect.stringMatching(/delete/i) }],
  })
  expect(run.output).toMatch(/flaky: latency\/blue, attempt 1 broken/)
  expect((await allureStatuses(run.directory!)).toSorted()).toEqual(['broken', 'passed'])
  const files = await textFiles(run.directory!.root)
  const results = [...files].filter(([path]) => path.endsWith('-result.json')).map(([, text]) => JSON.parse(text))
  expect(new Set(results.map(({ historyId }) => historyId)).size).toBe(1)
  expect(separate.leftBehind()).toEqual([])
})

test.concurrent('a command that hangs ends within the limits of the profile', limits, async ({ expect }) => {
  const { document, exitCode, output } = await runIn({
    profile: embeddedProfile({ embedded: { faults: [{ fault: 'command-hangs', command: 'ping' }] } }),
  })
  expect(exitCode, output).toBe(6)
  const [record] = document?.cases ?? []
  const seconds = (Date.parse(record!.completedAt) - Date.parse(record!.startedAt)) / 1000
  // timeout 5m and twice tearDown 2m.
  expect(seconds).toBeLessThan(540)
  expect(checkOf(document, 'latency.measured')).toMatchObject({ verdict: 'broken' })
  expect(document?.leftovers).toEqual([])
})

test.concurrent('two cases at the same time do not mix up their numbers', limits, async ({ expect }) => {
  const { document, exitCode, output } = await runIn({ profile: twoNetworks({ parallelism: 2 }) })
  expect(exitCode, output).toBe(0)
  const [blue, red] = document?.cases ?? []
  const minimum = (record: typeof blue) =>
    record?.measurements.find(({ name }) => name === 'minLatencyNanoSec')?.value ?? 0
  expect(minimum(blue)).toBeLessThan(1_500_000)
  expect(minimum(red)).toBeGreaterThan(3_000_000)
  const span = (record: typeof blue) => [Date.parse(record!.startedAt), Date.parse(record!.completedAt)]
  const [blueStart = 0, blueEnd = 0] = span(blue)
  const [redStart = 0, redEnd = 0] = span(red)
  expect(Math.max(blueStart, redStart)).toBeLessThan(Math.min(blueEnd, redEnd))
  const created = (record: typeof blue) => record?.apiRequests['create virtualmachineinstances']
  expect([created(blue), created(red)]).toEqual([2, 2])
})

test.concurrent('what was not measured is null, and not 0', limits, async ({ expect }) => {
  const { document, exitCode, output, files } = await runIn({
    profile: embeddedProfile({ link: { connected: false } }),
  })
  expect(exitCode, output).toBe(1)
  const [record] = document?.cases ?? []
  const valueOf = (wanted: string) => record?.measurements.find(({ name }) => name === wanted)?.value
  expect(valueOf('packetsReceived')).toBe(0)
  expect(valueOf('packetLossPercent')).toBe(100)
  for (const name of [
    'minLatencyNanoSec',
    'avgLatencyNanoSec',
    'maxLatencyNanoSec',
    'p99LatencyNanoSec',
    'jitterNanoSec',
  ]) {
    expect(valueOf(name), name).toBeNull()
    if (name in (record?.results ?? {})) expect(record?.results[name], name).toBeNull()
  }
  expect(files.get('run.json')).not.toMatch(/NaN|undefined|Infinity/)
  expect(openElements(files.get('junit.xml') ?? '')).toEqual([])
})

/** Elements that are not closed, or closed in the wrong order. */
function openElements(xml: string): string[] {
  const open: string[] = []
  for (const [, closing, name = '', single] of xml.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (single) continue
    if (!closing) open.push(name)
    else if (open.at(-1) === name) open.pop()
    else open.push(`/${name}`)
  }
  return xml.startsWith('<?xml') ? open : [...open, 'no declaration']
}
