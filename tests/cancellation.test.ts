/** Whatever ends a run early: nothing is left on the cluster, no process either, and nothing calls it a pass. */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'vitest'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { acceptanceRun, allureStatuses } from './acceptance-run.ts'
import { processesWith } from './processes.ts'
import { namespace, separateCluster } from './separate-cluster.ts'

const ways = [
  { way: 'SIGINT', exitCode: 130, signal: 'SIGINT' },
  { way: 'SIGTERM', exitCode: 143, signal: 'SIGTERM' },
  { way: 'Ctrl-C on a terminal', exitCode: 130, signal: 'SIGINT' },
] as const
const provisioning = / START +\| RUN /
const measuring = / PING +\| RUN /
const moments = [
  { moment: 'provisioning', line: provisioning, phase: 'provision' },
  { moment: 'measuring', line: measuring, phase: 'measure' },
]
/** A line for the beginning of each operation, too. */
const environment = { KUBEVIRT_ACCEPTANCE_VERBOSE: '1' }
/** Would ping for two minutes. */
const long = { sampleIntervalMilliseconds: 1000, sampleCount: 120 }
const limits = { timeout: 120_000 }

test.concurrent.for(ways.flatMap((way) => moments.map((moment) => ({ ...way, ...moment }))))(
  '$way while $moment tears everything down',
  limits,
  async ({ way, signal, exitCode, line, phase }, { expect: expectIt }) => {
    await using separate = await separateCluster()
    let virtualMachines: string[] | undefined
    const run = await acceptanceRun(separate.folder, {
      profile: separate.profile({ case: long }),
      terminal: way === 'Ctrl-C on a terminal',
      environment,
      onOutput: (output, underWay) => {
        if (virtualMachines !== undefined || !line.test(output)) return
        virtualMachines = separate.virtualMachines()
        if (way === 'Ctrl-C on a terminal') underWay.type('\u0003')
        else underWay.kill(way)
      },
    })
    expectIt(virtualMachines, run.output).not.toEqual([])
    expectIt(separate.leftBehind()).toEqual([])
    expectIt(processesWith(separate.folder)).toEqual([])
    expectIt(run.exitCode, run.output).toBe(exitCode)
    expectIt(run.output).toContain(`CANCELLED by ${signal}`)
    expectIt(run.document).toMatchObject({ verdict: 'cancelled', exitCode, cancelledBy: signal, leftovers: [] })
    const [record] = run.document?.cases ?? []
    expectIt(record).toMatchObject({ verdict: 'cancelled', reason: `cancelled while in phase "${phase}"` })
    // Nobody may read that something was shown which was not.
    expectIt(record?.checks.filter(({ verdict }) => verdict === 'passed').map(({ id }) => id)).toEqual(
      phase === 'measure' ? ['latency.provisioned', 'latency.nothing-left'] : ['latency.nothing-left'],
    )
    expectIt(await allureStatuses(run.directory!)).not.toContain('passed')
  },
)

test.concurrent(
  'SIGINT before the first case leaves no case begun and no lease',
  limits,
  async ({ expect: expectIt }) => {
    await using separate = await separateCluster()
    let sent = false
    const run = await acceptanceRun(separate.folder, {
      profile: separate.profile(),
      environment,
      onOutput: (output, { kill }) => {
        if (sent || !output.includes('run directory')) return
        sent = true
        kill('SIGINT')
      },
    })
    expectIt(separate.leftBehind()).toEqual([])
    expectIt(processesWith(separate.folder)).toEqual([])
    expectIt(run.exitCode, run.output).toBe(130)
    expectIt(run.document).toMatchObject({ verdict: 'cancelled', cases: [{ verdict: 'cancelled' }] })
    expectIt(await allureStatuses(run.directory!)).not.toContain('passed')
  },
)

test.concurrent('a reader that goes away does not end the run', limits, async ({ expect: expectIt }) => {
  await using separate = await separateCluster()
  const run = await acceptanceRun(separate.folder, {
    profile: separate.profile(),
    onOutput: (output, { stopReading }) => {
      if (output.includes('run directory')) stopReading()
    },
  })
  expectIt(run.exitCode).toBe(0)
  expectIt(run.document).toMatchObject({ verdict: 'passed', leftovers: [] })
  expectIt(separate.leftBehind()).toEqual([])
})

test.concurrent('a terminal that is closed tears everything down', limits, async ({ expect: expectIt }) => {
  await using separate = await separateCluster()
  let closed = false
  const run = await acceptanceRun(separate.folder, {
    profile: separate.profile({ case: long }),
    terminal: true,
    environment,
    onOutput: (output, { pid }) => {
      if (closed || !measuring.test(output)) return
      closed = true
      process.kill(pid, 'SIGKILL')
    },
  })
  await expectIt.poll(() => processesWith(separate.folder), { timeout: 60_000 }).toEqual([])
  expectIt(separate.leftBehind()).toEqual([])
  const document = JSON.parse(await readFile(run.directory!.runJson, 'utf8')) as RunDocument
  expectIt(document).toMatchObject({ verdict: 'cancelled', exitCode: 129, cancelledBy: 'SIGHUP', leftovers: [] })
  expectIt(document.cases[0]).toMatchObject({ verdict: 'cancelled', reason: 'cancelled while in phase "measure"' })
})

test.concurrent(
  'a second signal exits at once, says what may be left, and the next run removes it',
  limits,
  async ({ expect: expectIt }) => {
    // Long enough for a second signal to come before everything is gone.
    await using separate = await separateCluster({}, { removePodMilliseconds: 8000 })
    // The lease of a run that ended without giving it up is in the way of others as long as it says.
    const profile = separate.profile({ case: long, profile: { timeouts: { lease: '2s' } } })
    let signalled: Promise<void> | undefined
    const run = await acceptanceRun(separate.folder, {
      profile,
      environment,
      onOutput: (output, { kill }) => {
        if (signalled !== undefined || !measuring.test(output)) return
        kill('SIGTERM')
        signalled = sleep(1500).then(() => kill('SIGTERM'))
      },
    })
    await signalled
    expectIt(processesWith(separate.folder)).toEqual([])
    const left = separate.virtualMachines()
    expectIt(left, run.output).toHaveLength(2)
    expectIt(run.exitCode).toBe(143)
    expectIt(run.output).toMatch(/SIGTERM again: exiting without clean-up.*kubevirt-acceptance sweep/)
    expectIt(run.document).toMatchObject({ verdict: 'cancelled', exitCode: 143 })
    expectIt(run.document?.leftovers.join('\n')).toContain(left[0])
    expectIt(await allureStatuses(run.directory!)).not.toContain('passed')

    await sleep(2000)
    const next = await acceptanceRun(separate.folder, { profile: separate.profile() })
    expectIt(next.exitCode, next.output).toBe(0)
    expectIt(separate.leftBehind()).toEqual([])
  },
)

test.concurrent(
  'after kill -9 the lease keeps the next run off; when it has expired, that run cleans up',
  limits,
  async ({ expect: expectIt }) => {
    await using separate = await separateCluster()
    let killed = false
    const run = await acceptanceRun(separate.folder, {
      profile: separate.profile({ case: long }),
      environment,
      onOutput: (output, { kill }) => {
        if (killed || !measuring.test(output)) return
        killed = true
        kill('SIGKILL')
      },
    })
    expectIt(run.exitCode).toBeNull()
    expectIt(processesWith(separate.folder)).toEqual([])
    const left = separate.virtualMachines()
    expectIt(left).toHaveLength(2)
    const runId = run.directory!.id

    const locked = await acceptanceRun(separate.folder, { profile: separate.profile() })
    expectIt(locked.exitCode, locked.output).toBe(7)
    expectIt(locked.document).toMatchObject({ verdict: 'broken', exitCode: 7 })
    const told = new RegExp(`in use by \\S+@\\S+ run ${runId} since .*npx kubevirt-acceptance sweep --run ${runId}`)
    expectIt(locked.document?.reason).toMatch(told)
    expectIt(locked.output).toMatch(told)
    expectIt(separate.virtualMachines()).toEqual(left)

    // What passes in a minute of waiting.
    separate.cluster.store.update(
      { group: 'coordination.k8s.io', resource: 'leases' },
      'kubevirt-acceptance',
      namespace,
      (lease) => {
        const { spec } = lease as { spec?: { renewTime?: string } }
        if (spec) spec.renewTime = new Date(Date.now() - 61_000).toISOString().replace('Z', '000Z')
      },
    )
    const next = await acceptanceRun(separate.folder, { profile: separate.profile() })
    expectIt(next.exitCode, next.output).toBe(0)
    expectIt(separate.leftBehind()).toEqual([])
  },
)

test.concurrent('kill -9 of the main process alone leaves no worker', limits, async ({ expect: expectIt }) => {
  await using separate = await separateCluster()
  let killed = false
  await acceptanceRun(separate.folder, {
    profile: separate.profile({ case: long }),
    environment,
    onOutput: (output) => {
      if (killed || !measuring.test(output)) return
      killed = true
      const processes = processesWith(separate.folder)
      const worker = processes.find(({ command }) => command.includes('workers/forks'))
      process.kill(worker!.parent, 'SIGKILL')
    },
  })
  await expectIt.poll(() => processesWith(separate.folder), { timeout: 10_000 }).toEqual([])
})

test.concurrent(
  'a worker that dies is reported, and what it had made is removed',
  limits,
  async ({ expect: expectIt }) => {
    await using separate = await separateCluster()
    let killed: number | undefined
    const run = await acceptanceRun(separate.folder, {
      profile: separate.profile({ case: long }),
      environment,
      onOutput: (output) => {
        if (killed !== undefined || !measuring.test(output)) return
        killed = processesWith(separate.folder).find(({ command }) => command.includes('workers/forks'))!.pid
        process.kill(killed, 'SIGKILL')
      },
    })
    expectIt(killed, run.output).toBeDefined()
    expectIt(separate.leftBehind()).toEqual([])
    expectIt(processesWith(separate.folder)).toEqual([])
    expectIt(run.exitCode, run.output).toBe(6)
    expectIt(run.document).toMatchObject({ verdict: 'broken', cases: [{ verdict: 'broken' }], leftovers: [] })
    expectIt(run.document?.cases[0]?.reason).toMatch(/worker process died/)
    expectIt(await allureStatuses(run.directory!)).not.toContain('passed')
  },
)
